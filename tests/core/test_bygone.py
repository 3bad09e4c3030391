"""A model and the fleet out of what was said of them. The rest stands in the stores' contract."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.bygone import fleet_at, holds_at, model_at, routes_at
from hive_console.core.configured import FleetSetup, ModelSetup, RouteSetup
from hive_console.core.faults import KEY_REFUSED
from hive_console.core.holds import STOP_FILE
from hive_console.core.settings import Strategy
from hive_console.core.states import (
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
)
from hive_console.core.store import RouteAt

BEGUN = e.EngineStarted(at=1.0, version="1.0", models=("alpha",), environment="prod")

Words = dict[type[e.Event], tuple[int, Any]]  # Any: the event, of the kind that it stands under


def words(*events: e.Event) -> Words:
    return {type(event): (number, event) for number, event in enumerate(events)}


def status(new: ModelStatus, cause: str = "as it is") -> e.StatusChanged:
    return e.StatusChanged(at=2.0, model="alpha", old=ModelStatus.DEGRADED, new=new, cause=cause)


def breaker(new: BreakerState) -> e.BreakerChanged:
    return e.BreakerChanged(
        at=3.0,
        model="alpha",
        old=BreakerState.METRICS_ONLY,
        new=new,
        cause="5 failures",
        open_until=60.0,
        consecutive_failures=5,
    )


def test_model_of_which_nothing_was_said_is_as_an_engine_begins() -> None:
    model = model_at("alpha", 10.0, {}, later={}, begun=BEGUN)

    assert (model.status, model.status_since) == (ModelStatus.UNKNOWN, 1.0)
    assert (model.breaker, model.breaker_since) == (BreakerState.CLOSED, 1.0)
    assert model.serving == "alpha"


def test_model_of_a_recording_without_a_start_is_known_by_its_words_only() -> None:
    silent = model_at("alpha", 10.0, {}, later={}, begun=None)
    told = model_at("alpha", 10.0, {}, later={e.StatusChanged: status(ModelStatus.AVAILABLE)}, begun=None)

    assert (silent.status, silent.status_since) == (None, None)
    assert (silent.breaker, silent.breaker_since) == (None, None)
    assert (told.status, told.status_since) == (ModelStatus.DEGRADED, None)


def test_next_move_tells_what_was_before_it() -> None:
    later = {
        e.StatusChanged: status(ModelStatus.AVAILABLE),
        e.BreakerChanged: breaker(BreakerState.OPEN),
    }

    model = model_at("alpha", 1.5, {}, later=later, begun=BEGUN)

    assert (model.status, model.status_since) == (ModelStatus.DEGRADED, 1.0)
    assert (model.breaker, model.breaker_since) == (BreakerState.METRICS_ONLY, 1.0)


@pytest.mark.parametrize(("state", "until"), [(BreakerState.OPEN, 60.0), (BreakerState.HALF_OPEN, None)])
def test_only_an_open_breaker_has_a_next_trial(state: BreakerState, until: float | None) -> None:
    model = model_at("alpha", 10.0, words(breaker(state)), later={}, begun=BEGUN)

    assert (model.breaker, model.breaker_since, model.open_until) == (state, 3.0, until)
    assert (model.breaker_cause, model.consecutive_failures) == ("5 failures", 5)


def test_ramp_ends_with_the_breakers_next_move_and_when_all_traffic_is_back() -> None:
    some = e.RampAdvanced(at=4.0, model="alpha", share=0.5)
    everything = e.RampAdvanced(at=5.0, model="alpha", share=1.0)
    moved = breaker(BreakerState.CLOSED)

    climbing = model_at("alpha", 10.0, words(moved, some), later={}, begun=BEGUN)
    broken = model_at("alpha", 10.0, words(some, moved), later={}, begun=BEGUN)
    back = model_at("alpha", 10.0, words(moved, everything), later={}, begun=BEGUN)

    assert [climbing.ramp, broken.ramp, back.ramp] == [0.5, None, None]


def test_holds_by_hand_are_told_until_they_end() -> None:
    frozen = e.AutomationFrozen(at=2.0, model="alpha", until=8.0, cause="")
    thawed = e.AutomationThawed(at=3.0, model="alpha", cause="")
    ejected = e.OutlierEjected(at=2.0, model="alpha", until=8.0, cause="")
    pinned = e.RoutePinned(at=2.0, model="alpha", target="beta", cause="")
    served = e.TrafficMoved(at=2.0, model="alpha", old="alpha", new=None)

    held = model_at("alpha", 7.0, words(frozen, ejected, pinned, served), later={}, begun=BEGUN)
    over = model_at("alpha", 8.0, words(frozen, ejected), later={}, begun=BEGUN)
    ended = model_at("alpha", 7.0, words(frozen, thawed), later={}, begun=BEGUN)
    again = model_at("alpha", 7.0, words(thawed, frozen), later={}, begun=BEGUN)

    assert (held.is_frozen, held.frozen_until, held.ejected_until) == (True, 8.0, 8.0)
    assert (held.pinned_to, held.serving) == ("beta", None)
    assert (over.is_frozen, over.frozen_until, over.ejected_until) == (False, None, None)
    assert (ended.is_frozen, again.is_frozen) == (False, True)


def test_what_was_held_is_told_without_what_ended_or_was_never_placed() -> None:
    def placed(at: float, by: str, until: float | None = None) -> e.HoldPlaced:
        return e.HoldPlaced(at=at, kind=HoldKind.KILLED, target="*", by=by, since=at, until=until, reason="leak")

    def ended(at: float, by: str) -> e.HoldEnded:
        return e.HoldEnded(at=at, kind=HoldKind.KILLED, target="*", by=by, cause="over")

    told: list[e.HoldPlaced | e.HoldEnded] = [
        ended(0.5, "ann"),
        placed(1.0, "ann"),
        placed(2.0, STOP_FILE),
        ended(3.0, "ann"),
        placed(4.0, "bob", 9.0),
    ]

    assert [hold.by for hold in holds_at(told, 5.0)] == [STOP_FILE, "bob"]
    assert [hold.by for hold in holds_at(told, 9.0)] == [STOP_FILE]
    assert holds_at([], 5.0) == ()


def test_fault_is_a_refused_key_or_a_cause_that_only_a_person_mends() -> None:
    exhausted = words(status(ModelStatus.UNAVAILABLE, "quota exhausted"))

    refused = model_at("alpha", 10.0, exhausted, later={}, begun=BEGUN, is_key_refused=True)
    empty = model_at("alpha", 10.0, exhausted, later={}, begun=BEGUN)
    slow = model_at("alpha", 10.0, words(status(ModelStatus.DEGRADED, "slow")), later={}, begun=BEGUN)

    assert [model.fault for model in (refused, empty, slow)] == [KEY_REFUSED, "quota exhausted", ""]


def test_checks_and_errors_are_told_on() -> None:
    model = model_at("alpha", 10.0, {}, later={}, begun=BEGUN, last_check=9.0, last_error="HTTP 500")

    assert (model.last_check, model.last_error) == (9.0, "HTTP 500")


def test_fleet_runs_from_its_start_until_it_stops() -> None:
    running = fleet_at(10.0, {}, begun=BEGUN, is_running=True)
    stopped = fleet_at(10.0, words(e.EngineStopped(at=9.0)), begun=BEGUN, is_running=True)
    crashed = fleet_at(10.0, {}, begun=BEGUN, is_running=False)
    unknown = fleet_at(10.0, {}, begun=None, is_running=True)

    assert (running.is_running, running.started_at, running.environment) == (True, 1.0, "prod")
    assert [(fleet.is_running, fleet.started_at) for fleet in (stopped, crashed, unknown)] == [(False, None)] * 3
    assert (stopped.environment, unknown.environment) == ("prod", "")


def test_degradation_is_what_was_last_said_of_it() -> None:
    level = e.DegradationChanged(
        at=2.0, old=DegradationLevel.FULL, new=DegradationLevel.REDUCED, available_share=0.75
    )
    entered = e.DegradedModeEntered(at=3.0, available_share=0.5, threshold=0.6)
    left = e.DegradedModeLeft(at=4.0, available_share=0.9, threshold=0.7, lasted=1.0)

    full = fleet_at(10.0, {}, begun=BEGUN, is_running=True)
    during = fleet_at(10.0, words(level, entered), begun=BEGUN, is_running=True)
    after = fleet_at(10.0, words(entered, left, level), begun=BEGUN, is_running=True)

    assert (full.is_degraded, full.available_share, full.level) == (False, None, DegradationLevel.FULL)
    assert (during.is_degraded, during.degraded_since, during.degraded_threshold) == (True, 3.0, 0.6)
    assert (during.available_share, during.level) == (0.5, DegradationLevel.REDUCED)
    assert (after.is_degraded, after.degraded_since, after.degraded_threshold) == (False, None, 0.7)
    assert after.available_share == 0.75


SETUP = FleetSetup(
    models={"alpha": ModelSetup(provider="acme", fallbacks=("beta",))},
    routes={
        "write": RouteSetup(primary="beta"),
        "chat": RouteSetup(primary="alpha", fallbacks=("beta",), strategy=Strategy.FASTEST),
    },
    degraded_threshold=0.8,
)


def test_model_is_set_up_as_the_fleet_was() -> None:
    known = model_at("alpha", 10.0, {}, later={}, begun=BEGUN, setup=SETUP)
    left_out = model_at("beta", 10.0, {}, later={}, begun=BEGUN, setup=SETUP)
    never_told = model_at("alpha", 10.0, {}, later={}, begun=BEGUN)

    assert known.setup == SETUP.models["alpha"]
    assert (left_out.setup, never_told.setup) == (None, None)


def test_threshold_of_degraded_mode_is_known_before_it_was_ever_entered() -> None:
    assert fleet_at(10.0, {}, begun=BEGUN, is_running=True, setup=SETUP).degraded_threshold == 0.8


def moved(name: str, new: str | None, *, primary: str = "alpha") -> e.TrafficMoved:
    return e.TrafficMoved(at=2.0, model=name, old="alpha", new=new, primary=primary)


def test_routes_are_those_of_the_settings_with_who_answered() -> None:
    routes = routes_at({"chat": moved("chat", None), "gone": moved("gone", "beta")}, SETUP)

    assert routes == (
        RouteAt(name="write", primary="beta", serving="beta"),
        RouteAt(name="chat", primary="alpha", serving=None, fallbacks=("beta",), strategy=Strategy.FASTEST),
    )


def test_routes_of_a_recording_without_settings_are_those_that_moved() -> None:
    said = {"write": moved("write", "beta"), "chat": moved("chat", None), "alpha": moved("alpha", "b", primary="")}

    write, chat = (
        RouteAt(name=name, primary="alpha", serving=new) for name, new in (("write", "beta"), ("chat", None))
    )
    assert routes_at(said, None) == (chat, write)
    assert routes_at(said, None, known=("write",)) == (write,)
