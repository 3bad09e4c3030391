"""Sums of windows between the fold that makes them and the disk.

Events are summed up as they are taken in, before any queue: what a full queue drops is missing from the rows of
requests, never from a count.
"""

from __future__ import annotations

from collections.abc import Iterable

from hive_console.core.events import Event
from hive_console.core.open_windows import MAX_MODELS
from hive_console.core.rolling_up import RollUps
from hive_console.core.rollup import Rolled, Tier
from hive_storage.micros import MICROSECONDS

MAX_WAITING = 50_000
"""Windows that wait for the disk at most, about 100 MB at the worst: an hour of 140 busy models."""

_SHORTEST_US = Tier.TEN_SECONDS * MICROSECONDS

_Key = tuple[Tier, int, str]


class Windows:
    """The open windows, and those that ended and are not on disk yet.

    Attributes:
        final_us: what came before it is final; what comes from it on has to be observed again after a crash.
        refused: events with a number that no sum can hold.
        dropped: windows that made room for newer ones; the shortest go first.
    """

    def __init__(self, rolls: RollUps, *, begin_us: int) -> None:
        self._rolls = rolls
        self._next_end = begin_us - begin_us % _SHORTEST_US + _SHORTEST_US
        self._begun = begin_us
        self._waiting: dict[_Key, Rolled] = {}
        self.final_us = begin_us
        self.dropped = 0
        self.refused = 0

    def observe(self, event: Event, seq: int) -> None:
        """Counts an event; one of a new window ends those before it."""
        self.turn(seq)
        try:
            self._rolls.observe(event, seq)
        except (ValueError, OverflowError):  # a number that no sum can hold: the event itself is kept
            self.refused += 1

    def turn(self, now_us: int) -> None:
        """Ends the windows that are over by now; they wait for the disk when `advance` has added them up."""
        if now_us >= self._next_end:
            self._rolls.turn(now_us)
            self._begun = now_us - now_us % _SHORTEST_US
            self._next_end = self._begun + _SHORTEST_US

    def advance(self, models: int) -> bool:
        """Adds up what ended, of so many models at most; whether all of it is, and waits for the disk."""
        if not self._rolls.advance(models):
            return False
        if self.final_us < self._begun:
            self._keep(self._rolls.fetch())
            self.final_us = self._begun
        return True

    def close(self, now_us: int) -> None:
        """`turn` and all of `advance`."""
        self.turn(now_us)
        self.advance(MAX_MODELS)

    def as_it_stands(self, now_us: int) -> None:
        """Keeps the open windows as well, for an orderly stop at an instant after every event."""
        self.close(now_us)
        self._keep(self._rolls.as_it_stands(now_us))
        self.final_us = max(self.final_us, now_us)

    def waiting(self) -> tuple[Rolled, ...]:
        """All that wait for the disk."""
        return tuple(self._waiting.values())

    def settle(self, rolled: Iterable[Rolled]) -> None:
        """These are on disk; what replaced one of them meanwhile still waits."""
        for window in rolled:
            key = (window.tier, window.begin, window.model)
            if self._waiting.get(key) is window:
                del self._waiting[key]

    def _keep(self, rolled: Iterable[Rolled]) -> None:
        for window in rolled:
            self._waiting[window.tier, window.begin, window.model] = window
        while len(self._waiting) > MAX_WAITING:
            shortest = next((key for key in self._waiting if key[0] is Tier.TEN_SECONDS), None)
            del self._waiting[shortest or next(iter(self._waiting))]
            self.dropped += 1
