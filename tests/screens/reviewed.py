"""The console on a recording in a test: an evening in which one model goes down and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from textual.pilot import Pilot

from hive_console.core.past import Past, past_of
from hive_console.core.store import Gap, GapCause
from hive_console.engine.recorded_history import StoreHistory
from hive_console.engine.review_client import ReviewClient
from hive_console.ui.review_app import ReviewApp
from tests.recordings.evening import ReviewedStore, an_evening
from tests.screens.payloads import painted
from tests.screens.posted import NOW
from tests.screens.stage import PATIENCE

BEGIN = NOW - 3600
DOWN, UP, END = BEGIN + 1200, BEGIN + 1500, BEGIN + 2400
"""02:12:44, 02:32:44, 02:37:44 and 02:52:44 UTC."""


def evening() -> ReviewedStore:
    gap = Gap(begin=BEGIN + 300, end=BEGIN + 420, cause=GapCause.DISK_FULL, dropped=12)
    return ReviewedStore(*an_evening(BEGIN), gaps=(gap,))


@dataclass
class Review:
    """A review that can be looked at and moved."""

    store: ReviewedStore
    client: ReviewClient
    app: ReviewApp
    pilot: Pilot[Any]  # the pilot's type parameter is the app's result, which no test reads

    @property
    def past(self) -> Past:
        """Where the review is."""
        past = past_of(self.client.snapshot())
        assert past is not None
        return past

    @property
    def shown(self) -> str:
        """What the terminal gets."""
        return painted(self.app)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.pilot.pause()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                await self.pilot.pause()

    async def until_at(self, at: float) -> None:
        """Waits until the screen on top has drawn the fleet of that time."""
        moved = self.client.snapshot
        await self.until(lambda: moved().at == at and not self.past.is_loading)
        self.app.look()
        await self.pilot.pause()


@asynccontextmanager
async def reviewed(
    store: ReviewedStore | None = None, *, size: tuple[int, int] = (80, 24), is_ascii: bool = False
) -> AsyncIterator[Review]:
    """A review that stands at the end of the evening."""
    store = store or evening()
    client = ReviewClient("incident-7.db", poll=0.01)
    app = ReviewApp(client, wall=lambda: NOW, zone=UTC, is_ascii=is_ascii, history=StoreHistory(client))
    async with asyncio.TaskGroup() as group:
        following = group.create_task(client.follow(store))
        async with app.run_test(size=size) as pilot:
            review = Review(store, client, app, pilot)
            await review.until(lambda: bool(client.snapshot().sequence))
            await review.until(lambda: bool(review.past.problem) or not review.past.is_loading)
            app.look()
            await pilot.pause()
            yield review
        following.cancel()
