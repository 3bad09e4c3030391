"""What the calls of a model tell: each threshold from both sides, its minimum, its window, and what is usual."""

from __future__ import annotations

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import RuleChange
from hive_console.core.alerting.call_window import CallWindow, is_p95_above
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.usual import HOUR, Usual
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import MAX_MODELS
from hive_console.core.states import AlertRule, BreakerState, Severity
from tests.core.condition_driver import START, attempt, calls, conditions_of, feed, told, wrong
from tests.core.samples import breaker_view, fleet_view, model_settings, model_view

R = AlertRule
FAILED, LIMITED = OutcomeKind.SERVER_ERROR, OutcomeKind.RATE_LIMITED


def errors(good: int, bad: int, kind: OutcomeKind = FAILED) -> list[tuple[AlertRule, str]]:
    conditions = conditions_of()
    feed(conditions, *calls(START, good), *calls(START, bad, kind))
    return wrong(conditions, START + 1)


@pytest.mark.parametrize(("good", "bad", "is_told"), [(95, 5, False), (94, 6, True), (38, 2, False), (37, 3, True)])
def test_more_than_five_percent_of_failures_are_told(good: int, bad: int, *, is_told: bool) -> None:
    assert errors(good, bad) == ([(R.MODEL_ERRORS, "a")] if is_told else [])


@pytest.mark.parametrize(("good", "bad", "is_told"), [(6, 3, False), (7, 3, True), (8, 2, False)])
def test_ten_calls_and_three_failures_are_needed(good: int, bad: int, *, is_told: bool) -> None:
    assert bool(errors(good, bad)) is is_told


@pytest.mark.parametrize(("good", "bad", "severity"), [(80, 20, None), (79, 21, Severity.ERROR)])
def test_more_than_a_fifth_is_an_error(good: int, bad: int, severity: Severity | None) -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, good), *calls(START, bad, FAILED))

    (seen,) = conditions.look(fleet_view(), START)

    assert seen.severity is severity
    assert seen.text == f"{bad}.0 % of 100 calls of a failed in 5 m (bound 5.0 %)"
    assert seen.labels == (("model", "a"), ("provider", "acme"))


def test_a_callers_own_fault_is_no_failure_of_the_model() -> None:
    assert errors(10, 50, OutcomeKind.BAD_REQUEST) == []
    assert errors(10, 50, OutcomeKind.CANCELLED) == []


@pytest.mark.parametrize(
    ("good", "bad", "is_told"), [(90, 10, False), (89, 11, True), (20, 2, False), (7, 3, True)]
)
def test_more_than_ten_percent_of_429_are_told_and_are_no_errors(good: int, bad: int, *, is_told: bool) -> None:
    assert errors(good, bad, LIMITED) == ([(R.RATE_LIMITED, "a")] if is_told else [])


def test_rate_limits_say_how_many() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 75), *calls(START, 25, LIMITED))

    assert told(conditions, START) == ["25.0 % of 100 calls of a were rate limited in 5 m (bound 10.0 %)"]


def test_what_is_older_than_five_minutes_is_forgotten_and_its_end_is_told_once() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 10), *calls(START, 10, FAILED))
    assert wrong(conditions, START + 299) == [(R.MODEL_ERRORS, "a")]

    over = conditions.look(fleet_view(model_view("a")), START + 300)

    assert [(seen.rule, seen.is_bad, seen.is_gone) for seen in over] == [(R.MODEL_ERRORS, False, False)]
    assert conditions.look(fleet_view(), START + 301) == []


def test_a_model_that_recovered_is_judged_afresh() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 10, FAILED))
    assert wrong(conditions, START) == [(R.MODEL_ERRORS, "a")]

    over = feed(conditions, *(e.ModelRecovered(at=START + 20, model=name, down_for=9.0) for name in ("a", "b")))

    assert {seen.subject for seen in over} == {"a"}
    assert (R.MODEL_ERRORS, False, True) in [(seen.rule, seen.is_bad, seen.is_gone) for seen in over]
    assert wrong(conditions, START + 21) == []
    feed(conditions, *calls(START + 22, 10, FAILED))
    assert wrong(conditions, START + 22) == [(R.MODEL_ERRORS, "a")]


def test_a_model_that_is_deactivated_has_no_rate_any_more() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 10, FAILED))
    assert wrong(conditions, START) == [(R.MODEL_ERRORS, "a")]

    view = model_view("a", breaker=breaker_view(BreakerState.ISOLATED))
    (gone,) = conditions.look(fleet_view(view), START + 1)

    assert (gone.is_bad, gone.is_gone) == (False, True)


def test_a_group_may_have_its_own_threshold_and_minimum() -> None:
    models = (model_settings("a", groups=("voters",)), model_settings("b"))
    strict = RuleChange(R.MODEL_ERRORS, group="voters", threshold=0.01, minimum=50)
    conditions = conditions_of(*models, rules=(strict,))
    for name in ("a", "b"):
        feed(conditions, *calls(START, 96, model=name), *calls(START, 4, FAILED, model=name))

    assert wrong(conditions, START) == [(R.MODEL_ERRORS, "a")]


# --- how fast ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "count", "is_above"), [(1, 20, False), (2, 20, True), (1, 19, True), (5, 100, False)]
)
def test_the_p95_is_the_nearest_rank(above: int, count: int, *, is_above: bool) -> None:
    assert is_p95_above(above, count) is is_above


@pytest.mark.parametrize(("slow", "quick", "is_told"), [(1, 19, False), (2, 18, True), (2, 17, False)])
def test_a_p95_above_half_of_the_timeout_is_slow_from_twenty_answers_on(
    slow: int, quick: int, *, is_told: bool
) -> None:
    conditions = conditions_of(model_settings("a", timeout=30.0))
    feed(conditions, *calls(START, slow, latency=15.1), *calls(START, quick, latency=15.0))

    assert wrong(conditions, START) == ([(R.MODEL_SLOW, "a")] if is_told else [])


def test_slow_answers_are_told_with_their_numbers_and_forgotten_after_ten_minutes() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 4, latency=16.0), *calls(START, 36))

    assert told(conditions, START + 599) == ["4 of 40 answers of a took more than 15s in 10 m"]
    assert wrong(conditions, START + 600) == []


@pytest.mark.parametrize(("late", "is_told"), [(10.0, False), (10.1, True)])
def test_a_first_token_is_late_after_ten_seconds(late: float, *, is_told: bool) -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 20, latency=60.0, first_token=late))

    assert told(conditions, START) == (["20 of 20 streams of a began after 10s in 10 m"] if is_told else [])


def test_a_streams_length_says_nothing_about_how_fast_it_is() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 50, latency=200.0, first_token=0.5))

    assert wrong(conditions, START) == []


def test_too_few_streams_tell_nothing() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 19, first_token=12.0))

    assert wrong(conditions, START) == []


def days_of(seconds: float, first_token: float | None = None) -> tuple[Conditions, float]:
    """Conditions that saw three days of answers, twenty in ten minutes, and the same hour of the next day."""
    conditions, days = conditions_of(), 3
    for minute in range(days * 1_440):
        if minute % 10 == 9:
            feed(conditions, *calls(START + minute * 60, 20, latency=seconds, first_token=first_token))
            conditions.look(fleet_view(), START + minute * 60 + 59.9)
            conditions.look(fleet_view(), START + minute * 60 + 60)
    return conditions, START + days * 86_400


def test_what_is_usual_raises_the_bound_of_a_slow_model() -> None:
    conditions, at = days_of(14.0)
    assert wrong(conditions, at) == []

    feed(conditions, *calls(at + 1, 30, latency=27.0))
    assert wrong(conditions, at + 2) == []
    feed(conditions, *calls(at + 3, 30, latency=29.0))
    assert wrong(conditions, at + 4) == [(R.MODEL_SLOW, "a")]


def test_three_times_the_usual_first_token_is_late() -> None:
    conditions, at = days_of(20.0, first_token=1.0)

    feed(conditions, *calls(at + 1, 40, latency=20.0, first_token=2.9))
    assert wrong(conditions, at + 2) == []
    feed(conditions, *calls(at + 3, 40, latency=20.0, first_token=3.2))
    assert wrong(conditions, at + 4) == [(R.FIRST_TOKEN_SLOW, "a")]


def test_less_than_a_second_to_the_first_token_is_never_late() -> None:
    conditions, at = days_of(5.0, first_token=0.1)

    feed(conditions, *calls(at + 1, 40, first_token=0.9))

    assert wrong(conditions, at + 2) == []


def test_an_incident_does_not_become_what_is_usual() -> None:
    conditions, at = days_of(14.0)
    for minute in range(120):
        feed(conditions, *calls(at + minute * 60, 30, latency=29.9))
        conditions.look(fleet_view(), at + minute * 60 + 30)

    assert wrong(conditions, at + 7_200) == [(R.MODEL_SLOW, "a")]


def test_a_threshold_of_the_file_counts_instead_of_what_is_usual() -> None:
    conditions = conditions_of(
        rules=(RuleChange(R.MODEL_SLOW, threshold=2.0), RuleChange(R.FIRST_TOKEN_SLOW, threshold=0.5))
    )
    feed(conditions, *calls(START, 20, latency=2.1, first_token=0.4), *calls(START, 20, latency=2.1))

    assert wrong(conditions, START) == [(R.MODEL_SLOW, "a")]


def test_the_usual_of_an_hour_is_that_of_the_same_hour_of_seven_days() -> None:
    usual = Usual()
    for day in range(7):
        usual.note(START + day * 24 * HOUR, 1.0 + day)
        usual.note(START + day * 24 * HOUR + HOUR, 100.0)

    assert usual.at(START + 7 * 24 * HOUR) == 4.0
    assert usual.at(START + 7 * 24 * HOUR + HOUR) == 100.0


def test_before_two_such_days_the_last_day_stands_in_and_before_that_nothing() -> None:
    usual = Usual()
    for hour in range(3):
        assert usual.at(START + hour * HOUR) is None
        usual.note(START + hour * HOUR, 1.0)
        usual.note(START + hour * HOUR + 600, 3.0)

    assert usual.at(START + 3 * HOUR) == 2.0
    assert usual.at(START + 200 * HOUR) is None


def test_a_window_goes_on_where_the_clock_went_backwards() -> None:
    window = CallWindow(START, slow_above=1.0, late_above=1.0)

    window.age(START - 1_000)

    assert window.index == int(START // 20)


def test_models_that_are_counted_are_bounded() -> None:
    conditions = conditions_of()
    feed(conditions, *(attempt(START, FAILED, f"x{number}") for number in range(MAX_MODELS)))
    for _ in range(3):
        feed(conditions, *calls(START, 10, FAILED, model="one too many"))

    assert wrong(conditions, START) == []


def test_a_timeout_that_is_not_known_is_bip_03s() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 20, model="stranger", latency=15.1))

    assert wrong(conditions, START) == [(R.MODEL_SLOW, "stranger")]
