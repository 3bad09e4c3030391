"""A recovered model gets its traffic back in steps (BIP-03 "progressive recovery"), and the slow start of weights.

    10 % -> 25 % -> 50 % -> all of it

A step is passed after 20 judged calls with less than 5 % failures, or after 30 s, with a p95 below 1.5 times what
it was before the incident. A first call that fails, or half of the calls, ends the ramp, and the breaker opens
again; fewer failures and slowness only hold the step. No dice: of n asks exactly the share is admitted, evenly
spread.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hive_console.core.errors import SettingsError

STEPS = (0.10, 0.25, 0.50, 1.0)
"""Shares of the traffic (reference practice: 10, 25, 50, 100 %)."""

MAX_STEPS = 100
"""More steps than a ramp of whole percents has."""

MIN_CALLS = 20
"""Judged calls that pass a step at once: one failure among them is 5 %."""

STEP_SECONDS = 30.0
"""Seconds that pass a step whatever the traffic: a ramp must end for a model that few ask (BIP-03's interval)."""

CLEAN_ERROR_RATE = 0.05
"""Share of failures below which calls alone pass a step."""

MAX_ERROR_RATE = 0.5
"""Share of failures at which the ramp has failed: a model that fails more often than it answers. Any lower bound
would keep out for good whoever always fails that much; where all models do, nobody would be left (ADR 0016)."""

MAX_SLOWDOWN = 1.5
"""Times the p95 before the incident that is slow."""

LATENCIES = 20
"""Latest good answers looked at for the p95, so that a model that became fast again is seen to be so soon."""

LATENCY_SECONDS = 120.0
"""Seconds that an answer's latency counts: a model nobody asks is not held back by its last slow answer."""

SLOW_START_FLOOR = 0.1
"""The least part of a weight in slow start (Envoy's default): with nothing it would never warm up."""

_MILLIONTHS = 1_000_000
"""Shares are added up as whole millionths: ten times 0.1 must be one."""


class RampVerdict(Enum):
    """What a call, or time, did to the ramp."""

    HOLD = "hold"
    ADVANCED = "advanced"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RampPolicy:
    """How a ramp goes.

    Attributes:
        steps: rising shares of the traffic, above 0 and up to 1; reaching a share of 1 ends the ramp.
        min_calls: judged calls that pass a step.
        step_seconds: seconds that pass a step.
        clean_error_rate: share of failures below which `min_calls` calls pass a step.
        max_error_rate: share of failures, of `min_calls` calls at least, that fails the ramp.
        max_slowdown: times the baseline's p95 at which a step is not passed.
    """

    steps: tuple[float, ...] = STEPS
    min_calls: int = MIN_CALLS
    step_seconds: float = STEP_SECONDS
    clean_error_rate: float = CLEAN_ERROR_RATE
    max_error_rate: float = MAX_ERROR_RATE
    max_slowdown: float = MAX_SLOWDOWN

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        rises = all(before < after for before, after in zip(self.steps, self.steps[1:], strict=False))
        if not (0 < len(self.steps) <= MAX_STEPS and self.steps[0] > 0 and self.steps[-1] <= 1 and rises):
            raise SettingsError("steps", f"are {self.steps}; must rise from above 0 to at most 1")
        if self.min_calls < 1:
            raise SettingsError("minCalls", f"is {self.min_calls}; must be 1 or more")
        if self.step_seconds <= 0:
            raise SettingsError("stepSeconds", f"is {self.step_seconds:g} s; must be more than 0")
        if not 0 < self.clean_error_rate <= 1:
            raise SettingsError("cleanErrorRate", f"is {self.clean_error_rate:g}; must be above 0 and at most 1")
        if not 0 < self.max_error_rate <= 1:
            raise SettingsError("maxErrorRate", f"is {self.max_error_rate:g}; must be above 0 and at most 1")
        if self.max_slowdown < 1:
            raise SettingsError("maxSlowdown", f"is {self.max_slowdown:g}; must be 1 or more")


class Ramp:
    """One model's way back. Time is an argument; what a call did to it is returned, each verdict once.

    Attributes:
        step: the number of the step, 0 first.
        since: when the step began.
        calls: judged calls of this step.
        failures: failures among them.
        has_answered: whether a call of any step went well.
        outcome: FINISHED or FAILED once it is over.
    """

    __slots__ = (
        "_credit",
        "_latencies",
        "_sorted",
        "baseline_p95",
        "calls",
        "failures",
        "has_answered",
        "outcome",
        "policy",
        "since",
        "step",
    )

    def __init__(self, policy: RampPolicy, now: float, baseline_p95: float | None = None) -> None:
        """Begins at the first step.

        Args:
            policy: how it goes.
            now: when it begins.
            baseline_p95: seconds, from before the incident; without it latency is not looked at.
        """
        self.policy = policy
        self.baseline_p95 = baseline_p95
        self.outcome: RampVerdict | None = None
        self.has_answered = False
        self._credit = 0
        self._enter(0, now)
        if self.policy.steps[0] >= 1:
            self.outcome = RampVerdict.FINISHED

    @property
    def share(self) -> float:
        """The share of the traffic admitted now, 0..1: 1 when it is finished, 0 when it failed."""
        match self.outcome:
            case RampVerdict.FINISHED:
                return 1.0
            case RampVerdict.FAILED:
                return 0.0
            case _:
                return self.policy.steps[self.step]

    def admits(self) -> bool:
        """Whether this ask is among those admitted: of n in a row, n x share rounded down, evenly spread."""
        self._credit += round(self.share * _MILLIONTHS)
        if self._credit < _MILLIONTHS:
            return False
        self._credit -= _MILLIONTHS
        return True

    def record(self, now: float, *, is_failure: bool, latency: float) -> RampVerdict:
        """Counts one judged call; what that did to the ramp.

        Args:
            now: when it ended.
            is_failure: whether it failed. Neutral outcomes are not judged, and do not come here.
            latency: seconds it took; for a stream, to its first token. A failure's says nothing.
        """
        if self.outcome is not None:
            return RampVerdict.HOLD
        self.calls += 1
        self.failures += is_failure
        if not is_failure:
            self.has_answered = True
            self._note(now, latency)
        # A free probe may have let it in that knows nothing of real calls: its first one is the true trial.
        if not self.has_answered or self.failures >= self.policy.max_error_rate * max(
            self.calls, self.policy.min_calls
        ):
            self.outcome = RampVerdict.FAILED
            return self.outcome
        return self.age(now)

    def age(self, now: float) -> RampVerdict:
        """What time did to the ramp; ask now and then, since a model without calls recovers too."""
        if self.outcome is not None:
            return RampVerdict.HOLD
        while self._latencies and now - self._latencies[0][0] >= LATENCY_SECONDS:
            self._drop_oldest()
        is_clean = self.failures < self.policy.clean_error_rate * max(self.calls, self.policy.min_calls)
        is_due = (is_clean and self.calls >= self.policy.min_calls) or now - self.since >= self.policy.step_seconds
        if not is_due or self._is_slow():
            return RampVerdict.HOLD
        return self._advance(now)

    def save(self) -> dict[str, float]:
        """Where it is, as JSON values; latencies are left out, they are seconds old."""
        return {"step": self.step, "calls": self.calls, "failures": self.failures, "since": self.since}

    @classmethod
    def restore(
        cls, policy: RampPolicy, saved: Mapping[str, object], now: float, baseline_p95: float | None = None
    ) -> Ramp:
        """A ramp where `save` left it; anything that cannot be one of this policy's begins anew, with caution."""
        ramp = cls(policy, now, baseline_p95)
        match saved:
            case {
                "step": int(step),
                "calls": int(calls),
                "failures": int(failures),
                "since": int() | float() as since,
            }:
                is_known = 0 <= step < len(policy.steps) and 0 <= failures <= calls and math.isfinite(since)
            case _:
                return ramp
        if is_known:
            ramp.step, ramp.calls, ramp.failures = step, calls, failures
            ramp.has_answered = step > 0 or calls > failures
            ramp.since = min(since, now)  # a clock that was set back must not hold the step for hours
            ramp.outcome = RampVerdict.FINISHED if policy.steps[step] >= 1 else None
        return ramp

    def _advance(self, now: float) -> RampVerdict:
        following = self.step + 1
        if following == len(self.policy.steps):
            self.outcome = RampVerdict.FINISHED
            return self.outcome
        self._enter(following, now)
        if self.policy.steps[following] < 1:
            return RampVerdict.ADVANCED
        # All of the traffic is back: from here on it is the breaker's to judge, with its own window.
        self.outcome = RampVerdict.FINISHED
        return self.outcome

    def _enter(self, step: int, now: float) -> None:
        self.step = step
        self.since = now
        self.calls = 0
        self.failures = 0
        self._latencies: deque[tuple[float, float]] = deque()
        self._sorted: list[float] = []

    def _note(self, now: float, latency: float) -> None:
        if len(self._latencies) == LATENCIES:
            self._drop_oldest()
        self._latencies.append((now, latency))
        insort(self._sorted, latency)

    def _drop_oldest(self) -> None:
        _, latency = self._latencies.popleft()
        del self._sorted[bisect_left(self._sorted, latency)]

    def _is_slow(self) -> bool:
        """Whether the nearest-rank p95 of the latest good answers is too high."""
        if self.baseline_p95 is None or not self._sorted:
            return False
        p95 = self._sorted[math.ceil(0.95 * len(self._sorted)) - 1]
        return p95 >= self.policy.max_slowdown * self.baseline_p95


def slow_start(age: float, window: float, *, aggression: float = 1.0, floor: float = SLOW_START_FLOOR) -> float:
    """The part of its weight, `floor`..1, that a host has so long after it came back (Envoy, "Slow start").

    Args:
        age: seconds since it came back.
        window: seconds after which it has all of it; 0 means at once.
        aggression: 1 rises evenly, more rises faster at first; above 0.
        floor: the least part.
    """
    if age >= window:
        return 1.0
    warmth: float = (max(age, 0.0) / window) ** (1 / aggression)
    return min(1.0, max(floor, warmth))
