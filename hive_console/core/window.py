"""What was observed of a model lately: a rolling window for judgement and a bucketed series for drawing.

Both are bounded, both age when they are read. The window drops by time and by count; nothing tumbles.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from hive_console.core.snapshot import SERIES_BUCKET, SERIES_LENGTH, Series

WINDOW_SECONDS = 120.0
"""Age at which a sample no longer counts: four probe intervals of BIP-03's 30 s."""

WINDOW_SAMPLES = 500
"""Samples kept at most: enough for a p99, small enough to sort on every look."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One judged call: when it ended, how long it took in seconds, whether it failed."""

    at: float
    latency: float
    is_failure: bool


class Window:
    """The judged calls of the last two minutes, 500 at most."""

    __slots__ = ("_p95", "_samples")

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=WINDOW_SAMPLES)
        self._p95: float | None = None

    def add(self, sample: Sample) -> None:
        """Takes a sample; a sample exactly `WINDOW_SECONDS` old is out."""
        self._samples.append(sample)
        self._p95 = None

    def clear(self) -> None:
        """Forgets everything: a recovered model is judged afresh."""
        self._samples.clear()
        self._p95 = None

    def age(self, now: float) -> None:
        """Drops what is too old."""
        while self._samples and now - self._samples[0].at >= WINDOW_SECONDS:
            self._samples.popleft()
            self._p95 = None

    @property
    def calls(self) -> int:
        """Judged calls in the window."""
        return len(self._samples)

    @property
    def failures(self) -> int:
        """Failures in the window."""
        return sum(sample.is_failure for sample in self._samples)

    @property
    def error_rate(self) -> float | None:
        """Failures / calls, 0..1; `None` without calls."""
        return self.failures / self.calls if self._samples else None

    @property
    def p95(self) -> float | None:
        """Nearest-rank 95th percentile of good answers' latency in seconds; `None` without good answers."""
        if self._p95 is None:
            good = sorted(sample.latency for sample in self._samples if not sample.is_failure)
            self._p95 = good[math.ceil(0.95 * len(good)) - 1] if good else None
        return self._p95


@dataclass(slots=True)
class _Bucket:
    index: int
    calls: int = 0
    failures: int = 0
    latency: float = 0.0


class Trend:
    """Mean latency and error rate per bucket of `SERIES_BUCKET` seconds, `SERIES_LENGTH` buckets at most."""

    __slots__ = ("_buckets", "_drawn", "_drawn_for")

    def __init__(self) -> None:
        self._buckets: deque[_Bucket] = deque(maxlen=SERIES_LENGTH)
        self._drawn: tuple[Series, Series] = ((), ())
        self._drawn_for = (-1, -1)

    def add(self, sample: Sample) -> None:
        """Takes a sample into the bucket of its time; samples arrive in order of time."""
        index = int(sample.at // SERIES_BUCKET)
        if not self._buckets or self._buckets[-1].index < index:
            self._buckets.append(_Bucket(index))
        bucket = self._buckets[-1]
        bucket.calls += 1
        bucket.failures += sample.is_failure
        bucket.latency += 0.0 if sample.is_failure else sample.latency

    def series(self, now: float) -> tuple[Series, Series]:
        """(response times, error rates), oldest first, one value a bucket up to now; `None` is a gap.

        Leading gaps are left out, so that a young engine does not claim thirty minutes of silence.
        """
        last = int(now // SERIES_BUCKET)
        while self._buckets and self._buckets[0].index <= last - SERIES_LENGTH:
            self._buckets.popleft()
        calls = self._buckets[-1].calls if self._buckets else 0
        newest = self._buckets[-1].index if self._buckets else 0
        version = (last, newest * 1_000_003 + calls)
        if version != self._drawn_for:
            self._drawn_for = version
            self._drawn = self._draw(last)
        return self._drawn

    def _draw(self, last: int) -> tuple[Series, Series]:
        if not self._buckets:
            return (), ()
        first = self._buckets[0].index
        latencies: list[float | None] = [None] * (last - first + 1)
        rates: list[float | None] = [None] * (last - first + 1)
        for bucket in self._buckets:
            good = bucket.calls - bucket.failures
            latencies[bucket.index - first] = bucket.latency / good if good else None
            rates[bucket.index - first] = bucket.failures / bucket.calls
        return tuple(latencies), tuple(rates)
