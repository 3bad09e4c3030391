"""The way back of one model: its ramp, what ends it, and how long the recovery took."""

from __future__ import annotations

import pytest

from hive_console.core.comeback import BASELINE_CALLS
from hive_console.core.events import BreakerChanged, ModelRecovered, RampAdvanced, RecoveryEnded
from hive_console.core.member import Member
from hive_console.core.outcome import CANCELLED, SUCCESS
from hive_console.core.restart import restore_member, save_member
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.transitions import Trigger
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
    recovering,
)
from tests.core.samples import FAILED, NOW


def climb(member: Member, now: float, steps: int = 3) -> None:
    for _ in range(steps):
        calls(member, SUCCESS, now, 20)


# --- its steps -----------------------------------------------------------------------------------


def test_a_model_that_never_failed_gets_all_of_its_traffic() -> None:
    member = member_of()

    assert (member.ramp, member.share) == (None, 1.0)
    assert all(member.takes_its_share() for _ in range(10))


def test_a_good_trial_gives_a_tenth_of_the_traffic_back_and_says_so() -> None:
    member = down()

    events = call(member, SUCCESS, TRIAL, is_probe=True)

    assert of_kind(events, RampAdvanced) == [RampAdvanced(at=TRIAL, model="a", share=0.1)]
    assert member.share == 0.1
    assert [member.takes_its_share() for _ in range(20)].count(True) == 2


def test_a_recovering_model_is_available_and_says_what_it_gets() -> None:
    member = recovering()

    assert member.status is ModelStatus.AVAILABLE
    assert member.status_cause == "recovered, gets 10 % of its traffic"


def test_twenty_good_calls_pass_a_step() -> None:
    member = recovering()

    assert of_kind(calls(member, SUCCESS, TRIAL, 19), RampAdvanced) == []
    assert of_kind(call(member, SUCCESS, TRIAL), RampAdvanced) == [RampAdvanced(at=TRIAL, model="a", share=0.25)]


@pytest.mark.parametrize(("elapsed", "share"), [(29.999, 0.1), (30.0, 0.25)])
def test_time_passes_a_step_for_a_model_that_few_ask(elapsed: float, share: float) -> None:
    member = recovering()

    member.refresh(TRIAL + elapsed)

    assert member.share == share


def test_a_models_own_numbers_make_its_steps() -> None:
    member = recovering(ramp_calls=2, ramp_seconds=5.0)

    calls(member, SUCCESS, TRIAL, 2)
    assert member.share == 0.25
    member.refresh(TRIAL + 5)

    assert member.share == 0.5


def test_neutral_calls_and_cancelled_ones_pass_no_step() -> None:
    member = recovering()

    calls(member, CANCELLED, TRIAL, 100)

    assert member.share == 0.1


def test_late_results_of_before_the_recovery_pass_no_step_and_fail_none() -> None:
    member = member_of()
    late = [permit_of(member, NOW) for _ in range(60)]
    calls(member, FAILED, NOW, THRESHOLD)
    call(member, SUCCESS, TRIAL, is_probe=True)

    for permit in late[:30]:
        member.settle(permit, SUCCESS, TRIAL, latency=1.0)
    for permit in late[30:]:
        member.settle(permit, FAILED, TRIAL, latency=1.0)

    assert member.share == 0.1


# --- its end -------------------------------------------------------------------------------------


def test_the_last_step_ends_the_recovery_and_says_how_long_it_took() -> None:
    member = recovering()
    climb(member, TRIAL + 4, steps=2)

    events = calls(member, SUCCESS, TRIAL + 9, 20)

    assert of_kind(events, RampAdvanced) == [RampAdvanced(at=TRIAL + 9, model="a", share=1.0)]
    assert of_kind(events, RecoveryEnded) == [
        RecoveryEnded(at=TRIAL + 9, model="a", took=TIMEOUT + 9, ramp=9.0, by_operator=False)
    ]
    assert (member.ramp, member.share) == (None, 1.0)


def test_a_recovered_model_that_nobody_asks_has_all_of_its_traffic_after_a_minute_and_a_half() -> None:
    member = recovering()

    events = [event for second in range(1, 91) for event in member.refresh(TRIAL + second)]

    assert [event.share for event in of_kind(events, RampAdvanced)] == [0.25, 0.5, 1.0]
    [ended] = of_kind(events, RecoveryEnded)
    assert (ended.took, ended.ramp) == (TIMEOUT + 90, 90.0)


def test_without_a_ramp_the_trial_ends_the_recovery() -> None:
    member = down(ramp_calls=0)

    events = call(member, SUCCESS, TRIAL, is_probe=True)

    assert of_kind(events, RampAdvanced) == []
    assert of_kind(events, RecoveryEnded) == [
        RecoveryEnded(at=TRIAL, model="a", took=TIMEOUT, ramp=0.0, by_operator=False)
    ]
    assert member.share == 1.0


def test_a_recovery_ends_once() -> None:
    member = recovering(ramp_calls=1)
    climb(member, TRIAL, steps=1)

    events = [event for second in range(200) for event in member.refresh(TRIAL + second)]

    assert of_kind(events, RecoveryEnded) == []


def test_a_recovery_does_not_end_while_the_model_is_out_for_another_reason() -> None:
    member = recovering()
    member.eject(TRIAL + 1, TRIAL + 200, "fails more than the others")

    during = [event for second in range(1, 200) for event in member.refresh(TRIAL + second)]
    after = member.readmit(TRIAL + 200)

    assert of_kind(during, RecoveryEnded) == []
    assert [event.took for event in of_kind(after, RecoveryEnded)] == [TIMEOUT + 200]


def test_a_model_that_was_never_down_ends_no_recovery() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    restore_member(member, {**save_member(recovering()), "down_since": None}, TRIAL)

    assert of_kind(member.reset(TRIAL + 1, "by ada"), RecoveryEnded) == []


# --- failing again -------------------------------------------------------------------------------


def test_one_failure_on_the_first_step_opens_the_breaker_again() -> None:
    member = recovering()

    events = call(member, FAILED, TRIAL + 1)

    [moved] = of_kind(events, BreakerChanged)
    assert (moved.new, moved.trigger) == (BreakerState.OPEN, Trigger.RECOVERY_FAILED.name.lower())
    assert moved.cause == "failed again while it got its traffic back: server error: boom"
    assert member.ramp is None
    assert member.status is ModelStatus.UNAVAILABLE


def test_a_relapse_stays_open_for_longer() -> None:
    member = recovering(recovery_timeout=5.0, max_recovery_timeout=20.0)
    assert member.breaker.trips == 1

    call(member, FAILED, TRIAL + 1)

    assert member.breaker.open_until == TRIAL + 11


def test_the_time_of_a_recovery_counts_its_relapses_in() -> None:
    member = recovering(ramp_calls=1)
    call(member, FAILED, TRIAL + 1)
    again = TRIAL + 1 + TIMEOUT
    call(member, SUCCESS, again, is_probe=True)

    events = calls(member, SUCCESS, again + 3, 3)

    [ended] = of_kind(events, RecoveryEnded)
    assert (ended.took, ended.ramp) == (again + 3 - NOW, 3.0)


def test_enough_failures_in_a_row_open_it_by_its_threshold_also_on_the_way_back() -> None:
    member = member_of(breaker_threshold=1)
    call(member, FAILED, NOW)
    call(member, SUCCESS, TRIAL, is_probe=True)

    [moved] = of_kind(call(member, FAILED, TRIAL + 1), BreakerChanged)

    assert moved.trigger == Trigger.THRESHOLD.name.lower()
    assert member.ramp is None


def test_a_failed_probe_fails_the_ramp_too() -> None:
    member = recovering()

    call(member, FAILED, TRIAL + 1, is_probe=True)

    assert member.breaker.state is BreakerState.OPEN


# --- slow again ----------------------------------------------------------------------------------


def with_a_baseline() -> Member:
    """A member that is known to answer in a second, and is recovering."""
    member = member_of()
    calls(member, SUCCESS, NOW, BASELINE_CALLS)
    member.refresh(NOW)
    calls(member, FAILED, NOW, THRESHOLD)
    call(member, SUCCESS, TRIAL, is_probe=True)
    return member


def slowly(member: Member, latency: float) -> float:
    for _ in range(20):
        call(member, SUCCESS, TRIAL, latency=latency)
    return member.share


def test_a_model_that_is_slower_than_it_was_stays_on_its_step() -> None:
    assert slowly(with_a_baseline(), 1.5) == 0.1
    assert slowly(with_a_baseline(), 1.499) == 0.25


def test_a_model_of_which_nothing_is_known_is_not_held_back_by_its_speed() -> None:
    assert slowly(recovering(), 4.9) == 0.25


@pytest.mark.parametrize(("known", "share"), [(BASELINE_CALLS - 1, 0.25), (BASELINE_CALLS, 0.1)])
def test_what_is_normal_is_learned_from_exactly_so_many_calls(known: int, share: float) -> None:
    member = member_of()
    calls(member, SUCCESS, NOW, known)
    member.refresh(NOW)
    member.trip(NOW, "drill")
    call(member, SUCCESS, TRIAL, is_probe=True)

    assert slowly(member, 4.0) == share


def test_probes_say_nothing_about_how_fast_answers_normally_are() -> None:
    member = member_of()
    for _ in range(BASELINE_CALLS):
        call(member, SUCCESS, NOW, latency=0.01, is_probe=True)
    member.refresh(NOW)
    calls(member, FAILED, NOW, THRESHOLD)
    call(member, SUCCESS, TRIAL, is_probe=True)

    assert slowly(member, 4.0) == 0.25


# --- by hand -------------------------------------------------------------------------------------


def test_a_reset_returns_all_traffic_at_once_and_is_the_operators_recovery() -> None:
    member = recovering()

    events = member.reset(TRIAL + 7, "by ada")

    assert of_kind(events, RampAdvanced) == [RampAdvanced(at=TRIAL + 7, model="a", share=1.0)]
    assert of_kind(events, RecoveryEnded) == [
        RecoveryEnded(at=TRIAL + 7, model="a", took=TIMEOUT + 7, ramp=7.0, by_operator=True)
    ]


def test_a_reset_of_an_open_breaker_ends_the_recovery_without_a_ramp() -> None:
    member = down()

    events = member.reset(NOW + 5, "by ada")

    assert member.ramp is None
    assert of_kind(events, RecoveryEnded) == [
        RecoveryEnded(at=NOW + 5, model="a", took=5.0, ramp=0.0, by_operator=True)
    ]


def test_an_operator_takes_credit_for_no_later_recovery() -> None:
    member = down(ramp_calls=0)
    member.reset(NOW + 5, "by ada")
    calls(member, FAILED, NOW + 100, THRESHOLD)

    events = call(member, SUCCESS, NOW + 120, is_probe=True)

    assert of_kind(events, RecoveryEnded) == [
        RecoveryEnded(at=NOW + 120, model="a", took=20.0, ramp=0.0, by_operator=False)
    ]


def test_a_model_that_was_tripped_before_anybody_knew_it_lends_no_time_to_a_later_recovery() -> None:
    member = member_of(ramp_calls=0)
    member.trip(NOW, "drill")
    member.reset(NOW + 60, "drill over")
    call(member, SUCCESS, NOW + 100)
    calls(member, FAILED, NOW + 5000, THRESHOLD)

    events = call(member, SUCCESS, NOW + 5020, is_probe=True)

    assert [event.took for event in of_kind(events, RecoveryEnded)] == [20.0]


@pytest.mark.parametrize("deed", ["trip", "isolate"])
def test_a_model_that_is_taken_out_loses_its_ramp(deed: str) -> None:
    member = recovering()

    getattr(member, deed)(TRIAL + 1, "by ada")

    assert member.ramp is None


def test_an_activated_model_comes_back_in_steps_like_any_other() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)
    member.isolate(NOW, "by ada")
    member.release(NOW + 60, "by ada")

    events = call(member, SUCCESS, NOW + 61, is_probe=True)

    assert [event.share for event in of_kind(events, RampAdvanced)] == [0.1]
    assert of_kind(events, ModelRecovered)[0].by_operator


def test_a_frozen_ramp_stands_still_whatever_time_and_calls_say() -> None:
    member = recovering()
    member.freeze(TRIAL, "drill")

    calls(member, SUCCESS, TRIAL + 1, 50)
    calls(member, FAILED, TRIAL + 1, 2)
    member.refresh(TRIAL + 3600)

    assert (member.share, member.breaker.state) == (0.1, BreakerState.CLOSED)


def test_a_thawed_ramp_goes_on() -> None:
    member = recovering()
    member.freeze(TRIAL, "drill")

    events = member.thaw(TRIAL + 30, "drill over")

    assert [event.share for event in of_kind(events, RampAdvanced)] == [0.25]
