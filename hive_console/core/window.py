"""What was observed of a model lately: a rolling window for judgement and a bucketed series for drawing.

Both are bounded, both age when they are read. The window drops by time and by count; nothing tumbles.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from hive_console.core.snapshot import SERIES_BUCKET, SERIES_LENGTH, Series

WINDOW_SECONDS = 120.0
"""Age at which a sample no longer counts: four probe intervals of BIP-03's 30 s."""

WINDOW_SAMPLES = 500
"""Samples kept at most: enough for a p99, small enough to keep sorted."""


class Sample(NamedTuple):
    """One judged call (a tuple: one is made for every call, and a frozen dataclass costs four times as much).

    Attributes:
        at: when it ended.
        latency: seconds it took; for a streamed answer, to its first token.
        is_failure: whether it failed.
        is_probe: whether it was a health check; a free list of models says nothing about how fast answers
            are, so a probe's latency counts only where there was no real call.
    """

    at: float
    latency: float
    is_failure: bool
    is_probe: bool = False


class Window:
    """The judged calls of the last two minutes, 500 at most.

    Latencies of good answers are kept sorted as they come and go: every outcome of every call asks for the
    p95, and sorting 500 of them each time cost more than the rest of an operation.
    """

    __slots__ = ("_answers", "_probe_answers", "_samples")

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self._answers: list[float] = []
        self._probe_answers: list[float] = []

    def add(self, sample: Sample) -> None:
        """Takes a sample; a sample exactly `WINDOW_SECONDS` old is out."""
        if len(self._samples) == WINDOW_SAMPLES:
            self._drop_oldest()
        self._samples.append(sample)
        if not sample.is_failure:
            insort(self._latencies_beside(sample), sample.latency)

    def clear(self) -> None:
        """Forgets everything: a recovered model is judged afresh."""
        self._samples.clear()
        self._answers.clear()
        self._probe_answers.clear()

    def age(self, now: float) -> None:
        """Drops what is too old."""
        while self._samples and now - self._samples[0].at >= WINDOW_SECONDS:
            self._drop_oldest()

    @property
    def calls(self) -> int:
        """Judged calls in the window."""
        return len(self._samples)

    @property
    def failures(self) -> int:
        """Failures in the window."""
        return len(self._samples) - len(self._answers) - len(self._probe_answers)

    @property
    def error_rate(self) -> float | None:
        """Failures / calls, 0..1; `None` without calls."""
        return self.failures / self.calls if self._samples else None

    @property
    def p95(self) -> float | None:
        """Nearest-rank 95th percentile of good answers' latency in seconds; `None` without good answers."""
        latencies = self._answers or self._probe_answers
        return latencies[math.ceil(0.95 * len(latencies)) - 1] if latencies else None

    @property
    def has_real_answers(self) -> bool:
        """Whether a real call was answered lately."""
        return bool(self._answers)

    def _drop_oldest(self) -> None:
        oldest = self._samples.popleft()
        if not oldest.is_failure:
            latencies = self._latencies_beside(oldest)
            del latencies[bisect_left(latencies, oldest.latency)]

    def _latencies_beside(self, sample: Sample) -> list[float]:
        return self._probe_answers if sample.is_probe else self._answers


@dataclass(slots=True)
class _Bucket:
    index: int
    calls: int = 0
    failures: int = 0
    answers: int = 0
    latency: float = 0.0
    probe_answers: int = 0
    probe_latency: float = 0.0

    def mean_latency(self) -> float | None:
        """Of real answers where there were any, else of probes."""
        if self.answers:
            return self.latency / self.answers
        return self.probe_latency / self.probe_answers if self.probe_answers else None


class Trend:
    """Mean latency and error rate per bucket of `SERIES_BUCKET` seconds, `SERIES_LENGTH` buckets at most."""

    __slots__ = ("_buckets", "_drawn", "_drawn_for")

    def __init__(self) -> None:
        self._buckets: deque[_Bucket] = deque(maxlen=SERIES_LENGTH)
        self._drawn: tuple[Series, Series] = ((), ())
        self._drawn_for = (-1, -1, -1)

    def add(self, sample: Sample) -> None:
        """Takes a sample into the bucket of its time; samples arrive in order of time."""
        index = int(sample.at // SERIES_BUCKET)
        if not self._buckets or self._buckets[-1].index < index:
            self._buckets.append(_Bucket(index))
        bucket = self._buckets[-1]
        bucket.calls += 1
        bucket.failures += sample.is_failure
        if sample.is_failure:
            return
        if sample.is_probe:
            bucket.probe_answers += 1
            bucket.probe_latency += sample.latency
        else:
            bucket.answers += 1
            bucket.latency += sample.latency

    def series(self, now: float) -> tuple[Series, Series]:
        """(response times, error rates), oldest first, one value a bucket up to now; `None` is a gap.

        Leading gaps are left out, so that a young engine does not claim thirty minutes of silence.
        """
        last = int(now // SERIES_BUCKET)
        while self._buckets and self._buckets[0].index <= last - SERIES_LENGTH:
            self._buckets.popleft()
        calls = self._buckets[-1].calls if self._buckets else 0
        newest = self._buckets[-1].index if self._buckets else 0
        version = (last, newest, calls)
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
            latencies[bucket.index - first] = bucket.mean_latency()
            rates[bucket.index - first] = bucket.failures / bucket.calls
        return tuple(latencies), tuple(rates)
