"""What a restart takes back of a model, and what it refuses: half a record never becomes half a model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_console.core.breaker import OPERATOR
from hive_console.core.events import (
    AutomationFrozen,
    BreakerChanged,
    Event,
    RampAdvanced,
    RoutePinned,
    ServiceFailed,
    StatusChanged,
)
from hive_console.core.faults import FAULT_SECONDS
from hive_console.core.fleet import Fleet
from hive_console.core.keys import keys_of
from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.pace import LONGEST_RESET
from hive_console.core.restart import AS_BEFORE, restore_member, save_member
from hive_console.core.saved_state import UnreadableState, checked
from hive_console.core.settings import BreakerMode, ModelSettings, ProbeKind, Settings
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.task import RateLimits, Usage
from hive_console.core.transitions import Permit
from tests.core.any_json import ANY_JSON
from tests.core.member_driver import THRESHOLD, TIMEOUT, TRIAL, call, calls, down
from tests.core.samples import FAILED, NOW, model_settings
from tests.property.modest import MODEST

LATER = NOW + 5.0
LATER_PARTS = ("way", "fault", "limits", "ejection")
LIMITS: dict[str, Any] = {
    "requests_left": None,
    "requests_until": 0.0,
    "tokens_left": None,
    "tokens_until": 0.0,
    "usual_tokens": 0.0,
    "counts": [],
}


def settings_of(**changes: Any) -> ModelSettings:  # any field of the dataclass
    known: dict[str, Any] = {"breaker_threshold": THRESHOLD, "recovery_timeout": TIMEOUT, "probe": ProbeKind.NONE}
    return model_settings("a", **(known | changes))


def saved(member: Member) -> Any:  # JSON
    return json.loads(json.dumps(save_member(member)))


def again(state: Any, now: float = LATER, **changes: Any) -> tuple[Member, list[Event]]:  # JSON; settings
    member = Member(settings_of(**changes), now)
    return member, restore_member(member, state, now)


def recovering() -> Member:
    """A member whose traffic returns in steps of ten calls."""
    member = Member(settings_of(ramp_calls=10, half_open_probes=1), NOW)
    calls(member, FAILED, NOW, THRESHOLD)
    call(member, SUCCESS, TRIAL, is_probe=True)
    assert member.ramp is not None
    return member


def test_open_breaker_keeps_its_end_its_trips_and_its_cause() -> None:
    before = down()

    after, events = again(saved(before))

    assert after.breaker.state is BreakerState.OPEN
    assert after.breaker.open_until == before.breaker.open_until == TRIAL
    assert (after.breaker.trips, after.breaker.consecutive_failures) == (1, THRESHOLD)
    assert not after.would_admit(TRIAL - 0.1)
    assert after.would_admit(TRIAL)
    changed, status = events
    assert isinstance(changed, BreakerChanged)
    assert (changed.old, changed.new, changed.trigger) == (BreakerState.CLOSED, BreakerState.OPEN, "restored")
    assert changed.open_until == TRIAL
    assert changed.cause.startswith(f"{AS_BEFORE}: ")
    assert isinstance(status, StatusChanged)
    assert status.new is ModelStatus.UNAVAILABLE


def test_restart_of_a_model_that_is_well_tells_nothing() -> None:
    before = Member(settings_of(), NOW)
    calls(before, FAILED, NOW, THRESHOLD - 1)

    after, events = again(saved(before))

    assert events == []
    assert after.breaker.consecutive_failures == THRESHOLD - 1


def test_opening_does_not_grow_longer_when_the_clock_was_set_back() -> None:
    before = down()

    after, _ = again(saved(before), now=NOW - 86_400)

    assert after.breaker.open_until == NOW - 86_400 + TIMEOUT
    assert after.breaker.since == NOW - 86_400


def test_deactivated_model_stays_so_until_it_is_activated() -> None:
    before = Member(settings_of(), NOW)
    before.isolate(NOW, "by ann: it lies")

    after, events = again(saved(before), now=NOW + 400 * 86_400)

    assert after.breaker.state is BreakerState.ISOLATED
    assert [event.cause for event in events if isinstance(event, BreakerChanged)] == [
        f"{AS_BEFORE}: deactivated by hand"
    ]
    [released] = [
        event for event in after.release(NOW + 400 * 86_400, "by ann") if isinstance(event, BreakerChanged)
    ]
    assert released.new is BreakerState.HALF_OPEN


def test_deactivated_model_whose_holder_is_lost_can_be_activated() -> None:
    before = Member(settings_of(), NOW)
    before.isolate(NOW, "by ann")
    state = saved(before)
    state["breaker"]["holders"] = {}

    after, _ = again(state)

    assert after.breaker.holders == {OPERATOR: None}


def test_hold_that_ran_out_meanwhile_ends_at_the_restart() -> None:
    before = Member(settings_of(), NOW)
    before.breaker.isolate(NOW, "drill", until=NOW + 2)

    after, events = again(saved(before))

    assert after.breaker.state is BreakerState.HALF_OPEN
    moves = [(event.old, event.new) for event in events if isinstance(event, BreakerChanged)]
    assert moves == [
        (BreakerState.CLOSED, BreakerState.ISOLATED),
        (BreakerState.ISOLATED, BreakerState.HALF_OPEN),
    ]


@pytest.mark.parametrize("until", [None, LATER + 60])
def test_freeze_stays_and_is_told(until: float | None) -> None:
    before = Member(settings_of(), NOW)
    before.freeze(NOW, "by ann", until=until)

    after, events = again(saved(before))

    assert after.breaker.is_frozen(LATER)
    assert after.breaker.is_frozen(LATER + 86_400) is (until is None)
    assert events == [AutomationFrozen(at=LATER, model="a", until=until, cause=AS_BEFORE)]


def test_freeze_that_ran_out_is_over() -> None:
    before = Member(settings_of(), NOW)
    before.freeze(NOW, "by ann", until=NOW + 1)

    after, events = again(saved(before))

    assert not after.breaker.is_frozen(LATER)
    assert [type(event).__name__ for event in events] == ["AutomationThawed"]


def test_traffic_goes_on_returning_where_it_was() -> None:
    before = recovering()
    calls(before, SUCCESS, TRIAL + 1, 10)
    assert before.ramp is not None
    share = before.share

    after, events = again(saved(before), now=TRIAL + 2, ramp_calls=10)

    assert after.share == share
    assert RampAdvanced(at=TRIAL + 2, model="a", share=share) in events
    assert save_member(after)["ramp_since"] == save_member(before)["ramp_since"]


def test_step_of_the_return_that_took_its_time_is_passed_at_the_restart() -> None:
    before = recovering()

    after, _ = again(saved(before), now=TRIAL + 3600, ramp_calls=10)

    assert after.share > before.share


@pytest.mark.parametrize("change", [{"step": 99}, {"step": 4}])
def test_return_that_cannot_be_one_of_ours_begins_anew_or_is_over(change: dict[str, int]) -> None:
    state = saved(recovering())
    state["ramp"] |= change

    after, _ = again(state, now=TRIAL + 1, ramp_calls=10)

    assert after.ramp is None or after.ramp.step == 0


def test_return_is_over_when_the_settings_want_none_and_so_is_the_time_it_counted() -> None:
    after, _ = again(saved(recovering()), now=TRIAL + 1, ramp_calls=0)

    assert after.ramp is None
    assert save_member(after)["down_since"] is None


def test_throttle_and_pin_stay() -> None:
    before = Member(settings_of(), NOW)
    before.restraint.throttled_until, before.pinned_to = NOW + 60, "b"

    after, _ = again(saved(before))

    assert after.restraint.is_throttled(LATER)
    assert after.pinned_to == "b"


@pytest.mark.parametrize("mode", [BreakerMode.METRICS_ONLY, BreakerMode.DISABLED])
def test_breaker_whose_mode_was_changed_begins_in_the_new_one(mode: BreakerMode) -> None:
    after, events = again(saved(down()), breaker_mode=mode)

    assert after.breaker.state.value == mode.value
    assert after.breaker.open_until is None
    assert not any(isinstance(event, BreakerChanged) for event in events)


def test_deactivation_outlives_a_change_of_mode() -> None:
    before = Member(settings_of(), NOW)
    before.isolate(NOW, "by ann")

    after, _ = again(saved(before), breaker_mode=BreakerMode.DISABLED)

    assert after.breaker.state is BreakerState.ISOLATED


def test_every_field_must_be_there_and_of_its_type() -> None:
    whole = saved(down())
    own = [name for name in whole if name not in LATER_PARTS]
    places = [(whole, name) for name in own] + [(whole["breaker"], name) for name in whole["breaker"]]
    for record, name in places:
        value = record.pop(name)
        with pytest.raises(UnreadableState, match=name):
            checked(whole)
        record[name] = {"a": []}
        with pytest.raises(UnreadableState, match=name):
            checked(whole)
        record[name] = value

    assert checked(whole) == whole | {"ejection": None}


def test_parts_that_earlier_versions_did_not_write_may_be_missing() -> None:
    whole = saved(down())
    for name in LATER_PARTS:
        whole.pop(name, None)

    assert checked(whole) == whole | dict.fromkeys(LATER_PARTS)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("way", 7),
        ("fault", 7),
        ("fault", {"kind": "quota_exhausted", "until": "soon", "seen_by_probe": False}),
        ("fault", {"kind": "quota_exhausted", "until": 1.0}),
        ("ejection", {"at": 1.0, "multiplier": -1}),
        ("limits", {"requests_left": 1}),
        ("limits", LIMITS | {"counts": [[1, 2]]}),
        ("limits", LIMITS | {"counts": {}}),
    ],
)
def test_later_part_that_is_there_must_be_whole(part: str, value: Any) -> None:
    with pytest.raises(UnreadableState, match=part):
        checked(saved(down()) | {part: value})


def settled(member: Member, outcome: Outcome, now: float, usage: Usage | None = None) -> None:
    permit, _ = member.acquire(now)
    assert isinstance(permit, Permit)
    member.settle(permit, outcome, now, latency=0.1, usage=usage)


@pytest.mark.parametrize("kind", [OutcomeKind.QUOTA_EXHAUSTED, OutcomeKind.MODEL_NOT_FOUND])
def test_fault_stays_until_a_call_finds_it_mended(kind: OutcomeKind) -> None:
    before = Member(settings_of(), NOW)
    settled(before, Outcome(kind), NOW)

    after, events = again(saved(before), now=NOW + 10)

    assert after.fault == before.fault
    assert [event.new for event in events if isinstance(event, StatusChanged)] == [ModelStatus.UNAVAILABLE]
    assert not after.would_admit(NOW + FAULT_SECONDS - 0.1)
    assert after.would_admit(NOW + FAULT_SECONDS)
    settled(after, SUCCESS, NOW + FAULT_SECONDS)
    assert after.fault == ""


def test_fault_is_not_looked_after_later_than_it_would_be_when_the_clock_was_set_back() -> None:
    before = Member(settings_of(), NOW)
    settled(before, Outcome(OutcomeKind.QUOTA_EXHAUSTED), NOW)

    after, _ = again(saved(before), now=NOW - 86_400)

    assert after.would_admit(NOW - 86_400 + FAULT_SECONDS)


@pytest.mark.parametrize("kind", ["endpoint_refused", "of a newer version"])
def test_fault_that_is_not_kept_is_found_anew(kind: str) -> None:
    before = Member(settings_of(), NOW)
    settled(before, Outcome(OutcomeKind.QUOTA_EXHAUSTED), NOW)
    state = saved(before)
    state["fault"]["kind"] = kind

    after, _ = again(state)

    assert after.fault == ""


@pytest.mark.parametrize(
    "change", [{"key": "env:OTHER"}, {"wire_name": "another"}, {"endpoint": "http://x.test/v1"}]
)
def test_what_a_provider_said_of_another_key_or_model_is_forgotten(change: dict[str, Any]) -> None:
    before = Member(settings_of(), NOW, key=keys_of([settings_of()])["a"])
    settled(before, Outcome(OutcomeKind.QUOTA_EXHAUSTED), NOW)
    before.restraint.throttled_until = LATER + 100

    changed = settings_of(**change)
    after = Member(changed, LATER, key=keys_of([changed])["a"])
    restore_member(after, saved(before), LATER)

    assert (after.fault, after.restraint.throttled_until) == ("", None)


def test_limits_that_a_provider_told_stay_until_they_are_full_again() -> None:
    before = Member(settings_of(), NOW)
    settled(before, SUCCESS, NOW, Usage(60, 40))
    before.heed(RateLimits(0, 30.0, 10, 40.0), NOW)

    after, _ = again(saved(before), now=NOW + 1)

    assert not after.would_admit(NOW + 39)
    assert after.would_admit(NOW + 41)
    late, _ = again(saved(before), now=NOW - 86_400)
    assert late.would_admit(NOW - 86_400 + LONGEST_RESET)


def test_calls_of_the_last_minute_count_over_a_restart() -> None:
    before = Member(settings_of(requests_per_minute=2), NOW)
    for number in range(2):
        settled(before, SUCCESS, NOW + number)

    after, _ = again(saved(before), now=NOW + 30, requests_per_minute=2)

    assert not after.would_admit(NOW + 59)
    assert after.would_admit(NOW + 62)
    back, _ = again(saved(before), now=NOW - 86_400, requests_per_minute=2)
    assert back.would_admit(NOW - 86_400)


@pytest.mark.parametrize(
    "tally",
    [
        None,
        [],
        ["Tally", [1, 2]],
        ["Tally", [1, 2, "3"]],
        ["CountTally", [-1]],
        ["TimeTally", [[1, 2, 3]]],
        [1, []],
    ],
)
def test_counts_that_are_none_are_refused(tally: Any) -> None:
    state = saved(down())
    state["breaker"]["tally"] = tally

    with pytest.raises(UnreadableState, match="tally"):
        checked(state)


@pytest.mark.parametrize("tally", [["NewTally", {"of": "a newer version"}], ["CountTally", [1, 3]]])
def test_counts_of_another_kind_are_left_alone(tally: Any) -> None:
    state = saved(down())
    state["breaker"]["tally"] = tally

    after, _ = again(state)

    assert after.breaker.state is BreakerState.OPEN


@MODEST
@given(st.data())
def test_whatever_stands_in_a_record_the_model_works_or_begins_afresh(data: st.DataObject) -> None:
    state = saved(recovering())
    for _ in range(data.draw(st.integers(1, 3))):
        record = data.draw(st.sampled_from([state, state["breaker"], state["ramp"]]).filter(bool))
        record[data.draw(st.sampled_from(sorted(record)))] = data.draw(
            ANY_JSON | st.sampled_from([state.value for state in BreakerState])
        )
        if not isinstance(state["breaker"], dict) or not isinstance(state["ramp"], dict):
            break
    member = Member(settings_of(ramp_calls=10), TRIAL + 1)

    try:
        restore_member(member, state, TRIAL + 1)
    except UnreadableState:
        assert save_member(member) == save_member(Member(settings_of(ramp_calls=10), TRIAL + 1))
    for number in range(20):
        now = TRIAL + 2 + number
        member.refresh(now)
        permit, _ = member.acquire(now)
        if isinstance(permit, Permit):
            member.settle(permit, FAILED if number % 3 else SUCCESS, now, latency=0.1)
        member.retry_in(now)
    member.release(TRIAL + 30, "by ann")
    member.reset(TRIAL + 30, "by ann")
    json.dumps(save_member(member))


def fleet_of(*names: str) -> Fleet:
    return Fleet(Settings(models=tuple(model_settings(name) for name in names)), LATER)


def test_one_unreadable_state_is_told_and_costs_only_its_own_model() -> None:
    before = fleet_of("a", "b")
    for member in before.members.values():
        member.isolate(LATER, "by ann")
    state = json.loads(json.dumps(before.save())) | {"gone": None}
    state["a"]["breaker"]["state"] = "quantum"

    after = fleet_of("a", "b")
    events = after.restore(state, LATER)

    assert after.members["a"].breaker.state is BreakerState.CLOSED
    assert after.members["b"].breaker.state is BreakerState.ISOLATED
    [failed] = [event for event in events if isinstance(event, ServiceFailed)]
    assert failed.service == "the saved state of a"
    assert "breaker.state" in failed.message


@pytest.mark.parametrize("state", [None, [], "text", 7, {}])
def test_what_is_no_record_is_told(state: Any) -> None:
    events = fleet_of("a").restore({"a": state}, LATER)

    assert [type(event) for event in events] == [ServiceFailed]


def test_pin_is_told_again_and_ends_when_its_target_is_gone() -> None:
    before = fleet_of("a", "b")
    before.members["a"].pinned_to = "b"
    state = json.loads(json.dumps(before.save()))

    kept, gone = fleet_of("a", "b"), fleet_of("a")

    assert kept.restore(state, LATER) == [RoutePinned(at=LATER, model="a", target="b", cause=AS_BEFORE)]
    assert gone.restore(state, LATER) == [
        RoutePinned(at=LATER, model="a", target=None, cause="b is no longer configured")
    ]
    assert gone.members["a"].pinned_to is None
