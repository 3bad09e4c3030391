"""A latency that rises at once and forgets slowly: peak EWMA (Finagle, 2015), for the `fastest` strategy."""

from __future__ import annotations

import math

DECAY = 10.0
"""Seconds in which a peak loses 63 % of what it lies above newer answers (Finagle's default)."""

UNKNOWN = 0.0
"""What a model without answers counts as: it is tried first, once, and known from then on."""


class PeakEwma:
    """The typical seconds to a model's first token, told pessimistically."""

    __slots__ = ("_at", "_seconds")

    def __init__(self) -> None:
        self._seconds = UNKNOWN
        self._at = 0.0

    def add(self, now: float, seconds: float) -> None:
        """Takes one good answer: a slower one counts at once, a faster one little by little."""
        if seconds > self._seconds:
            self._seconds = seconds
        else:
            kept = math.exp(-max(0.0, now - self._at) / DECAY)
            self._seconds = self._seconds * kept + seconds * (1 - kept)
        self._at = now

    def score(self, in_flight: int) -> float:
        """Seconds a further call may expect, worse with each call under way; lower is better."""
        return self._seconds * (in_flight + 1)
