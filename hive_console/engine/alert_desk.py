"""Gives the alert book and the planner of notices their time: what a wait, a silence, an escalation ends by itself.

What a request, a breaker or a person causes comes to both over the bus, at once. Only time, and what a look at the
whole fleet shows, comes from here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from hive_console.core.alerting.book import AlertBook
from hive_console.core.events import AttemptFinished, Event, OperationFinished
from hive_console.core.notifying.planner import Planner
from hive_console.core.snapshot import FleetSnapshot
from hive_console.engine.bus import NOTHING, Bus
from hive_console.engine.ports import Clock

EVERY = 1.0
"""Seconds between two looks at the fleet, and between two questions for what conditions end by time: what only
those show is in the inbox within one of them."""

LONGEST = 0.5
"""Seconds between two questions for what is due: requests bring no news here, but may begin a wait."""

OF_REQUESTS = frozenset({AttemptFinished, OperationFinished})
"""Events of every request: a desk that woke at each would cost as much as they do."""


class AlertDesk:
    """One service of the engine; what book and planner say goes on the bus."""

    def __init__(
        self,
        book: AlertBook,
        planner: Planner,
        *,
        fleet: Callable[[], FleetSnapshot] | None,
        clock: Clock,
        bus: Bus,
    ) -> None:
        """`fleet` gives the latest snapshot; `None` where nobody watches and the book sees events alone."""
        self._book = book
        self._planner = planner
        self._fleet = fleet
        self._clock = clock
        self._bus = bus
        self._looked_at = -math.inf
        self._news = asyncio.Event()

    def take(self, event: Event) -> tuple[Event, ...]:  # noqa: ARG002 - any of the events subscribed to is news
        """Notes that something may be due earlier than it was; a bus reader behind book and planner, but not of
        `OF_REQUESTS`.
        """
        self._news.set()
        return NOTHING

    async def run(self) -> None:
        """Ticks for ever: when something is due, and when there is news."""
        while True:
            self._news.clear()
            self.tick()
            try:
                async with asyncio.timeout(self._pause()):
                    await self._news.wait()
            except TimeoutError:
                continue

    def tick(self) -> None:
        """Looks at the fleet where it is time to, and has done what is due."""
        now = self._clock.now()
        is_time = now - self._looked_at >= EVERY
        if is_time:
            self._looked_at = now
            if self._fleet is not None:
                self._bus.publish(self._book.look(self._fleet(), now))
        if is_time or _is_due(self._book.next_due(), now):
            self._bus.publish(self._book.tick(now))
        if _is_due(self._planner.next_due(), now):
            self._bus.publish(self._planner.tick(now))

    def _pause(self) -> float:
        now = self._clock.now()
        dues = (self._book.next_due(), self._planner.next_due(), self._looked_at + EVERY, now + LONGEST)
        return max(0.0, min(due for due in dues if due is not None) - now)


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now
