"""What a breaker counts: judged calls since its last move, in its last n calls, or in its last seconds.

A tally only counts; `breaker_policy` says what the numbers mean. Everything here is bounded: a count window
by its size, a time window by its buckets.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

BUCKETS = 30
"""Buckets of a time window that names no number: fine enough to age smoothly, cheap enough to sum."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted, at one instant.

    Attributes:
        successes: judged good.
        failures: judged bad.
        slow: judged calls that took longer than the trip rule's limit, good or bad.
        consecutive_failures: failures since the last success.
        consecutive_successes: successes since the last failure.
        ignored: neutral results since the last move.
        rejected: calls refused since the last move.
    """

    successes: int = 0
    failures: int = 0
    slow: int = 0
    consecutive_failures: int = 0
    consecutive_successes: int = 0
    ignored: int = 0
    rejected: int = 0

    @property
    def calls(self) -> int:
        """Judged calls."""
        return self.successes + self.failures


class Tally:
    """Counts since the breaker's last move; the whole of it is the window."""

    __slots__ = ("failures", "slow", "successes")

    def __init__(self) -> None:
        self.successes = 0
        self.failures = 0
        self.slow = 0

    def add(self, now: float, *, is_failure: bool, is_slow: bool) -> None:  # noqa: ARG002 - windows need the time
        """Takes one judged call that ended at `now`."""
        self._count(1, is_failure=is_failure, is_slow=is_slow)

    def age(self, now: float) -> None:
        """Drops what is too old at `now`; nothing here ever is."""

    def clear(self) -> None:
        """Begins again."""
        self.successes = self.failures = self.slow = 0

    def save(self) -> list[Any]:
        """The content as JSON values (their shape is this class's own)."""
        return [self.successes, self.failures, self.slow]

    def restore(self, saved: list[Any]) -> None:
        """Takes what `save` gave."""
        self.successes, self.failures, self.slow = (int(value) for value in saved)

    def _count(self, sign: int, *, is_failure: bool, is_slow: bool) -> None:
        if is_failure:
            self.failures += sign
        else:
            self.successes += sign
        if is_slow:
            self.slow += sign


class CountTally(Tally):
    """The last `size` judged calls."""

    __slots__ = ("_calls", "_size")

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._calls: deque[tuple[bool, bool]] = deque()

    def add(self, now: float, *, is_failure: bool, is_slow: bool) -> None:  # noqa: ARG002 - counted, not timed
        """Takes one judged call and lets the oldest go."""
        if len(self._calls) == self._size:
            was_failure, was_slow = self._calls.popleft()
            self._count(-1, is_failure=was_failure, is_slow=was_slow)
        self._calls.append((is_failure, is_slow))
        self._count(1, is_failure=is_failure, is_slow=is_slow)

    def clear(self) -> None:
        """Begins again."""
        super().clear()
        self._calls.clear()

    def save(self) -> list[Any]:
        """One number a call, oldest first: 1 for a failure, 2 for a slow call, 3 for both."""
        return [is_failure + 2 * is_slow for is_failure, is_slow in self._calls]

    def restore(self, saved: list[Any]) -> None:
        """Takes what `save` gave; of a longer list the newest calls."""
        self.clear()
        for code in saved:
            self.add(0.0, is_failure=bool(code & 1), is_slow=bool(code & 2))


class TimeTally(Tally):
    """The judged calls of the last `seconds`; a call exactly that old is out.

    A bucket begins with its first call, so sparse traffic is aged exactly and dense traffic at most one
    bucket's width too early. Nothing tumbles, and what is old goes also when nobody calls.
    """

    __slots__ = ("_buckets", "_seconds", "_width")

    def __init__(self, seconds: float, buckets: int = BUCKETS) -> None:
        super().__init__()
        self._seconds = seconds
        self._width = seconds / buckets
        self._buckets: deque[list[Any]] = deque()

    def add(self, now: float, *, is_failure: bool, is_slow: bool) -> None:
        """Takes one judged call into the bucket of its time."""
        self.age(now)
        if not self._buckets or now - self._buckets[-1][0] >= self._width:
            self._buckets.append([now, 0, 0, 0])
        bucket = self._buckets[-1]
        bucket[2 if is_failure else 1] += 1
        bucket[3] += is_slow
        self._count(1, is_failure=is_failure, is_slow=is_slow)

    def age(self, now: float) -> None:
        """Drops the buckets that are too old."""
        while self._buckets and now - self._buckets[0][0] >= self._seconds:
            _, successes, failures, slow = self._buckets.popleft()
            self.successes -= successes
            self.failures -= failures
            self.slow -= slow

    def clear(self) -> None:
        """Begins again."""
        super().clear()
        self._buckets.clear()

    def save(self) -> list[Any]:
        """The buckets, oldest first: start, successes, failures, slow calls."""
        return [list(bucket) for bucket in self._buckets]

    def restore(self, saved: list[Any]) -> None:
        """Takes what `save` gave."""
        self.clear()
        for start, successes, failures, slow in saved:
            self._buckets.append([float(start), int(successes), int(failures), int(slow)])
            self.successes += int(successes)
            self.failures += int(failures)
            self.slow += int(slow)
