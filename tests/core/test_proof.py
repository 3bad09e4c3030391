"""What proves that a deed came true, and what is only said to be not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core import events as e
from hive_console.core.command import Command
from hive_console.core.evidence import SAMPLE, Check, Standing
from hive_console.core.outcome import OutcomeKind
from hive_console.core.proof import KEPT, PATIENCE, Watch, is_settled
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView
from hive_console.core.states import NOT_COMMANDED, Action, BreakerState, HoldKind, OperationResult
from tests.core.samples import NOW, alert_view, breaker_view, fleet_view, model_view

AWAITED, SEEN, FAILED, UNSEEN = Standing.AWAITED, Standing.SEEN, Standing.FAILED, Standing.UNSEEN


def fleet(a: ModelView | None = None, **changes: object) -> FleetSnapshot:
    """`a` of acme with the fallbacks `b` and `c` of zeta."""
    first = a or model_view("a", fallbacks=("b", "c"))
    others = (model_view("b", provider="zeta"), model_view("c", provider="zeta"))
    return replace(fleet_view(first, *others), **changes)  # type: ignore[arg-type]  # any field of the fleet


def a(state: BreakerState = BreakerState.CLOSED, **changes: object) -> ModelView:
    known = {"fallbacks": ("b", "c"), "breaker": breaker_view(state)}
    return model_view("a", **(known | changes))


def operation(
    served_by: str | None = "b",
    *,
    requested: str = "a",
    result: OperationResult = OperationResult.ANSWERED,
) -> e.OperationFinished:
    return e.OperationFinished(
        at=NOW, operation="op", requested=requested, result=result, latency=0.412, attempts=1, served_by=served_by
    )


def call(kind: OutcomeKind = OutcomeKind.SUCCESS, model: str = "a") -> e.AttemptFinished:
    return e.AttemptFinished(at=NOW, operation="op", model=model, number=1, kind=kind, latency=0.2, message="boom")


def probe(kind: OutcomeKind = OutcomeKind.SUCCESS, model: str = "a") -> e.ProbeFinished:
    return e.ProbeFinished(at=NOW, model=model, kind=kind, latency=0.085, message="boom")


def move(new: BreakerState, old: BreakerState = BreakerState.HALF_OPEN) -> e.BreakerChanged:
    return e.BreakerChanged(at=NOW, model="a", old=old, new=new, cause="boom")


def told(
    action: Action,
    now: FleetSnapshot | None = None,
    *events: e.Event,
    target: str = "a",
    parameter: str = "",
    before: FleetSnapshot | None = None,
    after: float = 1.0,
) -> list[tuple[str, Standing]]:
    watch = Watch(Command(action, target, parameter=parameter), before or fleet(), NOW)
    watch.take(events)
    return [(check.text, check.standing) for check in watch.checks(now or fleet(), NOW + after)]


# --- fail over and back --------------------------------------------------------------------------


def test_a_fail_over_is_proven_by_the_route_and_by_the_first_answer() -> None:
    sent = fleet(a(pinned_to="b", serving="b"))

    assert told(Action.FAIL_OVER, sent, operation("b"), parameter="b") == [
        ("its traffic is sent to b", SEEN),
        ("first answer by b in 412 ms", SEEN),
    ]


def test_a_fail_over_without_a_request_says_where_the_next_one_goes() -> None:
    assert told(Action.FAIL_OVER, fleet(a(pinned_to="b", serving="b")), parameter="b")[1] == (
        "no request came yet; the next one goes to b",
        AWAITED,
    )


def test_what_did_not_come_in_time_is_said_to_be_not_seen() -> None:
    sent = fleet(a(pinned_to="b", serving="b"))

    late = told(Action.FAIL_OVER, sent, parameter="b", after=PATIENCE + 0.1)

    assert [standing for _, standing in late] == [SEEN, UNSEEN]
    assert told(Action.FAIL_OVER, sent, parameter="b", after=PATIENCE)[1][1] is AWAITED


def test_a_fail_over_that_was_not_published_yet_is_awaited() -> None:
    assert told(Action.FAIL_OVER, fleet(), parameter="b")[0] == ("its traffic is to be sent to b", AWAITED)


@pytest.mark.parametrize(("serving", "words"), [("c", "c serves"), (None, "nobody serves")])
def test_a_fail_over_to_a_model_that_does_not_take_it_says_who_serves(serving: str | None, words: str) -> None:
    checks = told(Action.FAIL_OVER, fleet(a(pinned_to="b", serving=serving)), parameter="b")

    assert checks[1] == (f"b does not take it now: {words}", AWAITED)


def test_an_answer_of_another_model_proves_no_fail_over() -> None:
    sent = fleet(a(pinned_to="b", serving="b"))

    assert told(Action.FAIL_OVER, sent, operation("c"), operation("a"), parameter="b")[1] == (
        "2 requests ended, the last by a; none answered by b yet",
        AWAITED,
    )


def test_a_failed_request_proves_no_fail_over() -> None:
    sent = fleet(a(pinned_to="b", serving="b"))
    failed = operation(None, result=OperationResult.FAILED)

    assert told(Action.FAIL_OVER, sent, failed, parameter="b")[1] == (
        "1 request ended, the last failed; none answered by b yet",
        AWAITED,
    )


def test_a_request_for_another_model_proves_no_fail_over() -> None:
    elsewhere = told(Action.FAIL_OVER, None, operation("b", requested="b"), parameter="b")

    assert elsewhere[-1][1] is AWAITED


def test_a_fail_back_is_proven_by_an_answer_of_whoever_is_first_again() -> None:
    assert told(Action.FAIL_BACK, fleet(), operation("a")) == [
        ("it is asked first again", SEEN),
        ("first answer by a in 412 ms", SEEN),
    ]


def test_a_fail_back_that_was_not_published_yet_is_awaited() -> None:
    assert told(Action.FAIL_BACK, fleet(a(pinned_to="b", serving="b"))) == [
        ("it is to be asked first again", AWAITED)
    ]


def test_a_fail_back_to_nobody_is_no_success() -> None:
    assert told(Action.FAIL_BACK, fleet(a(serving=None)))[1] == (
        "NOBODY serves its traffic: its requests fail",
        FAILED,
    )


# --- taken out -----------------------------------------------------------------------------------


def test_a_trip_is_proven_by_the_breaker_and_by_whoever_answers_now() -> None:
    tripped = fleet(a(BreakerState.OPEN, serving="b"))

    assert told(Action.TRIP, tripped, operation("b")) == [
        ("its breaker is open", SEEN),
        ("its traffic goes to b", SEEN),
        ("first answer by b in 412 ms", SEEN),
    ]


def test_a_breaker_that_opened_and_already_tries_again_was_open() -> None:
    trying = fleet(a(BreakerState.HALF_OPEN, serving="b"))

    assert told(Action.TRIP, trying, move(BreakerState.OPEN))[0] == ("its breaker is open", SEEN)


def test_a_trip_that_was_not_published_yet_is_awaited() -> None:
    assert told(Action.TRIP) == [
        ("its breaker opens", AWAITED),
        ("its traffic goes to another model", AWAITED),
    ]


def test_a_trip_after_which_nobody_serves_is_a_failure_in_plain_words() -> None:
    assert told(Action.TRIP, fleet(a(BreakerState.OPEN, serving=None)))[1] == (
        "NOBODY serves its traffic: its requests fail",
        FAILED,
    )


def test_a_deactivation_counts_its_calls_down() -> None:
    before = fleet(a(in_flight=3))
    draining = told(Action.DEACTIVATE, fleet(a(BreakerState.ISOLATED, serving="b", in_flight=1)), before=before)
    drained = told(Action.DEACTIVATE, fleet(a(BreakerState.ISOLATED, serving="b")), before=before)

    assert draining[:2] == [("it is deactivated", SEEN), ("calls under way 3 → 1", AWAITED)]
    assert drained[1] == ("calls under way 3 → 0", SEEN)


def test_a_model_that_left_the_settings_proves_nothing() -> None:
    gone = fleet_view(model_view("b"))

    assert told(Action.TRIP, gone) == [("a is not in the fleet any more", FAILED)]


# --- brought back --------------------------------------------------------------------------------


def test_a_reset_is_proven_by_the_breaker_and_the_first_call() -> None:
    assert told(Action.RESET, fleet(), move(BreakerState.CLOSED), call()) == [
        ("its breaker is closed", SEEN),
        ("its first call was answered in 200 ms", SEEN),
    ]


def test_a_reset_whose_first_call_fails_says_how() -> None:
    assert told(Action.RESET, fleet(), call(OutcomeKind.SERVER_ERROR))[1] == (
        "its first call failed: server error: boom",
        FAILED,
    )


def test_a_check_speaks_for_a_model_that_nobody_asks() -> None:
    assert told(Action.RESET, fleet(), probe())[1] == ("its first check was answered in 85 ms", SEEN)


def test_a_callers_own_mistake_says_nothing_about_the_model() -> None:
    assert told(Action.RESET, fleet(), call(OutcomeKind.BAD_REQUEST), call())[1][1] is SEEN
    assert told(Action.RESET, fleet(), call(OutcomeKind.BAD_REQUEST))[1] == (
        "no result of a call or a check yet",
        AWAITED,
    )


def test_a_breaker_that_opens_again_is_no_success() -> None:
    again = fleet(a(BreakerState.OPEN))

    assert told(Action.RESET, again, move(BreakerState.CLOSED), move(BreakerState.OPEN))[0] == (
        "its breaker opened again: boom",
        FAILED,
    )


def test_a_half_open_trial_shows_its_result() -> None:
    assert told(Action.HALF_OPEN, fleet(), move(BreakerState.HALF_OPEN, BreakerState.OPEN), probe()) == [
        ("its trial began", SEEN),
        ("its trial was answered in 85 ms", SEEN),
        ("its breaker is closed", SEEN),
    ]


def test_a_trial_that_failed_began_all_the_same() -> None:
    failed = told(
        Action.HALF_OPEN,
        fleet(a(BreakerState.OPEN)),
        move(BreakerState.HALF_OPEN, BreakerState.OPEN),
        probe(OutcomeKind.TIMED_OUT),
        move(BreakerState.OPEN),
    )

    assert [standing for _, standing in failed] == [SEEN, FAILED, FAILED]
    assert failed[1][0] == "its trial failed: timed out: boom"


def test_a_trial_that_did_not_begin_is_awaited() -> None:
    waiting = told(Action.HALF_OPEN, fleet(a(BreakerState.OPEN)), before=fleet(a(BreakerState.OPEN)))

    assert waiting == [
        ("its trial begins", AWAITED),
        ("no result of its trial yet", AWAITED),
        ("its breaker closes", AWAITED),
    ]


def test_an_activation_is_proven_by_its_probe() -> None:
    released = told(Action.ACTIVATE, fleet(), move(BreakerState.OPEN, BreakerState.ISOLATED), probe())
    waiting = told(Action.ACTIVATE, fleet(a(BreakerState.ISOLATED)))

    assert released == [
        ("it may be called again", SEEN),
        ("its probe was answered in 85 ms", SEEN),
        ("its breaker is closed", SEEN),
    ]
    assert [standing for _, standing in waiting] == [AWAITED, AWAITED, AWAITED]


def test_a_check_is_proven_by_its_result() -> None:
    assert told(Action.CHECK_NOW, None, probe()) == [("its check was answered in 85 ms", SEEN)]
    assert told(Action.CHECK_NOW, None, probe(OutcomeKind.RATE_LIMITED))[0][1] is FAILED
    assert told(Action.CHECK_NOW, None, probe(model="b")) == [("no result of its check yet", AWAITED)]


# --- weights -------------------------------------------------------------------------------------


def test_a_weight_is_proven_by_the_share_of_answers() -> None:
    heavier = fleet(a(weight=3.0))
    answers = [operation("a")] * 3 + [operation("b", requested="b")] * 9 + [operation("b")] * (SAMPLE - 3)

    assert told(Action.SET_WEIGHT, heavier, *answers, parameter="3.0") == [
        ("its weight is 3", SEEN),
        ("it answered 3 of 10 requests (30 %)", SEEN),
    ]


def test_a_share_of_a_few_answers_is_not_told_in_percent() -> None:
    few = told(Action.SET_WEIGHT, fleet(a(weight=3.0)), operation("a"), parameter="3")

    assert few[1] == ("it answered 1 of 1 request", AWAITED)


def test_a_weight_without_requests_says_so() -> None:
    assert told(Action.SET_WEIGHT, fleet(), parameter="3") == [
        ("its weight is 1, to become 3", AWAITED),
        ("no request came yet; the next ones are shared by the weights", AWAITED),
    ]


def test_a_weight_that_is_no_number_is_never_seen() -> None:
    assert told(Action.SET_WEIGHT, fleet(), parameter="[/b]")[0][1] is AWAITED


def test_a_restored_weight_is_proven_when_nobody_holds_it() -> None:
    held = fleet(holds=(HoldView(HoldKind.WEIGHTED, "a", "maria", NOW),))

    assert told(Action.RESTORE_WEIGHT, held)[0] == ("its weight is 1", AWAITED)
    assert told(Action.RESTORE_WEIGHT, fleet())[0] == ("its weight is 1, as the settings say", SEEN)


# --- the whole fleet -----------------------------------------------------------------------------


def test_a_freeze_of_one_model_is_proven_by_its_breaker() -> None:
    frozen = fleet(model_view("a", breaker=breaker_view(is_frozen=True)))

    assert told(Action.FREEZE, frozen) == [("its automation is frozen", SEEN)]
    assert told(Action.THAW, frozen) == [("its automation is to be not frozen", AWAITED)]


def test_a_freeze_of_all_counts_the_models() -> None:
    frozen = fleet(model_view("a", breaker=breaker_view(is_frozen=True)))

    assert told(Action.FREEZE, frozen, target="*") == [("1 of 3 models are frozen", AWAITED)]
    assert told(Action.THAW, fleet(), target="*") == [("3 of 3 models are not frozen", SEEN)]
    assert told(Action.FREEZE, frozen, target="provider:gone") == [
        ("provider:gone is not in the fleet any more", FAILED)
    ]


def killed(target: str, *models: ModelView) -> FleetSnapshot:
    return fleet_view(*models, holds=(HoldView(HoldKind.KILLED, target, "maria", NOW),))


def test_a_kill_is_proven_when_calls_ended_and_another_answers() -> None:
    dead = killed("a", a(serving="b"), model_view("b"))

    assert told(Action.KILL, dead, operation("b"), before=fleet(a(in_flight=2))) == [
        ("it is not called any more", SEEN),
        ("calls under way 2 → 0", SEEN),
        ("its traffic goes to b", SEEN),
        ("first answer by b in 412 ms", SEEN),
    ]


def test_a_kill_of_a_provider_is_proven_when_none_of_its_models_serves() -> None:
    target = "provider:zeta"
    zeta = model_view("b", provider="zeta", serving="a")

    assert told(Action.KILL, killed(target, a(), zeta), target=target)[2] == ("others serve its traffic", SEEN)
    still = killed(target, a(), replace(zeta, serving="b"))
    assert told(Action.KILL, still, target=target)[2] == ("the traffic of 1 model still goes there", AWAITED)
    nobody = killed(target, a(), replace(zeta, serving=None))
    assert told(Action.KILL, nobody, target=target)[2] == ("NOBODY serves the traffic of 1 model", FAILED)


def test_a_kill_that_was_not_published_yet_is_awaited() -> None:
    assert told(Action.KILL, fleet(), target="*")[0] == ("it is to be called no more", AWAITED)


def test_a_revival_is_proven_by_the_first_result() -> None:
    assert told(Action.REVIVE, fleet(), probe(model="b"), target="provider:zeta") == [
        ("it may be called again", SEEN),
        ("its first check was answered in 85 ms", SEEN),
    ]
    assert told(Action.REVIVE, killed("a", a()))[0] == ("it is to be called again", AWAITED)


def test_safe_mode_is_proven_by_its_hold_and_by_an_answer() -> None:
    safe = fleet(holds=(HoldView(HoldKind.SAFE_MODE, "*", "maria", NOW),))

    assert told(Action.SAFE_MODE, safe, operation("c", requested="b"), target="*") == [
        ("safe mode is on", SEEN),
        ("first answer, by c, in 412 ms", SEEN),
    ]
    assert told(Action.NORMAL_MODE, safe, target="*") == [
        ("safe mode is to end", AWAITED),
        ("no request was answered yet", AWAITED),
    ]
    assert told(Action.NORMAL_MODE, fleet(), target="*")[0] == ("safe mode is off", SEEN)
    assert told(Action.SAFE_MODE, fleet(), target="*")[0] == ("safe mode is to begin", AWAITED)


# --- alerts, and what all have in common ---------------------------------------------------------


def test_an_alert_is_proven_to_be_taken_by_its_owner() -> None:
    taken = fleet(alerts=(alert_view("A1", acknowledged_by="maria"),))

    assert told(Action.ACKNOWLEDGE, taken, target="A1") == [("maria has A1", SEEN)]
    assert told(Action.ACKNOWLEDGE, fleet(alerts=(alert_view("A1"),)), target="A1")[0][1] is AWAITED
    assert told(Action.ACKNOWLEDGE, fleet(), target="A1")[0][1] is FAILED


@pytest.mark.parametrize("action", [action for action in Action if action in NOT_COMMANDED])
def test_what_is_no_command_has_nothing_to_be_watched(action: Action) -> None:
    assert told(action) == []


@pytest.mark.parametrize("action", [action for action in Action if action not in NOT_COMMANDED])
def test_every_deed_has_something_that_proves_it(action: Action) -> None:
    assert told(action)


def test_what_concerns_nobody_of_the_deed_is_not_kept() -> None:
    assert (
        told(
            Action.HALF_OPEN,
            fleet(a(BreakerState.OPEN)),
            probe(model="c"),
            e.ModelRecovered(at=NOW, model="a", down_for=1.0),
        )[1][1]
        is AWAITED
    )


def test_a_flood_of_events_is_bounded_and_the_first_ones_count() -> None:
    flood = [operation("b")] * (KEPT + 5)

    checks = told(Action.SET_WEIGHT, fleet(a(weight=3.0)), *flood, operation("a"), parameter="3")

    assert checks[1][0] == f"it answered 0 of {KEPT} requests (0 %)"


def test_checks_are_settled_when_none_is_awaited() -> None:
    assert is_settled([Check("x", SEEN), Check("x", FAILED), Check("x", UNSEEN)])
    assert not is_settled([Check("x", SEEN), Check("x", AWAITED)])
