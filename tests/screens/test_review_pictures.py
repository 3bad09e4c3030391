"""Pictures of a review: the fleet and a model as they were, at the sizes that matter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC

import pytest
from textual.pilot import Pilot

from hive_console.core.past import past_of
from hive_console.engine.review_client import ReviewClient
from hive_console.ui.review_app import ReviewApp
from hive_widgets.chart import Chart
from tests.screens.reviewed import DOWN, evening

SnapCompare = Callable[..., bool]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("keys", [(), ("enter",)], ids=["fleet", "model"])
def test_picture_of_a_fleet_as_it_was(
    snap_compare: SnapCompare, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    client = ReviewClient("incident-7.db", first=lambda _: DOWN + 95)
    app = ReviewApp(client, wall=lambda: 0.0, zone=UTC)

    async def arrive(pilot: Pilot[None]) -> None:
        following = asyncio.create_task(client.follow(evening()))
        while not client.snapshot().sequence or (past := past_of(client.snapshot())) is None or past.is_loading:
            await pilot.pause()
        following.cancel()
        app.look()
        app.go_to("gpt-5")
        await pilot.press(*keys)
        while size[0] > 80 and not [chart for chart in app.screen.query(Chart) if chart.draws]:
            await pilot.pause()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=arrive)
