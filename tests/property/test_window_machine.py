"""Window and series under any traffic: what they say equals a recount of what they were given."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hive_console.core.snapshot import SERIES_BUCKET, SERIES_LENGTH
from hive_console.core.window import WINDOW_SAMPLES, WINDOW_SECONDS, Sample, Trend, Window
from tests.property.modest import MODEST

STEPS = st.sampled_from([0.0, 0.5, 1.0, 30.0, WINDOW_SECONDS - 0.5, WINDOW_SECONDS])
LATENCIES = st.sampled_from([0.01, 0.5, 1.0, 4.0, 29.0])


class WindowMachine(RuleBasedStateMachine):
    """Drives one window; the model of it is a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.window = Window()
        self.samples: list[Sample] = []

    @rule(step=STEPS)
    def time_passes(self, step: float) -> None:
        self.now += step
        self.window.age(self.now)
        self.samples = [sample for sample in self.samples if self.now - sample.at < WINDOW_SECONDS]

    @rule(
        latency=LATENCIES,
        is_failure=st.booleans(),
        is_probe=st.booleans(),
        times=st.sampled_from([1, 1, 1, 2, 20, 260]),
    )
    def calls_end(self, latency: float, *, is_failure: bool, is_probe: bool, times: int) -> None:
        for _ in range(times):
            sample = Sample(self.now, latency, is_failure=is_failure, is_probe=is_probe)
            self.window.add(sample)
            self.samples.append(sample)
        self.samples = self.samples[-WINDOW_SAMPLES:]

    @rule()
    def it_is_cleared(self) -> None:
        self.window.clear()
        self.samples = []

    @invariant()
    def the_counts_equal_a_recount(self) -> None:
        failures = len([sample for sample in self.samples if sample.is_failure])
        assert self.window.calls == len(self.samples) <= WINDOW_SAMPLES
        assert self.window.failures == failures
        assert self.window.error_rate == (failures / len(self.samples) if self.samples else None)

    @invariant()
    def the_p95_is_one_of_the_latencies_with_a_twentieth_at_most_above_it(self) -> None:
        good = [sample for sample in self.samples if not sample.is_failure]
        latencies = [s.latency for s in good if not s.is_probe] or [s.latency for s in good]
        p95 = self.window.p95
        if not latencies:
            assert p95 is None
            return
        assert p95 in latencies
        above = [latency for latency in latencies if latency > p95]
        at_least = [latency for latency in latencies if latency >= p95]
        assert len(above) <= 0.05 * len(latencies) < len(at_least) + 1e-9


TestWindowMachine = WindowMachine.TestCase
TestWindowMachine.settings = MODEST

TRAFFIC = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, 9.9, 10.0, 45.0, 1700.0]), LATENCIES, st.booleans(), st.booleans()),
    max_size=60,
)


@MODEST
@given(traffic=TRAFFIC, rest=st.sampled_from([0.0, 10.0, 600.0, 1800.0]))
def test_a_series_equals_a_recount_of_its_buckets(
    traffic: list[tuple[float, float, bool, bool]], rest: float
) -> None:
    trend, now, samples = Trend(), 1000.0, list[Sample]()
    for step, latency, is_failure, is_probe in traffic:
        now += step
        samples.append(Sample(now, latency, is_failure=is_failure, is_probe=is_probe))
        trend.add(samples[-1])
    now += rest

    latencies, rates = trend.series(now)

    last = math.floor(now / SERIES_BUCKET)
    assert len(latencies) == len(rates) <= SERIES_LENGTH
    for back in range(len(rates)):
        index = last - back
        inside = [sample for sample in samples if math.floor(sample.at / SERIES_BUCKET) == index]
        good = [sample for sample in inside if not sample.is_failure]
        drawn = [s.latency for s in good if not s.is_probe] or [s.latency for s in good]
        assert rates[-1 - back] == (pytest.approx(1 - len(good) / len(inside)) if inside else None)
        assert latencies[-1 - back] == (pytest.approx(sum(drawn) / len(drawn)) if drawn else None)
    older = [sample for sample in samples if math.floor(sample.at / SERIES_BUCKET) <= last - len(rates)]
    assert all(math.floor(sample.at / SERIES_BUCKET) <= last - SERIES_LENGTH for sample in older)
