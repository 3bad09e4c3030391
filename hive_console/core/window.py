"""What was observed of a model lately: a rolling window for judgement and a bucketed series for drawing.

Both are bounded, both age when they are read. The window drops by time and by count; nothing tumbles.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
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


_Pair = tuple[Series, Series]

LATENCIES_KEPT = 128
"""Latencies of one bucket kept for its p95; of more, every second, then every fourth and so on is kept."""


@dataclass(slots=True)
class _Latencies:
    """What is kept of one bucket's latencies: their sum, the shortest, and an even choice of them."""

    count: int = 0
    total: float = 0.0
    shortest: float = math.inf
    kept: list[float] = field(default_factory=list)
    stride: int = 1

    def take(self, latency: float) -> None:
        """Adds one."""
        if self.count % self.stride == 0:
            self.kept.append(latency)
            if len(self.kept) > LATENCIES_KEPT:
                del self.kept[1::2]
                self.stride *= 2
        self.count += 1
        self.total += latency
        self.shortest = min(self.shortest, latency)

    def p95(self) -> float:
        """Nearest rank among those that were kept."""
        return sorted(self.kept)[math.ceil(0.95 * len(self.kept)) - 1]


@dataclass(slots=True)
class _Bucket:
    index: int
    calls: int = 0
    failures: int = 0
    answers: _Latencies = field(default_factory=_Latencies)
    probe_answers: _Latencies = field(default_factory=_Latencies)

    def take(self, sample: Sample) -> None:
        """Counts a sample."""
        self.calls += 1
        if sample.is_failure:
            self.failures += 1
        else:
            (self.probe_answers if sample.is_probe else self.answers).take(sample.latency)

    def values(self) -> tuple[float | None, float, float | None, float | None]:
        """Mean latency, error rate, shortest and p95: of real answers where there were any, else of probes."""
        latencies = self.answers if self.answers.count else self.probe_answers
        rate = self.failures / self.calls
        if not latencies.count:
            return None, rate, None, None
        return latencies.total / latencies.count, rate, latencies.shortest, latencies.p95()


class Trend:
    """Mean, shortest and 95th percentile of latencies, and the error rate, per bucket of `SERIES_BUCKET` seconds.

    Kept are `SERIES_LENGTH` buckets at most. Those that are over are numbers and cost a copy each time they are
    read; only the latest one is reckoned anew.
    """

    __slots__ = ("_drawn", "_drawn_for", "_latest", "_past")

    def __init__(self) -> None:
        self._latest: _Bucket | None = None
        self._past = tuple(deque[float | None](maxlen=SERIES_LENGTH) for _ in range(4))
        self._drawn: tuple[_Pair, _Pair] = (((), ()), ((), ()))
        self._drawn_for = (-1, -1, -1)

    def add(self, sample: Sample) -> None:
        """Takes a sample into the bucket of its time; samples arrive in order of time."""
        index = int(sample.at // SERIES_BUCKET)
        bucket = self._latest
        if bucket is None or bucket.index < index:
            bucket = self._begin(index)
        bucket.take(sample)

    def series(self, now: float) -> _Pair:
        """(response times, error rates), oldest first, one value a bucket up to now; `None` is a gap.

        Leading gaps are left out, so that a young engine does not claim thirty minutes of silence.
        """
        return self._draw(now)[0]

    def spread(self, now: float) -> _Pair:
        """(shortest, 95th percentile) of the response times of the same buckets."""
        return self._draw(now)[1]

    def _begin(self, index: int) -> _Bucket:
        """Closes the latest bucket and begins one; what lies between them are gaps."""
        if self._latest is not None:
            gap = (None,) * min(index - self._latest.index - 1, SERIES_LENGTH)
            for kept, value in zip(self._past, self._latest.values(), strict=True):
                kept.append(value)
                kept.extend(gap)
        self._latest = _Bucket(index)
        return self._latest

    def _draw(self, now: float) -> tuple[_Pair, _Pair]:
        last = int(now // SERIES_BUCKET)
        latest = self._latest
        version = (last, latest.index, latest.calls) if latest is not None else (last, 0, 0)
        if version != self._drawn_for:
            self._drawn_for = version
            self._age(last)
            self._drawn = self._drawn_anew(last)
        return self._drawn

    def _age(self, last: int) -> None:
        """Drops buckets that are too old, and gaps with which the series would begin."""
        if self._latest is None:
            return
        rates = self._past[1]
        too_old = last - SERIES_LENGTH - (self._latest.index - len(rates)) + 1
        while rates and (too_old > 0 or rates[0] is None):
            too_old -= 1
            for kept in self._past:
                kept.popleft()
        if self._latest.index <= last - SERIES_LENGTH:
            self._latest = None

    def _drawn_anew(self, last: int) -> tuple[_Pair, _Pair]:
        if self._latest is None:
            return ((), ()), ((), ())
        since = (None,) * (last - self._latest.index)
        means, rates, shortest, p95s = (
            (*kept, value, *since) for kept, value in zip(self._past, self._latest.values(), strict=True)
        )
        return (means, rates), (shortest, p95s)
