"""What is outside of an engine and outlives it: receivers of notices with good and bad days, and a disk."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.events import Event
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict
from hive_console.core.snapshot import RecorderView

TAKEN = Receipt(verdict=Verdict.DELIVERED, answer="ok", status=200)
CUT = Receipt(verdict=Verdict.RETRY, answer="connection reset")
BUSY = Receipt(verdict=Verdict.RETRY, answer="slow down", status=429, retry_after=3.0)
BROKEN = Receipt(verdict=Verdict.RETRY, answer="unavailable", status=503)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A notice that a receiver took, whether or not the sender heard of it."""

    at: float
    channel: str
    notice: Notice


@dataclass
class Outside:
    """All receivers by their channels.

    Attributes:
        trouble: share of attempts that meet a 429, a 5xx or a cut connection.
        answers: what comes next, before chance has a word; by channel.
        arrivals: what was taken, in the order it came.
        unheard: how often something was taken and its sender could not know, by channel and key.
        attempts: how many there were, by channel.
        refreshed: what was said again, by channel.
    """

    rng: random.Random = field(default_factory=lambda: random.Random("outside"))
    now: Callable[[], float] = lambda: 0.0
    trouble: float = 0.0
    latency: float = 0.05
    answers: dict[str, list[Receipt]] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    unheard: Counter[tuple[str, str]] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    refreshed: dict[str, list[tuple[AlertBrief, ...]]] = field(default_factory=dict)

    def taken(self, channel: str) -> list[Notice]:
        """What the receiver of a channel took, in the order it came."""
        return [arrival.notice for arrival in self.arrivals if arrival.channel == channel]

    def take(self, channel: str, notice: Notice) -> None:
        self.arrivals.append(Arrival(self.now(), channel, notice))


class Line:
    """One engine's way to one receiver; fits `engine.ports.Notifier`. That of a dead engine is silent."""

    def __init__(self, outside: Outside, channel: ChannelSettings, *, forgets: bool = False) -> None:
        self.outside = outside
        self.channel = channel.name
        self.forgets = forgets
        self.is_dead = False
        self.is_closed = False
        self.hang: asyncio.Event | None = None
        self.heard: Notice | None = None
        """The last notice of which the sender heard that it was taken."""
        self.on_attempt: Callable[[], None] = lambda: None
        """Called in the middle of an attempt: before it is taken, and after."""

    async def deliver(self, notice: Notice) -> Receipt:
        outside = self.outside
        outside.attempts[self.channel] += 1
        if self.hang is not None:
            await self.hang.wait()
        await self._pause()
        receipt, is_taken = self._answer()
        if is_taken:
            outside.take(self.channel, notice)
        is_heard = False
        try:
            await self._pause()
            is_heard = receipt.verdict is not Verdict.RETRY
            self.heard = notice if is_heard else self.heard
        finally:
            if is_taken and not is_heard:
                outside.unheard[self.channel, notice.key] += 1
        return receipt

    def _answer(self) -> tuple[Receipt, bool]:
        outside = self.outside
        said = outside.answers.get(self.channel)
        if said:
            receipt = said.pop(0)
            return receipt, receipt.verdict is Verdict.DELIVERED
        if outside.rng.random() >= outside.trouble:
            return TAKEN, True
        return outside.rng.choice(((BUSY, False), (BROKEN, False), (CUT, False), (CUT, True)))

    async def _pause(self) -> None:
        await asyncio.sleep(self.outside.latency * self.outside.rng.random())
        self.on_attempt()
        if self.is_dead:
            await asyncio.get_running_loop().create_future()

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:
        if not self.forgets:
            return None
        self.outside.refreshed.setdefault(self.channel, []).append(firing)
        return self._answer()[0]

    async def close(self) -> None:
        self.is_closed = True


@dataclass
class Disk:
    """What a kill leaves."""

    events: list[Event] = field(default_factory=list)
    rows: dict[str, str] = field(default_factory=dict)

    def saved(self) -> dict[str, Any]:  # JSON
        return {name: json.loads(row) for name, row in self.rows.items()}


class DiskRecorder:
    """Fits `engine.ports.Recorder`; as the real one does, it writes what waits in one piece, four times a second
    and when somebody waits for it. After `die` nothing reaches the disk any more.
    """

    INTERVAL = 0.25

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.failure: Exception | None = None
        self.delay = 0.004
        self.on_flush: Callable[[], None] = lambda: None
        """Called before what somebody waits for is written."""
        self.is_dead = False
        self._events: list[Event] = []
        self._rows: dict[str, Mapping[str, Any]] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.INTERVAL)
            self._write()

    def die(self) -> None:
        self.is_dead = True

    def record(self, event: Event) -> None:
        self._events.append(event)

    async def record_durably(self, event: Event) -> None:
        self.record(event)
        await self.flush()

    async def flush(self) -> None:
        await asyncio.sleep(self.delay)
        self.on_flush()
        if self.failure is not None:
            raise self.failure
        self._write()

    def keep_state(self, model: str, state: Mapping[str, Any]) -> None:
        self._rows[model] = state

    def view(self) -> RecorderView:
        return RecorderView(recorded=len(self.disk.events), queued=len(self._events))

    def _write(self) -> None:
        if not self.is_dead and self.failure is None:
            self.disk.events += self._events
            self.disk.rows.update({name: json.dumps(row, allow_nan=False) for name, row in self._rows.items()})
            self._events, self._rows = [], {}
