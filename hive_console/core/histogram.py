"""Quantiles of many durations in little memory: counts per logarithmic bucket, which add up and can be stored.

Such counts are exact in rank and in number, and within one percent of the value at every quantile, also across the
emptiness between quick answers and timeouts, where sketches that promise a rank only (t-digest, KLL) are wrong by
any factor. Two of them add up to just what one of all durations would be, so that a month is the sum of its days.
The buckets are those of DDSketch (Masson, Rim and Lee 2019).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from operator import add as plus

from hive_console.core.packed_counts import BUCKETS, pack, unpack

ACCURACY = 0.01
"""Relative error of a quantile at most: finer than any target asks; half of it would take twice the room."""

SMALLEST = 1e-6
"""Seconds below which durations are one bucket and are told as zero: no clock here tells them apart."""

_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_PER_STEP = 1 / math.log(_GAMMA)
_SHIFT = 1 - math.log(SMALLEST) * _PER_STEP

_TOP = BUCKETS - 1
LARGEST = SMALLEST * _GAMMA ** (_TOP - 1)
"""Seconds from which durations are one bucket: 19,000 years."""

_VALUES = (0.0, *(2 * SMALLEST * _GAMMA**bucket / (_GAMMA + 1) for bucket in range(1, BUCKETS)))
"""What each bucket is told as: as far from its lower end as from its upper, relative to them."""

_WHOLE = 1 - 2**-51
"""0.07 of 100 is the seventh, though the product of these floats is a hair more than 7."""


class Histogram:
    """Counts of durations: at most 2,048 numbers whatever it is given, a few hundred for what networks take."""

    __slots__ = ("_buckets", "count")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0

    def __eq__(self, other: object) -> bool:
        return self._buckets == other._buckets if isinstance(other, Histogram) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Histogram({dict(sorted(self._buckets.items()))})"

    def add(self, value: float) -> None:
        """Takes one duration in seconds (or any other number); what is no positive number counts as 0."""
        if SMALLEST <= value < LARGEST:
            bucket = int(math.log(value) * _PER_STEP + _SHIFT)
        else:
            bucket = _TOP if value >= LARGEST else 0
        buckets = self._buckets
        buckets[bucket] = buckets.get(bucket, 0) + 1
        self.count += 1

    def merge(self, other: Histogram) -> None:
        """Takes everything that another one counted."""
        if self._buckets:
            buckets = self._buckets
            for bucket, count in other._buckets.items():
                buckets[bucket] = buckets.get(bucket, 0) + count
        else:
            self._buckets = other._buckets.copy()
        self.count += other.count

    def take_out(self, part: Histogram) -> None:
        """Forgets what another one counted, which was merged before; of what was not, as much as there is."""
        for bucket, count in part._buckets.items():
            left = self._buckets.get(bucket, 0) - count
            if left > 0:
                self._buckets[bucket] = left
            else:
                self._buckets.pop(bucket, None)
        self.count = sum(self._buckets.values())

    def copy(self) -> Histogram:
        """Another one with the same counts."""
        twin = Histogram()
        twin._buckets = self._buckets.copy()
        twin.count = self.count
        return twin

    def quantile(self, share: float) -> float | None:
        """Nearest-rank quantile (`share` 0..1), within `ACCURACY`; `None` while empty."""
        if not self.count:
            return None
        buckets = sorted(self._buckets)
        ranks = list(accumulate(map(self._buckets.__getitem__, buckets)))
        return _VALUES[buckets[bisect_left(ranks, max(1, math.ceil(share * self.count * _WHOLE)))]]

    def encode(self) -> bytes:
        """All of it in few bytes; none while it is empty."""
        return pack(self._buckets)

    @classmethod
    def decode(cls, blob: bytes) -> Histogram:
        """What `encode` made bytes of; raises `ValueError` for what it cannot have made."""
        histogram = cls()
        for first, counts in unpack(blob):
            histogram._buckets.update({bucket: count for bucket, count in enumerate(counts, first) if count})
        histogram.count = sum(histogram._buckets.values())
        return histogram

    @classmethod
    def merged(cls, blobs: Iterable[bytes]) -> Histogram:
        """The sum of many encoded ones, twice as fast as to decode and merge each; raises `ValueError` likewise."""
        histogram = cls()
        runs = [run for blob in blobs for run in unpack(blob)]
        if not runs:
            return histogram
        whole = [0] * BUCKETS
        low, high = BUCKETS, 0
        for first, counts in runs:
            end = first + len(counts)
            low, high = min(low, first), max(high, end)
            if len(counts) > 1:
                whole[first:end] = map(plus, whole[first:end], counts)
            else:
                whole[first] += counts[0]
        histogram._buckets = {bucket: whole[bucket] for bucket in range(low, high) if whole[bucket]}
        histogram.count = sum(whole[low:high])
        return histogram
