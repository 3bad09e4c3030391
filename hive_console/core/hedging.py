"""When the next copy of a call is sent, and which copies are cancelled (gRPC A6, "Hedging"; "The Tail at Scale",
Dean and Barroso, 2013).

The plan only: it sends nothing and waits for nothing. A race asks it what is due, tells it what came, and does
what it says. A delay of 0 is BIP-03's parallel strategy: all at once.
"""

from __future__ import annotations

import math
from enum import Enum

from hive_console.core.errors import SettingsError

MAX_COPIES = 100
"""More copies of one call than any fleet has a use for; bounds the plan."""


class HedgeState(Enum):
    """How a hedged call stands."""

    RUNNING = "running"
    WON = "won"  # a copy answered
    FATAL = "fatal"  # a copy's error is every copy's error
    EXHAUSTED = "exhausted"  # every copy failed, and none is left to send


class HedgePlan:
    """Up to `count` copies, `delay` seconds apart; an error that another copy may not meet sends the next at once.

    Attributes:
        state: how it stands; once it is over it stays so, and what comes later counts for nothing.
        winner: the copy that answered (0, 1, ...).
        next_at: when the next copy is due; `None` when no further one is sent.
    """

    __slots__ = ("_count", "_delay", "_running", "_sent", "next_at", "state", "winner")

    def __init__(self, count: int, delay: float, now: float) -> None:
        """Plans the copies; the first is due at `now`.

        Args:
            count: copies, the first one included, 1..100.
            delay: seconds between two of them, 0 or more.
            now: when the call begins.
        """
        if not 1 <= count <= MAX_COPIES:
            raise SettingsError("count", f"is {count}; must be from 1 to {MAX_COPIES}")
        if delay < 0 or math.isnan(delay):
            raise SettingsError("delay", f"is {delay:g} s; must be 0 or more")
        self._count = count
        self._delay = delay
        self._sent = 0
        self._running: list[int] = []
        self.state = HedgeState.RUNNING
        self.winner: int | None = None
        self.next_at: float | None = now

    @property
    def running(self) -> tuple[int, ...]:
        """The copies that are out, in the order they were sent."""
        return tuple(self._running)

    def due(self, now: float) -> int | None:
        """The copy to send now, which counts as sent; `None` when none is due. Ask until it says `None`."""
        if self.next_at is None or now < self.next_at:
            return None
        number = self._sent
        self._sent += 1
        self._running.append(number)
        # From when it was due, not from now: a busy loop must not stretch the plan.
        self.next_at = self.next_at + self._delay if self._sent < self._count else None
        return number

    def on_success(self, number: int) -> tuple[int, ...]:
        """Ends it with this copy as the winner; the copies to cancel, in the order they were sent."""
        if not self._take_back(number):
            return ()
        self.winner = number
        return self._end(HedgeState.WON)

    def on_fatal(self, number: int) -> tuple[int, ...]:
        """Ends it, since every copy would fail like this one; the copies to cancel."""
        return self._end(HedgeState.FATAL) if self._take_back(number) else ()

    def on_nonfatal(self, number: int, now: float, *, retry_after: float | None = None) -> None:
        """Notes an error that another copy may not meet: the next is due at once, the others `delay` later each.

        Args:
            number: the copy that failed.
            now: when it did.
            retry_after: seconds the other side asked us to stay away: the next copy waits that long; negative
                means that no further one is sent (gRPC A6, pushback).
        """
        if not self._take_back(number):
            return
        if self.next_at is not None:
            self.next_at = None if retry_after is not None and retry_after < 0 else now + (retry_after or 0.0)
        self._end_if_exhausted()

    def stop(self) -> None:
        """Sends no further copy (no budget, no candidate, no time); those that are out go on."""
        self.next_at = None
        self._end_if_exhausted()

    def _take_back(self, number: int) -> bool:
        """Whether this copy was out in a call that is not over; it no longer is."""
        if self.state is not HedgeState.RUNNING or number not in self._running:
            return False
        self._running.remove(number)
        return True

    def _end_if_exhausted(self) -> None:
        if self.state is HedgeState.RUNNING and self.next_at is None and not self._running:
            self.state = HedgeState.EXHAUSTED

    def _end(self, state: HedgeState) -> tuple[int, ...]:
        left = self.running
        self._running.clear()
        self.next_at = None
        self.state = state
        return left


def hedge_delay(p95: float | None, *, floor: float, ceiling: float) -> float:
    """Seconds before the second copy: the p95 of the time to first token, within bounds.

    About one call in twenty is then sent twice ("The Tail at Scale": hedge after the 95th percentile). Without
    a p95 the ceiling: a copy costs money, and nothing says yet that it helps.
    """
    return ceiling if p95 is None else min(ceiling, max(floor, p95))
