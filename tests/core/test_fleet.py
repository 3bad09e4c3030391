"""All members by name, and whose traffic is answered by whom."""

from __future__ import annotations

import pytest

from hive_console.core.errors import UnknownModel
from hive_console.core.events import (
    BreakerChanged,
    Event,
    OutlierEjected,
    OutlierReturned,
    StatusChanged,
    TrafficMoved,
)
from hive_console.core.fleet import COMPARABLE_CALLS, LAST_RESORT_PAUSE, SWEEP_EVERY, Fleet
from hive_console.core.outcome import CANCELLED, SUCCESS
from hive_console.core.settings import LastResort, ResilienceSettings, RouteSettings, Settings, Strategy
from hive_console.core.states import BreakerState
from hive_console.core.transitions import Permit
from tests.core.samples import FAILED, NOW, fleet_settings, model_settings


def fleet() -> Fleet:
    return Fleet(fleet_settings(), NOW)


def fail(fleet: Fleet, model_id: str, now: float = NOW) -> None:
    """Opens the breaker of a model through failures."""
    member = fleet.members[model_id]
    for _ in range(5):
        permit, _ = member.acquire(now)
        assert isinstance(permit, Permit)
        member.settle(permit, FAILED, now, latency=1.0)


def test_a_member_is_found_by_id_and_by_alias() -> None:
    aliased = Fleet(fleet_settings(model_settings("a", aliases=("fast", "best")), model_settings("b")), NOW)

    assert aliased.member("fast") is aliased.member("best") is aliased.member("a") is aliased.members["a"]


def test_a_name_that_nobody_has_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="'ghost' is not configured; configured: a, b, c"):
        fleet().member("ghost")


def test_members_keep_the_order_of_the_settings() -> None:
    assert list(fleet().members) == ["a", "b", "c"]


def test_at_first_everybody_serves_itself() -> None:
    known = fleet()

    assert [known.serving(model) for model in ("a", "b", "c")] == ["a", "b", "c"]
    assert known.refresh(NOW) == []


def test_traffic_that_moves_is_said_once() -> None:
    known = fleet()
    fail(known, "a")

    events = known.refresh(NOW + 1)

    assert events == [TrafficMoved(at=NOW + 1, model="a", old="a", new="b")]
    assert known.serving("a") == "b"
    assert known.refresh(NOW + 1) == []


def test_traffic_that_nobody_takes_is_said_too() -> None:
    known = fleet()
    for model in ("a", "b", "c"):
        fail(known, model)

    events = known.refresh(NOW)

    assert [(event.model, event.new) for event in events if isinstance(event, TrafficMoved)] == [
        ("a", None),
        ("b", None),
        ("c", None),
    ]
    assert known.serving("a") is None


def test_time_alone_changes_statuses_and_routes() -> None:
    known = fleet()
    permit, _ = known.members["a"].acquire(NOW)
    assert isinstance(permit, Permit)
    known.members["a"].settle(permit, SUCCESS, NOW, latency=0.1)
    known.members["a"].restraint.throttled_until = NOW + 10
    throttled = known.refresh(NOW)
    well = known.refresh(NOW + 10)

    assert [type(event) for event in throttled] == [StatusChanged, TrafficMoved]
    assert [type(event) for event in well] == [StatusChanged, TrafficMoved]
    assert known.serving("a") == "a"


def test_each_model_has_turns_of_its_own() -> None:
    models = (
        model_settings("a", fallbacks=("c",), strategy=Strategy.WEIGHTED),
        model_settings("b", fallbacks=("c",), strategy=Strategy.WEIGHTED),
        model_settings("c"),
    )
    known = Fleet(Settings(models), NOW)

    firsts = [known.plan(known.route(name), NOW).candidates[0] for name in ("a", "b", "a", "b")]

    assert firsts == ["a", "b", "c", "c"]


def test_the_first_of_a_chain_to_come_back_says_when() -> None:
    known = fleet()
    fail(known, "a", NOW)
    fail(known, "b", NOW + 3)

    assert known.retry_in(("a", "b"), NOW + 4) == pytest.approx(1.0)
    assert known.retry_in(("b",), NOW + 4) == pytest.approx(4.0)


def test_nobody_knows_when_all_are_held_out_by_hand() -> None:
    known = fleet()
    known.members["a"].isolate(NOW, "by ada")

    assert known.retry_in(("a",), NOW) is None
    assert known.retry_in(("a", "b"), NOW) == 0.0
    assert known.retry_in((), NOW) is None


def test_f7_two_fleets_of_the_same_settings_share_nothing() -> None:
    first, second = fleet(), fleet()

    fail(first, "a")

    assert not first.members["a"].would_admit(NOW)
    assert second.members["a"].would_admit(NOW)


# --- the last resort -----------------------------------------------------------------------------


def all_down(last_resort: LastResort = LastResort.NEAREST, at: tuple[float, ...] = (0.0, 1.0, 2.0)) -> Fleet:
    """A fleet whose breakers opened one after the other; `a` is nearest to its trial."""
    settings = Settings(fleet_settings().models, ResilienceSettings(last_resort=last_resort))
    known = Fleet(settings, NOW)
    for name, seconds in zip("abc", at, strict=True):
        fail(known, name, NOW + seconds)
    return known


ALL = ("a", "b", "c")
SOON = NOW + 3.0


def test_the_model_nearest_to_its_trial_is_the_last_resort() -> None:
    known = all_down()

    chosen, events = known.last_resort(ALL, SOON)

    assert chosen == "a"
    [moved] = [event for event in events if isinstance(event, BreakerChanged)]
    assert (moved.model, moved.new, moved.trigger) == ("a", BreakerState.HALF_OPEN, "last_resort")
    assert known.members["a"].would_admit(SOON)


def test_the_nearest_is_by_its_trial_and_not_by_its_place_in_the_chain() -> None:
    chosen, _ = all_down(at=(2.0, 0.0, 1.0)).last_resort(ALL, SOON)

    assert chosen == "b"


def test_only_models_of_the_chain_are_a_last_resort() -> None:
    chosen, _ = all_down().last_resort(("b", "c"), SOON)

    assert chosen == "b"


def test_there_is_no_last_resort_where_the_policy_refuses() -> None:
    assert all_down(LastResort.REFUSE).last_resort(ALL, SOON) == (None, [])


def test_there_is_no_last_resort_while_anybody_can_be_called() -> None:
    known = Fleet(Settings(fleet_settings().models, ResilienceSettings(last_resort=LastResort.NEAREST)), NOW)
    fail(known, "a")

    assert known.last_resort(ALL, SOON) == (None, [])


@pytest.mark.parametrize(("elapsed", "chosen"), [(LAST_RESORT_PAUSE - 0.001, None), (LAST_RESORT_PAUSE, "a")])
def test_a_breaker_that_just_opened_is_no_last_resort_yet(elapsed: float, chosen: str | None) -> None:
    known = all_down(at=(0.0, 0.0, 0.0))

    assert known.last_resort(("a",), NOW + elapsed)[0] == chosen


@pytest.mark.parametrize("why", ["fault", "frozen", "throttled", "ejected", "isolated"])
def test_a_model_that_would_refuse_all_the_same_is_no_last_resort(why: str) -> None:
    known = all_down()
    member = known.members["a"]
    match why:
        case "fault":
            member.fixed_fault = "no key"
        case "frozen":
            member.freeze(SOON, "drill")
        case "throttled":
            member.restraint.throttled_until = SOON + 60
        case "ejected":
            member.eject(SOON, SOON + 60, "x")
        case _:
            member.isolate(SOON, "drill")

    assert known.last_resort(ALL, SOON)[0] == "b"


def test_a_last_resort_under_way_is_not_chosen_a_second_time() -> None:
    known = all_down()
    known.last_resort(ALL, SOON)
    permit, _ = known.members["a"].acquire(SOON)
    assert isinstance(permit, Permit)

    assert known.last_resort(ALL, SOON)[0] == "b"


# --- outliers ------------------------------------------------------------------------------------


def compared(*, share: float = 0.4, models: int = 4) -> Fleet:
    settings = Settings(
        tuple(model_settings(f"m{number}") for number in range(models)),
        ResilienceSettings(outlier_ejection=True, max_ejection_share=share),
    )
    return Fleet(settings, NOW)


def traffic(fleet: Fleet, failing: str, now: float, *, calls: int = 20) -> None:
    for name in fleet.members:
        for number in range(calls):
            fleet.compare(name, now, is_failure=name == failing and number % 2 == 0)


def ejected(events: list[Event]) -> list[str]:
    return [event.model for event in events if isinstance(event, OutlierEjected)]


def test_who_fails_far_more_often_than_the_others_is_left_alone() -> None:
    known = compared()
    traffic(known, "m1", NOW)

    events = known.refresh(NOW + SWEEP_EVERY)

    assert ejected(events) == ["m1"]
    assert not known.members["m1"].would_admit(NOW + SWEEP_EVERY)
    assert known.members["m1"].restraint.ejection == "fails far more often than the others"


def test_models_are_compared_exactly_every_ten_seconds() -> None:
    known = compared(share=0.6)
    traffic(known, "m1", NOW)

    assert ejected(known.refresh(NOW + SWEEP_EVERY - 0.001)) == []
    assert ejected(known.refresh(NOW + SWEEP_EVERY)) == ["m1"]
    traffic(known, "m2", NOW + SWEEP_EVERY)

    assert ejected(known.refresh(NOW + 2 * SWEEP_EVERY - 0.001)) == []


@pytest.mark.parametrize(("calls", "found"), [(COMPARABLE_CALLS - 1, []), (COMPARABLE_CALLS, ["m1"])])
def test_exactly_so_many_calls_make_a_model_comparable(calls: int, found: list[str]) -> None:
    known = compared()
    traffic(known, "m1", NOW, calls=calls)

    assert ejected(known.refresh(NOW + SWEEP_EVERY)) == found


def test_where_ejection_is_off_nobody_is_compared() -> None:
    known = fleet()
    for name in ALL:
        for _ in range(50):
            known.compare(name, NOW, is_failure=name == "b")

    assert ejected(known.refresh(NOW + 60)) == []


def test_an_ejected_model_returns_when_its_time_is_over() -> None:
    known = compared()
    traffic(known, "m1", NOW)
    known.refresh(NOW + SWEEP_EVERY)
    until = known.members["m1"].restraint.ejected_until
    assert until is not None

    events = [event for second in range(60) for event in known.refresh(NOW + SWEEP_EVERY + second)]

    [returned] = [event for event in events if isinstance(event, OutlierReturned)]
    assert (returned.model, returned.at) == ("m1", until)


def test_ejections_are_lifted_when_most_of_the_fleet_is_out() -> None:
    known = compared()
    traffic(known, "m1", NOW)
    known.refresh(NOW + SWEEP_EVERY)
    for name in ("m0", "m2"):
        known.members[name].isolate(NOW + SWEEP_EVERY, "drill")

    events = known.refresh(NOW + 2 * SWEEP_EVERY)

    assert [event.model for event in events if isinstance(event, OutlierReturned)] == ["m1"]
    assert known.members["m1"].would_admit(NOW + 2 * SWEEP_EVERY)


def test_exactly_half_of_the_fleet_is_no_panic() -> None:
    known = compared()
    traffic(known, "m1", NOW)
    known.refresh(NOW + SWEEP_EVERY)
    known.members["m0"].isolate(NOW + SWEEP_EVERY, "drill")

    events = known.refresh(NOW + 2 * SWEEP_EVERY)

    assert [event for event in events if isinstance(event, OutlierReturned)] == []


def test_calls_of_real_traffic_are_compared_when_they_are_settled() -> None:
    known = compared()
    for name in known.members:
        for number in range(40):
            outcome = FAILED if name == "m1" and number % 2 else SUCCESS
            assert known.settled(known.members[name], outcome, NOW) == []
            known.settled(known.members[name], CANCELLED, NOW)

    assert ejected(known.refresh(NOW + SWEEP_EVERY)) == ["m1"]


# --- routes --------------------------------------------------------------------------------------


def with_routes() -> Fleet:
    models = (model_settings("a", fallbacks=("b",), aliases=("first",)), model_settings("b"), model_settings("c"))
    return Fleet(Settings(models, routes=(RouteSettings("smart", "a", ("c",)),)), NOW)


def test_models_aliases_and_virtual_models_have_routes() -> None:
    known = with_routes()

    assert [known.route(name).chain for name in ("a", "first", "smart")] == [("a", "b"), ("a", "b"), ("a", "c")]
    assert known.member("smart") is known.members["a"]
    assert list(known.routes) == ["a", "b", "c", "smart"]


def test_who_serves_a_virtual_model_is_told_when_it_changes() -> None:
    known = with_routes()
    fail(known, "a")

    moved = {event.model: event for event in known.refresh(NOW + 1) if isinstance(event, TrafficMoved)}

    assert (known.serving("smart"), known.serving("a")) == ("c", "b")
    assert moved["smart"] == TrafficMoved(at=NOW + 1, model="smart", old="a", new="c", primary="a")
    assert moved["a"].primary == ""
