"""Tells an alert book what happened, and reads what fires."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.alerting import AlertBook
from hive_console.core.events import Event
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import AlertRule, AlertState, BreakerState, ModelStatus, OperationResult
from tests.core.samples import NOW


def breaker(new: BreakerState, at: float = NOW, model: str = "a", old: BreakerState = BreakerState.CLOSED) -> Event:
    return e.BreakerChanged(at=at, model=model, old=old, new=new, cause="5 failures in a row")


def status(new: ModelStatus, at: float = NOW, model: str = "a") -> Event:
    return e.StatusChanged(at=at, model=model, old=ModelStatus.UNKNOWN, new=new, cause="server error")


def exhausted(at: float = NOW, model: str = "a", route: str = "") -> Event:
    return e.FallbacksExhausted(
        at=at,
        operation="o",
        requested=model,
        tried=("a", "b"),
        kind=OutcomeKind.TIMED_OUT,
        cause="timed out",
        route=route,
    )


def operation(
    at: float, result: OperationResult = OperationResult.ANSWERED, model: str = "a", route: str = ""
) -> Event:
    return e.OperationFinished(
        at=at, operation="o", requested=model, result=result, latency=1.0, attempts=1, route=route
    )


def told(book: AlertBook, *events: Event) -> list[Event]:
    return [caused for event in events for caused in book.observe(event)]


def firing(book: AlertBook) -> list[tuple[AlertRule, str]]:
    return [(alert.rule, alert.subject) for alert in book.views() if alert.state is AlertState.FIRING]
