"""How fast one channel is used: a token bucket, waits that it asks for, backoff, an hour's bound, and a breaker."""

from __future__ import annotations

from collections import deque
from enum import Enum

from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.states import Severity

BACKOFF, LONGEST_BACKOFF = 2.0, 300.0
"""Seconds: 2, 4, 8, ..., 300, of which each wait is a random part (full jitter)."""

SHORTEST_ASKED, LONGEST_ASKED = 1.0, 900.0
"""Seconds between which a Retry-After is obeyed: no receiver may silence us for a day."""

FAILURES = 5
"""Failures in a row after which the breaker opens: those of a blip are over by then."""

OPEN_FOR, LONGEST_OPEN = 30.0, 900.0
"""Seconds until the first trial, and between two at most; each wait is twice the one before."""

CRITICAL_EXTRA = 10
"""Critical notices that are sent in an hour beyond its bound."""

HOUR = 3600.0


class Turn(Enum):
    """What a result did to the breaker."""

    NONE = "none"
    OPENED = "opened"
    CLOSED = "closed"


class Pacing:
    """One channel's pace and breaker."""

    __slots__ = (
        "_blocked_until",
        "_delivered_at",
        "_failures",
        "_filled_at",
        "_tokens",
        "_trials",
        "open_until",
        "settings",
    )

    def __init__(self, settings: ChannelSettings, now: float) -> None:
        self.settings = settings
        self.open_until: float | None = None
        self._tokens = float(settings.burst)
        self._filled_at = now
        self._blocked_until = now
        self._failures = 0
        self._trials = 0
        self._delivered_at: deque[float] = deque(maxlen=settings.hourly + CRITICAL_EXTRA)

    @property
    def is_open(self) -> bool:
        """Whether the breaker keeps notices back."""
        return self.open_until is not None

    def is_full(self, severity: Severity, now: float) -> bool:
        """Whether the hour's bound keeps a notice of this severity back."""
        return self._hour_ends(severity, now) > now

    def next_at(self, severity: Severity, now: float) -> float:
        """From when on a notice of this severity may be sent; `now` or later."""
        gate = self._blocked_until if self.open_until is None else self.open_until
        return max(now, gate, self._token_at(now), self._hour_ends(severity, now))

    def begin(self, now: float) -> None:
        """An attempt begins."""
        self._fill(now)
        self._tokens -= 1

    def succeed(self, now: float) -> Turn:
        """An attempt delivered a notice."""
        self._delivered_at.append(now)
        was_open = self.is_open
        self.open_until = None
        self._failures = self._trials = 0
        self._blocked_until = now
        return Turn.CLOSED if was_open else Turn.NONE

    def fail(self, attempts: int, now: float, *, draw: float, retry_after: float | None, is_at_fault: bool) -> Turn:
        """An attempt failed, the `attempts`-th of its notice; `draw` is uniform in 0..1.

        A receiver that says when it wants to be asked again works: that opens no breaker.
        """
        self._blocked_until = now + self._wait(attempts, draw, retry_after)
        if retry_after is None or is_at_fault:
            self._failures += 1
        if self.is_open:
            self._trials += 1
            self._open(now)
            return Turn.NONE
        if is_at_fault or self._failures >= FAILURES:
            self._open(now)
            return Turn.OPENED
        return Turn.NONE

    def _open(self, now: float) -> None:
        wait = min(LONGEST_OPEN, OPEN_FOR * 2.0 ** min(self._trials, 10))
        self.open_until = max(now + wait, self._blocked_until)

    @staticmethod
    def _wait(attempts: int, draw: float, retry_after: float | None) -> float:
        if retry_after is not None:
            return min(LONGEST_ASKED, max(SHORTEST_ASKED, retry_after))
        return draw * min(LONGEST_BACKOFF, BACKOFF * 2.0 ** min(attempts - 1, 10))

    def _fill(self, now: float) -> None:
        gained = max(0.0, now - self._filled_at) * self.settings.rate
        self._tokens = min(float(self.settings.burst), self._tokens + gained)
        self._filled_at = now

    def _token_at(self, now: float) -> float:
        missing = 1 - self._tokens
        return now if missing <= 0 else self._filled_at + missing / self.settings.rate

    def _hour_ends(self, severity: Severity, now: float) -> float:
        bound = self.settings.hourly + (CRITICAL_EXTRA if severity is Severity.CRITICAL else 0)
        return now if len(self._delivered_at) < bound else self._delivered_at[-bound] + HOUR
