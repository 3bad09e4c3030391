"""Conditions that begin and end with an event: breakers, statuses, routes, keys, kills, settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.rules import RULES
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.standing import ACTIVATION_CALM, EXHAUSTED_CALM, EXHAUSTED_KEEP, FLEET
from hive_console.core.holds import STOP_FILE
from hive_console.core.settings import RouteSettings, Settings
from hive_console.core.states import AlertRule, AlertState, BreakerState, HoldKind, ModelStatus, OperationResult
from tests.core.alert_driver import breaker, exhausted, operation, status
from tests.core.samples import NOW, alert_view, every_event, model_settings

R = AlertRule
S = BreakerState


def seen(conditions: Conditions, *events: e.Event) -> list[Sighting]:
    return [sighting for event in events for sighting in conditions.observe(event)]


def words(sightings: list[Sighting]) -> list[tuple[AlertRule, str, bool]]:
    return [(sighting.rule, sighting.subject, sighting.is_bad) for sighting in sightings]


def test_every_kind_it_names_is_one_it_looks_at_and_any_event_may_come() -> None:
    conditions = Conditions()

    told = {type(event) for event in every_event() if conditions.observe(event)}

    assert told <= set(Conditions.KINDS)


def test_an_open_breaker_says_why_and_a_closed_one_that_it_is_over() -> None:
    conditions = Conditions()

    opened, closed = seen(conditions, breaker(S.OPEN), breaker(S.CLOSED, NOW + 30, old=S.HALF_OPEN))

    assert (opened.rule, opened.text) == (R.BREAKER_OPEN, "breaker of a is open: 5 failures in a row")
    assert opened.is_bad
    assert not closed.is_bad
    assert not closed.is_gone


def test_a_trial_says_nothing() -> None:
    assert seen(Conditions(), breaker(S.HALF_OPEN)) == []


def test_a_trip_is_one_alert_since_the_breaker_waits_and_the_status_explains_it() -> None:
    rule = RULES[R.BREAKER_OPEN]

    assert rule.wait == 60
    assert {R.MODEL_UNAVAILABLE, R.PROVIDER_DOWN} <= set(rule.explained_by)


@pytest.mark.parametrize("new", [ModelStatus.UNKNOWN, ModelStatus.AVAILABLE, ModelStatus.DEGRADED])
def test_every_status_but_unavailable_is_the_end(new: ModelStatus) -> None:
    found = seen(Conditions(), status(ModelStatus.UNAVAILABLE), status(new))

    assert [sighting.is_bad for sighting in found] == [True, False]
    assert found[0].text == "a is unavailable: server error"


def test_what_an_operator_deactivates_is_gone_and_stays_so() -> None:
    conditions = Conditions()

    gone = seen(conditions, breaker(S.ISOLATED))

    assert words(gone) == [(R.BREAKER_OPEN, "a", False), (R.MODEL_UNAVAILABLE, "a", False)]
    assert all(sighting.is_gone for sighting in gone)
    assert seen(conditions, status(ModelStatus.UNAVAILABLE)) == []


def activated_while_down() -> Conditions:
    """A model that was unavailable when it was deactivated, and was activated at NOW."""
    conditions = Conditions()
    seen(conditions, status(ModelStatus.UNAVAILABLE, NOW - 60), breaker(S.ISOLATED, NOW - 30))
    seen(conditions, breaker(S.HALF_OPEN, NOW, old=S.ISOLATED))
    return conditions


def test_an_activated_model_has_some_time_to_prove_itself() -> None:
    conditions = activated_while_down()

    assert conditions.tick(NOW + ACTIVATION_CALM - 0.001) == []
    assert [found.text for found in conditions.tick(NOW + ACTIVATION_CALM)] == [
        "a is still unavailable after its activation"
    ]
    assert conditions.tick(NOW + 1e6) == []


@pytest.mark.parametrize("after", [status(ModelStatus.AVAILABLE, NOW + 1), breaker(S.ISOLATED, NOW + 1)])
def test_one_that_proved_itself_or_was_taken_out_again_is_no_condition(after: e.Event) -> None:
    conditions = activated_while_down()
    seen(conditions, after)

    assert [found for found in conditions.tick(NOW + ACTIVATION_CALM) if found.is_bad] == []


def test_degraded_mode_is_told_in_percent_and_ends() -> None:
    entered = e.DegradedModeEntered(at=NOW, available_share=0.5, threshold=0.6)
    left = e.DegradedModeLeft(at=NOW, available_share=1.0, threshold=0.6, lasted=9.0)

    begun, over = seen(Conditions(), entered, left)

    assert (begun.subject, begun.text) == (FLEET, "only 50.0 % of models available, threshold 60.0 %")
    assert (over.is_bad, over.cause) == (False, "100 % of models available")


def test_an_exhausted_route_ends_with_a_good_answer_after_a_calm_time() -> None:
    conditions = Conditions()

    assert seen(conditions, exhausted())[0].text == "no model answered for a: timed out"
    assert seen(conditions, operation(NOW + EXHAUSTED_CALM - 0.001)) == []
    assert words(seen(conditions, operation(NOW + EXHAUSTED_CALM))) == [(R.FALLBACKS_EXHAUSTED, "a", False)]
    assert seen(conditions, operation(NOW + EXHAUSTED_CALM + 1)) == []


@pytest.mark.parametrize("result", [kind for kind in OperationResult if kind is not OperationResult.ANSWERED])
def test_only_an_answer_of_the_same_route_ends_it(result: OperationResult) -> None:
    conditions = Conditions()
    seen(conditions, exhausted(route="smart"))

    assert seen(conditions, operation(NOW + EXHAUSTED_CALM, result, route="smart")) == []
    assert seen(conditions, operation(NOW + EXHAUSTED_CALM)) == []


def test_without_traffic_an_exhausted_route_ends_after_a_while() -> None:
    conditions = Conditions()
    seen(conditions, exhausted(), exhausted(NOW + 10, model="b"))

    assert conditions.tick(NOW + EXHAUSTED_KEEP - 0.001) == []
    assert words(conditions.tick(NOW + EXHAUSTED_KEEP)) == [(R.FALLBACKS_EXHAUSTED, "a", False)]
    assert words(conditions.tick(NOW + EXHAUSTED_KEEP + 10)) == [(R.FALLBACKS_EXHAUSTED, "b", False)]


def test_what_only_time_ends_can_be_kept_over_a_restart() -> None:
    before, after = Conditions(), Conditions()
    seen(before, exhausted())
    alert = alert_view(rule=R.FALLBACKS_EXHAUSTED, subject="a", state=AlertState.FIRING)

    after.recall(alert, before.last_of(R.FALLBACKS_EXHAUSTED, "a"))

    assert before.last_of(R.BREAKER_OPEN, "a") is None
    assert words(after.tick(NOW + EXHAUSTED_KEEP)) == [(R.FALLBACKS_EXHAUSTED, "a", False)]


def test_what_is_recalled_and_ended_at_once_is_forgotten() -> None:
    conditions = Conditions()
    conditions.recall(alert_view(rule=R.FALLBACKS_EXHAUSTED, subject="a"), NOW)
    conditions.recall(alert_view(rule=R.BREAKER_OPEN, subject="a"))

    conditions.forget(R.FALLBACKS_EXHAUSTED, "a")
    conditions.forget(R.BREAKER_OPEN, "a")

    assert conditions.tick(NOW + EXHAUSTED_KEEP) == []
    assert seen(conditions, reloaded("b")) == [Sighting(rule=R.SETTINGS_REFUSED, subject="settings", is_bad=False)]


def test_a_refused_key_says_whom_it_concerns_and_ends() -> None:
    refused = e.KeyQuarantined(at=NOW, key="env:ACME_KEY", provider="acme", models=("a", "b"))
    restored = e.KeyRestored(at=NOW, key="", provider="acme", models=("a",))

    begun, over = seen(Conditions(), refused, restored)

    assert begun.text.startswith("acme refuses the key env:ACME_KEY: a, b left alone; replace it")
    assert begun.labels == (("provider", "acme"), ("key", "env:ACME_KEY"))
    assert (over.subject, over.is_bad, over.labels) == ("a", False, (("provider", "acme"),))


def killed(target: str = "*", by: str = "ada") -> e.Event:
    return e.HoldPlaced(at=NOW, kind=HoldKind.KILLED, target=target, by=by, since=NOW, reason="a leak")


def revived(target: str = "*", by: str = "ada", at: float = NOW) -> e.Event:
    return e.HoldEnded(at=at, kind=HoldKind.KILLED, target=target, by=by, cause="by ada: mended")


def stopped(model: str = "a") -> e.Event:
    changed = status(ModelStatus.UNAVAILABLE, model=model)
    assert isinstance(changed, e.StatusChanged)
    return replace(changed, is_by_hand=True)


def test_a_kill_stands_until_it_is_lifted_and_its_models_are_no_condition() -> None:
    found = seen(Conditions(), killed("provider:acme"), stopped("a"), revived("provider:acme"))

    assert words(found) == [(R.KILL_SWITCH, "provider:acme", True), (R.KILL_SWITCH, "provider:acme", False)]
    assert found[0].text == "nothing calls all models of acme: killed by ada: a leak"
    assert found[0].labels == (("provider", "acme"),)


def test_the_files_kill_is_another_than_a_persons_and_other_holds_wake_nobody() -> None:
    frozen = e.HoldPlaced(at=NOW, kind=HoldKind.FROZEN, target="*", by="ada", since=NOW)

    found = seen(Conditions(), killed(), killed(by=STOP_FILE), frozen)

    assert [sighting.subject for sighting in found] == ["*", STOP_FILE]
    assert found[0].labels == ()


def test_what_is_not_well_a_while_after_the_last_kill_is_a_condition() -> None:
    conditions = Conditions()
    seen(conditions, killed(), killed("a"), stopped("a"), stopped("b"), revived("a"))
    assert conditions.tick(NOW + 100) == []

    seen(conditions, revived(at=NOW + 100), status(ModelStatus.AVAILABLE, NOW + 101, "b"))

    assert words(conditions.tick(NOW + 100 + ACTIVATION_CALM)) == [(R.MODEL_UNAVAILABLE, "a", True)]


# --- settings ------------------------------------------------------------------------------------


def reloaded(*models: str, routes: tuple[str, ...] = ()) -> e.SettingsReloaded:
    return e.SettingsReloaded(at=NOW, source="file", changes=("x",), count=1, models=models, routes=routes)


def test_refused_settings_stand_until_good_ones_are_read() -> None:
    refused = e.SettingsRefused(at=NOW, source="file", problem="line 3: no unit")

    begun, over = seen(Conditions(), refused, reloaded())

    assert begun.text == ("the settings file cannot be used, the settings before it stay in force: line 3: no unit")
    assert (over.rule, over.is_bad) == (R.SETTINGS_REFUSED, False)


def test_what_left_is_gone_and_what_stays_stays() -> None:
    conditions = Conditions()
    seen(
        conditions, breaker(S.OPEN), status(ModelStatus.UNAVAILABLE), exhausted(), exhausted(route="fast"), killed()
    )

    found = seen(conditions, reloaded("b", routes=("fast",)))

    gone = [(sighting.rule, sighting.subject) for sighting in found if sighting.is_gone]
    assert gone == [(R.BREAKER_OPEN, "a"), (R.MODEL_UNAVAILABLE, "a"), (R.FALLBACKS_EXHAUSTED, "a")]
    assert seen(conditions, operation(NOW + 100)) == []
    assert words(conditions.tick(NOW + 1000)) == [(R.FALLBACKS_EXHAUSTED, "fast", False)]


def test_a_model_that_returns_after_it_left_deactivated_is_no_old_story() -> None:
    conditions = Conditions()
    seen(conditions, breaker(S.ISOLATED), reloaded("b"), reloaded("a", "b"))

    assert words(seen(conditions, status(ModelStatus.UNAVAILABLE))) == [(R.MODEL_UNAVAILABLE, "a", True)]


# --- labels --------------------------------------------------------------------------------------


def test_sightings_bear_the_labels_of_what_they_are_about() -> None:
    model = model_settings("a", groups=("voters", "large"), key="file:/etc/keys/acme")
    settings = Settings((model, model_settings("b")), routes=(RouteSettings("smart", "a"),))
    conditions = Conditions(settings, NOW)

    of_model = seen(conditions, breaker(S.OPEN))[0]
    of_another = seen(conditions, breaker(S.OPEN, model="b"))[0]
    of_route = seen(conditions, exhausted(route="smart"))[0]
    of_kill = seen(conditions, killed("a"))[0]

    assert of_model.labels == (("model", "a"), ("provider", "acme"), ("group", "voters"), ("key", "file:acme"))
    assert of_another.labels == (("model", "b"), ("provider", "acme"))
    assert of_route.labels == (("route", "smart"), ("group", "voters"))
    assert of_kill.labels == of_model.labels
