"""A fleet under other settings: who stays, who joins, who leaves, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.errors import UnknownModel
from hive_console.core.events import (
    BreakerChanged,
    Event,
    KeyQuarantined,
    KeyRestored,
    OutlierReturned,
    RoutePinned,
    StatusChanged,
    TrafficMoved,
)
from hive_console.core.fleet import COMPARABLE_CALLS, SWEEP_EVERY, Fleet
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import (
    BreakerMode,
    Dialect,
    LastResort,
    ModelSettings,
    ResilienceSettings,
    RouteSettings,
    Settings,
)
from hive_console.core.snapshot import HoldView
from hive_console.core.states import BreakerState, HoldKind, ModelStatus
from tests.core.member_driver import of_kind
from tests.core.samples import FAILED, NOW, model_settings
from tests.core.test_fleet import fail

A, B, C = model_settings("a", fallbacks=("b",)), model_settings("b"), model_settings("c")


def settings(*models: ModelSettings, **resilience: Any) -> Settings:  # any field of `ResilienceSettings`
    return Settings(models, ResilienceSettings(**resilience))


def fleet_of(*models: ModelSettings, **resilience: Any) -> Fleet:  # the same
    return Fleet(settings(*models, **resilience), NOW)


def answer(fleet: Fleet, name: str) -> None:
    permit, _ = fleet.members[name].acquire(NOW)
    fleet.members[name].settle(permit, SUCCESS, NOW, latency=1.0)  # type: ignore[arg-type]  # it is well


def test_a_model_that_did_not_change_is_the_same_member() -> None:
    fleet = fleet_of(A, B)
    before = dict(fleet.members)
    fail(fleet, "b")

    fleet.reconfigure(settings(replace(A, timeout=7.0), B, C), NOW)

    assert fleet.members["b"] is before["b"]
    assert fleet.members["a"] is before["a"]
    assert fleet.members["a"].settings.timeout == 7.0
    assert fleet.members["b"].breaker.state is BreakerState.OPEN


def test_an_added_model_is_unknown_and_found_by_every_name() -> None:
    fleet = fleet_of(A, B)

    events = fleet.reconfigure(settings(replace(C, aliases=("fast",)), A, B), NOW)

    assert list(fleet.members) == ["c", "a", "b"]
    assert fleet.member("fast").status is ModelStatus.UNKNOWN
    assert fleet.serving("c") == "c"
    assert events == []


def test_a_removed_model_is_no_longer_asked_for_and_its_calls_tell_nothing() -> None:
    fleet = fleet_of(A, B, C)
    permit, _ = fleet.members["c"].acquire(NOW)

    fleet.reconfigure(settings(A, B), NOW)

    with pytest.raises(UnknownModel):
        fleet.member("c")
    leaving = fleet.members["c"]
    assert leaving.settle(permit, FAILED, NOW, latency=1.0) == []  # type: ignore[arg-type]  # it was well
    fleet.compare("c", NOW, is_failure=True)


def hold(fleet: Fleet, kind: HoldKind, target: str, detail: str = "") -> None:
    """Ada's word."""
    fleet.warden.place(HoldView(kind, target, "ada", NOW, detail=detail), NOW, cause="by ada: drill")


def test_a_pin_to_a_removed_model_ends_and_others_stay() -> None:
    fleet = fleet_of(A, B, C)
    hold(fleet, HoldKind.PINNED, "a", "c")
    hold(fleet, HoldKind.PINNED, "b", "a")

    events = fleet.reconfigure(settings(A, B), NOW)

    assert [(pin.model, pin.target) for pin in of_kind(events, RoutePinned)] == [("a", None)]
    assert fleet.members["b"].pinned_to == "a"


def test_traffic_moves_when_the_model_that_served_it_leaves() -> None:
    fleet = fleet_of(A, B, C)
    fail(fleet, "a")
    fleet.refresh(NOW)
    assert fleet.serving("a") == "b"

    events = fleet.reconfigure(settings(replace(A, fallbacks=("c",)), C), NOW)

    assert [(moved.old, moved.new) for moved in of_kind(events, TrafficMoved)] == [("b", "c")]


@pytest.mark.parametrize(
    "place", [{"endpoint": "https://other/v1"}, {"wire_name": "other"}, {"dialect": Dialect.ANTHROPIC}]
)
def test_a_model_at_another_address_begins_afresh(place: dict[str, Any]) -> None:
    fleet = fleet_of(A, B)
    answer(fleet, "a")
    fail(fleet, "a")
    old = fleet.members["a"]

    events = fleet.reconfigure(settings(replace(A, **place), B), NOW)

    new = fleet.members["a"]
    assert new is not old
    assert old.is_retired
    assert (new.status, new.breaker.state) == (ModelStatus.UNKNOWN, BreakerState.CLOSED)
    assert [(moved.old, moved.new) for moved in of_kind(events, BreakerChanged)] == [
        (BreakerState.OPEN, BreakerState.CLOSED)
    ]
    assert [change.new for change in of_kind(events, StatusChanged)] == [ModelStatus.UNKNOWN]


def test_what_an_operator_ordered_holds_for_the_name_at_another_address() -> None:
    fleet = fleet_of(A, B)
    member = fleet.members["a"]
    hold(fleet, HoldKind.DEACTIVATED, "a")
    hold(fleet, HoldKind.FROZEN, "a")
    hold(fleet, HoldKind.PINNED, "a", "b")

    events = fleet.reconfigure(settings(replace(A, endpoint="https://other/v1"), B), NOW)

    new = fleet.members["a"]
    assert new is not member
    assert (new.breaker.state, new.pinned_to, new.breaker.is_frozen(NOW)) == (BreakerState.ISOLATED, "b", True)
    assert of_kind(events, BreakerChanged) == []
    assert new.status is ModelStatus.UNAVAILABLE


def refuse(fleet: Fleet, name: str) -> list[Event]:
    """The provider refuses the key of this model's next call."""
    member = fleet.members[name]
    permit, _ = member.acquire(NOW)
    member.settle(permit, Outcome(OutcomeKind.KEY_REFUSED, status=401), NOW, latency=0.1)  # type: ignore[arg-type]  # it is free
    return fleet.key_news(member.restraint.key, NOW)


def keyed(name: str, key: str, **more: Any) -> ModelSettings:  # any field of `ModelSettings`
    return model_settings(name, key=key, endpoint="https://x/v1", **more)


def news_of_keys(events: list[Event]) -> list[tuple[type[Event], tuple[str, ...]]]:
    return [(type(event), event.models) for event in events if isinstance(event, KeyQuarantined | KeyRestored)]


def test_a_refused_key_stays_refused_for_who_goes_on_using_it() -> None:
    fleet = fleet_of(keyed("a", "env:K"), keyed("b", "env:K"))
    refuse(fleet, "b")

    events = fleet.reconfigure(settings(keyed("c", "env:K"), keyed("a", "env:K")), NOW)

    assert news_of_keys(events) == []
    assert [member.fault for member in fleet.members.values()] == ["key refused by the provider"] * 2
    assert fleet.members["a"].restraint.key is fleet.members["c"].restraint.key
    assert fleet.members["c"].restraint.key.models == ("a", "c")


def test_a_refused_key_that_nobody_uses_any_more_is_no_trouble() -> None:
    fleet = fleet_of(keyed("a", "env:K"), B)
    refuse(fleet, "a")

    events = fleet.reconfigure(settings(keyed("a", "env:OTHER"), B), NOW)

    assert news_of_keys(events) == [(KeyRestored, ("a",))]
    assert fleet.members["a"].fault == ""


def test_a_refused_key_is_told_anew_when_the_model_it_was_told_under_uses_another() -> None:
    fleet = fleet_of(keyed("a", "env:K"), keyed("b", "env:K"))
    refuse(fleet, "a")

    events = fleet.reconfigure(settings(keyed("a", "env:OTHER"), keyed("b", "env:K")), NOW)

    assert news_of_keys(events) == [(KeyRestored, ("a", "b")), (KeyQuarantined, ("b",))]
    assert [fleet.members[name].fault for name in ("a", "b")] == ["", "key refused by the provider"]


def test_the_same_key_at_another_place_is_another_key() -> None:
    fleet = fleet_of(keyed("a", "env:K"))
    refuse(fleet, "a")

    fleet.reconfigure(settings(replace(keyed("a", "env:K"), endpoint="https://y/v1")), NOW)

    assert fleet.members["a"].fault == ""


def test_routes_follow_the_settings_and_those_that_stay_keep_who_serves() -> None:
    fleet = Fleet(Settings((A, B, C), routes=(RouteSettings("r", "a", ("b",)), RouteSettings("s", "b"))), NOW)
    fail(fleet, "a")
    fleet.refresh(NOW)

    events = fleet.reconfigure(
        Settings((A, B, C), routes=(RouteSettings("r", "a", ("c",)), RouteSettings("t", "c"))), NOW
    )

    assert [(moved.model, moved.old, moved.new) for moved in of_kind(events, TrafficMoved)] == [("r", "b", "c")]
    assert fleet.member("t") is fleet.members["c"]
    assert fleet.serving("t") == "c"
    with pytest.raises(UnknownModel):
        fleet.route("s")


def ejecting(**more: Any) -> Fleet:  # any field of `ResilienceSettings`
    """`c` fails every call, its breaker only looks on, and it is ejected."""
    models = [replace(model, fallbacks=(), breaker_threshold=1000) for model in (A, B, C, model_settings("d"))]
    fleet = fleet_of(*models, outlier_ejection=True, max_ejection_share=0.5, **more)
    for name in fleet.members:
        answer(fleet, name)
        for _ in range(COMPARABLE_CALLS):
            fleet.compare(name, NOW, is_failure=name == "c")
    fleet.refresh(NOW + SWEEP_EVERY)
    assert fleet.members["c"].restraint.ejection
    return fleet


def returned(events: list[Event]) -> list[str]:
    return [event.model for event in of_kind(events, OutlierReturned)]


def test_an_ejected_model_stays_ejected_while_others_change() -> None:
    fleet = ejecting()
    kept = [member.settings for member in fleet.members.values()][1:]

    events = fleet.reconfigure(settings(*kept, outlier_ejection=True, max_ejection_share=0.9), NOW)

    assert fleet.members["c"].restraint.ejection
    assert returned(events) == []


def test_an_ejected_model_at_another_address_is_ejected_no_more() -> None:
    fleet = ejecting()
    moved = [replace(member.settings, endpoint="https://other/v1") for member in fleet.members.values()]

    events = fleet.reconfigure(settings(*moved, outlier_ejection=True), NOW)

    assert fleet.members["c"].restraint.ejection == ""
    assert returned(events) == ["c"]


def test_ejections_end_where_they_are_no_longer_wanted_and_begin_where_they_are() -> None:
    fleet = ejecting()
    models = [member.settings for member in fleet.members.values()]

    assert returned(fleet.reconfigure(settings(*models), NOW)) == ["c"]

    fleet.reconfigure(settings(*models, outlier_ejection=True), NOW)
    for name in fleet.members:
        for _ in range(COMPARABLE_CALLS):
            fleet.compare(name, NOW, is_failure=name == "c")
    fleet.refresh(NOW + 3 * SWEEP_EVERY)
    assert fleet.members["c"].restraint.ejection


def test_the_last_resort_follows_the_settings() -> None:
    fleet = fleet_of(A, B)
    fail(fleet, "a")

    fleet.reconfigure(settings(A, B, last_resort=LastResort.NEAREST), NOW)

    assert fleet.last_resort(("a",), NOW + 2)[0] == "a"


def test_a_breaker_that_begins_elsewhere_than_closed_is_told_at_the_start_and_when_it_joins() -> None:
    counts, off = replace(A, fallbacks=(), breaker_mode=BreakerMode.METRICS_ONLY), replace(C)
    off = replace(off, breaker_mode=BreakerMode.DISABLED)
    fleet = fleet_of(counts, B)

    begun = of_kind(fleet.begin(NOW), BreakerChanged)
    joined = of_kind(fleet.reconfigure(settings(counts, B, off), NOW + 1), BreakerChanged)

    assert [(event.model, event.new, event.trigger) for event in begun] == [
        ("a", BreakerState.METRICS_ONLY, "configured")
    ]
    assert [(event.model, event.new, event.trigger) for event in joined] == [
        ("c", BreakerState.DISABLED, "configured")
    ]
