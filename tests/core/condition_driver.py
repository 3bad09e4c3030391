"""Feeds conditions with calls and operations, and reads what they say is wrong."""

from __future__ import annotations

from typing import Any

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings
from hive_console.core.alerting.conditions import Conditions
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import ModelSettings, RouteSettings, Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import AlertRule, OperationResult
from tests.core.samples import fleet_view, model_settings

START = 1_000_000_800.0
"""The first second of an hour, and of every bucket."""


def conditions_of(*models: ModelSettings, routes: tuple[RouteSettings, ...] = (), **alerts: Any) -> Conditions:
    """Conditions over these models (or `a`), with fields of `AlertSettings`."""
    known = models or (model_settings("a"),)
    return Conditions(Settings(known, routes=routes, alerts=AlertSettings(**alerts)), START)


def attempt(at: float, kind: OutcomeKind = OutcomeKind.SUCCESS, model: str = "a", **fields: Any) -> e.Event:
    known: dict[str, Any] = {"operation": "o", "number": 1, "latency": 1.0}
    return e.AttemptFinished(at=at, model=model, kind=kind, **(known | fields))


def ended(
    at: float, result: OperationResult = OperationResult.ANSWERED, model: str = "a", **fields: Any
) -> e.Event:
    known: dict[str, Any] = {"operation": "o", "latency": 1.0, "attempts": 1, "served_by": model}
    return e.OperationFinished(at=at, requested=model, result=result, **(known | fields))


def feed(conditions: Conditions, *events: e.Event) -> list[Sighting]:
    return [seen for event in events for seen in conditions.observe(event)]


def calls(at: float, count: int, kind: OutcomeKind = OutcomeKind.SUCCESS, **fields: Any) -> list[e.Event]:
    return [attempt(at, kind, **fields) for _ in range(count)]


def wrong(conditions: Conditions, at: float, fleet: FleetSnapshot | None = None) -> list[tuple[AlertRule, str]]:
    """Rule and subject of what holds at this look."""
    return [(seen.rule, seen.subject) for seen in conditions.look(fleet or fleet_view(), at) if seen.is_bad]


def told(conditions: Conditions, at: float, fleet: FleetSnapshot | None = None) -> list[str]:
    """What is said of what holds at this look."""
    return [seen.text for seen in conditions.look(fleet or fleet_view(), at) if seen.is_bad]
