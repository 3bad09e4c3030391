"""Weights, the kill switch, safe mode and freezes of many: what would come of them; ends, capacity, and typing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.command import DURATIONS, LONGEST_HOLD, Command, Effect, effect_of
from hive_console.core.holds import MOST_WIDE, STOP_FILE
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView, RouteView
from hive_console.core.states import Action, BreakerState, HoldKind, ModelStatus
from tests.core.samples import NOW, alert_view, breaker_view, fleet_view, model_view

K = HoldKind
DOWN: dict[str, Any] = {"breaker": breaker_view(BreakerState.OPEN), "status": ModelStatus.UNAVAILABLE}


def models(**more: Any) -> tuple[ModelView, ...]:  # fields of the model `a`
    """`a`, which falls back to `b` and then `c`, and is busy; `c` is another provider's."""
    a = model_view("a", fallbacks=("b", "c"), in_flight=4, max_in_flight=10, **more)
    b = model_view("b", in_flight=7, max_in_flight=10)
    return a, b, model_view("c", provider="other", in_flight=0, max_in_flight=2)


def fleet(*holds: HoldView, of: tuple[ModelView, ...] | None = None, **more: Any) -> FleetSnapshot:  # its fields
    return fleet_view(*(models() if of is None else of), holds=holds, **more)


def held(kind: HoldKind, target: str, until: float | None = None, by: str = "ada", detail: str = "") -> HoldView:
    return HoldView(kind, target, by, NOW - 60, until, "drill", detail)


def effect(
    action: Action,
    target: str = "a",
    view: FleetSnapshot | None = None,
    parameter: str = "",
    duration: float | None = None,
) -> Effect:
    return effect_of(Command(action, target, parameter=parameter, duration=duration), view or fleet())


# --- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, -1.0, 0.0, LONGEST_HOLD + 1])
@pytest.mark.parametrize("action", DURATIONS)
def test_a_duration_that_makes_no_sense_is_refused_in_words(action: Action, seconds: float) -> None:
    parameter = {Action.FAIL_OVER: "b", Action.SET_WEIGHT: "3"}.get(action, "")
    target = {Action.SAFE_MODE: "*", Action.ACKNOWLEDGE: "A1", Action.SILENCE: "model=a"}.get(action, "a")
    asked = Command(action, target, parameter=parameter, duration=seconds)

    said = effect_of(asked, fleet(alerts=(alert_view("A1"),)))

    assert not said.is_allowed
    assert said.refusal.startswith("a duration is")
    assert said.title


@pytest.mark.parametrize(
    ("action", "refusal"),
    [
        (Action.KILL, "a kill never ends by itself: somebody must revive it"),
        (Action.TRIP, "trip takes no duration"),
        (Action.CHECK_NOW, "check-now takes no duration"),
    ],
)
def test_what_has_no_end_takes_none(action: Action, refusal: str) -> None:
    assert effect(action, duration=60.0).refusal == refusal
    assert effect(action).durations == ()


@pytest.mark.parametrize("action", DURATIONS)
def test_the_usual_end_comes_first_and_what_must_end_always_does(action: Action) -> None:
    usual = DURATIONS[action][0]
    lasts = Command(action, "a").lasts

    assert lasts == (None if None in DURATIONS[action] else usual)
    assert Command(action, "a", duration=5.0).lasts == 5.0


def test_an_end_is_told_in_what_would_change() -> None:
    assert "b is asked first for 30 minutes; " in effect(Action.FAIL_OVER, parameter="b", duration=1800).effect
    assert "it stays so for 2 hours; calls" in effect(Action.DEACTIVATE, duration=7200).effect
    assert effect(Action.DEACTIVATE, duration=60).effect.endswith("; then a probe decides")
    assert effect(Action.FREEZE, duration=14_400).effect.startswith("for 4 hours nothing but")


# --- capacity, chain, typing ---------------------------------------------------------------------


def test_who_takes_over_is_told_with_what_it_carries_now_and_then() -> None:
    said = effect(Action.TRIP)

    assert said.capacity == (
        "b carries 7 of 10 calls now and would carry 11: 1 too many, which wait or go further down the chain"
    )
    assert (said.chain, said.must_type, said.is_outage) == ("behind b: c", "", False)


def test_a_pin_counts_what_it_moves_and_its_extension_moves_nothing() -> None:
    pin = held(K.PINNED, "a", NOW + 60, detail="c")
    pinned = fleet(pin, of=models(pinned_to="c"))

    assert effect(Action.FAIL_OVER, parameter="c").capacity == (
        "c carries 0 of 2 calls now and would carry 4: 2 too many, which wait or go further down the chain"
    )
    longer = effect(Action.FAIL_OVER, view=pinned, parameter="c", duration=7200)
    assert longer.effect == "c stays the first that is asked for 2 hours; the chain stays behind it"
    assert longer.capacity == "c carries 0 of 2 calls now and would carry 0"
    assert longer.now == "available, breaker closed, traffic sent to c, pinned by ada for 1 m more"


def test_a_pin_without_an_end_is_not_sent_there_again() -> None:
    pinned = fleet(held(K.PINNED, "a", detail="c"), of=models(pinned_to="c"))

    assert effect(Action.FAIL_OVER, view=pinned, parameter="c").refusal == "its traffic goes to c already"


def test_a_chain_that_grows_thin_is_told() -> None:
    a, b, _ = models()
    thin = fleet(of=(a, b, model_view("c", **DOWN)))

    assert effect(Action.TRIP, view=thin).chain == "thin: nobody who could serve stands behind b"
    assert effect(Action.FAIL_OVER, view=thin, parameter="b").chain == "behind b: a"


def test_the_last_healthy_model_must_be_typed() -> None:
    a, b, _ = models()
    last = fleet(of=(a, replace(b, **DOWN), model_view("c", **DOWN)))

    for action in (Action.TRIP, Action.DEACTIVATE, Action.KILL):
        said = effect(action, view=last)
        assert (said.is_outage, said.must_type, said.capacity) == (True, "a", "")


def test_the_last_of_somebody_elses_chain_must_be_typed_as_well() -> None:
    a, b, c = models(**DOWN)
    other = fleet(
        of=(a, b, replace(c, **DOWN)), routes=(RouteView("r", "c", None, Strategy.SEQUENTIAL, ("c", "b")),)
    )

    said = effect(
        Action.DEACTIVATE, "b", replace(other, models=(a, replace(b, fallbacks=("d",)), c, model_view("d")))
    )
    lost = effect(Action.DEACTIVATE, "b", other)

    assert (said.is_outage, said.must_type) == (False, "")
    assert (lost.is_outage, lost.must_type) == (True, "b")
    assert lost.warnings[-1] == "nobody is left for the callers of a, r: they will see errors"


def test_a_pinned_model_counts_its_pin_among_who_is_left() -> None:
    pinned = fleet(of=(model_view("a", pinned_to="d"), model_view("d")))

    said = effect(Action.DEACTIVATE, "d", pinned)

    assert (said.is_outage, said.warnings[0]) == (True, "no fallback can take over: clients will see errors")
    assert effect(Action.DEACTIVATE, "a", pinned).must_type == ""


def test_a_pin_to_a_model_of_which_nobody_knows_carries_nothing() -> None:
    gone = fleet(of=(model_view("a", fallbacks=("b",), pinned_to="ghost"), model_view("b")))

    assert effect(Action.TRIP, view=gone).capacity == "b carries 0 of 10 calls now and would carry 0"


def test_every_action_that_can_be_undone_says_how() -> None:
    assert effect(Action.TRIP).undo == "undo closes its breaker again"
    assert effect(Action.CHECK_NOW).undo == ""


# --- weights -------------------------------------------------------------------------------------


def weighted(weight_a: float = 3.0, weight_b: float = 1.0, **more: Any) -> FleetSnapshot:  # fields of `b`
    a = model_view("a", fallbacks=("b",), strategy=Strategy.WEIGHTED, weight=weight_a)
    return fleet(of=(a, model_view("b", weight=weight_b, **more)))


def test_a_weight_is_told_as_the_share_of_the_turns_that_it_gives() -> None:
    said = effect(Action.SET_WEIGHT, view=weighted(), parameter="1", duration=3600)

    assert said.title == "Set the weight of a to 1"
    assert said.effect == "its weight is 1 instead of 3 for 60 minutes: 50.0 % of the turns with b, 75.0 % now"
    assert (said.is_outage, said.must_type, said.warnings) == (False, "", ())


@pytest.mark.parametrize("word", ["", "much", "-1", "nan", "inf", "1001"])
def test_what_is_no_weight_is_refused_in_words(word: str) -> None:
    assert (
        effect(Action.SET_WEIGHT, view=weighted(), parameter=word).refusal == "a weight is a number from 0 to 1000"
    )


def test_the_weight_that_it_has_is_not_set_again() -> None:
    assert effect(Action.SET_WEIGHT, view=weighted(), parameter="3.0").refusal == "its weight is 3 already"


def test_a_weight_that_nobody_asks_by_is_warned_of() -> None:
    said = effect(Action.SET_WEIGHT, parameter="5")

    assert said.warnings == ("no chain that it belongs to is used by weight: nothing changes now",)


def test_a_weight_of_a_route_counts_as_well() -> None:
    route = RouteView("r", "a", "a", Strategy.WEIGHTED, ("a", "b"))

    said = effect(Action.SET_WEIGHT, view=fleet(routes=(route,)), parameter="3")

    assert said.effect.endswith("75.0 % of the turns with b, 50.0 % now")


def test_a_weight_of_0_that_leaves_no_weight_or_nobody_is_warned_of() -> None:
    nothing = effect(Action.SET_WEIGHT, view=weighted(weight_b=0.0), parameter="0")
    nobody = effect(Action.SET_WEIGHT, view=weighted(**DOWN), parameter="0")

    assert nothing.warnings == ("every weight of the chain is 0 then: it is gone down in order",)
    assert nobody.warnings == ("nobody else with a weight can serve: clients will see errors",)
    assert (nobody.is_outage, nobody.must_type) == (True, "a")


def test_a_weight_is_restored_only_where_one_was_set() -> None:
    by_hand = replace(weighted(), holds=(held(K.WEIGHTED, "a", detail="3"),))

    assert effect(Action.RESTORE_WEIGHT).refusal == "its weight is that of the settings"
    assert (
        effect(Action.RESTORE_WEIGHT, view=by_hand).effect == "its weight is that of the settings again, 3 no more"
    )


# --- many at once --------------------------------------------------------------------------------


def test_a_freeze_of_many_says_how_many_and_wants_a_name() -> None:
    one = effect(Action.FREEZE, "provider:acme")
    everything = effect(Action.FREEZE, "*", fleet(environment="prod"))

    assert (one.title, one.must_type) == ("Freeze all models of acme", "acme")
    assert one.effect == "for 60 minutes nothing but an operator moves the breakers of 2 models"
    assert one.now == "2 models, 2 can serve"
    assert (everything.title, everything.must_type) == ("Freeze all models", "prod")
    assert effect(Action.FREEZE, "*").must_type == "everything"
    assert one.durations == (3600.0, 1800.0, 14_400.0)


def test_a_freeze_of_many_warns_of_what_stays_out() -> None:
    said = effect(Action.FREEZE, "*", fleet(of=models(**DOWN)))

    assert said.warnings == (
        "models that fail meanwhile go on being called",
        "what is out stays out, well or not: a",
    )


@pytest.mark.parametrize("action", [Action.FREEZE, Action.KILL])
def test_a_target_that_means_nobody_is_refused(action: Action) -> None:
    assert effect(action, "provider:ghost").refusal == "there is no model that provider:ghost means"


@pytest.mark.parametrize(("action", "kind"), [(Action.FREEZE, K.FROZEN), (Action.KILL, K.KILLED)])
def test_what_is_held_already_is_not_held_again(action: Action, kind: HoldKind) -> None:
    said = effect(action, "*", fleet(held(kind, "*", NOW + 600)))

    assert said.refusal == f"it is {kind.value} already: {kind.value} (*) by ada for 10 m more"


def test_holds_on_many_are_bounded() -> None:
    many = fleet(*(held(K.KILLED, f"provider:p{number}") for number in range(MOST_WIDE)))

    assert effect(Action.FREEZE, "*", many).refusal.endswith("stand already; lift some")
    assert effect(Action.KILL, "a", many).is_allowed


@pytest.mark.parametrize("action", [Action.TRIP, Action.SET_WEIGHT, Action.CHECK_NOW, Action.FAIL_BACK])
def test_what_is_of_one_model_is_not_done_to_many(action: Action) -> None:
    assert effect(action, "*").refusal == f"{action.value} is of one model at a time"


def test_a_thaw_of_many_wants_the_freeze_of_many() -> None:
    wide, own = held(K.FROZEN, "provider:acme"), held(K.FROZEN, "a")

    assert effect(Action.THAW, "provider:acme").refusal.startswith("all models of acme was not frozen")
    said = effect(Action.THAW, "provider:acme", fleet(wide, own))
    assert said.effect == "2 models move by themselves again"
    assert said.warnings == ("frozen otherwise, and stay so: a",)
    assert effect(Action.THAW, "provider:acme", fleet(wide)).warnings == ()


def test_a_model_that_is_frozen_with_others_is_thawed_with_them() -> None:
    frozen = models(breaker=breaker_view(is_frozen=True))
    wide, own = held(K.FROZEN, "*", by="bob"), held(K.FROZEN, "a")

    assert effect(Action.THAW, view=fleet(wide, of=frozen)).refusal == "it is frozen with * by bob: thaw that"
    both = effect(Action.THAW, view=fleet(wide, own, of=frozen))
    assert (both.is_allowed, both.warnings) == (True, ("it stays frozen with * by bob",))


# --- the kill switch -----------------------------------------------------------------------------


def test_a_kill_of_one_model_says_what_ends_and_who_takes_over() -> None:
    said = effect(Action.KILL)

    assert said.title == "Kill a"
    assert said.effect == (
        "its traffic goes to b; nothing calls a, probes neither, until somebody revives it; 4 calls under way are"
        " ended; callers are told your reason"
    )
    assert (said.is_outage, said.durations, said.must_type) == (False, (), "")


def test_a_kill_of_everything_is_an_outage_and_wants_a_word() -> None:
    said = effect(Action.KILL, "*")

    assert (said.is_outage, said.must_type) == (True, "everything")
    assert said.chain == "nobody can serve; 3 of 3 chains have nobody left"
    assert said.warnings == ("nobody is left for the callers of a, b, c: they get 503",)


def test_a_kill_of_a_provider_says_who_is_left() -> None:
    a, b, c = models()
    said = effect(Action.KILL, "provider:other", fleet(of=(a, b, replace(c, fallbacks=("a",)))))

    assert (said.is_outage, said.must_type, said.warnings) == (False, "other", ())
    assert said.chain == "a, b can serve; 0 of 3 chains have nobody left"
    assert said.effect.startswith("nothing calls all models of other, probes neither")


def test_a_killed_model_is_not_checked() -> None:
    said = effect(Action.CHECK_NOW, view=fleet(held(K.KILLED, "*", by="bob")))

    assert said.refusal == "nothing may call it, probes neither: killed (*) by bob"


def test_a_revival_is_of_the_very_kill() -> None:
    own, wide = held(K.KILLED, "a"), held(K.KILLED, "provider:acme", by="bob")
    file = HoldView(K.KILLED, "*", STOP_FILE, NOW)

    assert effect(Action.REVIVE).refusal == "it is not killed"
    assert effect(Action.REVIVE, view=fleet(wide)).refusal == "it is killed with provider:acme by bob: revive that"
    assert effect(Action.REVIVE, view=fleet(file)).refusal.startswith("the file EMERGENCY_STOP stops it: remove it")
    assert effect(Action.REVIVE, "*", fleet(file, wide)).refusal.startswith("it is killed with provider:acme")
    alone = effect(Action.REVIVE, view=fleet(own))
    assert (alone.effect, alone.warnings) == ("1 model may be called again, and a check comes at once", ())
    assert effect(Action.REVIVE, view=fleet(own, wide)).warnings == (
        "stopped otherwise, and stays so: provider:acme by bob",
    )
    assert effect(Action.REVIVE, view=fleet(own, file)).warnings == (
        "stopped otherwise, and stays so: the file EMERGENCY_STOP",
    )


def test_a_kill_of_another_provider_keeps_nothing_from_revival() -> None:
    said = effect(Action.REVIVE, "provider:acme", fleet(held(K.KILLED, "provider:acme"), held(K.KILLED, "c")))

    assert (said.is_allowed, said.warnings) == (True, ())


# --- safe mode -----------------------------------------------------------------------------------


def test_safe_mode_says_what_it_takes_away() -> None:
    said = effect(Action.SAFE_MODE, "*")

    assert said.effect.startswith("for 60 minutes one model is asked after the other: no copies, no hedges")
    assert said.capacity == "11 calls now, in 11 places instead of 22"
    assert said.warnings == ("new calls wait where more than half is taken: b",)
    assert said.must_type == "everything"


def test_safe_mode_of_a_calm_fleet_warns_of_nothing() -> None:
    assert effect(Action.SAFE_MODE, "*", fleet(of=(model_view("a"),))).warnings == ()


def test_safe_mode_is_of_the_whole_fleet_and_once() -> None:
    on = fleet(held(K.SAFE_MODE, "*", NOW + 600))

    assert effect(Action.SAFE_MODE, "a").refusal == "safe mode is of the whole fleet (*)"
    assert effect(Action.NORMAL_MODE, "a").refusal == "safe mode is of the whole fleet (*)"
    assert effect(Action.SAFE_MODE, "*", on).refusal == "it is on already: safe-mode (*) by ada for 10 m more"
    assert effect(Action.NORMAL_MODE, "*").refusal == "safe mode is not on"
    assert effect(Action.NORMAL_MODE, "*", on).effect.startswith("strategies, hedges and weights count again")


def test_many_names_are_counted() -> None:
    fives = tuple(model_view(name) for name in "abcde")

    said = effect(Action.KILL, "*", fleet(of=fives))

    assert said.warnings == ("nobody is left for the callers of a, b, c and 2 more: they get 503",)
