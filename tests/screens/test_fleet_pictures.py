"""Pictures of the fleet screen at the two sizes that matter, dark and light, under a frozen clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from hive_console.ui.app import HiveApp
from hive_console.ui.pane_keys import TALL_FROM, WIDE_FROM
from hive_widgets.chart import Chart
from tests.screens import posted
from tests.screens.posted import FakeClient

Console = Callable[..., HiveApp]
SnapCompare = Callable[..., bool]


async def settled(pilot: Pilot[None]) -> None:
    """Waits for the panes that are made after the first frame."""
    app = pilot.app
    is_wide = app.size.width >= WIDE_FROM and app.size.height >= TALL_FROM
    while is_wide and not [chart for chart in app.screen.query(Chart) if chart.draws]:
        await pilot.pause()
    await pilot.pause()


SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])


@pytest.mark.parametrize("theme", ["hive-dark", "hive-mono"])
@SIZES
def test_picture_of_an_incident(
    snap_compare: SnapCompare, console: Console, theme: str, size: tuple[int, int]
) -> None:
    client = FakeClient(posted.held(), posted.model_events())

    assert snap_compare(console(client, theme=theme), terminal_size=size, run_before=settled)


def test_picture_of_an_incident_in_the_light(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.held(), posted.model_events())

    assert snap_compare(console(client, theme="hive-light"), terminal_size=(120, 40), run_before=settled)


def test_picture_of_a_fleet_that_is_well(snap_compare: SnapCompare, console: Console) -> None:
    assert snap_compare(console(FakeClient(posted.healthy())), terminal_size=(120, 40), run_before=settled)


def test_picture_of_a_pane_that_has_the_focus_and_of_one_that_is_zoomed(
    snap_compare: SnapCompare, console: Console
) -> None:
    client = FakeClient(posted.held(), posted.model_events())

    async def zoomed(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("tab", "plus")
        await settled(pilot)

    assert snap_compare(console(client), terminal_size=(120, 40), run_before=zoomed)


def test_picture_of_a_filter_that_is_not_understood(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.incident())

    assert snap_compare(console(client), terminal_size=(80, 24), press=["slash", *"err>5 status:dwon"])


def test_picture_of_a_fleet_in_a_corner(snap_compare: SnapCompare, console: Console) -> None:
    assert snap_compare(console(FakeClient(posted.incident())), terminal_size=(40, 10))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_picture_of_the_way_back(snap_compare: SnapCompare, console: Console, size: tuple[int, int]) -> None:
    assert snap_compare(console(FakeClient(posted.returning())), terminal_size=size, run_before=settled)


def test_picture_without_colour(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.incident(), posted.incident_events())

    assert snap_compare(console(client, no_color=True), terminal_size=(80, 24))


def test_picture_before_the_engine_is_up(snap_compare: SnapCompare, console: Console) -> None:
    assert snap_compare(console(FakeClient(posted.unknown())), terminal_size=(80, 24))


def test_picture_of_help(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.incident())

    assert snap_compare(console(client), terminal_size=(80, 24), press=["question_mark"])


def test_picture_of_a_filtered_fleet_of_fifty(snap_compare: SnapCompare, console: Console) -> None:
    client = FakeClient(posted.many(50))

    assert snap_compare(console(client), terminal_size=(80, 24), press=["slash", *"!00", "enter", "G"])
