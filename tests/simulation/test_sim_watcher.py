"""The watcher: each promise, broken on purpose, is found, named and told; kept ones are not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    BreakerState,
    ModelStatus,
    OperationResult,
    Severity,
)
from hive_console.sim.rehearsal import engine_view as view
from hive_console.sim.rehearsal.episodes import Episode, Sky, Trouble
from hive_console.sim.rehearsal.fleet import standard_fleet
from hive_console.sim.rehearsal.models import WeatheredModels
from hive_console.sim.rehearsal.watcher import KEPT, SWEEP, Invariant, Watcher
from hive_console.sim.virtual_time import EPOCH, VirtualClock, run_virtually

FLEET = standard_fleet(3, 3)
A, B, _ = (model.id for model in FLEET.models)
IDS = tuple(model.id for model in FLEET.models)


def watched(act: Callable[[Watcher], None], *episodes: Episode) -> list[Invariant]:
    """The promises that the watcher of an idle engine finds broken."""

    async def scene() -> list[Invariant]:
        loop = asyncio.get_running_loop()
        sky = Sky(IDS, episodes)
        models = WeatheredModels(FLEET.models, sky, seed="7", elapsed=loop.time)
        engine = view.build_engine(
            FLEET, provider=models, clock=VirtualClock(loop), seed="7", pace=30.0, readers=()
        )
        watcher = Watcher(engine, sky, most_in_flight=models.most_in_flight, epoch=EPOCH)
        act(watcher)
        return [broken.invariant for broken in watcher.broken]

    return run_virtually(scene())


def told(*events: e.Event) -> list[Invariant]:
    def act(watcher: Watcher) -> None:
        for event in events:
            watcher.observe(event)

    return watched(act)


def breaker(at: float, old: BreakerState, new: BreakerState, open_until: float | None = None) -> e.BreakerChanged:
    until = None if open_until is None else EPOCH + open_until
    return e.BreakerChanged(at=EPOCH + at, model=A, old=old, new=new, cause="x", open_until=until)


def attempt(at: float, latency: float = 1.0, operation: str = "r-1") -> e.AttemptFinished:
    kind = OutcomeKind.SERVER_ERROR
    return e.AttemptFinished(at=EPOCH + at, operation=operation, model=A, number=1, kind=kind, latency=latency)


def operation(at: float, name: str = "r-1", attempts: int = 0, served_by: str | None = None) -> e.OperationFinished:
    return e.OperationFinished(
        at=EPOCH + at,
        operation=name,
        requested=A,
        result=OperationResult.ANSWERED if served_by else OperationResult.FAILED,
        latency=1.0,
        attempts=attempts,
        served_by=served_by,
    )


def alert(at: float, name: str = "A1") -> e.AlertRaised:
    rule, severity = AlertRule.BREAKER_OPEN, Severity.WARNING
    return e.AlertRaised(at=EPOCH + at, alert_id=name, rule=rule, severity=severity, subject=A, text="x")


def resolved(at: float, name: str = "A1") -> e.AlertResolved:
    return e.AlertResolved(at=EPOCH + at, alert_id=name, rule=AlertRule.BREAKER_OPEN, subject=A, lasted=1.0)


CLOSED, OPEN, HALF_OPEN, ISOLATED = (
    BreakerState.CLOSED,
    BreakerState.OPEN,
    BreakerState.HALF_OPEN,
    BreakerState.ISOLATED,
)


def test_a_service_that_failed_is_a_broken_promise() -> None:
    failed = e.ServiceFailed(at=EPOCH, service="prober", message="KeyError")

    assert told(failed) == [Invariant.SERVICES_LIVE]


def test_a_call_that_began_while_the_breaker_was_open_is_found() -> None:
    opened = breaker(10, CLOSED, OPEN, open_until=30)

    assert told(opened, attempt(25, latency=5)) == [Invariant.OPEN_ADMITS_NOTHING]


@pytest.mark.parametrize(("at", "latency"), [(12, 5.0), (32, 1.0), (31, 1.0)])
def test_calls_before_and_after_are_fine(at: float, latency: float) -> None:
    assert told(breaker(10, CLOSED, OPEN, open_until=30), attempt(at, latency)) == []


def test_a_closed_breaker_forgets_when_it_was_open() -> None:
    opened, closed = breaker(10, CLOSED, OPEN, open_until=30), breaker(20, OPEN, CLOSED)

    assert told(opened, closed, attempt(25, latency=2)) == []


def test_two_trial_permits_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "permits_out", lambda _: 2)
    probe = e.ProbeFinished(at=EPOCH + 31, model=A, kind=OutcomeKind.SUCCESS, latency=0.5)

    assert told(breaker(10, CLOSED, OPEN, open_until=30), probe) == [Invariant.OPEN_ADMITS_NOTHING]


def test_a_trial_that_nobody_makes_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "is_stuck_half_open", lambda *_: True)
    waiting = [e.ConsoleAttached(at=EPOCH + 30 + SWEEP * number) for number in range(4)]

    assert told(breaker(30, OPEN, HALF_OPEN), *waiting) == [Invariant.TRIAL_HAS_A_PERMIT]


def test_a_trial_under_way_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "is_stuck_half_open", lambda _, now: now < EPOCH + 100)
    waiting = [e.ConsoleAttached(at=EPOCH + 30 + SWEEP * number) for number in range(9)]

    assert told(breaker(30, OPEN, HALF_OPEN), *waiting) == []


def test_more_calls_at_once_than_places_are_found() -> None:
    def act(watcher: Watcher) -> None:
        watcher._most_in_flight[A] = 11
        watcher.observe(e.ConsoleAttached(at=EPOCH + SWEEP))

    assert watched(act) == [Invariant.BULKHEAD_HOLDS]


def test_more_calls_than_chain_and_retries_allow_are_found() -> None:
    calls = [attempt(1)] * 13

    assert told(*calls, operation(2, attempts=13)) == [Invariant.ATTEMPTS_ARE_BOUNDED]
    assert told(*calls[:12], operation(2, attempts=12)) == []


def test_an_operation_that_ends_twice_is_found() -> None:
    assert told(operation(1), operation(2)) == [Invariant.EVERY_OPERATION_ENDS_ONCE]
    assert told(operation(1, "r-5"), operation(2, "r-5")) == [Invariant.EVERY_OPERATION_ENDS_ONCE]


def test_operations_may_end_in_any_order() -> None:
    def act(watcher: Watcher) -> None:
        for number in (3, 1, 2):
            watcher.observe(operation(number, f"r-{number}"))
        watcher.at_rest(EPOCH + 10, started=3)

    assert watched(act) == []


def test_an_operation_that_never_ended_is_found_at_rest() -> None:
    assert watched(lambda watcher: watcher.at_rest(EPOCH + 10, started=1)) == [Invariant.EVERY_OPERATION_ENDS_ONCE]


def test_a_call_that_was_not_settled_is_found() -> None:
    assert told(operation(1, attempts=1)) == [Invariant.EVERY_PERMIT_IS_SETTLED]


def test_a_call_that_outlived_its_operation_is_found_at_rest() -> None:
    def act(watcher: Watcher) -> None:
        watcher.observe(attempt(1))
        watcher.at_rest(EPOCH + 10, started=0)

    assert watched(act) == [Invariant.EVERY_PERMIT_IS_SETTLED]


def test_places_that_are_still_taken_are_found_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "left_behind", lambda _: ["a place"])

    assert watched(lambda watcher: watcher.at_rest(EPOCH + 10, started=0)) == [Invariant.EVERY_PERMIT_IS_SETTLED]


def test_a_deactivated_model_moves_only_by_somebodys_word() -> None:
    held, moved = breaker(1, CLOSED, ISOLATED), breaker(5, ISOLATED, HALF_OPEN)
    word = e.OperatorActed(
        at=EPOCH + 4, action_id="1", actor="me", action=Action.ACTIVATE, phase=ActionPhase.INTENDED, target=A
    )

    assert told(held, moved) == [Invariant.ISOLATED_STAYS]
    assert told(held, word, moved) == []


def test_availability_that_differs_from_a_recount_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "availability_of", lambda *_: 0.5)
    up = e.StatusChanged(at=EPOCH, model=A, old=ModelStatus.UNKNOWN, new=ModelStatus.AVAILABLE, cause="x")

    assert told(up, e.ConsoleAttached(at=EPOCH + 4000)) == [Invariant.AVAILABILITY_IS_A_RECOUNT]


def test_an_alert_that_fires_twice_is_found() -> None:
    assert told(alert(1), alert(2, "A2")) == [Invariant.ALERTS_ARE_SAID_ONCE]
    assert told(alert(1), resolved(2), alert(3, "A2")) == []


def test_an_alert_that_ends_without_having_fired_is_found() -> None:
    assert told(resolved(1)) == [Invariant.ALERTS_ARE_SAID_ONCE]


def test_a_queue_above_its_bound_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "WINDOW_SAMPLES", -1)
    monkeypatch.setattr(view, "SERIES_LENGTH", -1)
    monkeypatch.setattr(view, "FEED_LENGTH", -1)

    assert told(e.ConsoleAttached(at=EPOCH)) == [Invariant.QUEUES_ARE_BOUNDED] * 7


def test_an_answer_from_outside_the_chain_is_found() -> None:
    assert told(operation(1, served_by="stranger")) == [Invariant.POLICY_IS_KEPT]
    assert told(operation(1, served_by=B)) == []


def test_whom_an_operator_sends_a_route_to_may_answer() -> None:
    pinned = e.RoutePinned(at=EPOCH, model=A, target=B, cause="x")
    back = e.RoutePinned(at=EPOCH, model=A, target=None, cause="x")

    assert told(pinned, back, operation(1, served_by=B)) == []


def test_a_well_model_without_its_traffic_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "has_full_traffic", lambda member, _: member.settings.id != A)
    late = e.ConsoleAttached(at=EPOCH + 200 + view.FULL_TRAFFIC_WITHIN)
    outage = Episode(0, 300, (A,), Trouble.REFUSING)

    assert watched(lambda watcher: watcher.observe(late)) == [Invariant.RECOVERED_GETS_TRAFFIC]
    assert watched(lambda watcher: watcher.observe(late), outage) == []


def test_a_model_whose_calls_fail_is_not_well_in_the_best_weather(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "has_full_traffic", lambda member, _: member.settings.id != A)
    late = e.ConsoleAttached(at=EPOCH + 200 + view.FULL_TRAFFIC_WITHIN)

    assert told(attempt(100), late) == [Invariant.RECOVERED_GETS_TRAFFIC]
    assert told(attempt(300), late) == []


def test_the_first_broken_promises_are_enough() -> None:
    assert len(told(*[e.ServiceFailed(at=EPOCH, service="x", message="y")] * (KEPT + 5))) == KEPT


def test_overfull_bulkheads_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "overfull_places", lambda _: ["too many"])

    assert told(e.ConsoleAttached(at=EPOCH)) == [Invariant.BULKHEAD_HOLDS]
