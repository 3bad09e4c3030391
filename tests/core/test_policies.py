"""From a model's settings to the policies of its parts: BIP-03's numbers where nothing else is said."""

from __future__ import annotations

import pytest

from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
from hive_console.core.policies import (
    RECOVERY_DECAY,
    breaker_policy_of,
    first_state_of,
    ramp_policy_of,
    retry_policy_of,
)
from hive_console.core.ramp import RampPolicy
from hive_console.core.retry import Jitter, RetryPolicy
from hive_console.core.settings import BreakerMode, ProbeKind, ResilienceSettings
from hive_console.core.states import BreakerState
from tests.core.samples import model_settings


def test_by_default_five_failures_open_it_for_five_ten_then_twenty_seconds() -> None:
    policy = breaker_policy_of(model_settings())

    assert policy == BreakerPolicy(
        TripRule(consecutive=5), OpenTime(5.0, factor=2.0, cap=20.0, decay_every=RECOVERY_DECAY), TrialRule()
    )
    assert [policy.open.after(trips) for trips in range(4)] == [5.0, 10.0, 20.0, 20.0]


def test_wait_and_trial_stay_below_bip_03s_thirty_seconds() -> None:
    model = model_settings()

    assert breaker_policy_of(model).open.after(1000) + model.probe_timeout <= 30.0


def test_without_rates_there_is_no_window_and_the_quick_way_is_taken() -> None:
    model = model_settings(breaker_window_calls=50, minimum_calls=10)

    assert breaker_policy_of(model).trip.is_plain


@pytest.mark.parametrize(
    ("changes", "calls", "seconds"),
    [
        ({"failure_rate_threshold": 0.5}, None, 60.0),
        ({"failure_rate_threshold": 0.5, "breaker_window": 30.0}, None, 30.0),
        ({"failure_rate_threshold": 0.5, "breaker_window_calls": 50}, 50, None),
        ({"slow_call_duration": 2.0, "slow_call_rate_threshold": 0.5}, None, 60.0),
    ],
)
def test_a_rate_is_judged_over_calls_or_over_seconds(
    changes: dict[str, float], calls: int | None, seconds: float | None
) -> None:
    trip = breaker_policy_of(model_settings(**changes)).trip

    assert (trip.window_calls, trip.window_seconds, trip.minimum_calls) == (calls, seconds, 10)


def test_the_rates_are_the_settings_and_the_row_goes_on_counting_beside_them() -> None:
    model = model_settings(
        breaker_threshold=7,
        failure_rate_threshold=0.4,
        slow_call_duration=2.0,
        slow_call_rate_threshold=0.9,
        minimum_calls=3,
    )

    assert breaker_policy_of(model).trip == TripRule(
        consecutive=7,
        window_seconds=60.0,
        failure_rate=0.4,
        slow_seconds=2.0,
        slow_rate=0.9,
        minimum_calls=3,
    )


def test_as_many_trials_must_succeed_as_are_admitted() -> None:
    assert breaker_policy_of(model_settings(half_open_probes=3)).trial == TrialRule(permits=3, successes=3)


@pytest.mark.parametrize(
    ("probe", "goes_first"),
    [(ProbeKind.MODELS, True), (ProbeKind.COMPLETION, True), (ProbeKind.NONE, False)],
)
def test_the_prober_goes_first_where_there_is_one(probe: ProbeKind, *, goes_first: bool) -> None:
    assert breaker_policy_of(model_settings(probe=probe)).prober_goes_first is goes_first


@pytest.mark.parametrize(
    ("mode", "state"),
    [
        (BreakerMode.ENFORCING, BreakerState.CLOSED),
        (BreakerMode.METRICS_ONLY, BreakerState.METRICS_ONLY),
        (BreakerMode.DISABLED, BreakerState.DISABLED),
    ],
)
def test_each_mode_has_its_first_state(mode: BreakerMode, state: BreakerState) -> None:
    assert first_state_of(model_settings(breaker_mode=mode)) is state


def test_a_ramp_has_the_settings_calls_and_seconds_or_is_none() -> None:
    assert ramp_policy_of(model_settings()) == RampPolicy()
    assert ramp_policy_of(model_settings(ramp_calls=7, ramp_seconds=9.0)) == RampPolicy(
        min_calls=7, step_seconds=9.0
    )
    assert ramp_policy_of(model_settings(ramp_calls=0)) is None


def test_retries_are_the_models_and_their_jitter_the_fleets() -> None:
    policy = retry_policy_of(model_settings(max_retries=1), ResilienceSettings(jitter=Jitter.FULL))

    assert policy == RetryPolicy(max_retries=1, jitter=Jitter.FULL)
