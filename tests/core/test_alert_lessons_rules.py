"""Named lessons of other tools' alert rules: what their users complained of is not so here."""

from __future__ import annotations

import random

from hive_console.core import events as e
from hive_console.core.alert_settings import Metric, OwnRule, RuleChange
from hive_console.core.alerting.rules import RULES
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import AlertRule, OperationResult, Severity
from tests.core.condition_driver import START, attempt, calls, conditions_of, ended, feed, told, wrong
from tests.core.samples import fleet_view, model_settings, model_view

R = AlertRule
FAILED = OutcomeKind.SERVER_ERROR
NAMES = tuple(f"m{number}" for number in range(4))


def test_a3_thresholds_are_shares_and_texts_are_percent() -> None:
    conditions = conditions_of(rules=(RuleChange(R.MODEL_ERRORS, threshold=0.5),))
    feed(conditions, *calls(START, 11), *calls(START, 9, FAILED))
    assert wrong(conditions, START) == []

    feed(conditions, *calls(START, 3, FAILED))
    assert told(conditions, START) == ["52.2 % of 23 calls of a failed in 5 m (bound 50.0 %)"]


def test_a3_the_window_of_a_rule_is_honoured() -> None:
    short = OwnRule("short", Metric.ERROR_RATE, above=0.1, window=60.0, minimum=1)
    long = OwnRule("long", Metric.ERROR_RATE, above=0.1, window=1_800.0, minimum=1)
    conditions = conditions_of(own_rules=(short, long))
    feed(conditions, *calls(START, 2, FAILED))

    def firing(at: float) -> set[str]:
        return {seen.name for seen in conditions.look(fleet_view(), at) if seen.is_bad}

    assert firing(START + 50) == {"short", "long"}
    assert firing(START + 120) == {"long"}
    assert firing(START + 2_100) == set()


def test_a3_the_minimum_of_a_rule_is_honoured() -> None:
    conditions = conditions_of(rules=(RuleChange(R.MODEL_ERRORS, minimum=100),))
    feed(conditions, *calls(START, 99, FAILED))
    assert wrong(conditions, START) == []

    feed(conditions, *calls(START, 1, FAILED))
    assert wrong(conditions, START) == [(R.MODEL_ERRORS, "a")]


def test_litellm_3738_and_3113_a_thousand_failed_requests_are_one_condition() -> None:
    conditions = conditions_of()
    events: list[e.Event] = []
    for number in range(1_000):
        events += [attempt(START, FAILED, operation=f"o{number}"), ended(START, OperationResult.FAILED)]

    assert feed(conditions, *events) == []
    found = wrong(conditions, START)
    assert len(found) == len(set(found)) <= 5


def test_litellm_3137_what_is_said_never_holds_what_a_provider_or_a_caller_said() -> None:
    conditions = conditions_of()
    secret = "the prompt: my password is hunter2"
    feed(
        conditions,
        *calls(START, 50, FAILED, message=secret),
        *calls(START, 50, OutcomeKind.RATE_LIMITED, message=secret),
    )

    assert not any("hunter2" in text for text in told(conditions, START))


def test_litellm_20283_a_slow_answer_and_a_stream_that_talks_do_not_hang() -> None:
    conditions = conditions_of(model_settings("a", timeout=30.0))
    slow = model_view("a", oldest_call=START, last_health_check=START)
    talking = model_view("a", oldest_call=None, in_flight=1, last_health_check=START)

    assert wrong(conditions, START + 29, fleet_view(slow)) == []
    assert wrong(conditions, START + 9, fleet_view(talking)) == []
    assert wrong(conditions, START + 36, fleet_view(slow)) == [(R.HUNG_REQUESTS, "a")]


def test_kuma_3315_and_5112_one_failure_is_no_alert_and_n_of_m_are() -> None:
    conditions = conditions_of()
    feed(conditions, *calls(START, 9), *calls(START, 1, FAILED))
    assert wrong(conditions, START) == []
    feed(conditions, *calls(START + 60, 2, FAILED))
    assert wrong(conditions, START + 60) == [(R.MODEL_ERRORS, "a")]

    rule = OwnRule("three of ten", Metric.ERROR_RATE, above=0.29, window=60.0, minimum=10)
    own = conditions_of(own_rules=(rule,), rules=(RuleChange(R.MODEL_ERRORS, is_enabled=False),))
    feed(own, *calls(START, 8), *calls(START, 2, FAILED))
    assert wrong(own, START) == []
    feed(own, *calls(START, 1, FAILED))
    assert wrong(own, START) == []
    feed(own, *calls(START, 1, FAILED))
    assert wrong(own, START) == [(AlertRule.OWN, "a")]


def test_sre_low_traffic_two_failures_an_hour_page_nobody_all_day() -> None:
    conditions = conditions_of(model_settings("a"))
    pages: list[tuple[AlertRule, str]] = []
    for half_minute in range(2 * 24 * 120):
        at = START + half_minute * 30
        is_bad = half_minute % 60 == 17
        feed(conditions, ended(at, OperationResult.FAILED if is_bad else OperationResult.ANSWERED))
        pages += [one for one in wrong(conditions, at) if RULES[one[0]].severity is Severity.CRITICAL]

    assert pages == []


def test_a_calm_day_with_one_failure_in_a_thousand_raises_nothing() -> None:
    conditions = conditions_of(
        *(model_settings(name, fallbacks=(NAMES[0],) if name != NAMES[0] else ()) for name in NAMES)
    )
    dice = random.Random("a calm day")
    raised: list[str] = []
    for second in range(0, 86_400, 5):
        at = START + second
        for number, name in enumerate(NAMES):
            if dice.random() < 1 / (number + 1):  # from twelve calls a minute to three
                operation = f"{name}/{second}"
                latency = dice.lognormvariate(0.7, 0.5)
                if dice.random() < 0.001:
                    feed(conditions, attempt(at, FAILED, name, operation=operation))
                    feed(conditions, ended(at, OperationResult.FAILED, name, operation=operation))
                else:
                    feed(conditions, attempt(at, model=name, operation=operation, latency=latency))
                    feed(conditions, ended(at, model=name, operation=operation, latency=latency))
        if second % 60 == 0:
            fleet = fleet_view(*(model_view(name, last_health_check=at) for name in NAMES))
            raised += told(conditions, at, fleet)

    assert raised == []
