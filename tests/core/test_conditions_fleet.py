"""What one look tells: providers, faults, hung calls, stalled checks, slow and repeated recoveries."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.faults import FAULTS, KEY_REFUSED
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import ProbeKind, RouteSettings, Settings, Strategy
from hive_console.core.snapshot import HoldView, LimitsView, ModelView, RouteView
from hive_console.core.states import AlertRule, BreakerState, HoldKind, ModelStatus
from tests.core.condition_driver import START, attempt, conditions_of, feed, told, wrong
from tests.core.samples import breaker_view, fleet_view, model_settings, model_view

R = AlertRule
DOWN = ModelStatus.UNAVAILABLE


def out(name: str, **changes: Any) -> ModelView:
    """A model that is unavailable and of which a check is quite new."""
    return model_view(name, **({"status": DOWN, "last_health_check": START, "serving": None} | changes))


def well(name: str, **changes: Any) -> ModelView:
    return model_view(name, **({"last_health_check": START} | changes))


# --- providers and faults ------------------------------------------------------------------------


def test_a_provider_is_down_when_all_of_its_models_are_and_it_has_two() -> None:
    conditions = conditions_of(model_settings("a"), model_settings("b"))

    assert told(conditions, START, fleet_view(out("a"), out("b"))) == ["all 2 models of acme are unavailable: a, b"]
    assert wrong(conditions, START, fleet_view(out("a"), out("b"), well("c"))) == []
    assert wrong(conditions, START, fleet_view(out("a"))) == []


def test_providers_are_judged_each_by_itself_and_bear_their_label() -> None:
    fleet = fleet_view(out("a"), out("b"), well("c", provider="other"), out("d", provider="single"))

    (seen,) = conditions_of().look(fleet, START)

    assert (seen.rule, seen.subject, seen.labels) == (R.PROVIDER_DOWN, "acme", (("provider", "acme"),))


def test_many_models_are_named_in_part() -> None:
    fleet = fleet_view(*(out(f"m{number}") for number in range(8)))

    assert told(conditions_of(), START, fleet) == [
        "all 8 models of acme are unavailable: m0, m1, m2, m3, m4 and 3 more"
    ]


@pytest.mark.parametrize(
    "other",
    [
        out("b", breaker=breaker_view(BreakerState.ISOLATED)),
        out("b", fault=KEY_REFUSED),
    ],
)
def test_what_a_person_holds_out_or_must_mend_says_nothing_of_the_provider(other: ModelView) -> None:
    assert wrong(conditions_of(), START, fleet_view(out("a"), other)) == []


@pytest.mark.parametrize("target", ["*", "provider:acme", "a"])
def test_what_is_killed_is_no_provider_that_is_down(target: str) -> None:
    kill = HoldView(HoldKind.KILLED, target, "ada", START)

    assert wrong(conditions_of(), START, fleet_view(out("a"), out("b"), holds=(kill,))) == []


def test_a_kill_elsewhere_hides_nothing() -> None:
    holds = (
        HoldView(HoldKind.KILLED, "provider:other", "ada", START),
        HoldView(HoldKind.FROZEN, "*", "ada", START),
    )

    assert wrong(conditions_of(), START, fleet_view(out("a"), out("b"), holds=holds)) == [(R.PROVIDER_DOWN, "acme")]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (FAULTS[OutcomeKind.QUOTA_EXHAUSTED], [(R.QUOTA_EXHAUSTED, "a")]),
        ("no key: set ACME_KEY", [(R.SECRET_UNRESOLVED, "a")]),
        (KEY_REFUSED, []),
        (FAULTS[OutcomeKind.MODEL_NOT_FOUND], []),
    ],
)
def test_faults_that_only_a_person_can_mend(fault: str, found: list[tuple[AlertRule, str]]) -> None:
    conditions = conditions_of()

    assert wrong(conditions, START, fleet_view(out("a", fault=fault))) == found
    assert wrong(conditions, START, fleet_view(well("a"))) == []


def test_faults_are_told_in_words() -> None:
    empty, nameless = out("a", fault="quota exhausted"), out("b", fault="no key: set ACME_KEY")

    assert told(conditions_of(), START, fleet_view(empty, nameless)) == [
        "acme says the quota of a is used up",
        "b cannot be called: no key: set ACME_KEY",
    ]


# --- calls that hang -----------------------------------------------------------------------------


@pytest.mark.parametrize(("waited", "is_told"), [(35.0, False), (35.1, True)])
def test_a_call_hangs_five_seconds_after_its_timeout(waited: float, *, is_told: bool) -> None:
    conditions = conditions_of(model_settings("a", timeout=30.0))

    found = told(conditions, START + waited, fleet_view(well("a", oldest_call=START)))

    assert found == (["a call to a waits for 35 s, and may for 30 s"] if is_told else [])


@pytest.mark.parametrize("patience", [{"first_token_timeout": 60.0}, {"idle_timeout": 60.0}])
def test_a_stream_may_wait_for_its_first_token_and_between_two(patience: dict[str, float]) -> None:
    conditions = conditions_of(model_settings("a", timeout=30.0, **patience))

    assert wrong(conditions, START + 65, fleet_view(well("a", oldest_call=START))) == []
    assert wrong(conditions, START + 66, fleet_view(well("a", oldest_call=START))) == [(R.HUNG_REQUESTS, "a")]


def test_of_a_model_that_is_not_in_the_settings_its_view_tells_the_timeout() -> None:
    view = well("x", oldest_call=START, limits=LimitsView(timeout=10.0))

    assert wrong(conditions_of(), START + 15.5, fleet_view(view)) == [(R.HUNG_REQUESTS, "x")]


# --- checks --------------------------------------------------------------------------------------

CHECKED = {"health_check_interval": 30.0, "probe_timeout": 10.0}
LATE = 2.5 * 30 + 10


def looked_at(conditions: Conditions, view: ModelView, until: float) -> list[tuple[AlertRule, str]]:
    """What is wrong after a look a second."""
    found: list[tuple[AlertRule, str]] = []
    for second in range(int(until - START) + 1):
        found = wrong(conditions, START + second, fleet_view(view))
    return found


def test_a_check_is_late_after_two_and_a_half_intervals_and_its_timeout() -> None:
    conditions = conditions_of(model_settings("a", **CHECKED))

    assert looked_at(conditions, well("a"), START + LATE) == []
    (seen,) = conditions.look(fleet_view(well("a")), START + LATE + 1)

    assert seen.text == "no health check of a came back for 1 m"
    assert (seen.rule, seen.subject) == (R.PROBER_STALLED, "fleet")


def test_a_model_that_was_never_checked_is_due_from_the_first_look_on() -> None:
    conditions = conditions_of(model_settings("a", **CHECKED))
    view = well("a", last_health_check=None)

    assert looked_at(conditions, view, START + LATE) == []
    assert wrong(conditions, START + LATE + 1, fleet_view(view)) == [(R.PROBER_STALLED, "fleet")]


def test_checks_of_many_models_that_are_late_are_one_condition() -> None:
    names = [f"m{number}" for number in range(5)]
    conditions = conditions_of(*(model_settings(name, **CHECKED) for name in names))
    fleet = fleet_view(*(well(name) for name in names))
    for second in range(int(LATE) + 1):
        conditions.look(fleet, START + second)

    assert told(conditions, START + LATE + 1, fleet) == [
        "no health check of m0, m1, m2 and 2 more came back for 1 m"
    ]


@pytest.mark.parametrize(
    "view",
    [
        well("a", fault=KEY_REFUSED),
        well("a", throttled_until=START + 900),
        well("a", ejected_until=START + 900),
        well("a", breaker=breaker_view(is_frozen=True)),
        well("a", breaker=breaker_view(BreakerState.ISOLATED)),
        well("a", breaker=breaker_view(BreakerState.OPEN, open_until=START + 900)),
        well("a", breaker=breaker_view(BreakerState.HALF_OPEN, since=START), limits=LimitsView(timeout=900.0)),
    ],
)
def test_what_is_left_alone_is_not_checked_and_has_its_time_afterwards(view: ModelView) -> None:
    conditions = conditions_of(model_settings("a", **CHECKED))

    assert [rule for rule, _ in looked_at(conditions, view, START + 200) if rule is R.PROBER_STALLED] == []
    assert wrong(conditions, START + 201, fleet_view(well("a"))) == []


def test_a_trial_that_does_not_end_is_no_excuse_and_nor_is_an_open_time_that_is_over() -> None:
    for breaker in (
        breaker_view(BreakerState.HALF_OPEN, since=START - 100),
        breaker_view(BreakerState.OPEN, open_until=START - 1),
        breaker_view(BreakerState.OPEN),
    ):
        conditions = conditions_of(model_settings("a", **CHECKED))
        view = well("a", breaker=breaker, limits=LimitsView(timeout=30.0))
        assert looked_at(conditions, view, START + LATE + 1) == [(R.PROBER_STALLED, "fleet")]


def test_models_without_checks_and_strangers_are_not_late() -> None:
    conditions = conditions_of(model_settings("a", probe=ProbeKind.NONE, **CHECKED))

    assert looked_at(conditions, well("a"), START + 500) == []
    assert looked_at(Conditions(), well("a"), START + 500) == []


def test_a_machine_that_slept_has_its_checks_begin_anew() -> None:
    conditions = conditions_of(model_settings("a", **CHECKED))
    wrong(conditions, START, fleet_view(well("a")))

    assert wrong(conditions, START + 9_999, fleet_view(well("a"))) == []


# --- recoveries ----------------------------------------------------------------------------------


def probe(at: float, kind: OutcomeKind = OutcomeKind.SUCCESS) -> e.Event:
    return e.ProbeFinished(at=at, model="a", kind=kind, latency=0.1)


@pytest.mark.parametrize(("waited", "is_told"), [(30.0, False), (31.0, True)])
def test_a_recovery_is_slow_thirty_seconds_after_the_first_good_check(waited: float, *, is_told: bool) -> None:
    conditions = conditions_of()
    feed(conditions, probe(START), probe(START + 10))

    found = told(conditions, START + waited, fleet_view(out("a", status_since=START - 999)))

    assert found == (["checks of a are good for 31 s, and it is not in use yet"] if is_told else [])


def test_an_outage_of_the_provider_is_no_slow_recovery() -> None:
    conditions = conditions_of()
    feed(conditions, probe(START), probe(START + 20, OutcomeKind.TIMED_OUT))
    assert wrong(conditions, START + 100, fleet_view(out("a"))) == []

    feed(conditions, probe(START + 100), attempt(START + 120, OutcomeKind.SERVER_ERROR))
    assert wrong(conditions, START + 140, fleet_view(out("a"))) == []


def test_good_checks_from_before_it_went_down_do_not_count() -> None:
    conditions = conditions_of()
    feed(conditions, probe(START))

    assert wrong(conditions, START + 100, fleet_view(out("a", status_since=START + 80))) == []


@pytest.mark.parametrize(
    "view",
    [
        out("a", fault=FAULTS[OutcomeKind.MODEL_NOT_FOUND]),
        out("a", breaker=breaker_view(is_frozen=True)),
        well("a"),
    ],
)
def test_what_waits_for_a_person_or_is_in_use_recovers_in_no_time(view: ModelView) -> None:
    conditions = conditions_of()
    feed(conditions, probe(START))

    assert wrong(conditions, START + 100, fleet_view(view)) == []


def test_a_route_that_nobody_answers_for_half_a_minute_is_told() -> None:
    settings = (model_settings("a"), model_settings("b", provider="other"))
    conditions = conditions_of(*settings, routes=(RouteSettings("smart", "a", ("b",)),))
    route = RouteView("smart", "a", None, Strategy.SEQUENTIAL, ("a", "b"))
    fleet = fleet_view(out("a"), out("b", provider="other"), routes=(route,))

    assert told(conditions, START, fleet) == []
    assert told(conditions, START + 30, fleet) == []
    assert told(conditions, START + 31, fleet) == ["no model answers for smart: for 31 s"]
    held = HoldView(HoldKind.KILLED, "*", "ada", START)
    assert told(conditions, START + 99, fleet_view(out("a"), out("b"), routes=(route,), holds=(held,))) == []


def test_a_model_whose_fallbacks_are_out_too_is_a_route_that_nobody_answers() -> None:
    conditions = conditions_of(model_settings("a", fallbacks=("b",)), model_settings("b", provider="other"))
    feed(conditions, probe(START))
    fleet = fleet_view(out("a", fallbacks=("b",)), out("b", provider="other"))
    conditions.look(fleet, START)

    (seen,) = conditions.look(fleet, START + 31)

    assert (seen.subject, seen.labels) == ("a", (("route", "a"),))
    assert seen.text.startswith("no model answers for a")


def closed(at: float, trigger: str = "trials_passed", model: str = "a") -> e.Event:
    return e.BreakerChanged(
        at=at, model=model, old=BreakerState.HALF_OPEN, new=BreakerState.CLOSED, cause="x", trigger=trigger
    )


def test_three_recoveries_within_a_quarter_of_an_hour_are_flapping() -> None:
    conditions = conditions_of()
    feed(conditions, closed(START), closed(START + 400))
    assert wrong(conditions, START + 400) == []

    feed(conditions, closed(START + 899))
    assert told(conditions, START + 899) == ["a failed and recovered 3 times in 15 m"]
    assert wrong(conditions, START + 900) == []
    assert wrong(conditions, START + 9_000) == []


def test_what_a_person_or_a_restart_closes_is_no_recovery() -> None:
    conditions = conditions_of()
    feed(conditions, *(closed(START, trigger) for trigger in ("reset", "restored", "reloaded", "")))

    assert wrong(conditions, START) == []


def test_what_left_the_settings_has_no_recoveries() -> None:
    conditions = conditions_of(model_settings("a"), model_settings("b"))
    feed(conditions, *(closed(START) for _ in range(3)), probe(START))
    assert wrong(conditions, START) == [(R.RECOVERY_FLAPPING, "a")]

    gone = conditions.reconfigure(Settings((model_settings("b"),)), START + 1)

    assert [(seen.rule, seen.is_gone) for seen in gone] == [(R.RECOVERY_FLAPPING, True)]
    assert wrong(conditions, START + 2) == []
