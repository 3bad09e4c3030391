"""What has been taken in and is not on disk yet: two bounded lanes, one order, and counts that balance."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from hive_console.core.events import Event
from hive_storage.codec import BEST_EFFORT
from hive_storage.days import day_of, end_of
from hive_storage.micros import MICROSECONDS
from hive_storage.request_rows import Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much waits for the disk at most.

    Attributes:
        best_effort: events of every request; 50,000 are 10 s of 5,000 a second, about 16 MB.
        must_keep: everything else; 100,000 are hours of the wildest flapping, about 33 MB.
        batch: events one transaction takes; 2,000 reach 0.97 of what SQLite can do.
    """

    best_effort: int = 50_000
    must_keep: int = 100_000
    batch: int = 2_000


class Intake:
    """The queue between the engine and the disk. `recorded + dropped + queued == taken`, at all times.

    Attributes:
        taken: events taken in.
        recorded: events on disk.
        dropped: events lost for good.
        takes_requests: whether events of every request find a place; switched off they are dropped at once, because
            the disk has no room for them.
    """

    def __init__(self, bounds: Bounds, *, last_seq: int, on_drop: Callable[[Taken], None]) -> None:
        """`last_seq` is the newest key in the file; `on_drop` hears of each event that made room."""
        self._bounds = bounds
        self._on_drop = on_drop
        self._last_seq = last_seq
        self._best_effort: deque[Taken] = deque()
        self._must_keep: deque[Taken] = deque()
        self._batches: deque[list[Taken]] = deque()
        self._out = 0
        self.taken = 0
        self.recorded = 0
        self.dropped = 0
        self.takes_requests = True

    @property
    def queued(self) -> int:
        """Events that are neither on disk nor lost."""
        return len(self._best_effort) + len(self._must_keep) + self._out

    @property
    def last_seq(self) -> int:
        """The key of the event taken last."""
        return self._last_seq

    def take(self, event: Event) -> int | None:
        """Takes an event in and returns its key; the oldest of a full lane makes room.

        An event whose time is no number has no place: it is dropped, and the answer is `None`.
        """
        self.taken += 1
        try:
            at_us = round(event.at * MICROSECONDS)
        except (ValueError, OverflowError):
            self.dropped += 1
            self._on_drop((self._last_seq, 0, event))
            return None
        seq = max(at_us, self._last_seq + 1)
        self._last_seq = seq
        if type(event) in BEST_EFFORT:
            lane, bound = self._best_effort, self._bounds.best_effort
            if not self.takes_requests:
                self.dropped += 1
                self._on_drop((seq, seq - at_us, event))
                return seq
        else:
            lane, bound = self._must_keep, self._bounds.must_keep
        if len(lane) >= bound:
            self.dropped += 1
            self._on_drop(lane.popleft())
        lane.append((seq, seq - at_us, event))
        return seq

    def not_before(self, seq: int) -> None:
        """Whatever is taken from now on gets a key of `seq` at least: what came before it has been summed up."""
        self._last_seq = max(self._last_seq, seq - 1)

    def batch(self, until: int) -> list[Taken]:
        """The next events with keys up to `until`, oldest first; the same ones again until they are settled.

        They are of one UTC day: the next day's go to another file.
        """
        if not self._batches:
            batch = self._next(until)
            if not batch:
                return []
            self._out = len(batch)
            self._batches.append(batch)
        return self._batches[0]

    def is_drained(self, until: int) -> bool:
        """Whether the batch that is out, if any, holds the last events with keys up to `until`."""
        lanes = (self._best_effort, self._must_keep)
        return len(self._batches) < 2 and not any(lane and lane[0][0] <= until for lane in lanes)

    def _next(self, until: int) -> list[Taken]:
        best_effort, must_keep = self._best_effort, self._must_keep
        batch: list[Taken] = []
        room = self._bounds.batch
        while room and (best_effort or must_keep):
            is_best = bool(best_effort) and (not must_keep or best_effort[0][0] < must_keep[0][0])
            lane = best_effort if is_best else must_keep
            if lane[0][0] > until:
                break
            if not batch:
                until = min(until, end_of(day_of(lane[0][0])) - 1)
            batch.append(lane.popleft())
            room -= 1
        return batch

    def settle(self) -> None:
        """The batch is on disk."""
        count = len(self._batches.popleft())
        self._out -= count
        self.recorded += count

    def halve(self) -> bool:
        """Splits a batch of which a row was refused; `False` when the one row left was dropped instead."""
        batch = self._batches.popleft()
        if len(batch) == 1:
            self._out -= 1
            self.dropped += 1
            self._on_drop(batch[0])
            return False
        middle = len(batch) // 2
        self._batches.extendleft((batch[middle:], batch[:middle]))
        return True

    def give_up(self) -> int:
        """Drops everything that waits, for nobody will write it; returns how many that were."""
        lost = self.queued
        for taken in chain(*self._batches, self._best_effort, self._must_keep):
            self._on_drop(taken)
        self._batches.clear()
        self._best_effort.clear()
        self._must_keep.clear()
        self._out = 0
        self.dropped += lost
        return lost
