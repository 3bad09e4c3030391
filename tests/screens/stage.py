"""How tests of dialogs and screens play: push a screen on the console, wait for what must come, read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from hive_console.engine.history import History
from hive_console.ui.app import HiveApp
from hive_console.ui.deed_dialog import DeedDialog
from hive_console.ui.way_out import Tie
from tests.screens.payloads import painted
from tests.screens.posted import NOW, FakeClient

PATIENCE = 10.0
"""Seconds after which something that must come is held not to come, on a busy machine too."""

FOREVER = 3600.0
"""A hold-off that no test outlives."""


@dataclass
class Stage:
    """A console under a clock that stands still until it is moved."""

    client: FakeClient
    app: HiveApp
    pilot: Pilot[Any]  # the pilot's type parameter is the app's result, which no test reads
    clock: list[float] = field(default_factory=lambda: [NOW])
    results: list[object] = field(default_factory=list)

    def push(self, screen: Screen[Any]) -> None:  # screens of every result type are pushed
        """Pushes a screen and keeps what it closes with."""
        self.app.push_screen(screen, self.results.append)

    async def press(self, *keys: str) -> None:
        """Presses keys, one after the other has been handled."""
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Pastes a text into the field in focus, as a terminal would hand it over."""
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                await self.pilot.pause()

    @property
    def dialog(self) -> DeedDialog:
        """The dialog on top."""
        screen = self.app.screen
        assert isinstance(screen, DeedDialog), screen
        return screen

    async def ready(self) -> DeedDialog:
        """The dialog on top, once a confirmation counts."""
        await self.until(lambda: isinstance(self.app.screen, DeedDialog) and self.app.screen.is_ready)
        return self.dialog

    async def confirm(self) -> None:
        """Two deliberate enters, as a person gives them."""
        await self.ready()
        await self.press("enter")
        await self.ready()
        await self.press("enter")

    @property
    def shown(self) -> str:
        """What the terminal gets."""
        return painted(self.app)


@asynccontextmanager
async def staged(
    client: FakeClient,
    *,
    size: tuple[int, int] = (80, 24),
    read_only: bool = False,
    is_ascii: bool = False,
    history: History | None = None,
    tie: Tie = Tie.SHARED_END,
) -> AsyncIterator[Stage]:
    """A console on this client."""
    clock = [NOW]
    app = HiveApp(
        client,
        now=lambda: clock[0],
        zone=UTC,
        read_only=read_only,
        is_ascii=is_ascii,
        history=history,
        tie=tie,
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Stage(client, app, pilot, clock)
