"""The warden: brings models to what persons ordered, and lets go when it is over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.degradation import Degradation
from hive_console.core.fleet import Fleet
from hive_console.core.holds import SOMEBODY, STOP_FILE
from hive_console.core.memory import Memory
from hive_console.core.probe_budget import ProbeBudget
from hive_console.core.restart import AS_BEFORE
from hive_console.core.settings import ModelSettings, Settings, Strategy
from hive_console.core.snapshot import HoldView
from hive_console.core.states import BreakerState, HoldKind, ModelStatus
from hive_console.core.transitions import Refusal
from tests.core.member_driver import of_kind
from tests.core.samples import FAILED, NOW, model_settings

A = model_settings("a", provider="acme", fallbacks=("b", "c"))
B = model_settings("b", provider="acme")
C = model_settings("c", provider="other")
ALONE = model_settings("a", provider="acme")
K = HoldKind


def fleet_of(*models: ModelSettings) -> Fleet:
    return Fleet(Settings(models or (A, B, C)), NOW)


def hold(
    fleet: Fleet, kind: HoldKind, target: str, until: float | None = None, *, by: str = "ada", detail: str = ""
) -> list[e.Event]:
    view = HoldView(kind, target, by, NOW, until, "drill", detail)
    return fleet.warden.place(view, NOW, cause=f"by {by}: drill")


def lift(fleet: Fleet, kind: HoldKind, target: str, at: float = NOW, *, is_trusted: bool = False) -> list[e.Event]:
    found = fleet.warden.book.find(kind, target)
    assert found is not None
    return fleet.warden.lift(found, at, cause="by bob: over", is_trusted=is_trusted)


def killed(fleet: Fleet) -> list[str]:
    return [name for name, member in fleet.members.items() if member.restraint.killed]


def memory_of(fleet: Fleet) -> Memory:
    return Memory(fleet=fleet, alerts=AlertBook(), degradation=Degradation(0.6), budget=ProbeBudget(0))


def restarted(
    fleet: Fleet, at: float, *models: ModelSettings, **rows: Any
) -> tuple[Fleet, list[e.Event]]:  # any JSON in place of a row
    saved = json.loads(json.dumps(memory_of(fleet).save())) | rows
    again = Fleet(Settings(models or (A, B, C)), at)
    return again, memory_of(again).restore(saved, at)


# --- each kind -----------------------------------------------------------------------------------


def test_a_pin_tells_its_owner_and_end_and_ends_by_itself() -> None:
    fleet = fleet_of()
    placed, pinned = hold(fleet, K.PINNED, "a", NOW + 1800, detail="c")

    assert isinstance(placed, e.HoldPlaced)
    assert (placed.kind, placed.target, placed.by, placed.until) == (K.PINNED, "a", "ada", NOW + 1800)
    assert pinned == e.RoutePinned(at=NOW, model="a", target="c", cause="by ada: drill", until=NOW + 1800, by="ada")
    assert of_kind(fleet.refresh(NOW + 1799), e.HoldEnded) == []

    events = fleet.refresh(NOW + 1800)

    cause = "its time (30 m) is over, set by ada"
    assert of_kind(events, e.HoldEnded) == [
        e.HoldEnded(at=NOW + 1800, kind=K.PINNED, target="a", by="ada", cause=cause)
    ]
    assert of_kind(events, e.RoutePinned) == [e.RoutePinned(at=NOW + 1800, model="a", target=None, cause=cause)]
    assert fleet.members["a"].pinned_to is None


def test_a_deactivation_ends_in_a_trial_when_its_time_is_over() -> None:
    fleet = fleet_of()
    hold(fleet, K.DEACTIVATED, "a", NOW + 60)
    assert fleet.members["a"].breaker.state is BreakerState.ISOLATED

    [moved] = of_kind(fleet.refresh(NOW + 60), e.BreakerChanged)

    assert (moved.new, moved.cause) == (BreakerState.HALF_OPEN, "its time (1 m) is over, set by ada")


def test_a_trusted_return_needs_no_trial() -> None:
    fleet = fleet_of()
    hold(fleet, K.DEACTIVATED, "a")

    lift(fleet, K.DEACTIVATED, "a", is_trusted=True)

    assert fleet.members["a"].breaker.state is BreakerState.CLOSED


def test_of_two_freezes_the_last_to_end_counts() -> None:
    fleet = fleet_of()
    hold(fleet, K.FROZEN, "a", NOW + 60)
    events = hold(fleet, K.FROZEN, "provider:acme", NOW + 120, by="bob")

    assert [(one.model, one.until, one.by) for one in of_kind(events, e.AutomationFrozen)] == [
        ("a", NOW + 120, "bob"),
        ("b", NOW + 120, "bob"),
    ]
    assert of_kind(fleet.refresh(NOW + 60), e.AutomationThawed) == []
    thawed = of_kind(fleet.refresh(NOW + 120), e.AutomationThawed)
    assert [(one.model, one.cause) for one in thawed] == [
        ("a", "its time (2 m) is over, set by bob"),
        ("b", "its time (2 m) is over, set by bob"),
    ]


def test_the_thaw_of_a_provider_leaves_what_is_frozen_by_itself_or_with_all() -> None:
    fleet = fleet_of()
    hold(fleet, K.FROZEN, "a", NOW + 60)
    hold(fleet, K.FROZEN, "provider:acme", NOW + 30)

    events = lift(fleet, K.FROZEN, "provider:acme")

    assert [one.model for one in of_kind(events, e.AutomationThawed)] == ["b"]
    assert of_kind(events, e.AutomationFrozen) == []
    assert fleet.members["a"].breaker.frozen_until == NOW + 60


def test_a_freeze_that_runs_out_between_two_looks_names_its_owner() -> None:
    fleet = fleet_of()
    hold(fleet, K.FROZEN, "a", NOW + 60)

    [thawed] = of_kind(fleet.members["a"].refresh(NOW + 60), e.AutomationThawed)

    assert thawed.cause == "its time (1 m) is over, set by ada"


def test_a_weight_by_hand_counts_in_place_of_the_settings() -> None:
    weighted = model_settings("a", fallbacks=("b",), strategy=Strategy.WEIGHTED, weight=1.0)
    fleet = fleet_of(weighted, B)
    hold(fleet, K.WEIGHTED, "a", detail="0")
    asked = [fleet.plan(fleet.route("a"), NOW).candidates[0] for _ in range(4)]
    serving = [moved.new for moved in of_kind(fleet.refresh(NOW), e.TrafficMoved)]

    lift(fleet, K.WEIGHTED, "a")

    assert (asked, serving) == (["b"] * 4, ["b"])
    assert fleet.members["a"].weight == 1.0


def test_safe_mode_asks_one_after_the_other_and_halves_the_places() -> None:
    racing = model_settings(
        "a", fallbacks=("b",), strategy=Strategy.PARALLEL, max_concurrent_requests=7, adaptive_concurrency=True
    )
    fleet = fleet_of(racing, model_settings("b", max_concurrent_requests=1))
    hold(fleet, K.SAFE_MODE, "*")
    plan = fleet.plan(fleet.route("a"), NOW, wish=Strategy.PARALLEL)

    assert (plan.strategy, plan.candidates) == (Strategy.SEQUENTIAL, ("a", "b"))
    assert [member.places for member in fleet.members.values()] == [3, 1]
    lift(fleet, K.SAFE_MODE, "*")
    assert fleet.plan(fleet.route("a"), NOW).strategy is Strategy.PARALLEL
    assert [member.places for member in fleet.members.values()] == [7, 1]


def test_safe_mode_gives_a_weightless_model_its_traffic() -> None:
    fleet = fleet_of(model_settings("a", fallbacks=("b",), strategy=Strategy.WEIGHTED, weight=0.0), B)
    assert [moved.new for moved in of_kind(fleet.refresh(NOW), e.TrafficMoved)] == ["b"]

    hold(fleet, K.SAFE_MODE, "*")

    assert [moved.new for moved in of_kind(fleet.refresh(NOW), e.TrafficMoved)] == ["a"]


# --- the kill switch -----------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "dead"), [("a", ["a"]), ("provider:acme", ["a", "b"]), ("*", ["a", "b", "c"])])
def test_a_kill_stops_whom_it_means_probes_included(target: str, dead: list[str]) -> None:
    fleet = fleet_of()
    hold(fleet, K.KILLED, target)

    assert killed(fleet) == dead
    for name, member in fleet.members.items():
        tried = [member.acquire(NOW, is_probe=is_probe)[0] for is_probe in (False, True)]
        refusals = [isinstance(admission, Refusal) for admission in tried]
        assert [*refusals, not member.would_admit(NOW)] == [name in dead] * 3
        assert bool(fleet.warden.stops(member)) is (name in dead)
        if name in dead:
            assert (member.status, member.status_cause) == (ModelStatus.UNAVAILABLE, "stopped by hand: drill")
            assert member.retry_in(NOW) is None


def test_a_kill_moves_no_breaker_and_a_revival_gives_back_what_was() -> None:
    fleet = fleet_of()
    member = fleet.members["a"]
    for _ in range(2):
        permit, _ = member.acquire(NOW)
        member.settle(permit, FAILED, NOW, latency=0.1)  # type: ignore[arg-type]  # it is well
    before = member.breaker.save(), member.status, member.status_cause

    hold(fleet, K.KILLED, "*")
    revived = lift(fleet, K.KILLED, "*")

    assert (member.breaker.save(), member.status, member.status_cause) == before
    assert of_kind(revived, e.BreakerChanged) == []
    assert killed(fleet) == []


def test_a_kill_is_by_hand_and_told_so() -> None:
    events = hold(fleet_of(), K.KILLED, "a")

    [changed] = of_kind(events, e.StatusChanged)
    assert (changed.new, changed.is_by_hand) == (ModelStatus.UNAVAILABLE, True)


def test_a_kill_never_ends_by_itself() -> None:
    fleet = fleet_of()
    hold(fleet, K.KILLED, "*")

    assert of_kind(fleet.refresh(NOW + 10 * 365 * 86_400), e.HoldEnded) == []
    assert killed(fleet) == ["a", "b", "c"]


def test_no_last_resort_brings_a_killed_model_back() -> None:
    fleet = fleet_of()
    fleet.has_last_resort = True
    for member in fleet.members.values():
        member.trip(NOW, "drill")
    hold(fleet, K.KILLED, "*")

    assert fleet.last_resort(("a", "b", "c"), NOW + 2) == (None, [])


def test_the_file_stops_everything_and_its_removal_ends_no_persons_kill() -> None:
    fleet = fleet_of()
    [placed, *_] = fleet.warden.heed_file(NOW, is_there=True)
    hold(fleet, K.KILLED, "*", by="bob")

    assert isinstance(placed, e.HoldPlaced)
    assert placed.by == STOP_FILE
    assert fleet.warden.heed_file(NOW, is_there=True) == []
    [ended, *_] = fleet.warden.heed_file(NOW, is_there=False)
    assert isinstance(ended, e.HoldEnded)
    assert ended.cause == "the file EMERGENCY_STOP is gone"
    assert killed(fleet) == ["a", "b", "c"]
    assert fleet.warden.heed_file(NOW, is_there=False) == []


# --- settings that change ------------------------------------------------------------------------


def test_who_leaves_takes_its_holds_along_and_who_joins_is_held_with_the_others() -> None:
    fleet = fleet_of(ALONE, B)
    hold(fleet, K.KILLED, "b")
    hold(fleet, K.FROZEN, "*", NOW + 60)
    hold(fleet, K.KILLED, "provider:other")

    events = fleet.reconfigure(Settings((ALONE, C)), NOW)

    assert [(one.target, one.cause) for one in of_kind(events, e.HoldEnded)] == [("b", "b is no longer configured")]
    assert [one.model for one in of_kind(events, e.AutomationFrozen)] == ["c"]
    assert killed(fleet) == ["c"]


def test_a_model_that_moves_to_another_provider_is_held_with_that_one() -> None:
    fleet = fleet_of(ALONE, C)
    hold(fleet, K.FROZEN, "provider:acme", NOW + 60)
    hold(fleet, K.KILLED, "provider:other")

    events = fleet.reconfigure(Settings((model_settings("a", provider="other"), C)), NOW)

    assert [one.cause for one in of_kind(events, e.AutomationThawed)] == ["nothing freezes it any more"]
    assert killed(fleet) == ["a", "c"]


def test_a_member_that_settings_have_put_aside_is_stopped_as_well() -> None:
    fleet = fleet_of(ALONE, B)
    old = fleet.members["b"]
    fleet.reconfigure(Settings((ALONE,)), NOW)

    hold(fleet, K.KILLED, "*")

    assert fleet.warden.stops(old) == "stopped by hand: drill"


# --- over a restart ------------------------------------------------------------------------------


def test_all_holds_outlive_a_restart_with_owner_reason_and_end() -> None:
    fleet = fleet_of()
    hold(fleet, K.PINNED, "a", NOW + 1800, detail="c")
    hold(fleet, K.DEACTIVATED, "b", by="bob")
    hold(fleet, K.WEIGHTED, "c", detail="7")
    hold(fleet, K.FROZEN, "provider:acme", NOW + 3600)
    hold(fleet, K.SAFE_MODE, "*", NOW + 3600)
    hold(fleet, K.KILLED, "provider:other")

    again, events = restarted(fleet, NOW + 60)

    assert again.warden.book.views() == fleet.warden.book.views()
    assert {one.cause for one in of_kind(events, e.HoldPlaced)} == {AS_BEFORE}
    assert len(of_kind(events, e.HoldPlaced)) == 6
    assert len(of_kind(events, e.RoutePinned)) == 1
    a, b, c = again.members.values()
    assert (a.pinned_to, a.breaker.frozen_until, b.breaker.state) == ("c", NOW + 3600, BreakerState.ISOLATED)
    assert (c.weight, a.is_sparing, killed(again)) == (7.0, True, ["c"])


def test_holds_whose_time_ran_out_meanwhile_end_at_the_start() -> None:
    fleet = fleet_of()
    hold(fleet, K.PINNED, "a", NOW + 10, detail="c")
    hold(fleet, K.DEACTIVATED, "b", NOW + 10)
    hold(fleet, K.SAFE_MODE, "*", NOW + 10)

    again, events = restarted(fleet, NOW + 60)

    assert again.warden.book.views() == ()
    assert {(one.kind, one.cause) for one in of_kind(events, e.HoldEnded)} == {
        (kind, "its time (10 s) is over, set by ada") for kind in (K.PINNED, K.DEACTIVATED, K.SAFE_MODE)
    }
    assert of_kind(events, e.HoldPlaced) == []
    assert again.members["a"].pinned_to is None
    assert again.members["b"].breaker.state is BreakerState.HALF_OPEN
    assert not again.members["c"].is_sparing


def test_a_pin_whose_target_left_meanwhile_ends_at_the_start() -> None:
    fleet = fleet_of()
    hold(fleet, K.PINNED, "a", detail="c")

    again, events = restarted(fleet, NOW + 60, model_settings("a"), B)

    assert [one.cause for one in of_kind(events, e.HoldEnded)] == ["c is no longer configured"]
    assert [one.target for one in of_kind(events, e.RoutePinned)] == [None]
    assert again.members["a"].pinned_to is None


def test_what_an_earlier_version_held_is_somebodys() -> None:
    fleet = fleet_of()
    fleet.members["a"].pinned_to = "c"
    fleet.members["b"].isolate(NOW, "by hand")
    fleet.members["b"].freeze(NOW, "by hand", until=NOW + 600)
    fleet.members["c"].freeze(NOW, "by hand")

    again, _ = restarted(fleet, NOW + 60)

    holds = {(one.kind, one.target, one.by, one.until, one.detail) for one in again.warden.book.views()}
    assert holds == {
        (K.PINNED, "a", SOMEBODY, None, "c"),
        (K.DEACTIVATED, "b", SOMEBODY, None, ""),
        (K.FROZEN, "b", SOMEBODY, NOW + 600, ""),
        (K.FROZEN, "c", SOMEBODY, None, ""),
    }


def test_holds_that_cannot_be_read_are_told_and_the_others_come_back() -> None:
    fleet = fleet_of()
    hold(fleet, K.KILLED, "a")
    hold(fleet, K.SAFE_MODE, "*")

    again, events = restarted(fleet, NOW + 60, **{"!holds/*": {"holds": "all"}, "!holds/x": {"hold": []}})

    [failed] = of_kind(events, e.ServiceFailed)
    assert failed.service == "the saved holds on *"
    assert killed(again) == ["a"]
    assert not again.warden.book.is_safe


def test_a_kill_comes_back_though_the_rest_of_its_model_cannot_be_read() -> None:
    fleet = fleet_of()
    hold(fleet, K.KILLED, "a")
    record = memory_of(fleet).save()["a"]

    again, _ = restarted(fleet, NOW + 60, a={"holds": record["holds"]})

    assert killed(again) == ["a"]


def test_what_was_lifted_does_not_come_back() -> None:
    fleet = fleet_of()
    hold(fleet, K.KILLED, "*")
    kept = memory_of(fleet)
    first = kept.holds("*")
    lift(fleet, K.KILLED, "*")

    saved = first | kept.save()
    again = fleet_of()
    memory_of(again).restore(saved, NOW + 60)

    assert killed(again) == []
    assert saved["!holds/*"] == {"holds": []}
    assert kept.holds("ghost") == {}


def test_a_restored_row_that_empties_is_written_again() -> None:
    fleet = fleet_of()
    hold(fleet, K.KILLED, "*")
    again = fleet_of()
    memory = memory_of(again)
    memory.restore(memory_of(fleet).save(), NOW)
    lift(again, K.KILLED, "*")

    assert memory.save()["!holds/*"] == {"holds": []}
