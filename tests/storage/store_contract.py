"""What every `core.store.Store` must answer, whatever it keeps its events in. Knows no database.

A backend's tests inherit `StoreContract` and say how a recording of some engines' lives comes to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hive_console.core import events as e
from hive_console.core.configured import ModelSetup, configured
from hive_console.core.errors import HiveError
from hive_console.core.faults import KEY_REFUSED
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import ModelSettings, RouteSettings, Settings
from hive_console.core.snapshot import HoldView, SilenceView
from hive_console.core.states import (
    Action,
    ActionPhase,
    AlertRule,
    AlertState,
    BreakerState,
    DegradationLevel,
    HoldKind,
    ModelStatus,
    NoticeEnd,
    NoticeKind,
    OperationResult,
    Severity,
)
from hive_console.core.store import RouteAt, Store, Wanted
from tests.core.samples import model_settings

T0 = 1_790_000_000.0 - 1_790_000_000.0 % 3_600
"""The full hour at which the recordings of these tests begin."""


@dataclass(frozen=True, slots=True)
class Life:
    """What one engine recorded, and when it ended in order."""

    events: Sequence[e.Event]
    end: float


Holding = Callable[..., AbstractAsyncContextManager[Store]]
"""Takes lives, one after the other; gives a store that holds them."""


def started(at: float = T0, models: tuple[str, ...] = ("alpha", "beta"), environment: str = "") -> e.EngineStarted:
    return e.EngineStarted(at=at, version="1.0", models=models, environment=environment)


def set_up(alpha: ModelSettings, *routes: RouteSettings) -> Settings:
    return Settings((alpha, model_settings("beta")), routes=routes)


def stopped(at: float) -> e.EngineStopped:
    return e.EngineStopped(at=at, cause="in order")


def status(at: float, new: ModelStatus, *, model: str = "alpha", cause: str = "as it is") -> e.StatusChanged:
    return e.StatusChanged(at=at, model=model, old=ModelStatus.UNKNOWN, new=new, cause=cause)


def breaker(at: float, new: BreakerState, *, model: str = "alpha", until: float | None = None) -> e.BreakerChanged:
    return e.BreakerChanged(
        at=at,
        model=model,
        old=BreakerState.CLOSED,
        new=new,
        cause="5 failures in a row",
        open_until=until,
        trigger="tripped",
        consecutive_failures=5,
    )


def attempt(
    at: float, operation: str, *, model: str = "alpha", number: int = 1, kind: OutcomeKind = OutcomeKind.SUCCESS
) -> e.AttemptFinished:
    is_good = kind is OutcomeKind.SUCCESS
    return e.AttemptFinished(
        at=at,
        operation=operation,
        model=model,
        number=number,
        kind=kind,
        latency=0.25,
        first_token=0.0625 if is_good else None,
        status=200 if is_good else 500,
        message="" if is_good else f"upstream broke for {operation}",
        read_tokens=100 if is_good else None,
        written_tokens=20 if is_good else None,
        cost=300 if is_good else None,
    )


def finished(
    at: float,
    operation: str,
    *,
    served_by: str | None = "alpha",
    attempts: int = 1,
    result: OperationResult = OperationResult.ANSWERED,
) -> e.OperationFinished:
    return e.OperationFinished(
        at=at,
        operation=operation,
        requested="alpha",
        result=result,
        latency=0.5,
        attempts=attempts,
        served_by=served_by,
    )


def plain(at: float, operation: str) -> tuple[e.Event, ...]:
    return attempt(at, operation), finished(at + 0.001, operation)


def moved(at: float, operation: str) -> tuple[e.Event, ...]:
    return (
        attempt(at, operation, kind=OutcomeKind.SERVER_ERROR),
        attempt(at + 0.001, operation, model="beta", number=2),
        e.FailedOver(at=at + 0.002, operation=operation, from_model="alpha", to_model="beta", cause="server-error"),
        finished(at + 0.003, operation, served_by="beta", attempts=2),
    )


def probe(at: float, *, model: str = "alpha", kind: OutcomeKind = OutcomeKind.SUCCESS) -> e.ProbeFinished:
    message = "" if kind is OutcomeKind.SUCCESS else "no answer to a probe"
    return e.ProbeFinished(at=at, model=model, kind=kind, latency=0.125, message=message)


def act(at: float, *, phase: ActionPhase = ActionPhase.INTENDED, target: str = "alpha") -> e.OperatorActed:
    return e.OperatorActed(
        at=at, action_id=f"a-{at}", actor="ann", action=Action.TRIP, phase=phase, target=target, reason="It lies"
    )


def raised(at: float, alert_id: str, *, subject: str = "alpha") -> e.AlertRaised:
    return e.AlertRaised(
        at=at,
        alert_id=alert_id,
        rule=AlertRule.BREAKER_OPEN,
        severity=Severity.WARNING,
        subject=subject,
        text=f"The breaker of {subject} is open",
    )


def resolved(at: float, alert_id: str, *, subject: str = "alpha") -> e.AlertResolved:
    return e.AlertResolved(at=at, alert_id=alert_id, rule=AlertRule.BREAKER_OPEN, subject=subject, lasted=1.0)


def acknowledged(at: float, alert_id: str) -> e.AlertAcknowledged:
    return e.AlertAcknowledged(
        at=at, alert_id=alert_id, rule=AlertRule.BREAKER_OPEN, subject="alpha", actor="ann", note="mine"
    )


ONE_OF_EACH: tuple[e.Event, ...] = (
    started(),
    probe(T0 + 1),
    status(T0 + 1.5, ModelStatus.AVAILABLE),
    *plain(T0 + 2, "run-1"),
    *moved(T0 + 3, "run-2"),
    act(T0 + 4),
    breaker(T0 + 4.5, BreakerState.OPEN, until=T0 + 60),
    act(T0 + 4.75, phase=ActionPhase.DONE),
    raised(T0 + 5, "alert-1"),
    *plain(T0 + 6, "run-3"),
    stopped(T0 + 10),
)
REQUESTS = tuple(
    event for event in ONE_OF_EACH if isinstance(event, e.AttemptFinished | e.OperationFinished | e.FailedOver)
)


OF_ALERT: dict[str, Any] = {"alert_id": "alert-3", "rule": AlertRule.OWN, "subject": "alpha"}
OF_OPS: dict[str, Any] = {"channel": "ops", "notice_id": "N7"}
TELLS: dict[str, Any] = {"kind": NoticeKind.FIRING, "alert_ids": ("alert-3",)}

EPISODE: Sequence[e.Event] = (
    started(),
    e.AlertRaised(
        at=T0 + 2,
        severity=Severity.WARNING,
        text="it fails",
        labels=("model=alpha", "provider=acme"),
        name="too-many",
        **OF_ALERT,
    ),
    e.NoticeQueued(at=T0 + 3, count=1, due=T0 + 4, key="k", **TELLS, **OF_OPS),
    e.NoticeTried(at=T0 + 4, number=1, **OF_OPS),
    e.NoticeTried(at=T0 + 4.5, number=1, took=0.5, is_delivered=True, status=200, **OF_OPS),
    e.NoticeSettled(at=T0 + 5, end=NoticeEnd.DELIVERED, attempts=1, **TELLS, **OF_OPS),
    e.AlertChanged(at=T0 + 6, old=Severity.WARNING, new=Severity.CRITICAL, text="it fails more", **OF_ALERT),
    e.OperatorActed(
        at=T0 + 7,
        action_id="a-1",
        actor="ann",
        action=Action.ACKNOWLEDGE,
        phase=ActionPhase.DONE,
        target="alert-3,alert-4",
    ),
    e.AlertAcknowledged(at=T0 + 7, actor="ann", note="mine", until=T0 + 14_400, **OF_ALERT),
    e.AlertNoted(at=T0 + 8, actor="ann", note="hm", **OF_ALERT),
    e.SilencePlaced(
        at=T0 + 9,
        silence_id="S1",
        matchers=("model=alpha",),
        by="ann",
        reason="deploy",
        begins=T0 + 9,
        until=T0 + 60,
    ),
    e.AlertMuted(at=T0 + 9, silence_id="S1", **OF_ALERT),
    e.AlertFlapping(at=T0 + 10, is_flapping=True, change=0.5, **OF_ALERT),
    e.AlertResolved(at=T0 + 20, lasted=18.0, cause="good", **OF_ALERT),
    e.AlertReopened(at=T0 + 30, severity=Severity.WARNING, text="it fails again", times=1, **OF_ALERT),
    e.AlertUnacknowledged(at=T0 + 30, cause="it fires anew", **OF_ALERT),
    e.AlertEscalated(at=T0 + 35, actor="bob", **OF_ALERT),
    e.AlertResolved(at=T0 + 40, lasted=10.0, cause="enough", actor="bob", **OF_ALERT),
)
"""One alert with everything that can be said of it."""

_OPS: dict[str, Any] = {"channel": "ops", "notice_id": "N1"}
_MAIL: dict[str, Any] = {"channel": "mail", "notice_id": "N2"}
_BOTH: dict[str, Any] = {"kind": NoticeKind.FIRING, "alert_ids": ("alert-1", "alert-2")}
_ONE: dict[str, Any] = {"kind": NoticeKind.ESCALATION, "alert_ids": ("alert-1",)}

DELIVERIES: Sequence[e.Event] = (
    e.NoticeQueued(at=T0 + 1, count=2, due=T0 + 1, key="k", **_BOTH, **_OPS),
    e.NoticeTried(at=T0 + 1.5, number=1, **_OPS),
    e.NoticeTried(at=T0 + 2, number=1, took=0.5, status=429, answer="slow down", next_at=T0 + 4, **_OPS),
    e.ChannelChanged(at=T0 + 4, channel="ops", is_open=True, cause="404 no_service", until=T0 + 64),
    e.NoticeQueued(at=T0 + 5, count=1, due=T0 + 5, key="l", **_ONE, **_MAIL),
    e.NoticeTried(at=T0 + 6, number=1, **_MAIL),
    e.NoticeSettled(at=T0 + 7, end=NoticeEnd.DEAD, attempts=1, cause="550 no", **_ONE, **_MAIL),
    e.ChannelChanged(at=T0 + 64, channel="ops", is_open=False, cause="delivered"),
    e.NoticeTried(at=T0 + 64.5, number=2, **_OPS),
    e.NoticeTried(at=T0 + 65, number=2, took=0.25, is_delivered=True, status=200, **_OPS),
    e.NoticeSettled(at=T0 + 65, end=NoticeEnd.DELIVERED, attempts=2, **_BOTH, **_OPS),
)
"""Two notices: one arrives late, of the other nobody knows whether it did."""


class StoreContract:
    """Inherit it, and give a fixture `holding`."""

    # --- events ----------------------------------------------------------------------------------------

    async def test_events_come_back_as_they_were_and_in_their_order(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            assert await store.events(Wanted()) == ONE_OF_EACH

    async def test_window_holds_its_beginning_and_not_its_end(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            found = await store.events(Wanted(begin=T0 + 2, end=T0 + 3))

        assert found == plain(T0 + 2, "run-1")

    async def test_request_that_began_before_the_window_is_in_it_with_what_ended_there(
        self, holding: Holding
    ) -> None:
        begun, ended = attempt(T0 + 1, "run-1"), finished(T0 + 1.5, "run-1")
        async with holding(Life((started(), begun, ended), T0 + 10)) as store:
            assert await store.requests(Wanted(begin=T0 + 1.25)) == (ended,)
            assert await store.requests(Wanted(end=T0 + 1.25)) == (begun,)

    async def test_limit_keeps_the_newest(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            assert await store.events(Wanted(limit=3)) == ONE_OF_EACH[-3:]
            assert await store.events(Wanted(limit=0)) == ()

    async def test_newest_of_requests_that_overlap_are_those_that_ended_last(self, holding: Holding) -> None:
        attempts = [attempt(T0 + 1 + number / 100, f"run-{number}") for number in range(20)]
        ends = [finished(T0 + 5 - number / 100, f"run-{number}") for number in reversed(range(20))]
        events = (started(), *attempts, *ends)
        async with holding(Life(events, T0 + 10)) as store:
            for limit in range(1, 41):
                assert await store.requests(Wanted(limit=limit)) == events[-limit:]

    async def test_kinds_choose(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            assert await store.events(Wanted(), (e.ProbeFinished, e.EngineStopped)) == (
                probe(T0 + 1),
                stopped(T0 + 10),
            )
            assert await store.events(Wanted(), ()) == ()

    async def test_transitions_are_neither_requests_nor_checks_nor_the_audits_own(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            found = await store.transitions(Wanted())

        assert [type(event) for event in found] == [
            e.EngineStarted,
            e.StatusChanged,
            e.BreakerChanged,
            e.AlertRaised,
            e.EngineStopped,
        ]

    async def test_bad_requests_failed_were_retried_or_went_elsewhere(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            assert await store.requests(Wanted()) == REQUESTS
            assert await store.requests(Wanted(is_bad=True)) == moved(T0 + 3, "run-2")

    async def test_events_are_about_every_model_that_they_name(self, holding: Holding) -> None:
        gone = e.KeyQuarantined(at=T0 + 7, key="env:KEY", provider="acme", models=("beta",))
        events = (*ONE_OF_EACH[:-1], gone, stopped(T0 + 10))
        async with holding(Life(events, T0 + 10)) as store:
            found = await store.events(Wanted(models=("beta",)))
            none = await store.events(Wanted(models=("gamma",)))

        assert found == (started(), *moved(T0 + 3, "run-2")[1:], gone)
        assert none == ()

    async def test_text_is_found_whatever_its_case(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            assert await store.events(Wanted(text="BROKE FOR RUN-2")) == moved(T0 + 3, "run-2")[:1]
            assert await store.events(Wanted(text="run-3")) == plain(T0 + 6, "run-3")
            assert await store.events(Wanted(text="breakerCHANGED")) == (
                breaker(T0 + 4.5, BreakerState.OPEN, until=T0 + 60),
            )
            assert await store.events(Wanted(text="no such word")) == ()

    async def test_text_in_other_letters_is_found_too(self, holding: Holding) -> None:
        said = status(T0 + 1, ModelStatus.DEGRADED, cause='Größe "zu" lang')
        async with holding(Life((started(), said), T0 + 10)) as store:
            assert await store.events(Wanted(text="GRÖSSE")) == (said,)
            assert await store.events(Wanted(text='"ZU"')) == (said,)

    async def test_event_that_came_late_is_found_at_its_own_time(self, holding: Holding) -> None:
        late = status(T0 + 2, ModelStatus.AVAILABLE)
        async with holding(Life((started(), probe(T0 + 50), late), T0 + 60)) as store:
            assert await store.events(Wanted(begin=T0 + 1, end=T0 + 3)) == (late,)
            assert await store.events(Wanted(begin=T0 + 3)) == (probe(T0 + 50),)

    async def test_export_gives_all_in_order_whatever_the_limit(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            async with aclosing(store.export(Wanted(limit=1))) as events:
                found = [event async for event in events]
            async with aclosing(store.export(Wanted(begin=T0 + 3), (e.FailedOver, e.EngineStopped))) as events:
                chosen = [event async for event in events]

        assert tuple(found) == ONE_OF_EACH
        assert [type(event) for event in chosen] == [e.FailedOver, e.EngineStopped]

    async def test_requests_of_two_days_come_as_one_list(self, holding: Holding) -> None:
        midnight = T0 - T0 % 86_400 + 86_400
        events = (
            started(midnight - 30),
            *plain(midnight - 20, "run-1"),
            attempt(midnight - 0.0005, "run-2"),
            finished(midnight + 0.0005, "run-2"),
            *moved(midnight + 20, "run-3"),
        )
        async with holding(Life(events, midnight + 30)) as store:
            assert await store.events(Wanted()) == events
            assert await store.requests(Wanted(limit=5)) == events[-5:]
            assert await store.requests(Wanted(limit=6)) == events[-6:]
            async with aclosing(store.export(Wanted())) as exported:
                assert [event async for event in exported] == list(events)

    # --- what moved next -------------------------------------------------------------------------------

    async def test_neighbours_are_what_moved_something(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            assert await store.neighbour(T0, is_later=True) == T0 + 1.5
            assert await store.neighbour(T0 + 1.5, is_later=True) == T0 + 4.5
            assert await store.neighbour(T0 + 4.5, is_later=False) == T0 + 1.5
            assert await store.neighbour(T0 + 10, is_later=True) is None
            assert await store.neighbour(T0, is_later=False) is None

    async def test_neighbours_of_one_model_pass_over_others(self, holding: Holding) -> None:
        events = (
            started(),
            status(T0 + 1, ModelStatus.AVAILABLE, model="beta"),
            status(T0 + 2, ModelStatus.AVAILABLE),
            raised(T0 + 3, "alert-1", subject="beta"),
        )
        async with holding(Life(events, T0 + 10)) as store:
            assert await store.neighbour(T0 + 1, is_later=True, models=("beta",)) == T0 + 3
            assert await store.neighbour(T0 + 3, is_later=False, models=("alpha",)) == T0 + 2
            assert await store.neighbour(T0, is_later=True, models=("gamma",)) is None

    async def test_neighbours_go_by_an_events_own_time(self, holding: Holding) -> None:
        late = status(T0 + 5, ModelStatus.DEGRADED)
        events = (started(), status(T0 + 8, ModelStatus.AVAILABLE), late)
        async with holding(Life(events, T0 + 10)) as store:
            assert await store.neighbour(T0, is_later=True) == T0 + 5
            assert await store.neighbour(T0 + 5, is_later=True) == T0 + 8
            assert await store.neighbour(T0 + 8, is_later=False) == T0 + 5
            assert await store.neighbour(T0 + 5, is_later=False) == T0

    # --- the fleet as it was ---------------------------------------------------------------------------

    async def test_nothing_is_known_before_the_first_engine(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            fleet = await store.state_at(T0 - 1)

        assert (fleet.models, fleet.started_at, fleet.gap) == ((), None, None)

    async def test_model_is_what_was_last_said_of_it(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            fresh = (await store.state_at(T0 + 1)).models[0]
            tripped, other = (await store.state_at(T0 + 5)).models

        assert (fresh.status, fresh.status_since, fresh.last_check) == (ModelStatus.UNKNOWN, T0, T0 + 1)
        assert (tripped.status, tripped.status_since) == (ModelStatus.AVAILABLE, T0 + 1.5)
        assert (tripped.breaker, tripped.breaker_since) == (BreakerState.OPEN, T0 + 4.5)
        assert (tripped.open_until, tripped.consecutive_failures) == (T0 + 60, 5)
        assert tripped.last_error == "upstream broke for run-2"
        assert (other.model, other.status, other.serving) == ("beta", ModelStatus.UNKNOWN, "beta")

    async def test_first_move_tells_what_was_before_it(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            alpha, beta = (await store.state_at(T0 + 2)).models

        assert (alpha.breaker, alpha.breaker_since) == (BreakerState.CLOSED, T0)
        assert (beta.breaker, beta.breaker_since) == (BreakerState.CLOSED, T0)

    async def test_restart_begins_afresh(self, holding: Holding) -> None:
        second = (
            started(T0 + 100, ("beta", "alpha"), "prod"),
            status(T0 + 101, ModelStatus.DEGRADED, model="beta"),
        )
        async with holding(Life(ONE_OF_EACH, T0 + 10), Life(second, T0 + 200)) as store:
            between = await store.state_at(T0 + 50)
            after = await store.state_at(T0 + 150)

        assert (between.is_running, between.started_at) == (False, None)
        assert between.models[0].status is ModelStatus.AVAILABLE
        assert (after.is_running, after.started_at, after.environment) == (True, T0 + 100, "prod")
        assert [model.model for model in after.models] == ["beta", "alpha"]
        assert [model.status for model in after.models] == [ModelStatus.DEGRADED, ModelStatus.UNKNOWN]
        assert after.models[1].breaker is BreakerState.CLOSED

    async def test_reload_changes_the_models(self, holding: Holding) -> None:
        events = (
            started(),
            e.SettingsReloaded(at=T0 + 1, source="hive.yaml", count=1, models=("beta", "gamma")),
            e.SettingsReloaded(at=T0 + 2, source="hive.yaml"),
        )
        async with holding(Life(events, T0 + 10)) as store:
            before, after = await store.state_at(T0 + 0.5), await store.state_at(T0 + 3)

        assert [model.model for model in before.models] == ["alpha", "beta"]
        assert [model.model for model in after.models] == ["beta", "gamma"]

    async def test_fleet_is_configured_as_was_last_said(self, holding: Holding) -> None:
        first = set_up(model_settings("alpha", fallbacks=("beta",), breaker_threshold=7))
        then = set_up(model_settings("alpha", provider="umbra"), RouteSettings("chat", "beta", ("alpha",)))
        events = (
            started(),
            configured(first, T0),
            e.TrafficMoved(at=T0 + 1, model="chat", old="beta", new="alpha", primary="beta"),
            e.SettingsReloaded(at=T0 + 2, source="hive.yaml", count=1),
            configured(then, T0 + 2),
        )
        async with holding(Life(events, T0 + 10)) as store:
            before, after, again = [await store.state_at(T0 + at) for at in (1.5, 2, 1.5)]

        alpha, beta = before.models
        assert (alpha.setup, beta.setup) == (
            ModelSetup(
                provider="acme", fallbacks=("beta",), breaker_threshold=7, recovery_timeout=5.0, max_in_flight=10
            ),
            ModelSetup(provider="acme", breaker_threshold=5, recovery_timeout=5.0, max_in_flight=10),
        )
        assert (before.routes, before.degraded_threshold) == ((), 0.6)
        assert after.models[0].setup is not None
        assert (after.models[0].setup.provider, after.models[0].setup.fallbacks) == ("umbra", ())
        assert after.routes == (RouteAt(name="chat", primary="beta", serving="alpha", fallbacks=("alpha",)),)
        assert again == before

    async def test_fleet_is_not_configured_as_an_earlier_engine_said(self, holding: Holding) -> None:
        told = (started(), configured(set_up(model_settings("alpha")), T0))
        async with holding(Life(told, T0 + 10), Life((started(T0 + 100),), T0 + 200)) as store:
            between, after = await store.state_at(T0 + 50), await store.state_at(T0 + 150)

        assert [model.setup is None for model in between.models] == [False, False]
        assert [model.setup for model in after.models] == [None, None]
        assert after.degraded_threshold is None

    async def test_what_is_damaged_in_the_configuration_is_not_told(self, holding: Holding) -> None:
        told = e.FleetConfigured(
            at=T0, model_setups=("{", '{"id":"beta"}'), route_setups=("[]",), degraded_threshold=0.5
        )
        async with holding(Life((started(), told), T0 + 10)) as store:
            fleet = await store.state_at(T0 + 1)

        assert [model.setup for model in fleet.models] == [None, ModelSetup()]
        assert (fleet.routes, fleet.degraded_threshold) == ((), 0.5)

    async def test_how_the_fleet_is_set_up_moves_nothing(self, holding: Holding) -> None:
        events = (started(), configured(set_up(model_settings("alpha")), T0 + 1))
        async with holding(Life(events, T0 + 10)) as store:
            assert await store.neighbour(T0, is_later=True) is None
            assert [type(event) for event in await store.transitions(Wanted())] == [e.EngineStarted]

    async def test_ramp_lasts_until_all_traffic_is_back_or_the_breaker_moves(self, holding: Holding) -> None:
        events = (
            started(),
            breaker(T0 + 1, BreakerState.CLOSED),
            e.RampAdvanced(at=T0 + 2, model="alpha", share=0.25),
            e.RampAdvanced(at=T0 + 3, model="alpha", share=0.5),
            breaker(T0 + 4, BreakerState.OPEN),
            e.RampAdvanced(at=T0 + 5, model="alpha", share=0.1),
            e.RampAdvanced(at=T0 + 6, model="alpha", share=1.0),
        )
        async with holding(Life(events, T0 + 10)) as store:
            shares = [(await store.state_at(T0 + after + 0.5)).models[0].ramp for after in range(1, 7)]

        assert shares == [None, 0.25, 0.5, None, 0.1, None]

    async def test_holds_by_hand_last_until_their_end(self, holding: Holding) -> None:
        events = (
            started(),
            e.AutomationFrozen(at=T0 + 1, model="alpha", until=T0 + 4, cause="maintenance"),
            e.RoutePinned(at=T0 + 2, model="alpha", target="beta", cause="it lies"),
            e.AutomationFrozen(at=T0 + 5, model="alpha", until=None, cause="maintenance"),
            e.AutomationThawed(at=T0 + 6, model="alpha", cause="done"),
            e.RoutePinned(at=T0 + 7, model="alpha", target=None, cause="it does not"),
        )
        async with holding(Life(events, T0 + 10)) as store:
            found = [(await store.state_at(T0 + after + 0.5)).models[0] for after in range(1, 8)]

        assert [model.is_frozen for model in found] == [True, True, True, False, True, False, False]
        assert [model.frozen_until for model in found[:5]] == [T0 + 4, T0 + 4, T0 + 4, None, None]
        assert [model.pinned_to for model in found] == [None, *["beta"] * 5, None]

    async def test_holds_are_told_with_their_owner_until_their_end(self, holding: Holding) -> None:
        def placed(after: float, kind: HoldKind, target: str, **more: Any) -> e.HoldPlaced:  # any further field
            return e.HoldPlaced(at=T0 + after, kind=kind, target=target, by="ann", since=T0 + after, **more)

        events = (
            started(),
            placed(1, HoldKind.PINNED, "alpha", detail="beta", until=T0 + 4),
            placed(2, HoldKind.KILLED, "*", reason="leak"),
            placed(3, HoldKind.WEIGHTED, "beta", detail="4"),
            e.HoldEnded(at=T0 + 5, kind=HoldKind.KILLED, target="*", by="ann", cause="by bob: mended"),
            e.HoldEnded(at=T0 + 6, kind=HoldKind.FROZEN, target="beta", by="ann", cause="of which nobody told"),
        )
        async with holding(Life(events, T0 + 10)) as store:
            found = [(await store.state_at(T0 + after + 0.5)).holds for after in range(7)]

        assert [[hold.kind.value for hold in holds] for holds in found] == [
            [],
            ["pinned"],
            ["pinned", "killed"],
            ["pinned", "killed", "weighted"],
            ["killed", "weighted"],
            ["weighted"],
            ["weighted"],
        ]
        assert found[2] == (
            HoldView(HoldKind.PINNED, "alpha", "ann", T0 + 1, T0 + 4, detail="beta"),
            HoldView(HoldKind.KILLED, "*", "ann", T0 + 2, reason="leak"),
        )

    async def test_outlier_is_out_until_it_returns_or_its_time_is_over(self, holding: Holding) -> None:
        events = (
            started(),
            e.OutlierEjected(at=T0 + 1, model="alpha", until=T0 + 3, cause="far off"),
            e.OutlierEjected(at=T0 + 4, model="alpha", until=T0 + 9, cause="far off"),
            e.OutlierReturned(at=T0 + 5, model="alpha"),
        )
        async with holding(Life(events, T0 + 10)) as store:
            found = [(await store.state_at(T0 + after + 0.5)).models[0] for after in range(1, 6)]

        assert [model.ejected_until for model in found] == [T0 + 3, T0 + 3, None, T0 + 9, None]

    async def test_faults_are_told(self, holding: Holding) -> None:
        events = (
            started(),
            e.KeyQuarantined(at=T0 + 1, key="env:KEY", provider="acme", models=("alpha",)),
            status(T0 + 1.25, ModelStatus.UNAVAILABLE, model="beta", cause="quota exhausted"),
            e.KeyRestored(at=T0 + 2, key="env:KEY", provider="acme", models=("alpha",)),
        )
        async with holding(Life(events, T0 + 10)) as store:
            during, after = await store.state_at(T0 + 1.5), await store.state_at(T0 + 2)

        assert [model.fault for model in during.models] == [KEY_REFUSED, "quota exhausted"]
        assert [model.fault for model in after.models] == ["", "quota exhausted"]

    async def test_degradation_and_routes_are_told(self, holding: Holding) -> None:
        events = (
            started(),
            e.DegradationChanged(
                at=T0 + 1, old=DegradationLevel.FULL, new=DegradationLevel.REDUCED, available_share=0.75
            ),
            e.DegradedModeEntered(at=T0 + 2, available_share=0.5, threshold=0.6),
            e.TrafficMoved(at=T0 + 2.25, model="alpha", old="alpha", new="beta"),
            e.TrafficMoved(at=T0 + 2.5, model="chat", old="alpha", new=None, primary="alpha"),
            e.DegradedModeLeft(at=T0 + 3, available_share=0.9, threshold=0.6, lasted=1.0),
        )
        async with holding(Life(events, T0 + 10)) as store:
            before, during, after = [await store.state_at(T0 + at) for at in (1.5, 2.75, 4.0)]

        assert (before.is_degraded, before.available_share, before.degraded_threshold) == (False, 0.75, None)
        assert (during.is_degraded, during.degraded_since, during.available_share) == (True, T0 + 2, 0.5)
        assert (during.level, during.degraded_threshold) == (DegradationLevel.REDUCED, 0.6)
        assert (during.models[0].serving, during.routes) == (
            "beta",
            (RouteAt(name="chat", primary="alpha", serving=None),),
        )
        assert (after.is_degraded, after.degraded_since, after.available_share) == (False, None, 0.9)

    async def test_alerts_are_as_they_were_then(self, holding: Holding) -> None:
        events = (
            started(),
            raised(T0 + 1, "alert-1"),
            raised(T0 + 2, "alert-2"),
            acknowledged(T0 + 3, "alert-2"),
            resolved(T0 + 4, "alert-2"),
            raised(T0 + 5, "alert-3"),
        )
        async with holding(Life(events, T0 + 10)) as store:
            early, middle, late = [(await store.state_at(T0 + at)).alerts for at in (2.5, 3.5, 6.0)]

        assert [(alert.alert_id, alert.acknowledged_by) for alert in early] == [
            ("alert-2", None),
            ("alert-1", None),
        ]
        assert (middle[0].acknowledged_by, middle[0].note, middle[0].state) == ("ann", "mine", AlertState.FIRING)
        assert [alert.alert_id for alert in late] == ["alert-3", "alert-1", "alert-2"]
        assert (late[2].state, late[2].resolved_at) == (AlertState.RESOLVED, T0 + 4)

    async def test_alert_is_as_all_that_was_said_of_it_by_then(self, holding: Holding) -> None:
        async with holding(Life(EPISODE, T0 + 90)) as store:
            moments = (3.5, 5.5, 6.5, 8.5, 10.5, 20.5, 30.5, 40.5)
            views = [(await store.state_at(T0 + at)).alerts[0] for at in moments]
            (now,) = await store.alerts(Wanted())

        queued, delivered, worse, taken, muted, over, again, by_hand = views
        assert (queued.told, queued.untold, queued.step) == ((), ("ops",), 1)
        assert (delivered.told, delivered.untold) == (("ops",), ())
        assert (worse.severity, worse.text) == (Severity.CRITICAL, "it fails more")
        assert (taken.acknowledged_by, taken.acknowledged_until, taken.notes) == ("ann", T0 + 14_400, ("ann: hm",))
        assert (muted.silenced_by, muted.is_muted, muted.is_flapping) == ("S1", True, True)
        assert (over.state, over.cause, over.silenced_by, over.is_flapping) == (
            AlertState.RESOLVED,
            "good",
            "",
            False,
        )
        assert (again.state, again.times, again.acknowledged_by, again.told) == (AlertState.FIRING, 1, None, ())
        assert (by_hand.state, by_hand.resolved_at) == (AlertState.RESOLVED, T0 + 40)
        assert {view.labels for view in views} == {(("model", "alpha"), ("provider", "acme"))}
        assert {view.name for view in views} == {"too-many"}
        assert now == by_hand

    async def test_alert_is_found_by_its_labels_and_notes(self, holding: Holding) -> None:
        async with holding(Life(EPISODE, T0 + 90)) as store:
            by_label = await store.alerts(Wanted(text="provider=acme"))
            by_note = await store.alerts(Wanted(text="ANN: HM"))
            by_rule = await store.alerts(Wanted(text="too-many"))
            by_none = await store.alerts(Wanted(text="nothing of the kind"))

        assert [len(found) for found in (by_label, by_note, by_rule, by_none)] == [1, 1, 1, 0]

    async def test_silences_are_as_they_were_with_what_they_hid(self, holding: Holding) -> None:
        async with holding(Life(EPISODE, T0 + 90)) as store:
            before, then, later, after = [(await store.state_at(T0 + at)).silences for at in (8.5, 10.5, 25, 61)]

        assert before == ()
        assert then == (
            SilenceView(
                silence_id="S1",
                matchers=("model=alpha",),
                by="ann",
                reason="deploy",
                begins=T0 + 9,
                until=T0 + 60,
                hides=1,
                hid=1,
            ),
        )
        assert [(one.hides, one.hid) for one in later] == [(0, 1)]
        assert after == ()

    async def test_silence_that_was_ended_or_is_over_hides_nothing(self, holding: Holding) -> None:
        placed = [event for event in EPISODE if isinstance(event, e.SilencePlaced)]
        ended = e.SilenceEnded(at=T0 + 30, silence_id="S1", cause="by ann", hid=0, actor="ann")
        async with holding(Life([started(), *placed, ended], T0 + 90)) as store:
            held, lifted = [(await store.state_at(T0 + at)).silences for at in (29, 31)]

        assert [one.silence_id for one in held] == ["S1"]
        assert lifted == ()

    async def test_channels_are_as_they_were(self, holding: Holding) -> None:
        async with holding(Life([started(), *DELIVERIES], T0 + 90)) as store:
            waits, broken, mended = [(await store.state_at(T0 + at)).channels for at in (2.5, 4.5, 70)]

        assert [(one.name, one.waiting, one.oldest, one.last_error) for one in waits] == [
            ("ops", 1, T0 + 1, "429 slow down")
        ]
        assert [(one.is_open, one.next_at) for one in broken] == [(True, T0 + 64)]
        mail, ops = mended
        assert (mail.name, mail.waiting, mail.dead) == ("mail", 0, 1)
        assert (ops.is_open, ops.waiting, ops.last_error, ops.last_delivered_at) == (False, 0, "", T0 + 65)
        assert (ops.delivered, ops.dead, ops.next_at) == (1, 0, None)

    async def test_what_a_channel_delivered_counts_from_the_start_of_its_engine(self, holding: Holding) -> None:
        lives = Life([started(), *DELIVERIES], T0 + 90), Life([started(T0 + 100)], T0 + 200)
        async with holding(*lives) as store:
            (mail, ops) = (await store.state_at(T0 + 150)).channels

        assert (ops.delivered, ops.last_delivered_at, mail.dead) == (0, T0 + 65, 0)

    async def test_delivery_log_has_every_attempt_and_how_it_ended(self, holding: Holding) -> None:
        async with holding(Life([started(), *DELIVERIES], T0 + 90)) as store:
            mail, ops = await store.notices(Wanted())

        assert (mail.notice_id, mail.end, mail.cause, mail.is_unsure) == ("N2", NoticeEnd.DEAD, "550 no", True)
        assert (ops.channel, ops.kind, ops.alert_ids, ops.queued_at) == (
            "ops",
            NoticeKind.FIRING,
            ("alert-1", "alert-2"),
            T0 + 1,
        )
        assert (ops.end, ops.ended_at, ops.tries) == (NoticeEnd.DELIVERED, T0 + 65, 2)
        first, second = ops.attempts
        assert (first.begun_at, first.ended_at, first.status, first.answer, first.next_at) == (
            T0 + 1.5,
            T0 + 2,
            429,
            "slow down",
            T0 + 4,
        )
        assert (second.number, second.is_delivered, second.took) == (2, True, 0.25)

    async def test_delivery_log_is_asked_by_alert_channel_time_and_text(self, holding: Holding) -> None:
        async with holding(Life([started(), *DELIVERIES], T0 + 90)) as store:
            asked = [
                await store.notices(Wanted(), alert_id="alert-2"),
                await store.notices(Wanted(), alert_id="alert-1", channel="mail"),
                await store.notices(Wanted(), channel="mail"),
                await store.notices(Wanted(), channel="pager"),
                await store.notices(Wanted(end=T0 + 2)),
                await store.notices(Wanted(begin=T0 + 2)),
                await store.notices(Wanted(text="SLOW DOWN")),
                await store.notices(Wanted(limit=1)),
                await store.notices(Wanted(limit=0)),
                await store.notices(Wanted(), alert_id="alert-7"),
            ]

        assert [[row.notice_id for row in rows] for rows in asked] == [
            ["N1"],
            ["N2"],
            ["N2"],
            [],
            ["N1"],
            ["N2"],
            ["N1"],
            ["N2"],
            [],
            [],
        ]

    async def test_story_of_an_alert_is_all_that_was_said_of_it_in_order(self, holding: Holding) -> None:
        others = [raised(T0 + 3.2, "alert-9"), *DELIVERIES]
        events = sorted([*EPISODE, *others], key=lambda event: event.at)
        async with holding(Life(events, T0 + 90)) as store:
            story = await store.story("alert-3")

        kinds = [type(event) for event in story]
        assert list(story) == [event for event in EPISODE if type(event) not in {e.EngineStarted, e.SilencePlaced}]
        assert e.OperatorActed in kinds
        assert kinds.count(e.NoticeTried) == 2

    async def test_story_is_of_the_episode_that_is_meant(self, holding: Holding) -> None:
        first = [started(), raised(T0 + 1, "alert-1"), resolved(T0 + 2, "alert-1")]
        second = [started(T0 + 10), raised(T0 + 11, "alert-1"), acknowledged(T0 + 12, "alert-1")]
        async with holding(Life(first, T0 + 5), Life(second, T0 + 20)) as store:
            latest = await store.story("alert-1")
            earlier = await store.story("alert-1", raised_at=T0 + 1)
            unknown = await store.story("alert-7")

        assert list(latest) == second[1:]
        assert list(earlier) == first[1:]
        assert unknown == ()

    async def test_story_of_a_silence_tells_what_it_hid(self, holding: Holding) -> None:
        async with holding(Life(EPISODE, T0 + 90)) as store:
            story = await store.story("S1")

        assert [type(event) for event in story] == [e.SilencePlaced, e.AlertMuted]

    async def test_alerts_of_a_window_are_those_that_fired_in_it(self, holding: Holding) -> None:
        events = (
            started(),
            raised(T0 + 1, "alert-1"),
            resolved(T0 + 2, "alert-1"),
            raised(T0 + 3, "alert-2", subject="beta"),
            resolved(T0 + 5, "alert-2", subject="beta"),
            raised(T0 + 6, "alert-1"),
        )
        async with holding(Life(events, T0 + 10)) as store:
            everything = await store.alerts(Wanted())
            window = await store.alerts(Wanted(begin=T0 + 4, end=T0 + 6))
            of_model = await store.alerts(Wanted(models=("beta",)))
            newest = await store.alerts(Wanted(limit=1))
            texts = await store.alerts(Wanted(text="OF BETA"))

        assert [alert.raised_at for alert in everything] == [T0 + 6, T0 + 3, T0 + 1]
        assert [alert.raised_at for alert in window] == [T0 + 3]
        assert of_model == window == texts
        assert newest == everything[:1]

    # --- audit, runs, whole or not ---------------------------------------------------------------------

    async def test_audit_has_places_from_one_on(self, holding: Holding) -> None:
        acts = [act(T0 + number, target="beta" if number % 2 else "alpha") for number in range(1, 6)]
        async with holding(Life((started(), *acts), T0 + 10)) as store:
            rows = await store.audit(Wanted())
            some = await store.audit(Wanted(models=("beta",), text="it lies", limit=2))
            check = await store.verify()
            cut = await store.verify([(6, "00" * 32)])

        assert [(row.number, row.act) for row in rows] == list(enumerate(acts, start=1))
        assert [row.number for row in some] == [3, 5]
        assert (check.rows, check.first_bad) == (5, None)
        assert cut.first_bad == 6

    async def test_runs_are_the_lives(self, holding: Holding) -> None:
        second = (started(T0 + 100), stopped(T0 + 200))
        async with holding(Life(ONE_OF_EACH, T0 + 10), Life(second, T0 + 200)) as store:
            runs = await store.runs()
            newest = await store.runs(1)
            gaps = await store.gaps(-math.inf, math.inf)

        assert [(run.started, run.ended, run.is_clean) for run in runs] == [
            (T0, T0 + 10, True),
            (T0 + 100, T0 + 200, True),
        ]
        assert newest == runs[1:]
        assert gaps == ()

    async def test_holdings_tell_begin_end_and_models(self, holding: Holding) -> None:
        events = (*ONE_OF_EACH[:-1], status(T0 + 8, ModelStatus.AVAILABLE, model="gamma"), stopped(T0 + 10))
        async with holding(Life(events, T0 + 10)) as store:
            found = await store.holdings()

        assert (found.begin, found.end, found.models) == (T0, T0 + 10, ("alpha", "beta", "gamma"))
        assert (found.is_live, found.caution) == (False, "")

    async def test_nothing_is_removed_by_a_reader(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            with pytest.raises(HiveError, match="nothing is removed"):
                await store.retain(0.1)
            assert await store.changed() == await store.changed()
            assert await store.events(Wanted()) == ONE_OF_EACH

    # --- charts ----------------------------------------------------------------------------------------

    async def test_series_counts_what_happened_in_each_step(self, holding: Holding) -> None:
        events = (
            started(),
            *plain(T0 + 5, "run-1"),
            *plain(T0 + 12, "run-2"),
            *moved(T0 + 13, "run-3"),
            probe(T0 + 25),
            stopped(T0 + 29),
        )
        async with holding(Life(events, T0 + 29)) as store:
            series = await store.series(("alpha", "beta", "gamma"), T0 - 10, T0 + 40, step=10)

        alpha = series["alpha"]
        assert (alpha.begin, alpha.step, alpha.points[0], alpha.points[-1]) == (T0 - 10, 10, None, None)
        points = [point for point in alpha.points if point is not None]
        assert [(point.calls, point.failed, point.operations) for point in points[:3]] == [
            (1, 0, 1),
            (2, 1, 2),
            (0, 0, 0),
        ]
        assert [point.probes for point in points[:3]] == [0, 0, 1]
        assert points[0].latency.quantile(0.5) == pytest.approx(0.25, rel=0.01)
        assert (points[0].read_tokens, points[0].cost, points[0].first_token_us) == (100, 300, 62_500)
        assert [point.moved_in if point else None for point in series["beta"].points[1:4]] == [0, 1, 0]
        assert set(series["gamma"].points) == {None}

    async def test_quiet_steps_are_known_and_those_without_an_engine_are_not(self, holding: Holding) -> None:
        first = (started(), status(T0 + 1, ModelStatus.AVAILABLE), stopped(T0 + 100))
        second = (started(T0 + 200), *plain(T0 + 235, "run-1"), stopped(T0 + 240))
        async with holding(Life(first, T0 + 100), Life(second, T0 + 240)) as store:
            series = await store.series(("alpha",), T0, T0 + 240, step=10)

        points = series["alpha"].points
        known = [point.known_ms if point else None for point in points[:10]]
        assert known == [9_000, *[10_000] * 9]
        assert points[11:20] == (None,) * 9
        assert [point is not None for point in points[20:24]] == [True] * 4
        assert points[23] is not None
        assert points[23].calls == 1

    async def test_longer_steps_are_the_sum_of_the_shorter_ones(self, holding: Holding) -> None:
        requests = [event for number in range(400) for event in plain(T0 + 7 + number * 13.7, f"run-{number}")]
        events = (started(), status(T0 + 3, ModelStatus.AVAILABLE), *requests, stopped(T0 + 5_600))
        async with holding(Life(events, T0 + 5_600)) as store:
            by_step = {
                step: (await store.series(("alpha",), T0, T0 + 7_200, step=step))["alpha"].points
                for step in (10, 30, 60, 1_800, 3_600)
            }

        for points in by_step.values():
            known = [point for point in points if point is not None]
            assert sum(point.calls for point in known) == 400
            assert sum(point.latency.count for point in known) == 400
            assert sum(point.known_ms for point in known) == 5_597_000
            assert [point.status for point in known[:-1]] == [ModelStatus.AVAILABLE] * (len(known) - 1)
            assert known[-1].status is None
        assert len(by_step[30]) == 240

    async def test_series_may_leave_out_every_latency_and_nothing_else(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            full = (await store.series(("alpha",), T0, T0 + 10, step=10))["alpha"].points[0]
            lean = (await store.series(("alpha",), T0, T0 + 10, step=10, with_latency=False))["alpha"].points[0]

        assert full is not None
        assert lean is not None
        assert full.latency.count == 2
        assert replace(lean, latency=full.latency, first_token=full.first_token) == full

    @pytest.mark.parametrize(
        ("begin", "end", "step"),
        [(0, 0, 10), (0, 100, 0), (0, math.inf, 10), (0, 100, 15), (0, 100_000, 10), (0, 100, math.nan)],
    )
    async def test_series_without_bounds_is_refused(
        self, holding: Holding, begin: float, end: float, step: float
    ) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            with pytest.raises(HiveError):
                await store.series(("alpha",), begin, end, step=step)

    async def test_sketch_is_exact_and_rounded_outwards(self, holding: Holding) -> None:
        requests = [event for number in range(500) for event in plain(T0 + 5 + number * 20, f"run-{number}")]
        events = (started(), *requests, stopped(T0 + 10_005))
        async with holding(Life(events, T0 + 10_005)) as store:
            whole = await store.sketch(("alpha", "beta", "gamma"), -math.inf, math.inf)
            part = await store.sketch(("alpha",), T0 + 1_005, T0 + 9_021)
            nothing = await store.sketch(("alpha",), T0, T0)

        assert set(whole) == {"alpha", "beta"}
        assert (whole["alpha"].calls, whole["alpha"].latency.count) == (500, 500)
        assert part["alpha"].calls == 402  # from 1,000 to 9,030: at 1,005, 1,025, … 9,025
        assert part["alpha"].latency.count == 402
        assert nothing == {}

    async def test_sketch_of_a_window_without_a_recording_is_empty(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            assert await store.sketch(("alpha",), T0 + 7_200, T0 + 10_800) == {}
            assert await store.sketch((), T0, T0 + 10) == {}

    @pytest.mark.parametrize("limit", [1, 3, 5_000])
    async def test_following_tells_everything_once_and_in_order(self, holding: Holding, limit: int) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            everything = await store.events(Wanted())
            followed = {
                of_requests: await _followed(store, Wanted(limit=limit), is_of_requests=of_requests)
                for of_requests in (False, True)
            }

        for is_of_requests, events in followed.items():
            expected = [event for event in everything if (event in REQUESTS) == is_of_requests]
            assert list(events) == expected

    async def test_following_keeps_to_the_window_and_the_models_that_are_wanted(self, holding: Holding) -> None:
        wanted = Wanted(begin=T0 + 2, models=("alpha",))
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            followed = await _followed(store, wanted)
            expected = [event for event in await store.events(wanted) if event not in REQUESTS]

        assert list(followed) == expected

    async def test_following_a_recording_that_does_not_grow_tells_nothing_more(self, holding: Holding) -> None:
        async with holding(Life(ONE_OF_EACH, T0 + 10)) as store:
            first = await store.after(0, Wanted(models=("nobody",)))
            second = await store.after(first.key, Wanted())

        assert first.key > 0
        assert (second.events, second.key, second.is_all) == ((), first.key, True)


async def _followed(store: Store, wanted: Wanted, *, is_of_requests: bool = False) -> tuple[e.Event, ...]:
    """All pages."""
    found: list[e.Event] = []
    key, is_all = 0, False
    while not is_all:
        page = await store.after(key, wanted, is_of_requests=is_of_requests)
        found += page.events
        key, is_all = page.key, page.is_all
    return tuple(found)
