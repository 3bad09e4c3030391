"""Two counts over the last seconds, kept in small buckets: bounded memory, whatever is counted."""

from __future__ import annotations

import math
from collections import deque

BUCKETS = 100
"""Buckets of one window: what is counted is forgotten up to a hundredth of the window early, never late."""


class RollingCounts:
    """How often two things happened within the last `seconds`. Rolls and never tumbles; ages on read too.

    Attributes:
        seconds: the window; what happened exactly that long ago is out.
    """

    __slots__ = ("_buckets", "_firsts", "_others", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._buckets: deque[tuple[int, int, int]] = deque()
        self._firsts = 0
        self._others = 0

    def add(self, now: float, first: int = 0, second: int = 0) -> None:
        """Counts so many of each; a clock that went backwards counts them as of the latest time seen."""
        index = self._age(now)
        if self._buckets and self._buckets[-1][0] >= index:
            index, old_first, old_second = self._buckets.pop()
            self._buckets.append((index, old_first + first, old_second + second))
        else:
            self._buckets.append((index, first, second))
        self._firsts += first
        self._others += second

    def read(self, now: float) -> tuple[int, int]:
        """How many of each there were within the window that ends now."""
        self._age(now)
        return self._firsts, self._others

    def until_below(self, now: float, *, first: float = math.inf, second: float = math.inf) -> float:
        """Seconds until fewer than so many of each are left in the window, if nothing more is counted."""
        self._age(now)
        firsts, others = self._firsts, self._others
        wait = 0.0
        for index, old_first, old_second in self._buckets:
            if firsts < first and others < second:
                break
            firsts -= old_first
            others -= old_second
            wait = (index + BUCKETS) * self.seconds / BUCKETS - now
        return max(0.0, wait)

    def save(self) -> list[list[int]]:
        """What is counted, as JSON values."""
        return [list(bucket) for bucket in self._buckets]

    def restore(self, saved: list[list[int]], now: float) -> None:
        """Takes what `save` gave before a restart; what is too old, or yet to come by a clock set back, is left."""
        index = self._age(now)
        for moment, first, second in sorted(saved):
            if index - BUCKETS < moment <= index:
                self.add((moment + 0.5) * self.seconds / BUCKETS, first, second)

    def _age(self, now: float) -> int:
        """Drops what is too old; the bucket of this moment."""
        index = math.floor(now * BUCKETS / self.seconds)
        while self._buckets and self._buckets[0][0] <= index - BUCKETS:
            _, first, second = self._buckets.popleft()
            self._firsts -= first
            self._others -= second
        return index
