"""Quantiles of many durations in little memory: counts per logarithmic bucket, so that months need no list."""

from __future__ import annotations

import math

RESOLUTION = 0.01
"""Relative width of a bucket: a quantile is told within half a percent, finer than any target asks."""

SMALLEST = 1e-4
"""Seconds below which durations are one bucket and are told as zero: no network answers sooner."""

_STEP = math.log1p(RESOLUTION)


class Histogram:
    """Counts of durations. Memory is bounded by the range: from 0.1 ms to a day there are 2,070 buckets."""

    __slots__ = ("_buckets", "count")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0

    def add(self, value: float) -> None:
        """Takes one duration in seconds (or any other number from 0)."""
        bucket = -1 if value < SMALLEST else int(math.log(value / SMALLEST) / _STEP)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.count += 1

    def quantile(self, share: float) -> float | None:
        """Nearest-rank quantile (`share` 0..1), within half a bucket; `None` while empty."""
        rank = max(1, math.ceil(share * self.count))
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= rank:
                return 0.0 if bucket < 0 else SMALLEST * math.exp((bucket + 0.5) * _STEP)
        return None
