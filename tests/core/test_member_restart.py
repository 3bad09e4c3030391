"""What a model keeps over a restart of the console."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.core.comeback import BASELINE_CALLS
from hive_console.core.events import AutomationThawed, BreakerChanged, RecoveryEnded, StatusChanged
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.restart import restore_member, save_member
from hive_console.core.settings import BreakerMode
from hive_console.core.states import BreakerState, ModelStatus
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
from tests.core.samples import FAILED, NOW, fleet_settings, model_settings

S = BreakerState


def restart(member: Member, now: float, **changes: Any) -> Member:  # any field of `ModelSettings`
    """The member of the next process, through JSON as it is stored."""
    again = member_of(**changes)
    restore_member(again, json.loads(json.dumps(save_member(member))), now)
    return again


def test_an_open_breaker_is_open_after_a_restart_and_the_model_unavailable() -> None:
    again = restart(down(), NOW + 1)

    assert again.breaker.open_until == TRIAL
    assert again.status is ModelStatus.UNAVAILABLE
    assert again.status_cause == "server error: boom"


def test_a_recovery_is_timed_from_before_the_restart() -> None:
    again = restart(down(), NOW + 1, ramp_calls=0)

    events = call(again, SUCCESS, TRIAL, is_probe=True)

    assert [event.took for event in of_kind(events, RecoveryEnded)] == [TIMEOUT]


def test_a_ramp_goes_on_at_its_step() -> None:
    member = recovering()
    calls(member, SUCCESS, TRIAL, 30)

    again = restart(member, TRIAL + 1)

    assert again.share == 0.25
    calls(again, SUCCESS, TRIAL + 1, 10)
    assert again.share == 0.5


def test_a_ramps_time_is_counted_from_before_the_restart() -> None:
    again = restart(recovering(), TRIAL + 10)

    events = calls(again, SUCCESS, TRIAL + 20, 60)

    assert [(event.took, event.ramp) for event in of_kind(events, RecoveryEnded)] == [(TIMEOUT + 20, 20.0)]


def test_a_ramp_that_is_no_longer_wanted_is_left_behind() -> None:
    again = restart(recovering(), TRIAL, ramp_calls=0)

    assert (again.ramp, again.share) == (None, 1.0)


def test_a_throttle_and_a_pin_survive() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.RATE_LIMITED, retry_after=60.0), NOW)
    member.pinned_to = "b"

    again = restart(member, NOW + 1)

    assert again.restraint.is_throttled(NOW + 59.999)
    assert not again.restraint.is_throttled(NOW + 60)
    assert again.pinned_to == "b"


def test_after_a_restart_one_failure_makes_nobody_doubt() -> None:
    member = member_of()
    call(member, Outcome(OutcomeKind.TIMED_OUT), NOW)

    again = restart(member, NOW)
    for _ in range(THRESHOLD):
        permit_of(again, NOW)

    assert (again.breaker.consecutive_failures, again.part) == (1, 1.0)


def test_what_is_normal_for_the_model_survives() -> None:
    member = member_of()
    calls(member, SUCCESS, NOW, BASELINE_CALLS)
    member.refresh(NOW)
    again = restart(member, NOW)
    calls(again, FAILED, NOW, THRESHOLD)
    call(again, SUCCESS, TRIAL, is_probe=True)

    for _ in range(20):
        call(again, SUCCESS, TRIAL, latency=4.0)

    assert again.share == 0.1


def test_a_model_that_was_well_is_unknown_until_it_is_checked_again() -> None:
    member = member_of()
    call(member, SUCCESS, NOW)

    assert restart(member, NOW).status is ModelStatus.UNKNOWN


def test_a_freeze_that_outlives_the_restart_says_when_it_ends() -> None:
    member = member_of()
    member.freeze(NOW, "drill", until=NOW + 60)

    again = restart(member, NOW + 1)

    assert of_kind(again.refresh(NOW + 59), AutomationThawed) == []
    assert len(of_kind(again.refresh(NOW + 60), AutomationThawed)) == 1


# --- settings that changed meanwhile win ---------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "state"), [(BreakerMode.METRICS_ONLY, S.METRICS_ONLY), (BreakerMode.DISABLED, S.DISABLED)]
)
@pytest.mark.parametrize("member", [member_of(), down(), recovering()], ids=["closed", "open", "recovering"])
def test_a_breaker_that_shall_stop_nobody_any_more_stops_nobody(
    member: Member, mode: BreakerMode, state: BreakerState
) -> None:
    again = restart(member, TRIAL, breaker_mode=mode)

    assert again.breaker.state is state
    assert (again.ramp, again.would_admit(TRIAL)) == (None, True)


@pytest.mark.parametrize("mode", [BreakerMode.METRICS_ONLY, BreakerMode.DISABLED])
def test_a_breaker_that_shall_stop_calls_again_is_closed(mode: BreakerMode) -> None:
    member = member_of(breaker_mode=mode)
    again = member_of()

    told = restore_member(again, json.loads(json.dumps(save_member(member))), NOW)

    assert again.breaker.state is S.CLOSED
    assert of_kind(told, BreakerChanged) == []


@pytest.mark.parametrize("mode", BreakerMode)
def test_an_operators_deactivation_is_stronger_than_any_mode(mode: BreakerMode) -> None:
    member = member_of()
    member.isolate(NOW, "by ada")

    assert restart(member, NOW + 1, breaker_mode=mode).breaker.state is S.ISOLATED


# --- the fleet -----------------------------------------------------------------------------------


def fleet_after(saved: dict[str, Any], *names: str) -> Fleet:
    fleet = Fleet(fleet_settings(*(model_settings(name) for name in names)), NOW)
    fleet.restore(json.loads(json.dumps(saved)), NOW)
    return fleet


def test_each_model_gets_its_own_state_back() -> None:
    fleet = Fleet(fleet_settings(), NOW)
    fleet.members["b"].trip(NOW, "drill")

    again = fleet_after(fleet.save(), "a", "b", "c")

    assert [member.breaker.state for member in again.members.values()] == [S.CLOSED, S.OPEN, S.CLOSED]


def test_what_is_out_after_a_restart_is_said() -> None:
    fleet = Fleet(fleet_settings(), NOW)
    fleet.members["b"].trip(NOW, "drill")
    again = Fleet(fleet_settings(), NOW)

    events = again.restore(json.loads(json.dumps(fleet.save())), NOW)

    assert [(event.model, event.new) for event in of_kind(events, StatusChanged)] == [
        ("b", ModelStatus.UNAVAILABLE)
    ]


def test_a_model_that_is_new_begins_afresh_and_one_that_is_gone_is_left_out() -> None:
    fleet = Fleet(fleet_settings(), NOW)

    again = fleet_after(fleet.save(), "a", "new")

    assert list(again.members) == ["a", "new"]


def test_a_pin_to_a_model_that_is_gone_is_ended() -> None:
    fleet = Fleet(fleet_settings(), NOW)
    fleet.members["a"].pinned_to = "b"

    assert fleet_after(fleet.save(), "a", "b").members["a"].pinned_to == "b"
    assert fleet_after(fleet.save(), "a", "c").members["a"].pinned_to is None
