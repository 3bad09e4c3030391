"""What callers meet: budgets per route and over all, failures that touch operations, fallbacks that are slower."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.operations_seen import MOST_ROUTES, MOST_TOUCHED
from hive_console.core.outcome import OutcomeKind
from hive_console.core.saved_state import UnreadableState
from hive_console.core.settings import RouteSettings, Settings
from hive_console.core.states import AlertRule, OperationResult
from tests.core.condition_driver import START, attempt, conditions_of, ended, feed, told, wrong
from tests.core.samples import fleet_view, model_settings

R = AlertRule
FAILED, ANSWERED = OperationResult.FAILED, OperationResult.ANSWERED
BURNS = {R.OPERATION_BURN_FAST, R.OPERATION_BURN_SLOW, R.OPERATION_BUDGET}


def burning(conditions: Conditions, at: float) -> set[tuple[AlertRule, str]]:
    return {(rule, subject) for rule, subject in wrong(conditions, at) if rule in BURNS}


def test_a_route_that_fails_burns_its_budget_and_says_how_fast() -> None:
    conditions = conditions_of()
    feed(conditions, *(ended(START, FAILED) for _ in range(20)), *(ended(START) for _ in range(80)))

    texts = told(conditions, START)

    assert texts[0] == (
        "20 of 100 operations failed in 1 h on a, 20 of 100 in the last 5 m: 200.0 times the budget of 99.9 %"
    )
    assert burning(conditions, START) == {(rule, "a") for rule in BURNS}


def test_what_fails_over_many_routes_is_told_of_all_together() -> None:
    conditions = conditions_of(*(model_settings(f"m{number}") for number in range(9)))
    for number in range(9):
        feed(conditions, *(ended(START, FAILED, f"m{number}") for _ in range(2)))
        feed(conditions, *(ended(START, model=f"m{number}") for _ in range(12)))

    assert burning(conditions, START) == {(rule, "fleet") for rule in BURNS}


def test_what_was_told_of_all_routes_is_not_taken_back_for_one_of_them() -> None:
    conditions = conditions_of(model_settings("a"), model_settings("b"))
    feed(conditions, *(ended(START, FAILED) for _ in range(5)), *(ended(START, FAILED, "b") for _ in range(5)))
    assert burning(conditions, START) == {(rule, "fleet") for rule in BURNS}

    feed(conditions, *(ended(START + 1, FAILED) for _ in range(9)))

    assert burning(conditions, START + 1) == {(rule, name) for rule in BURNS for name in ("fleet", "a")}


@pytest.mark.parametrize("result", [OperationResult.REJECTED, OperationResult.CANCELLED])
def test_what_callers_take_back_or_do_wrong_burns_nothing(result: OperationResult) -> None:
    conditions = conditions_of()
    feed(conditions, *(ended(START, result) for _ in range(200)))

    assert wrong(conditions, START) == []


def test_what_is_turned_away_burns() -> None:
    conditions = conditions_of()
    feed(conditions, *(ended(START, OperationResult.SHED) for _ in range(20)))

    assert (R.OPERATION_BURN_FAST, "a") in burning(conditions, START)


def test_a_virtual_model_burns_under_its_name() -> None:
    conditions = conditions_of(routes=(RouteSettings("smart", "a"),))
    feed(conditions, *(ended(START, FAILED, route="smart") for _ in range(20)))

    seen = conditions.look(fleet_view(), START)[0]

    assert (seen.subject, seen.labels) == ("smart", (("route", "smart"),))


def test_the_budget_outlives_a_restart() -> None:
    before, after = conditions_of(), conditions_of()
    feed(before, *(ended(START, FAILED) for _ in range(20)))

    after.restore(before.save(START + 5), START + 5)

    assert burning(after, START + 5) == {(rule, "a") for rule in BURNS}
    quiet = conditions_of()
    feed(quiet, ended(START))
    assert quiet.save(START)["routes"] == {}


@pytest.mark.parametrize("saved", [None, {}, {"all": {}, "routes": {}}, {"all": 1, "routes": {}}])
def test_what_is_not_whole_is_refused(saved: object) -> None:
    with pytest.raises(UnreadableState):
        conditions_of().restore(saved, START)


# --- failures that touch operations --------------------------------------------------------------


def touched(number: int, **fields: Any) -> list[e.Event]:
    """An operation whose first attempt failed and that was answered all the same."""
    name = f"t{number}"
    return [
        attempt(START, OutcomeKind.SERVER_ERROR, operation=name),
        ended(START, operation=name, attempts=2, **fields),
    ]


@pytest.mark.parametrize(
    ("hit", "clear", "is_told"), [(5, 95, False), (6, 94, True), (4, 45, False), (4, 46, True)]
)
def test_more_than_one_operation_in_twenty_of_fifty_at_least_is_impact(
    hit: int, clear: int, *, is_told: bool
) -> None:
    conditions = conditions_of()
    feed(conditions, *(one for number in range(hit) for one in touched(number)))
    feed(conditions, *(ended(START) for _ in range(clear)))

    found = [subject for rule, subject in wrong(conditions, START) if rule is R.FAILURE_IMPACT]

    assert found == (["a"] if is_told else [])


def test_impact_says_how_many_and_is_forgotten_after_a_quarter_of_an_hour() -> None:
    conditions = conditions_of()
    feed(conditions, *(one for number in range(10) for one in touched(number)), *(ended(START) for _ in range(40)))

    assert "20.0 % of 50 operations on a met a failure in 15 m" in told(conditions, START)
    assert (R.FAILURE_IMPACT, "a") not in wrong(conditions, START + 900)


def test_a_failover_touches_and_a_race_that_somebody_else_won_does_not() -> None:
    conditions = conditions_of()
    for number in range(60):
        moved = e.FailedOver(at=START, operation=f"o{number}", from_model="a", to_model="b", cause="open")
        feed(conditions, *([moved] if number < 30 else []))
        feed(conditions, ended(START, operation=f"o{number}", served_by="b"))

    assert told(conditions, START) == ["50.0 % of 60 operations on a met a failure in 15 m"]


def test_what_is_remembered_of_operations_under_way_is_bounded() -> None:
    conditions = conditions_of()
    feed(
        conditions,
        *(
            attempt(START, OutcomeKind.SERVER_ERROR, "x", operation=f"o{number}")
            for number in range(MOST_TOUCHED + 60)
        ),
    )
    feed(conditions, *(ended(START, operation=f"o{number}") for number in range(60)))

    assert (R.FAILURE_IMPACT, "a") not in wrong(conditions, START)


def test_routes_that_are_counted_are_bounded() -> None:
    conditions = conditions_of()
    feed(conditions, *(ended(START, model=f"m{number}") for number in range(MOST_ROUTES)))
    feed(conditions, *(ended(START, FAILED, "one too many") for _ in range(200)))

    assert {subject for _, subject in burning(conditions, START)} == {"fleet"}


# --- fallbacks that are slower -------------------------------------------------------------------


def served(at: float, count: int, seconds: float, *, by: str, since: int = 0) -> list[e.Event]:
    """Operations on `a` that its fallback answered, or (`by` is `a`) itself."""
    events: list[e.Event] = []
    for number in range(since, since + count):
        name = f"{by}{at}{number}"
        if by != "a":
            events.append(e.FailedOver(at=at, operation=name, from_model="a", to_model=by, cause="open"))
        events.append(ended(at, operation=name, latency=seconds, served_by=by))
    return events


def slower(conditions: Conditions, at: float) -> list[str]:
    return [text for text in told(conditions, at) if text.startswith("fallbacks")]


@pytest.mark.parametrize(("seconds", "is_told"), [(1.08, False), (1.13, True)])
def test_fallbacks_more_than_ten_percent_slower_are_told(seconds: float, *, is_told: bool) -> None:
    conditions = conditions_of()
    feed(conditions, *served(START, 20, 1.0, by="a"), *served(START, 20, seconds, by="b"))

    assert bool(slower(conditions, START)) is is_told


def test_slower_fallbacks_say_by_how_much() -> None:
    conditions = conditions_of()
    feed(conditions, *served(START, 20, 1.0, by="a"), *served(START, 30, 3.0, by="b"))

    assert slower(conditions, START) == ["fallbacks of a took 3.0s (median of 30), its primary 995ms: 200 % more"]


@pytest.mark.parametrize(("primary", "fallback"), [(19, 20), (20, 19)])
def test_twenty_answers_of_each_are_needed(primary: int, fallback: int) -> None:
    conditions = conditions_of()
    feed(conditions, *served(START, primary, 1.0, by="a"), *served(START, fallback, 9.0, by="b"))

    assert slower(conditions, START) == []


def test_a_primary_that_is_down_is_compared_by_what_it_took_before() -> None:
    conditions = conditions_of()
    feed(conditions, *served(START, 20, 1.0, by="a"), *served(START, 1, 1.0, by="b"))
    assert slower(conditions, START) == []

    feed(conditions, *served(START + 2_000, 20, 2.0, by="b"))

    assert len(slower(conditions, START + 2_000)) == 1


def test_an_operation_that_its_own_model_answered_after_a_failure_is_of_neither_side() -> None:
    conditions = conditions_of()
    feed(conditions, *served(START, 20, 1.0, by="a"))
    feed(conditions, *(one for number in range(30) for one in touched(number, latency=9.0)))

    assert slower(conditions, START) == []


def test_routes_that_left_burn_no_more() -> None:
    conditions = conditions_of(model_settings("a"), model_settings("b"))
    feed(conditions, *(ended(START, FAILED) for _ in range(20)))
    assert burning(conditions, START)

    conditions.reconfigure(Settings((model_settings("b"),)), START + 1)

    assert {subject for _, subject in burning(conditions, START + 1)} == {"fleet"}
