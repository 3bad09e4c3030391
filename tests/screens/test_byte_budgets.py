"""How many bytes the console's pictures cost on the line: exact, so that nobody makes them dear unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

import pytest
from rich.color import ColorSystem
from textual._compositor import CompositorUpdate
from textual.pilot import Pilot
from textual.screen import Screen

from hive_console.core.snapshot import FleetSnapshot
from hive_console.ui.app import HiveApp
from hive_console.ui.canvas import Canvas
from hive_console.ui.link import MARKS
from hive_console.ui.painting import QUESTION
from tests.screens import posted
from tests.screens.posted import FakeClient, FrozenClock

SIZES = [(80, 24), (120, 40), (200, 60)]

BY_THE_LINE = 20_000
"""Bytes a second of a slow link."""


class Metered(HiveApp):
    """The console with its frames counted as the painter would send them, one after each drawing."""

    def __init__(self, client: FakeClient, clock: FrozenClock) -> None:
        super().__init__(client, now=clock, zone=UTC)
        self.canvas = Canvas()
        self.sent = 0

    def _display(self, screen: Screen[object], renderable: object) -> None:
        if isinstance(renderable, CompositorUpdate):
            self.canvas.put(renderable, ColorSystem.TRUECOLOR)
            frame = self.canvas.frame()
            if frame:
                self.sent += len((frame + self.canvas.put_cursor(MARKS - 1, 1) + QUESTION).encode())
        super()._display(screen, renderable)


class Meter:
    """Counts what it costs that something happened."""

    def __init__(self, app: Metered, client: FakeClient, clock: FrozenClock, pilot: Pilot[None]) -> None:
        self.app, self.client, self.clock, self._pilot = app, client, clock, pilot

    async def second(self, fleet: FleetSnapshot) -> int:
        """Bytes for a second after which the fleet is this."""
        before = self.app.sent
        self.clock.at += 1
        self.client.post(replace(fleet, at=self.clock.at, sequence=self.client.fleet.sequence + 1))
        self.app.get_default_screen().tick()
        await self._pilot.pause()
        return self.app.sent - before

    async def key(self, key: str) -> int:
        """Bytes for the answer to a key."""
        before = self.app.sent
        await self._pilot.press(key)
        await self._pilot.pause()
        return self.app.sent - before


@asynccontextmanager
async def metered(fleet: FleetSnapshot, size: tuple[int, int]) -> AsyncIterator[Meter]:
    client, clock = FakeClient(fleet), FrozenClock()
    app = Metered(client, clock)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Meter(app, client, clock, pilot)


def changed(fleet: FleetSnapshot, turn: int) -> FleetSnapshot:
    """The fleet with other figures in every row."""
    models = tuple(
        replace(
            model,
            p95=1 + (number + turn * 5) % 30 / 10,
            error_rate=(number + turn * 3) % 40 / 1000,
            response_times=(*model.response_times[:-1], 0.5 + (number + turn * 3) % 11 / 10),
        )
        for number, model in enumerate(fleet.models)
    )
    return replace(fleet, models=models)


@pytest.mark.parametrize("size", SIZES)
async def test_a_calm_second_costs_at_most_two_hundred_bytes(size: tuple[int, int]) -> None:
    async with metered(posted.healthy(), size) as meter:
        costs = [await meter.second(posted.healthy()) for _ in range(10)]

        assert 0 < sum(costs) / len(costs) <= 200


@pytest.mark.parametrize("size", SIZES)
async def test_a_second_in_which_all_of_500_rows_change_costs_at_most_eight_kilobytes(
    size: tuple[int, int],
) -> None:
    fleet = posted.many(500)
    async with metered(fleet, size) as meter:
        costs = [await meter.second(changed(fleet, turn)) for turn in range(4)]

        assert 0 < max(costs[1:]) <= 8_000


async def test_a_second_in_which_one_model_in_thirty_was_checked_costs_at_most_600_bytes() -> None:
    fleet = posted.many(500)
    async with metered(fleet, (120, 40)) as meter:
        costs = []
        for turn in range(10):
            fresh = changed(fleet, turn).models
            checked = tuple(
                replace(fresh[place], last_health_check=meter.clock.at) if place % 30 == turn else model
                for place, model in enumerate(meter.client.fleet.models)
            )
            costs.append(await meter.second(replace(fleet, models=checked)))

        assert sum(costs) / len(costs) <= 600


@pytest.mark.parametrize("size", SIZES)
async def test_a_step_of_the_cursor_is_a_fifth_of_a_second_of_a_slow_link_at_most(size: tuple[int, int]) -> None:
    async with metered(posted.many(500), size) as meter:
        costs = [await meter.key(key) for key in ("j", "j", "k")]

        assert max(costs) <= BY_THE_LINE * 0.2


async def test_a_whole_new_screen_is_half_a_second_of_a_slow_link_at_most() -> None:
    async with metered(posted.incident(), (80, 24)) as meter:
        costs = [await meter.key(key) for key in ("2", "1", "question_mark", "escape", "enter", "escape")]

        assert max(costs) <= BY_THE_LINE * 0.5
