"""The rules as they are in force: the defaults, then what is said for all, then for a group."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hive_console.core.alert_settings import AlertSettings, RuleChange
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.rules import RULES
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.settings import RouteSettings, Settings
from hive_console.core.states import Action, AlertRule, BreakerState, Severity
from hive_console.core.wording import span
from tests.core.alert_driver import breaker, exhausted
from tests.core.condition_driver import START, conditions_of, feed, wrong
from tests.core.samples import fleet_view, model_settings

R = AlertRule
VOTER = model_settings("a", groups=("large", "voters"))


def about(model: str) -> Sighting:
    return Sighting(rule=R.BREAKER_OPEN, subject=model, is_bad=True, labels=(("model", model),))


def test_every_rule_is_told() -> None:
    assert set(RULES) == set(AlertRule) - {AlertRule.OWN}
    for rule in RULES.values():
        assert rule.title
        assert rule.ends
        assert rule.advice
        assert rule.runbook == f"docs/runbooks.md#{rule.rule.value}"


def test_nothing_explains_itself_not_even_over_others() -> None:
    for rule in RULES.values():
        seen: set[AlertRule] = set()
        wave = set(rule.explained_by)
        while wave:
            assert rule.rule not in wave
            seen |= wave
            wave = {further for one in wave for further in RULES[one].explained_by} - seen


def test_only_what_hurts_callers_or_stops_the_console_pages() -> None:
    pages = {rule.rule for rule in RULES.values() if rule.severity is Severity.CRITICAL}

    assert pages == {
        R.OPERATION_BURN_FAST,
        R.OPERATION_BURN_SLOW,
        R.FALLBACKS_EXHAUSTED,
        R.DEGRADED_MODE,
        R.PROVIDER_DOWN,
        R.KEY_REFUSED,
        R.KILL_SWITCH,
        R.PROBER_STALLED,
        R.ENGINE_LATE,
        R.RECORDER_FAILING,
        R.AUDIT_BROKEN,
    }


def test_an_action_that_is_suggested_is_one_that_can_be_commanded() -> None:
    suggested = {action for rule in RULES.values() for action in rule.actions}

    assert not suggested & {Action.RELOAD, Action.ATTACH, Action.DETACH, Action.STOP}


def test_without_settings_the_defaults_are_in_force() -> None:
    assert Conditions().rule_of(about("a")) == RULES[R.BREAKER_OPEN]


def test_what_is_said_of_a_group_wins_over_what_is_said_of_all_in_any_order() -> None:
    changes = (
        RuleChange(R.BREAKER_OPEN, group="voters", wait=5.0, severity=Severity.CRITICAL),
        RuleChange(R.BREAKER_OPEN, wait=30.0, keep=9.0),
        RuleChange(R.MODEL_SLOW, group="voters", wait=1.0),
    )
    conditions = conditions_of(VOTER, model_settings("b"), rules=changes)

    default = RULES[R.BREAKER_OPEN]
    assert conditions.rule_of(about("b")) == replace(default, wait=30.0, keep=9.0)
    assert conditions.rule_of(about("a")) == replace(default, wait=5.0, keep=9.0, severity=Severity.CRITICAL)


def test_a_route_is_of_the_groups_of_the_model_that_should_answer() -> None:
    change = RuleChange(R.FALLBACKS_EXHAUSTED, group="large", severity=Severity.ERROR)
    conditions = conditions_of(VOTER, routes=(RouteSettings("smart", "a"),), rules=(change,))

    (seen,) = feed(conditions, exhausted(route="smart"))

    assert seen.labels == (("route", "smart"), ("group", "large"))
    assert conditions.rule_of(seen).severity is Severity.ERROR


def test_a_rule_that_is_put_off_is_not_looked_at_unless_a_group_wants_it() -> None:
    changes = (
        RuleChange(R.BREAKER_OPEN, is_enabled=False),
        RuleChange(R.BREAKER_OPEN, group="voters", is_enabled=True),
        RuleChange(R.ENGINE_LATE, is_enabled=False),
        RuleChange(R.FALLBACKS_EXHAUSTED, wait=1.0),
    )
    conditions = conditions_of(VOTER, model_settings("b"), rules=changes)

    assert feed(conditions, breaker(BreakerState.OPEN, model="b")) == []
    assert [seen.subject for seen in feed(conditions, breaker(BreakerState.OPEN, model="a"))] == ["a"]
    assert wrong(conditions, START, fleet_view(loop_lag=9.0)) == []
    assert len(feed(conditions, exhausted(model="b"))) == 1


def test_a_rule_that_is_off_for_a_group_alone_is_on_for_others() -> None:
    conditions = conditions_of(
        VOTER, model_settings("b"), rules=(RuleChange(R.BREAKER_OPEN, group="voters", is_enabled=False),)
    )

    found = feed(conditions, breaker(BreakerState.OPEN, model="a"), breaker(BreakerState.OPEN, model="b"))

    assert [seen.subject for seen in found] == ["b"]


def test_putting_a_rule_off_ends_what_it_told() -> None:
    conditions = conditions_of(VOTER)
    feed(conditions, breaker(BreakerState.OPEN), exhausted())
    off = AlertSettings(rules=(RuleChange(R.BREAKER_OPEN, is_enabled=False),))

    gone = conditions.reconfigure(Settings((VOTER,), alerts=off), START)

    assert [(seen.rule, seen.is_bad, seen.is_gone) for seen in gone] == [(R.BREAKER_OPEN, False, True)]


def test_a_reload_with_other_models_ends_what_was_told_of_those_that_left() -> None:
    conditions = conditions_of(VOTER, model_settings("b"))
    feed(conditions, breaker(BreakerState.OPEN), exhausted(model="b"))

    gone = conditions.reconfigure(Settings((model_settings("b"),)), START)

    assert [(seen.rule, seen.subject) for seen in gone] == [(R.BREAKER_OPEN, "a")]


# --- runbooks ------------------------------------------------------------------------------------

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks.md"


def sections() -> dict[str, str]:
    parts = RUNBOOKS.read_text(encoding="utf-8").split("\n## ")[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}


def test_every_rule_has_a_runbook_under_its_id_and_there_is_no_other() -> None:
    assert list(sections()) == [rule.rule.value for rule in RULES.values()]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.rule.value)
def test_a_runbook_says_what_the_catalogue_says(rule: object) -> None:
    known = next(one for one in RULES.values() if one is rule)
    section = " ".join(sections()[known.rule.value].split())

    assert f"**{known.severity.value}**" in section
    assert f"Ends when {known.ends}." in section
    assert (f"once it holds for {span(known.wait)}" in section) is bool(known.wait)
    assert (f"kept for {span(known.keep)} after it" in section) is bool(known.keep)
    assert all(f"`{other.value}`" in section for other in known.explained_by)
    for action in known.actions:
        assert f"`{action.value}`" in section
    for part in ("Means:", "Look at:", "Do:"):
        assert part in section
