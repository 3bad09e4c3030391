"""From observations to a status, with the reason in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.health import MIN_CALLS_FOR_LATENCY, MIN_CALLS_FOR_RATE, Signs, Standing, standing_of
from hive_console.core.settings import ModelSettings
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.window import Sample, Window
from tests.core.samples import NOW, model_settings

WELL = Signs(
    breaker=BreakerState.CLOSED,
    consecutive_failures=0,
    last_failure_cause="",
    fault="",
    is_throttled=False,
    was_checked=True,
)
SETTINGS = model_settings("a", timeout=10.0)


def window_of(*, good: int = 0, bad: int = 0, latency: float = 1.0) -> Window:
    window = Window()
    for _ in range(good):
        window.add(Sample(NOW, latency, is_failure=False))
    for _ in range(bad):
        window.add(Sample(NOW, 30.0, is_failure=True))
    return window


def judged(window: Window, signs: Signs = WELL, settings: ModelSettings = SETTINGS) -> Standing:
    return standing_of(settings, window, signs)


def test_h2_before_any_check_the_status_is_unknown_and_not_available() -> None:
    standing = judged(Window(), replace(WELL, was_checked=False))

    assert standing == Standing(ModelStatus.UNKNOWN, "not checked yet")


def test_a_model_that_answers_in_time_is_available() -> None:
    assert judged(window_of(good=20)) == Standing(ModelStatus.AVAILABLE, "answers in time")


@pytest.mark.parametrize("state", [BreakerState.OPEN, BreakerState.HALF_OPEN])
def test_h4_breaker_and_health_speak_to_each_other(state: BreakerState) -> None:
    signs = replace(WELL, breaker=state, last_failure_cause="server error: boom")

    assert judged(window_of(good=20), signs) == Standing(ModelStatus.UNAVAILABLE, "server error: boom")


def test_a_breaker_that_opened_without_a_failure_still_has_a_reason() -> None:
    standing = judged(Window(), replace(WELL, breaker=BreakerState.HALF_OPEN))

    assert standing == Standing(ModelStatus.UNAVAILABLE, "breaker not closed")


def test_a_deactivated_model_is_unavailable_by_hand_whatever_else_is_wrong() -> None:
    signs = replace(WELL, breaker=BreakerState.ISOLATED, fault="key refused", was_checked=False)

    assert judged(Window(), signs) == Standing(ModelStatus.UNAVAILABLE, "deactivated by hand", is_by_hand=True)


def test_a_fault_that_only_a_person_can_mend_is_the_reason_even_before_a_check() -> None:
    signs = replace(WELL, fault="no key", breaker=BreakerState.OPEN, was_checked=False)

    assert judged(Window(), signs) == Standing(ModelStatus.UNAVAILABLE, "no key")


def test_an_outlier_that_is_left_alone_is_unavailable_and_says_why() -> None:
    signs = replace(WELL, ejection="fails far more often than the others")

    assert judged(window_of(good=9), signs) == Standing(
        ModelStatus.UNAVAILABLE, "fails far more often than the others"
    )


def test_an_open_breaker_is_the_reason_before_an_ejection() -> None:
    signs = replace(WELL, breaker=BreakerState.OPEN, last_failure_cause="timed out", ejection="x")

    assert judged(Window(), signs).cause == "timed out"


@pytest.mark.parametrize("share", [0.1, 0.99])
def test_a_recovering_model_is_available_and_says_what_it_gets(share: float) -> None:
    standing = judged(window_of(good=9), replace(WELL, share=share))

    assert standing.status is ModelStatus.AVAILABLE
    assert standing.cause.startswith("recovered, gets ")


@pytest.mark.parametrize(("was_degraded", "status"), [(False, "available"), (True, "degraded")])
def test_a_degraded_model_stays_so_a_little_below_its_error_limit(*, was_degraded: bool, status: str) -> None:
    settings = model_settings("a", degraded_error_rate=0.1)
    signs = replace(WELL, was_degraded=was_degraded)

    assert judged(window_of(good=91, bad=9), signs, settings=settings).status.value == status


def test_a_degraded_model_is_well_below_the_share_of_its_error_limit() -> None:
    settings = model_settings("a", degraded_error_rate=0.1)
    signs = replace(WELL, was_degraded=True)

    assert judged(window_of(good=93, bad=7), signs, settings=settings).status is ModelStatus.AVAILABLE


def test_one_failure_is_a_blip() -> None:
    signs = replace(WELL, consecutive_failures=1, last_failure_cause="timed out")

    assert judged(window_of(good=1, bad=1), signs).status is ModelStatus.AVAILABLE


def test_two_failures_in_a_row_after_good_answers_are_a_degradation() -> None:
    signs = replace(WELL, consecutive_failures=2, last_failure_cause="timed out")

    standing = judged(window_of(good=5, bad=2), signs)

    assert standing == Standing(ModelStatus.DEGRADED, "2 failures in a row: timed out")


def test_a_model_that_never_answered_and_failed_twice_is_unavailable() -> None:
    signs = replace(WELL, consecutive_failures=2, last_failure_cause="timed out")

    assert judged(window_of(bad=2), signs).status is ModelStatus.UNAVAILABLE


def test_a_throttled_model_is_degraded() -> None:
    standing = judged(window_of(good=5), replace(WELL, is_throttled=True))

    assert standing == Standing(ModelStatus.DEGRADED, "rate limited by the provider")


def test_exactly_the_error_rate_degrades() -> None:
    settings = model_settings("a", degraded_error_rate=0.1)

    assert judged(window_of(good=9, bad=1), settings=settings).status is ModelStatus.DEGRADED
    assert judged(window_of(good=10, bad=1), settings=settings).status is ModelStatus.AVAILABLE


def test_too_few_calls_have_no_error_rate() -> None:
    assert judged(window_of(good=MIN_CALLS_FOR_RATE - 2, bad=1)).status is ModelStatus.AVAILABLE


def test_r1_one_percent_of_errors_is_not_more_than_five_percent() -> None:
    assert judged(window_of(good=99, bad=1)).status is ModelStatus.AVAILABLE


def test_a3_the_error_rate_is_said_in_percent() -> None:
    assert judged(window_of(good=3, bad=1), settings=model_settings("a")).cause == "answers in time"
    assert judged(window_of(good=30, bad=10)).cause == "25.0 % of calls fail"


def test_an_error_rate_limit_of_zero_turns_the_rule_off() -> None:
    settings = model_settings("a", degraded_error_rate=0.0)

    assert judged(window_of(good=20), settings=settings).status is ModelStatus.AVAILABLE
    assert judged(window_of(good=20, bad=5), settings=settings).status is ModelStatus.AVAILABLE


def test_a_p95_above_the_limit_degrades_and_the_limit_itself_does_not() -> None:
    slow = judged(window_of(good=MIN_CALLS_FOR_LATENCY, latency=5.1))
    at_limit = judged(window_of(good=MIN_CALLS_FOR_LATENCY, latency=5.0))

    assert slow == Standing(ModelStatus.DEGRADED, "slow: p95 5.1 s, limit 5 s")
    assert at_limit.status is ModelStatus.AVAILABLE


def test_too_few_answers_have_no_p95() -> None:
    assert judged(window_of(good=MIN_CALLS_FOR_LATENCY - 1, latency=9.0)).status is ModelStatus.AVAILABLE


def test_h3_the_time_that_failures_took_does_not_make_a_fast_model_slow() -> None:
    standing = judged(window_of(good=200, bad=4, latency=0.2))

    assert standing.status is ModelStatus.AVAILABLE
