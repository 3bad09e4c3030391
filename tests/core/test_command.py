"""What an operator may say, what would come of it, and what would undo it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.command import REASON_REQUIRED, Command, Effect, effect_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import ADMITTING, ALERT_ACTIONS, NOT_COMMANDED, Action, BreakerState, ModelStatus
from tests.core.samples import NOW, breaker_view, fleet_view, model_view

CLOSED = breaker_view(BreakerState.CLOSED)
FAILING = breaker_view(BreakerState.CLOSED, consecutive_failures=2, last_failure_cause="timed out")
OPEN = breaker_view(BreakerState.OPEN, consecutive_failures=5, last_failure_cause="server error: boom")
HALF_OPEN = breaker_view(BreakerState.HALF_OPEN, last_failure_cause="server error: boom")
ISOLATED = breaker_view(BreakerState.ISOLATED)
METRICS_ONLY = breaker_view(BreakerState.METRICS_ONLY)
DISABLED = breaker_view(BreakerState.DISABLED)
DOWN = ModelStatus.UNAVAILABLE


def fleet(a: ModelView | None = None, b: ModelView | None = None, c: ModelView | None = None) -> FleetSnapshot:
    """`a` with the fallbacks `b` and `c`, and `d` that belongs to no chain."""
    return fleet_view(
        a or model_view("a", fallbacks=("b", "c")), b or model_view("b"), c or model_view("c"), model_view("d")
    )


def model_a(state: BreakerState = BreakerState.CLOSED) -> ModelView:
    breakers = {
        BreakerState.CLOSED: CLOSED,
        BreakerState.OPEN: OPEN,
        BreakerState.HALF_OPEN: HALF_OPEN,
        BreakerState.ISOLATED: ISOLATED,
        BreakerState.METRICS_ONLY: METRICS_ONLY,
        BreakerState.DISABLED: DISABLED,
    }
    status = ModelStatus.AVAILABLE if state in ADMITTING else DOWN
    return model_view("a", fallbacks=("b", "c"), breaker=breakers[state], status=status)


def effect(action: Action, view: FleetSnapshot | None = None, target: str = "a", parameter: str = "") -> Effect:
    return effect_of(Command(action, target, parameter=parameter), view or fleet())


# --- who may do what -----------------------------------------------------------------------------

STATES = tuple(BreakerState)
SET_ASIDE = {BreakerState.METRICS_ONLY, BreakerState.DISABLED}
ALLOWED = {
    Action.TRIP: {BreakerState.CLOSED, BreakerState.HALF_OPEN, *SET_ASIDE},
    Action.RESET: {BreakerState.OPEN, BreakerState.HALF_OPEN},
    Action.DEACTIVATE: set(STATES) - {BreakerState.ISOLATED},
    Action.ACTIVATE: {BreakerState.ISOLATED},
    Action.CHECK_NOW: set(STATES),
    Action.HALF_OPEN: {BreakerState.OPEN},
    Action.FREEZE: set(STATES),
    Action.THAW: set(),
}


def frozen(state: BreakerState = BreakerState.CLOSED) -> ModelView:
    """The model in that state, held still by hand for 40 more minutes."""
    held = model_a(state)
    return replace(held, breaker=replace(held.breaker, is_frozen=True, frozen_until=NOW + 2400))


@pytest.mark.parametrize("action", ALLOWED)
@pytest.mark.parametrize("state", STATES)
def test_an_action_is_allowed_exactly_where_it_means_something(action: Action, state: BreakerState) -> None:
    said = effect(action, fleet(model_a(state)))

    assert said.is_allowed is (state in ALLOWED[action])
    assert bool(said.refusal) is not said.is_allowed
    assert bool(said.effect) is said.is_allowed
    assert "a" in said.title.split()
    assert f"breaker {state.value}" in said.now


@pytest.mark.parametrize(
    "action",
    [
        action
        for action in Action
        if action not in {Action.SAFE_MODE, Action.NORMAL_MODE, *ALERT_ACTIONS, *NOT_COMMANDED}
    ],
)
def test_a_model_that_is_not_there_cannot_be_acted_on(action: Action) -> None:
    said = effect(action, target="ghost")

    assert not said.is_allowed
    assert said.refusal == "there is no model ghost"
    assert said.title == f"{action.value} ghost"


@pytest.mark.parametrize("action", Action)
def test_every_action_has_an_effect(action: Action) -> None:
    said = effect_of(Command(action, "a", parameter="b"), fleet())

    assert said.title
    assert said.effect or said.refusal


def test_actions_that_move_traffic_or_keep_it_from_moving_want_a_reason() -> None:
    moving = {Action.TRIP, Action.DEACTIVATE, Action.FAIL_OVER, Action.SET_WEIGHT, Action.KILL}

    assert moving | {Action.FREEZE, Action.SAFE_MODE, Action.SILENCE} == REASON_REQUIRED


@pytest.mark.parametrize(
    ("action", "state", "refusal"),
    [
        (Action.TRIP, BreakerState.OPEN, "its breaker is open already"),
        (Action.TRIP, BreakerState.ISOLATED, "it is deactivated already; activate it first"),
        (Action.RESET, BreakerState.CLOSED, "its breaker is closed and counts no failure"),
        (Action.RESET, BreakerState.ISOLATED, "it is deactivated; activate it instead"),
        (Action.DEACTIVATE, BreakerState.ISOLATED, "it is deactivated already"),
        (Action.ACTIVATE, BreakerState.OPEN, "it is not deactivated"),
        (Action.RESET, BreakerState.METRICS_ONLY, "its breaker stops nobody and counts no failure"),
        (Action.RESET, BreakerState.DISABLED, "its breaker stops nobody and counts no failure"),
        (Action.HALF_OPEN, BreakerState.CLOSED, "its breaker is not open"),
        (Action.HALF_OPEN, BreakerState.HALF_OPEN, "its breaker is not open"),
        (Action.THAW, BreakerState.OPEN, "it is not frozen"),
    ],
)
def test_a_refusal_says_why(action: Action, state: BreakerState, refusal: str) -> None:
    assert effect(action, fleet(model_a(state))).refusal == refusal


def test_how_things_stand_is_told_in_words() -> None:
    pinned = model_view("a", breaker=OPEN, status=DOWN, pinned_to="c")

    assert effect(Action.CHECK_NOW, fleet(pinned)).now == (
        "unavailable, breaker open, traffic sent to c, server error: boom"
    )


def test_what_only_a_person_can_mend_is_part_of_how_things_stand() -> None:
    faulty = model_view("a", fault="quota exhausted", breaker=FAILING)

    assert effect(Action.CHECK_NOW, fleet(faulty)).now == "available, breaker closed, quota exhausted"


# --- taking a model out --------------------------------------------------------------------------


@pytest.mark.parametrize("action", [Action.TRIP, Action.DEACTIVATE])
def test_taking_a_model_out_says_who_takes_over(action: Action) -> None:
    said = effect(action)

    assert said.effect.startswith("its traffic goes to b; ")
    assert (said.warnings, said.is_outage) == ((), False)


@pytest.mark.parametrize("action", [Action.TRIP, Action.DEACTIVATE])
@pytest.mark.parametrize(
    "b",
    [
        model_view("b", breaker=OPEN, status=DOWN),
        model_view("b", status=DOWN),
        model_view("b", fault="key refused"),
        model_view("b", breaker=HALF_OPEN, status=DOWN),
    ],
)
def test_taking_a_model_out_passes_over_who_cannot_serve(action: Action, b: ModelView) -> None:
    said = effect(action, fleet(b=b))

    assert said.effect.startswith("its traffic goes to c")
    assert said.warnings == ("c is the only model left in the chain",)


@pytest.mark.parametrize("action", [Action.TRIP, Action.DEACTIVATE])
def test_taking_the_last_model_out_says_that_clients_will_fail(action: Action) -> None:
    said = effect(action, fleet(model_view("a", fallbacks=("ghost",))))

    assert said.is_allowed
    assert said.is_outage
    assert said.effect.startswith("its requests FAIL; ")
    assert said.warnings == ("no fallback can take over: clients will see errors",)


@pytest.mark.parametrize("action", [Action.TRIP, Action.DEACTIVATE])
def test_taking_a_model_out_whose_traffic_is_elsewhere_by_hand_says_that_it_stays_there(action: Action) -> None:
    pinned = model_view("a", fallbacks=("b", "c"), pinned_to="c", serving="c")

    said = effect(action, fleet(pinned))

    assert said.effect.startswith("its traffic stays on c; ")
    assert not said.is_outage


@pytest.mark.parametrize("action", [Action.TRIP, Action.DEACTIVATE])
def test_a_pin_that_cannot_serve_keeps_no_traffic(action: Action) -> None:
    pinned = model_view("a", fallbacks=("b", "c"), pinned_to="c")
    down = model_view("c", breaker=OPEN, status=DOWN)

    said = effect(action, fleet(pinned, c=down))

    assert said.effect.startswith("its traffic goes to b; ")


def test_a_trip_says_when_it_is_tried_again_and_a_deactivation_that_it_is_not() -> None:
    assert effect(Action.TRIP).effect.endswith("a probe tries it again after 20 s or more")
    assert effect(Action.DEACTIVATE).effect.endswith("until somebody activates it; calls under way finish")


# --- bringing a model back -----------------------------------------------------------------------


def test_a_reset_of_a_model_that_is_down_is_warned_of() -> None:
    warned = effect(Action.RESET, fleet(model_a(BreakerState.OPEN)))
    unwarned = effect(Action.RESET, fleet(model_view("a", breaker=FAILING)))

    assert warned.warnings == ("nothing shows that it is well again: it may fail its next calls and open again",)
    assert unwarned.is_allowed
    assert unwarned.warnings == ()


def test_a_reset_may_forget_failures_or_a_fault_of_a_closed_breaker() -> None:
    assert effect(Action.RESET, fleet(model_view("a", breaker=FAILING))).is_allowed
    assert effect(Action.RESET, fleet(model_view("a", fault="quota exhausted"))).is_allowed


def test_an_activation_promises_a_probe_and_no_more() -> None:
    said = effect(Action.ACTIVATE, fleet(model_a(BreakerState.ISOLATED)))

    assert said.effect == "a probe is sent at once; traffic flows when the probe is answered"


def test_a_reset_gives_a_recovering_model_all_of_its_traffic() -> None:
    said = effect(Action.RESET, fleet(model_view("a", ramp=0.25)))

    assert said.is_allowed
    assert "all of its traffic flows to it at once" in said.effect


@pytest.mark.parametrize("state", sorted(SET_ASIDE, key=str))
def test_what_makes_a_breaker_refuse_against_its_settings_is_warned_of(state: BreakerState) -> None:
    said = effect(Action.TRIP, fleet(model_a(state)))

    assert said.warnings == (
        "its settings keep it from refusing calls; this does it all the same, until a trial succeeds",
    )


def test_a_trial_by_hand_says_that_the_next_call_decides() -> None:
    said = effect(Action.HALF_OPEN, fleet(model_a(BreakerState.OPEN)))

    assert (said.title, said.warnings) == ("Try a now", ())
    assert said.effect == "the breaker goes to its trial at once: the next call decides whether it closes"


# --- holding a model still -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "warning"),
    [
        (BreakerState.CLOSED, "if it fails meanwhile, calls to it go on"),
        (BreakerState.METRICS_ONLY, "if it fails meanwhile, calls to it go on"),
        (BreakerState.OPEN, "its breaker is not closed: the model stays out, well or not"),
        (BreakerState.ISOLATED, "its breaker is not closed: the model stays out, well or not"),
    ],
)
def test_a_freeze_says_for_how_long_and_what_may_go_wrong(state: BreakerState, warning: str) -> None:
    said = effect(Action.FREEZE, fleet(model_a(state)))

    assert said.effect == "for 60 minutes nothing but an operator moves its breaker"
    assert said.warnings == (warning,)


def test_what_is_frozen_is_not_frozen_again_and_can_be_thawed() -> None:
    still = fleet(frozen())

    assert effect(Action.FREEZE, still).refusal == "it is frozen already"
    assert effect(Action.THAW, still).effect == "its breaker moves by itself again"
    assert effect(Action.THAW, still).now == "available, breaker closed, frozen"


def test_a_frozen_model_stays_where_an_operator_puts_it() -> None:
    tripped = effect(Action.TRIP, fleet(frozen()))
    tried = effect(Action.HALF_OPEN, fleet(frozen(BreakerState.OPEN)))

    assert tripped.effect == "its traffic goes to b; it stays so while it is frozen"
    assert tried.warnings == ("it is frozen: the trial decides nothing until somebody thaws it",)


# --- sending traffic elsewhere -------------------------------------------------------------------


def failover(target: str, view: FleetSnapshot | None = None) -> Effect:
    return effect(Action.FAIL_OVER, view, parameter=target)


def test_a_failover_to_a_fallback_is_allowed_without_a_word() -> None:
    said = failover("b")

    assert said == Effect(
        is_allowed=True,
        title="Fail over a → b",
        now="available, breaker closed",
        effect="b is asked first until somebody fails back; the chain stays behind it",
        capacity="b carries 0 of 10 calls now and would carry 0",
        chain="behind b: a, c",
        durations=(1800.0, 7200.0, None),
        undo="undo sends its traffic where it went before",
    )


def test_a_failover_outside_the_chain_or_to_a_degraded_model_is_warned_of() -> None:
    slow = fleet_view(model_view("a", fallbacks=("b",)), model_view("d", status=ModelStatus.DEGRADED))

    assert failover("d").warnings == ("d is not in the fallback list of a",)
    assert failover("d", slow).warnings == ("d is not in the fallback list of a", "d is degraded")


@pytest.mark.parametrize(
    ("target", "view", "refusal"),
    [
        ("", None, "choose the model that shall take over"),
        ("a", None, "a cannot take over from a"),
        ("ghost", None, "ghost cannot take over from a"),
        ("c", fleet(model_view("a", pinned_to="c")), "its traffic goes to c already"),
        (
            "b",
            fleet(b=model_view("b", breaker=OPEN, status=DOWN)),
            "b cannot serve now (unavailable, breaker open, server error: boom)",
        ),
    ],
)
def test_a_failover_that_cannot_work_is_refused(target: str, view: FleetSnapshot | None, refusal: str) -> None:
    said = failover(target, view)

    assert not said.is_allowed
    assert said.refusal == refusal
    assert said.title == f"Fail over a → {target or '?'}"


def test_failing_back_is_for_traffic_that_was_sent_elsewhere() -> None:
    assert effect(Action.FAIL_BACK).refusal == "its traffic was not sent elsewhere by hand"
    said = effect(Action.FAIL_BACK, fleet(model_view("a", pinned_to="b")))
    assert (said.is_allowed, said.effect, said.warnings) == (True, "a is asked first again", ())


def test_failing_back_to_a_model_that_is_down_is_warned_of() -> None:
    said = effect(Action.FAIL_BACK, fleet(model_view("a", pinned_to="b", breaker=OPEN, status=DOWN)))

    assert said.is_allowed
    assert said.warnings == ("a itself cannot serve now; its chain will",)
