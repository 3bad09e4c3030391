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
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS
from hive_console.core.restart import AS_BEFORE, restore_member, save_member
from hive_console.core.saved_state import UnreadableState, checked
from hive_console.core.settings import BreakerMode, ModelSettings, ProbeKind, Settings
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.transitions import Permit
from tests.core.member_driver import THRESHOLD, TIMEOUT, TRIAL, call, calls, down
from tests.core.samples import FAILED, NOW, model_settings
from tests.property.modest import MODEST

LATER = NOW + 5.0


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
    places = [(whole, name) for name in whole] + [(whole["breaker"], name) for name in whole["breaker"]]
    for record, name in places:
        value = record.pop(name)
        with pytest.raises(UnreadableState, match=name):
            checked(whole)
        record[name] = {"a": []}
        with pytest.raises(UnreadableState, match=name):
            checked(whole)
        record[name] = value

    assert checked(whole) == whole


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


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=4), part, max_size=3),
    max_leaves=6,
)


@MODEST
@given(st.data())
def test_whatever_stands_in_a_record_the_model_works_or_begins_afresh(data: st.DataObject) -> None:
    state = saved(recovering())
    for _ in range(data.draw(st.integers(1, 3))):
        record = data.draw(st.sampled_from([state, state["breaker"], state["ramp"]]).filter(bool))
        record[data.draw(st.sampled_from(sorted(record)))] = data.draw(
            _JSON | st.sampled_from([state.value for state in BreakerState])
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
