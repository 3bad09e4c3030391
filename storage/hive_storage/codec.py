"""Events to rows and back. High-volume kinds have narrow tables of integers; the rest are JSON bodies.

Times and durations become whole microseconds in the narrow tables, and every event's `at` does: what comes back
differs from what went in by at most half a microsecond. Durations inside JSON bodies stay exact.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from dataclasses import field as one_field
from typing import Any

from hive_console.core.events import (
    AttemptFinished,
    Event,
    FailedOver,
    OperationFinished,
    OperatorActed,
    ProbeFinished,
)
from hive_console.core.journal import from_record, kind_of, to_record
from hive_console.core.states import DegradationLevel, Priority
from hive_storage import day_sql, sql
from hive_storage.micros import microseconds, seconds
from hive_storage.names import Names
from hive_storage.request_rows import Row, Taken


def _model_of(event: Event) -> str | None:
    """The model, or the channel, an event is about, for the column that finds it; the body keeps every field."""
    for field in ("model", "requested", "from_model", "channel"):
        model = getattr(event, field, None)
        if isinstance(model, str):
            return model
    return None


def _event_row(seq: int, skew: int, event: Event, names: Names) -> Row:
    record = to_record(event)
    del record["at"]
    body = json.dumps(record, separators=(",", ":"))  # ASCII: even a lone surrogate is kept, escaped
    return seq, skew, kind_of(event), names.id_or_none(_model_of(event)), body


def _probe_row(seq: int, skew: int, event: ProbeFinished, names: Names) -> Row:
    return (
        seq,
        skew,
        names.id_of(event.model),
        names.id_of(event.kind.value),
        microseconds(event.latency),
        event.status,
        int(event.is_recovery),
        event.message,
    )


def _attempt_row(seq: int, skew: int, event: AttemptFinished, names: Names) -> Row:
    return (
        seq,
        skew,
        event.operation,
        names.id_of(event.model),
        event.number,
        names.id_of(event.kind.value),
        microseconds(event.latency),
        None if event.first_token is None else microseconds(event.first_token),
        event.status,
        event.message,
        event.read_tokens,
        event.written_tokens,
        event.cost,
    )


def _operation_row(seq: int, skew: int, event: OperationFinished, names: Names) -> Row:
    return (
        seq,
        skew,
        event.operation,
        names.id_of(event.requested),
        names.id_of(event.result.value),
        microseconds(event.latency),
        event.attempts,
        names.id_or_none(event.served_by),
        names.id_of(event.kind.value),
        int(event.is_degraded),
        None if event.priority is Priority.NORMAL else names.id_of(event.priority.value),
        None if event.level is DegradationLevel.FULL else names.id_of(event.level.value),
        names.id_of(event.route) if event.route else None,
    )


RowOf = Callable[[int, int, Any, Names], Row]  # Any: each function takes the kind it stands beside below
Writer = tuple[str, RowOf]
"""An insert statement, and what makes its row of `seq`, `skew`, the event and the names."""

BEST_EFFORT: frozenset[type[Event]] = frozenset({AttemptFinished, OperationFinished, FailedOver})
"""Kinds that come with every request: they stand in the day's file and may be dropped in need. Every other kind,
and every kind to come, is kept in the main file: audit, transitions, alerts, probes, engine life."""

_MAIN: dict[type[Event], Writer] = {ProbeFinished: (sql.INSERT_PROBE, _probe_row)}
_OTHER_MAIN: Writer = (sql.INSERT_EVENT, _event_row)
_DAY: dict[type[Event], Writer] = {
    AttemptFinished: (day_sql.INSERT_ATTEMPT, _attempt_row),
    OperationFinished: (day_sql.INSERT_OPERATION, _operation_row),
    FailedOver: (day_sql.INSERT_EVENT, _event_row),
}

Part = tuple[Writer, list[Taken]]


@dataclass(slots=True)
class Sorted:
    """Events by the table that they go to, each part in the order it came.

    Attributes:
        main: what goes to tables of the main file.
        audit: rows of the audit trail.
        day: what goes to tables of the day's file.
    """

    main: list[Part] = one_field(default_factory=list)
    audit: list[Taken] = one_field(default_factory=list)
    day: list[Part] = one_field(default_factory=list)


def by_table(events: Iterable[Taken]) -> Sorted:
    """Events sorted to their tables."""
    main: dict[str, Part] = {}
    day: dict[str, Part] = {}
    found = Sorted()
    for taken in events:
        kind = type(taken[2])
        if kind is OperatorActed:
            found.audit.append(taken)
            continue
        place, table = (day, _DAY[kind]) if kind in BEST_EFFORT else (main, _MAIN.get(kind, _OTHER_MAIN))
        place.setdefault(table[0], (table, []))[1].append(taken)
    found.main, found.day = list(main.values()), list(day.values())
    return found


# --- back ------------------------------------------------------------------------------------------


def event_of_row(row: Row, _names: dict[int, str]) -> Event:
    """An event from a row of the `event` table."""
    _, at_us, kind, body = row
    record = json.loads(body)
    record["at"] = seconds(at_us)
    return from_record(kind, record)


def probe_of_row(row: Row, names: dict[int, str]) -> Event:
    """An event from a row of the `probe` table."""
    _, at_us, model, kind, latency_us, status, is_recovery, message = row
    record = {
        "at": seconds(at_us),
        "model": names[model],
        "kind": names[kind],
        "latency": seconds(latency_us),
        "status": status,
        "is_recovery": bool(is_recovery),
        "message": message,
    }
    return from_record(ProbeFinished.__name__, record)


def attempt_of_row(row: Row, names: dict[int, str]) -> Event:
    """An event from a row of the `attempt` table."""
    _, at_us, operation, model, number, kind, latency_us, first_token_us, status, message, *tokens = row
    read_tokens, written_tokens, cost = tokens
    record = {
        "at": seconds(at_us),
        "operation": operation,
        "model": names[model],
        "number": number,
        "kind": names[kind],
        "latency": seconds(latency_us),
        "first_token": None if first_token_us is None else seconds(first_token_us),
        "status": status,
        "message": message,
        "read_tokens": read_tokens,
        "written_tokens": written_tokens,
        "cost": cost,
    }
    return from_record(AttemptFinished.__name__, record)


def operation_of_row(row: Row, names: dict[int, str]) -> Event:
    """An event from a row of the `operation` table."""
    _, at_us, operation, requested, result, latency_us, attempts, served_by, kind, is_degraded, *rest = row
    priority, level, route = rest
    record = {
        "at": seconds(at_us),
        "operation": operation,
        "requested": names[requested],
        "result": names[result],
        "latency": seconds(latency_us),
        "attempts": attempts,
        "served_by": None if served_by is None else names[served_by],
        "kind": names[kind],
        "is_degraded": bool(is_degraded),
        "priority": Priority.NORMAL.value if priority is None else names[priority],
        "level": DegradationLevel.FULL.value if level is None else names[level],
        "route": "" if route is None else names[route],
    }
    return from_record(OperationFinished.__name__, record)
