"""From a model's settings to the policies of its parts."""

from __future__ import annotations

from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
from hive_console.core.concurrency import AimdLimit
from hive_console.core.ramp import RampPolicy
from hive_console.core.retry import RetryPolicy
from hive_console.core.settings import BreakerMode, ModelSettings, ProbeKind, ResilienceSettings
from hive_console.core.states import BreakerState

RECOVERY_DECAY = 60.0
"""Seconds of health that forgive a breaker one earlier trip: a flapping model does not begin at the shortest
open time again, and one that was well for a few minutes does."""

_FIRST_STATE = {
    BreakerMode.ENFORCING: BreakerState.CLOSED,
    BreakerMode.METRICS_ONLY: BreakerState.METRICS_ONLY,
    BreakerMode.DISABLED: BreakerState.DISABLED,
}


def breaker_policy_of(model: ModelSettings) -> BreakerPolicy:
    """How the model's breaker behaves."""
    by_calls = model.breaker_window_calls is not None
    has_rate = model.failure_rate_threshold is not None or model.slow_call_rate_threshold is not None
    return BreakerPolicy(
        trip=TripRule(
            consecutive=model.breaker_threshold,
            window_calls=model.breaker_window_calls if has_rate else None,
            window_seconds=model.breaker_window if has_rate and not by_calls else None,
            failure_rate=model.failure_rate_threshold,
            slow_seconds=model.slow_call_duration,
            slow_rate=model.slow_call_rate_threshold,
            minimum_calls=model.minimum_calls if has_rate else 1,
        ),
        open=OpenTime(
            seconds=model.recovery_timeout,
            factor=model.recovery_backoff,
            cap=model.max_recovery_timeout,
            decay_every=RECOVERY_DECAY,
        ),
        trial=TrialRule(permits=model.half_open_probes, successes=model.half_open_probes),
        prober_goes_first=model.probe is not ProbeKind.NONE,
    )


def first_state_of(model: ModelSettings) -> BreakerState:
    """The state the model's breaker begins in."""
    return _FIRST_STATE[model.breaker_mode]


def ramp_policy_of(model: ModelSettings) -> RampPolicy | None:
    """How the model's traffic returns; `None` when all of it returns at once."""
    if model.ramp_calls == 0:
        return None
    return RampPolicy(min_calls=model.ramp_calls, step_seconds=model.ramp_seconds)


def limit_of(model: ModelSettings) -> AimdLimit | None:
    """The limit that learns how many calls the model takes at once; `None` where the settings' number stands."""
    most = model.max_concurrent_requests
    return AimdLimit(most, maximum=most) if model.adaptive_concurrency else None


def retry_policy_of(model: ModelSettings, fleet: ResilienceSettings) -> RetryPolicy:
    """How calls to the model are repeated."""
    return RetryPolicy(max_retries=model.max_retries, jitter=fleet.jitter)
