"""The ramp under any order of asks, results and time: exact shares, honest ends, and an end in time."""

from __future__ import annotations

import json
from copy import deepcopy

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hive_console.core.ramp import LATENCIES, LATENCY_SECONDS, STEP_SECONDS, Ramp, RampPolicy, RampVerdict
from tests.property.modest import MODEST

V = RampVerdict
BASELINE = 2.0
SLOW = 3.0
POLICY = RampPolicy(steps=(0.07, 0.3, 0.7, 1.0), min_calls=5, max_error_rate=0.2)
"""Shares that leave a rest at each ask, and one failure in five: small enough to be met by chance."""

STEPS = st.sampled_from([0.0, 1.0, STEP_SECONDS - 1, STEP_SECONDS, LATENCY_SECONDS])


class RampMachine(RuleBasedStateMachine):
    """Drives one ramp; the model of it is the share that was due at each ask, and the calls of the step."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.ramp = Ramp(POLICY, self.now, BASELINE)
        self.asked = 0.0
        self.admitted = 0
        self.calls = 0
        self.failures = 0
        self.shares = [self.ramp.share]

    def note(self, verdict: RampVerdict) -> None:
        """A verdict tells of exactly what happened, once."""
        before = self.shares[-1]
        match verdict:
            case V.HOLD:
                assert self.ramp.share == before
            case V.ADVANCED:
                assert before < self.ramp.share < 1
            case V.FINISHED:
                assert (self.ramp.share, self.ramp.outcome) == (1, V.FINISHED)
            case V.FAILED:
                assert (self.ramp.share, self.ramp.outcome) == (0, V.FAILED)
        if verdict is not V.HOLD:
            self.shares.append(self.ramp.share)
            self.calls = self.failures = 0

    @rule(step=STEPS)
    def time_passes(self, step: float) -> None:
        self.now += step
        self.note(self.ramp.age(self.now))

    @rule(asks=st.integers(1, 30))
    def somebody_asks(self, asks: int) -> None:
        for _ in range(asks):
            self.asked += self.ramp.share
            self.admitted += self.ramp.admits()

    @rule(is_failure=st.booleans(), latency=st.sampled_from([1.0, SLOW]), times=st.integers(1, LATENCIES))
    def calls_come_back(self, *, is_failure: bool, latency: float, times: int) -> None:
        for _ in range(times):
            was_over = self.ramp.outcome is not None
            verdict = self.ramp.record(self.now, is_failure=is_failure, latency=latency)
            self.calls += 1
            self.failures += is_failure
            is_bad = self.failures >= POLICY.max_error_rate * max(self.calls, POLICY.min_calls)
            assert (verdict is V.FAILED) is (is_bad and not was_over)
            self.note(verdict)

    @precondition(lambda self: self.ramp.outcome is None)
    @rule()
    def the_engine_is_restarted(self) -> None:
        saved = json.loads(json.dumps(self.ramp.save()))
        ramp = Ramp.restore(POLICY, saved, self.now, BASELINE)
        assert (ramp.share, ramp.save()) == (self.ramp.share, self.ramp.save())
        self.ramp = ramp
        self.asked = float(self.admitted)  # what was begun of a turn is forgotten: less is admitted, never more

    @invariant()
    def exactly_the_share_is_admitted(self) -> None:
        assert -1e-6 <= self.asked - self.admitted < 1

    @invariant()
    def it_is_never_beyond_full(self) -> None:
        assert 0 <= self.ramp.share <= 1

    @invariant()
    def its_memory_is_bounded(self) -> None:
        assert len(self.ramp._latencies) == len(self.ramp._sorted) <= LATENCIES

    @invariant()
    def it_ends_in_time_for_a_model_that_is_well(self) -> None:
        if self.ramp.outcome is not None:
            return
        ahead, now = deepcopy(self.ramp), self.now + LATENCY_SECONDS
        for _ in POLICY.steps:
            now += STEP_SECONDS
            ahead.age(now)
        assert ahead.outcome is V.FINISHED


TestRampMachine = RampMachine.TestCase
TestRampMachine.settings = MODEST
