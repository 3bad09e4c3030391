"""What is due when: one instant a key, the earliest first; those that were put off cost nothing."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK = 64
"""Entries that were put off and may lie about, beyond as many as there are keys."""


class Timers(Generic[K]):
    """Absolute instants (Unix seconds), so that a restart or a suspended machine makes nothing late by itself."""

    __slots__ = ("_at", "_heap", "_numbers")

    def __init__(self) -> None:
        self._at: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._numbers = 0

    def set(self, key: K, at: float) -> None:
        """Makes the key due at this instant, and at no other."""
        self._at[key] = at
        self._numbers += 1
        heapq.heappush(self._heap, (at, self._numbers, key))
        if len(self._heap) > 2 * len(self._at) + _SLACK:
            self._heap = [entry for entry in self._heap if self._at.get(entry[2]) == entry[0]]
            heapq.heapify(self._heap)

    def drop(self, key: K) -> None:
        """Makes it due at no time."""
        self._at.pop(key, None)

    def next(self) -> float | None:
        """When something is due next."""
        while self._heap and self._at.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> K | None:
        """Takes out what is due: the earliest, of several the one that was set first; `None` when nothing is.

        One at a time, since what it brings about may put off what would have been due behind it.
        """
        at = self.next()
        if at is None or at > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        del self._at[key]
        return key
