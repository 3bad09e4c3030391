"""What came of one model's calls within the last ten minutes, in thirty buckets: bounded, whatever comes.

A bucket is forgotten as a whole, so that a window looks back up to one bucket less than it says, never more.
"""

from __future__ import annotations

BUCKET = 20.0
"""Seconds of one bucket: a fifteenth of the shorter window."""

LONG, SHORT = 30, 15
"""Buckets of the two windows: ten minutes for how fast answers are, five for how many fail."""

OK, FAILED, LIMITED, SLOW, STREAMED, LATE = range(6)
"""What is counted: good answers, failures, calls that were told to come later; of the good ones those that took too
long, those that were streamed, and of these the ones whose first token came too late."""

_KINDS = 6


class CallWindow:
    """Counts of one model's calls.

    Attributes:
        index: which bucket is the latest.
        bucket: its counts, to be added to by whoever counts, together with `sums`.
        sums: the counts of all buckets.
        slow_above: seconds above which an answer counts as slow.
        late_above: seconds above which a stream's first token counts as late.
    """

    __slots__ = ("_buckets", "bucket", "index", "late_above", "slow_above", "sums")

    def __init__(self, now: float, *, slow_above: float, late_above: float) -> None:
        self.index = int(now // BUCKET)
        self._buckets = [[0] * _KINDS for _ in range(LONG)]
        self.bucket = self._buckets[self.index % LONG]
        self.sums = [0] * _KINDS
        self.slow_above = slow_above
        self.late_above = late_above

    def age(self, now: float) -> None:
        """Forgets what is too old; a clock that went backwards goes on in the latest bucket."""
        index = int(now // BUCKET)
        if index <= self.index:
            return
        for step in range(max(self.index + 1, index - LONG + 1), index + 1):
            old = self._buckets[step % LONG]
            if any(old):
                self.sums = [total - gone for total, gone in zip(self.sums, old, strict=True)]
                self._buckets[step % LONG] = [0] * _KINDS
        self.index = index
        self.bucket = self._buckets[index % LONG]

    def lately(self) -> tuple[int, int, int]:
        """Good answers, failures and limited calls of the shorter window; ask after `age`."""
        chosen = [self._buckets[(self.index - back) % LONG] for back in range(SHORT)]
        return (
            sum(one[OK] for one in chosen),
            sum(one[FAILED] for one in chosen),
            sum(one[LIMITED] for one in chosen),
        )


def is_p95_above(above: int, count: int) -> bool:
    """Whether the nearest-rank 95th percentile of `count` values lies above a bound that `above` of them exceed."""
    return above > count // 20
