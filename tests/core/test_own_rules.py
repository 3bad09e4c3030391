"""Rules of a settings file: every metric on both sides of its bound, its window, its minimum, its models."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, Metric, OwnRule
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.own_rules import AT_ONCE, TURNS
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import Settings
from hive_console.core.states import AlertRule, BreakerState, Severity
from tests.core.condition_driver import START, attempt, calls, conditions_of, feed, wrong
from tests.core.samples import breaker_view, fleet_view, model_settings, model_view

FAILED, LIMITED = OutcomeKind.SERVER_ERROR, OutcomeKind.RATE_LIMITED


def own(metric: Metric, **changes: Any) -> OwnRule:
    known: dict[str, Any] = {"name": "mine", "window": 60.0, "minimum": 1}
    return OwnRule(metric=metric, **(known | changes))


def found(conditions: Conditions, at: float) -> list[str]:
    seen = conditions.look(fleet_view(), at)
    return [one.text for one in seen if one.rule is AlertRule.OWN and one.is_bad]


@pytest.mark.parametrize(
    ("rule", "events", "text"),
    [
        (own(Metric.ERROR_RATE, above=0.5), calls(START, 1) + calls(START, 1, FAILED), ""),
        (
            own(Metric.ERROR_RATE, above=0.5),
            calls(START, 1) + calls(START, 2, FAILED),
            "error rate of a is 66.7 % over 1 m, above 50.0 %",
        ),
        (own(Metric.RATE_LIMITED, above=0.5), calls(START, 1, FAILED) + calls(START, 1, LIMITED), ""),
        (
            own(Metric.RATE_LIMITED, above=0.5),
            calls(START, 1) + calls(START, 3, LIMITED),
            "share of rate limited calls of a is 75.0 % over 1 m, above 50.0 %",
        ),
        (own(Metric.P95, above=2.1), calls(START, 20, latency=2.0), ""),
        (own(Metric.P95, above=2.1), calls(START, 20, latency=3.0), "p95 of a is 3.0s over 1 m, above 2.1s"),
        (own(Metric.P95, below=0.5), calls(START, 20, latency=0.1), "p95 of a is 100ms over 1 m, below 500ms"),
        (
            own(Metric.FIRST_TOKEN_P95, above=1.0),
            calls(START, 20, latency=9.0, first_token=2.0),
            "p95 to the first token of a is 2.0s over 1 m, above 1.0s",
        ),
        (own(Metric.FIRST_TOKEN_P95, above=1.0), calls(START, 20, latency=9.0), ""),
        (own(Metric.REQUESTS, above=21), calls(START, 19), ""),
        (own(Metric.REQUESTS, above=21), calls(START, 40), "calls a minute of a is 42.11 over 1 m, above 21"),
        (
            own(Metric.TOKENS, above=2_000),
            calls(START, 2, read_tokens=900, written_tokens=100),
            "tokens a minute of a is 2,105 over 1 m, above 2,000",
        ),
        (
            own(Metric.COST, above=5_000_000.0, text="too dear"),
            calls(START, 2, cost=95_000),
            "too dear: cost an hour of a is $12.00 over 1 m, above $5.00",
        ),
        (own(Metric.ERROR_RATE, above=0.1), calls(START, 5, OutcomeKind.CANCELLED), ""),
    ],
)
def test_a_number_beyond_its_bound_is_told(rule: OwnRule, events: list[e.Event], text: str) -> None:
    conditions = conditions_of(own_rules=(rule,))
    feed(conditions, *events)

    assert found(conditions, START + 0.0) == ([text] if text else [])


def test_below_its_minimum_nothing_is_judged() -> None:
    conditions = conditions_of(own_rules=(own(Metric.ERROR_RATE, above=0.5, minimum=10),))
    feed(conditions, *calls(START, 9, FAILED))
    assert found(conditions, START) == []

    feed(conditions, attempt(START, FAILED))
    assert len(found(conditions, START)) == 1


def test_few_calls_are_told_when_a_whole_window_was_seen_however_few_they_are() -> None:
    conditions = conditions_of(own_rules=(own(Metric.REQUESTS, below=1.0, minimum=10),))

    assert found(conditions, START + 59) == []
    assert found(conditions, START + 60) == ["calls a minute of a is 0 over 1 m, below 1"]
    feed(conditions, *calls(START + 61, 5))
    assert found(conditions, START + 61) == []


@pytest.mark.parametrize("window", [10.0, 60.0, 61.0, 600.0, 3_600.0])
def test_a_window_is_honoured(window: float) -> None:
    conditions = conditions_of(own_rules=(own(Metric.ERROR_RATE, above=0.1, window=window),))
    feed(conditions, *calls(START, 5, FAILED))

    assert len(found(conditions, START + window * 0.94 - 4)) == 1
    assert found(conditions, START + window * 1.06 + 30) == []


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ({}, {"a", "b", "c"}),
        ({"models": ("a",)}, {"a"}),
        ({"providers": ("other",)}, {"b"}),
        ({"groups": ("voters",)}, {"c"}),
        ({"models": ("a",), "groups": ("voters",)}, {"a", "c"}),
        ({"models": ("nobody",)}, set()),
    ],
)
def test_it_is_about_whom_it_names(scope: dict[str, Any], names: set[str]) -> None:
    models = (
        model_settings("a"),
        model_settings("b", provider="other"),
        model_settings("c", groups=("x", "voters")),
    )
    conditions = conditions_of(*models, own_rules=(own(Metric.ERROR_RATE, above=0.1, **scope),))
    feed(conditions, *(one for name in ("a", "b", "c") for one in calls(START, 2, FAILED, model=name)))

    assert {subject for _, subject in wrong(conditions, START)} == names


def test_it_bears_its_name_and_its_rule_is_made_of_the_file() -> None:
    rule = own(
        Metric.P95,
        above=2.0,
        severity=Severity.ERROR,
        wait=5.0,
        keep=7.0,
        text="slow",
        runbook="wiki/slow",
        window=90,
    )
    conditions = conditions_of(own_rules=(rule,))
    feed(conditions, *calls(START, 5, latency=3.0))

    (seen,) = conditions.look(fleet_view(), START)
    made = conditions.rule_of(seen)

    assert (seen.rule, seen.name, seen.subject) == (AlertRule.OWN, "mine", "a")
    assert seen.labels == (("model", "a"), ("provider", "acme"))
    assert (made.title, made.severity, made.wait, made.keep) == ("slow", Severity.ERROR, 5.0, 7.0)
    assert (made.threshold, made.window) == (2.0, 90.0)
    assert "wiki/slow" in made.advice


def test_a_model_that_is_held_out_has_no_number() -> None:
    conditions = conditions_of(own_rules=(own(Metric.ERROR_RATE, above=0.1),))
    feed(conditions, *calls(START, 2, FAILED))
    assert len(found(conditions, START)) == 1

    view = model_view("a", breaker=breaker_view(BreakerState.ISOLATED))
    (gone,) = (seen for seen in conditions.look(fleet_view(view), START + 1) if seen.rule is AlertRule.OWN)

    assert (gone.is_bad, gone.is_gone) == (False, True)


def test_every_model_of_a_large_fleet_has_its_turn_within_ten_looks() -> None:
    names = [f"m{number}" for number in range(AT_ONCE * TURNS * 2)]
    conditions = conditions_of(*map(model_settings, names), own_rules=(own(Metric.ERROR_RATE, above=0.1),))
    feed(conditions, *(one for name in names for one in calls(START, 1, FAILED, model=name)))

    first = len(found(conditions, START))
    for _ in range(TURNS - 2):
        found(conditions, START)

    assert first == AT_ONCE * 2
    assert len(found(conditions, START)) == len(names)


def test_a_rule_that_left_the_file_is_gone_and_one_that_stays_goes_on_counting() -> None:
    stays, leaves = own(Metric.ERROR_RATE, above=0.1), own(Metric.P95, name="slow", above=0.1)
    conditions = conditions_of(own_rules=(stays, leaves))
    feed(conditions, *calls(START, 2, FAILED), *calls(START, 2))
    assert len(found(conditions, START)) == 2

    gone = conditions.reconfigure(
        Settings((model_settings("a"),), alerts=AlertSettings(own_rules=(leaves,))), START + 1
    )
    assert [(seen.name, seen.is_gone) for seen in gone] == [("mine", True)]
    assert conditions.rule_of(gone[0]).severity is Severity.WARNING

    again = conditions.reconfigure(
        Settings((model_settings("a"),), alerts=AlertSettings(own_rules=(leaves,))), START + 2
    )
    feed(conditions, *calls(START + 2, 2))
    assert again == []
    assert len(found(conditions, START + 2)) == 1


def test_rules_about_nobody_who_is_there_are_no_work() -> None:
    conditions = conditions_of(own_rules=(own(Metric.P95, above=1.0, models=("x",)),))
    feed(conditions, *calls(START, 2, model="x"))

    assert found(conditions, START) == []
