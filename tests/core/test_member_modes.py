"""One model under an operator's words and its settings: trials, freezes, modes, ejections, and its places."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core.events import (
    AutomationFrozen,
    AutomationThawed,
    BreakerChanged,
    ModelRecovered,
    OutlierEjected,
    OutlierReturned,
    RecoveryEnded,
    StatusChanged,
    ThresholdCrossed,
)
from hive_console.core.health import EXIT
from hive_console.core.member import Member
from hive_console.core.outcome import CANCELLED, SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import BreakerMode
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.transitions import Refusal, Trigger
from tests.core.member_driver import (
    THRESHOLD,
    TIMEOUT,
    TRIAL,
    call,
    calls,
    down,
    member_of,
    of_kind,
    permit_of,
    refusal_of,
    status_of,
)
from tests.core.samples import FAILED, NOW

S = BreakerState

# --- trials by hand ------------------------------------------------------------------------------


def test_a_trial_by_hand_says_what_moved_the_breaker() -> None:
    member = down()

    [moved] = of_kind(member.half_open(NOW + 1, "by ada"), BreakerChanged)

    assert (moved.old, moved.new, moved.trigger) == (S.OPEN, S.HALF_OPEN, "half_opened")


def test_a_recovery_through_a_trial_by_hand_is_the_operators() -> None:
    member = down(ramp_calls=0)
    member.half_open(NOW + 1, "by ada")

    events = call(member, SUCCESS, NOW + 2, is_probe=True)

    assert [event.by_operator for event in events if isinstance(event, ModelRecovered | RecoveryEnded)] == [
        True,
        True,
    ]


def test_a_recovery_through_a_last_resort_is_nobodys() -> None:
    member = down(ramp_calls=0)
    member.half_open(NOW + 1, "nobody else", trigger=Trigger.LAST_RESORT)

    events = call(member, SUCCESS, NOW + 2)

    assert [event.by_operator for event in events if isinstance(event, ModelRecovered | RecoveryEnded)] == [
        False,
        False,
    ]


def test_a_last_resort_that_cannot_be_is_no_event() -> None:
    assert member_of().half_open(NOW, "nobody else", trigger=Trigger.LAST_RESORT) == []


def test_a_reset_leaves_a_deactivated_model_as_it_is() -> None:
    member = member_of()
    member.isolate(NOW, "by ada")

    assert member.reset(NOW, "by ada") == []
    assert member.breaker.state is S.ISOLATED


# --- freezing ------------------------------------------------------------------------------------


def test_a_freeze_says_until_when_and_why() -> None:
    member = member_of()

    assert member.freeze(NOW, "by ada: drill", until=NOW + 60) == [
        AutomationFrozen(at=NOW, model="a", until=NOW + 60, cause="by ada: drill")
    ]


def test_a_thaw_says_why_and_lets_what_waited_happen() -> None:
    member = down()
    member.freeze(NOW, "drill")
    member.half_open(NOW + 1, "by ada")
    call(member, SUCCESS, NOW + 2, is_probe=True)
    assert member.breaker.state is S.HALF_OPEN

    events = member.thaw(NOW + 3, "drill over")

    assert events[0] == AutomationThawed(at=NOW + 3, model="a", cause="drill over")
    assert of_kind(events, BreakerChanged)[0].new is S.CLOSED


def test_a_thaw_of_what_is_not_frozen_is_no_event() -> None:
    assert member_of().thaw(NOW, "by ada") == []


def test_a_freeze_that_runs_out_says_so_once() -> None:
    member = member_of()
    member.freeze(NOW, "drill", until=NOW + 60)

    assert member.refresh(NOW + 59.999) == []
    assert member.refresh(NOW + 60) == [AutomationThawed(at=NOW + 60, model="a", cause="its time is over")]
    assert member.refresh(NOW + 61) == []


def test_a_thawed_model_does_not_thaw_a_second_time_when_its_freeze_would_have_run_out() -> None:
    member = member_of()
    member.freeze(NOW, "drill", until=NOW + 60)
    member.thaw(NOW + 1, "drill over")

    assert member.refresh(NOW + 60) == []


def test_a_failing_model_that_is_frozen_is_told_of_and_not_taken_out() -> None:
    member = member_of()
    member.freeze(NOW, "drill")

    events = calls(member, FAILED, NOW, THRESHOLD + 2)

    assert of_kind(events, ThresholdCrossed) == [ThresholdCrossed(at=NOW, model="a", cause="server error: boom")]
    assert member.would_admit(NOW)


@pytest.mark.parametrize(("until", "wait"), [(None, None), (NOW + 60, 60.0), (NOW + 5, TIMEOUT)])
def test_a_frozen_open_model_promises_no_earlier_time_than_its_thaw(
    until: float | None, wait: float | None
) -> None:
    member = down()

    member.freeze(NOW, "drill", until=until)

    assert member.retry_in(NOW) == wait


def test_a_frozen_closed_model_is_not_waited_for() -> None:
    member = member_of()
    member.freeze(NOW, "drill")

    assert member.retry_in(NOW) == 0.0


# --- modes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "state"),
    [
        (BreakerMode.ENFORCING, S.CLOSED),
        (BreakerMode.METRICS_ONLY, S.METRICS_ONLY),
        (BreakerMode.DISABLED, S.DISABLED),
    ],
)
def test_a_breaker_begins_as_its_settings_say(mode: BreakerMode, state: BreakerState) -> None:
    assert member_of(breaker_mode=mode).breaker.state is state


@pytest.mark.parametrize("mode", [BreakerMode.METRICS_ONLY, BreakerMode.DISABLED])
def test_a_model_whose_breaker_stops_nobody_stays_in_use(mode: BreakerMode) -> None:
    member = member_of(breaker_mode=mode)

    calls(member, FAILED, NOW, THRESHOLD * 3)

    assert member.would_admit(NOW)
    assert member.breaker.state is not S.OPEN


def test_metrics_only_tells_what_it_would_have_done_once() -> None:
    member = member_of(breaker_mode=BreakerMode.METRICS_ONLY)

    events = calls(member, FAILED, NOW, THRESHOLD * 2)

    assert len(of_kind(events, ThresholdCrossed)) == 1


def test_a_breaker_that_is_switched_off_tells_nothing() -> None:
    member = member_of(breaker_mode=BreakerMode.DISABLED)

    assert of_kind(calls(member, FAILED, NOW, THRESHOLD * 2), ThresholdCrossed) == []


def test_a_breaker_that_really_opened_is_not_told_of_as_one_that_would_have() -> None:
    assert of_kind(calls(member_of(), FAILED, NOW, THRESHOLD), ThresholdCrossed) == []


@pytest.mark.parametrize(
    ("mode", "state"), [(BreakerMode.METRICS_ONLY, S.METRICS_ONLY), (BreakerMode.DISABLED, S.DISABLED)]
)
def test_after_an_operators_word_a_breaker_goes_back_to_the_mode_of_its_settings(
    mode: BreakerMode, state: BreakerState
) -> None:
    member = member_of(breaker_mode=mode)
    member.trip(NOW, "drill")
    assert member.breaker.state is S.OPEN

    events = call(member, SUCCESS, TRIAL, is_probe=True)

    assert [event.new for event in of_kind(events, BreakerChanged)] == [S.HALF_OPEN, S.CLOSED, state]
    assert of_kind(events, BreakerChanged)[-1].cause == f"its settings say {mode.value}"
    assert member.ramp is None


# --- ejection ------------------------------------------------------------------------------------


def test_an_ejected_model_is_left_alone_until_its_time() -> None:
    member = member_of()

    events = member.eject(NOW, NOW + 30, "fails more than the others")

    assert events[0] == OutlierEjected(at=NOW, model="a", until=NOW + 30, cause="fails more than the others")
    assert refusal_of(member, NOW) == Refusal("fails more than the others", 30.0)
    assert member.retry_in(NOW) == 30.0
    assert not member.would_admit(NOW + 29.999)
    assert member.would_admit(NOW + 30)


def test_an_ejected_model_is_unavailable_and_says_why() -> None:
    member = member_of()

    member.eject(NOW, NOW + 30, "fails more than the others")

    assert (member.status, member.status_cause) == (ModelStatus.UNAVAILABLE, "fails more than the others")


def test_a_model_that_returns_is_judged_afresh() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    call(member, FAILED, NOW)
    member.eject(NOW, NOW + 30, "x")

    events = member.readmit(NOW + 30)

    assert events[0] == OutlierReturned(at=NOW + 30, model="a")
    assert (member.restraint.ejected_until, member.restraint.ejection, member.record.window.calls) == (None, "", 0)
    assert of_kind(events, StatusChanged)[-1].new is ModelStatus.AVAILABLE


def test_who_was_not_ejected_does_not_return() -> None:
    assert member_of().readmit(NOW) == []


def test_an_ejection_leaves_the_breaker_alone() -> None:
    member = member_of()

    member.eject(NOW, NOW + 30, "x")

    assert member.breaker.state is S.CLOSED


# --- places --------------------------------------------------------------------------------------


def adaptive(**changes: Any) -> Member:  # any field of `ModelSettings`
    return member_of(adaptive_concurrency=True, max_concurrent_requests=10, **changes)


def test_calls_under_way_are_counted_and_probes_are_none() -> None:
    member = member_of()
    permits = [permit_of(member, NOW), permit_of(member, NOW)]
    permit_of(member, NOW, is_probe=True)
    assert member.in_flight == 2

    member.settle(permits[0], SUCCESS, NOW, latency=1.0)

    assert member.in_flight == 1


def test_a_probes_end_frees_no_place() -> None:
    member = member_of()
    permit_of(member, NOW)

    call(member, SUCCESS, NOW, is_probe=True)

    assert member.in_flight == 1


@pytest.mark.parametrize("outcome", [SUCCESS, FAILED, CANCELLED, Outcome(OutcomeKind.BAD_REQUEST)])
def test_every_end_of_a_call_frees_its_place(outcome: Outcome) -> None:
    member = member_of()

    call(member, outcome, NOW)

    assert member.in_flight == 0


def test_a_refused_call_takes_no_place() -> None:
    member = down()

    refusal_of(member, NOW)

    assert member.in_flight == 0


def test_without_adaptive_concurrency_the_places_are_the_settings() -> None:
    member = member_of(max_concurrent_requests=7, breaker_threshold=100)
    calls(member, Outcome(OutcomeKind.OVERLOADED), NOW, 20)

    assert member.places == 7


@pytest.mark.parametrize("kind", [OutcomeKind.RATE_LIMITED, OutcomeKind.OVERLOADED, OutcomeKind.TIMED_OUT])
def test_an_overloaded_model_loses_a_tenth_of_its_places(kind: OutcomeKind) -> None:
    member = adaptive()

    call(member, Outcome(kind), NOW)

    assert member.places == 9


@pytest.mark.parametrize("outcome", [FAILED, CANCELLED, Outcome(OutcomeKind.BAD_REQUEST)])
def test_what_says_nothing_about_load_leaves_the_places(outcome: Outcome) -> None:
    member = adaptive()

    call(member, outcome, NOW)

    assert member.places == 10


def test_a_busy_model_wins_its_places_back_one_by_one_and_never_more_than_it_had() -> None:
    member = adaptive(breaker_threshold=100)
    for _ in range(3):
        call(member, Outcome(OutcomeKind.OVERLOADED), NOW)
    assert member.places == 7  # 9, 8, 7

    for _ in range(20):
        permits = [permit_of(member, NOW) for _ in range(5)]
        for permit in permits:
            member.settle(permit, SUCCESS, NOW, latency=1.0)

    assert member.places == 10


def test_an_idle_model_proves_nothing_about_its_places() -> None:
    member = adaptive()
    call(member, Outcome(OutcomeKind.OVERLOADED), NOW)

    calls(member, SUCCESS, NOW, 50)

    assert member.places == 9


def test_an_overloaded_probe_says_nothing_about_places() -> None:
    member = adaptive()

    call(member, Outcome(OutcomeKind.OVERLOADED), NOW, is_probe=True)

    assert member.places == 10


# --- hysteresis ----------------------------------------------------------------------------------


def slow(latency: float, member: Member | None = None) -> Member:
    known = member or member_of()
    for _ in range(500):
        call(known, SUCCESS, NOW, latency=latency)
    known.refresh(NOW)
    return known


def test_a_model_slightly_below_its_limit_is_well_unless_it_was_degraded() -> None:
    assert status_of(slow(4.5)) is ModelStatus.AVAILABLE
    assert status_of(slow(4.5, slow(5.001))) is ModelStatus.DEGRADED


def test_a_degraded_model_is_well_exactly_at_the_share_of_its_limit() -> None:
    assert status_of(slow(5.0 * EXIT, slow(5.001))) is ModelStatus.AVAILABLE
    assert status_of(slow(5.0 * EXIT + 0.001, slow(5.001))) is ModelStatus.DEGRADED


# --- what a breaker's move carries ---------------------------------------------------------------


def test_an_opening_tells_its_trigger_and_what_was_counted() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)

    [moved] = of_kind(calls(member, FAILED, NOW, THRESHOLD), BreakerChanged)

    assert (moved.trigger, moved.calls, moved.failures, moved.consecutive_failures) == ("threshold", 4, 3, 3)
    assert moved.open_until == NOW + TIMEOUT


def test_retry_after_of_the_failure_that_opens_it_lengthens_the_opening() -> None:
    member = member_of(breaker_threshold=1)

    [moved] = of_kind(call(member, Outcome(OutcomeKind.OVERLOADED, retry_after=90.0), NOW), BreakerChanged)

    assert moved.open_until == NOW + 90


def test_the_rates_of_the_settings_reach_the_breaker() -> None:
    member = member_of(breaker_threshold=100, slow_call_duration=2.0, slow_call_rate_threshold=0.5, minimum_calls=2)
    call(member, SUCCESS, NOW, latency=2.5)

    [moved] = of_kind(call(member, SUCCESS, NOW, latency=0.1), BreakerChanged)

    assert moved.cause == "1 of 2 calls took longer than 2 s"
