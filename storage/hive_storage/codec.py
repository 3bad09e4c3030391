"""Events to rows and back. High-volume kinds have narrow tables of integers; the rest are JSON bodies.

Times and durations become whole microseconds in the narrow tables, and every event's `at` does: what comes back
differs from what went in by at most half a microsecond. Durations inside JSON bodies stay exact.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from hive_console.core.errors import HiveError
from hive_console.core.events import (
    AttemptFinished,
    Event,
    OperationFinished,
    OperatorActed,
    ProbeFinished,
)
from hive_console.core.journal import Record, from_record, kind_of, to_record
from hive_console.core.states import DegradationLevel, Priority
from hive_storage import sql

Taken = tuple[int, int, Event]
"""An event with its place: `seq` (its key), `skew` (`seq` minus its own time, both in microseconds), itself."""

Row = tuple[Any, ...]
"""What SQLite takes and gives: integers, text, bytes and None, by the order of a statement."""

MICROSECONDS = 1_000_000
"""In a second."""

_FARTHEST = 2**62  # half of SQLite's range: a skew added to it still fits

MAX_NAMES = 10_000
"""Distinct model names and words a recording may hold: 20 times the largest fleet; a bound on hostile ones."""


class NamesExhausted(HiveError):
    """A recording holds as many different names as it may."""


def microseconds(seconds: float) -> int:
    """Whole microseconds, rounded to the nearest; raises `ValueError` or `OverflowError` for what is no number."""
    return round(seconds * MICROSECONDS)


def seconds(micros: int) -> float:
    """The float nearest to a whole number of microseconds."""
    return micros / MICROSECONDS


def clamped_microseconds(moment: float) -> int:
    """Whole microseconds of the bound of a window; far ones and infinities stay within SQLite's integers."""
    if moment >= seconds(_FARTHEST):
        return _FARTHEST
    if moment <= -seconds(_FARTHEST):
        return -_FARTHEST
    return microseconds(moment)


class Names:
    """Model names and words as small integers; new ones wait in `fresh` until a commit has kept them."""

    def __init__(self, known: Iterable[tuple[int, str]] = ()) -> None:
        self._ids = {text: number for number, text in known}
        self._next = max(self._ids.values(), default=0) + 1
        self._fresh: list[tuple[int, str]] = []

    def id_of(self, text: str) -> int:
        """The number of a name, a new one where it has none; raises `NamesExhausted` past the bound,
        `UnicodeEncodeError` for text that no file can hold.
        """
        number = self._ids.get(text)
        if number is None:
            if len(self._ids) >= MAX_NAMES:
                raise NamesExhausted(f"the recording already holds {MAX_NAMES} different names")
            text.encode()  # refuses a lone surrogate here, with its event, and not with every later batch
            number = self._next
            self._next += 1
            self._ids[text] = number
            self._fresh.append((number, text))
        return number

    @property
    def fresh(self) -> tuple[tuple[int, str], ...]:
        """Names that no commit has kept yet."""
        return tuple(self._fresh)

    def kept(self, names: tuple[tuple[int, str], ...]) -> None:
        """A commit has kept these."""
        kept = set(names)
        self._fresh = [name for name in self._fresh if name not in kept]


def _no_id(names: Names, text: str | None) -> int | None:
    return None if text is None else names.id_of(text)


def _model_of(event: Event) -> str | None:
    """The model an event is about, for the column that finds it; the body keeps every field anyway."""
    for field in ("model", "requested", "from_model"):
        model = getattr(event, field, None)
        if isinstance(model, str):
            return model
    return None


def _event_row(seq: int, skew: int, event: Event, names: Names) -> Row:
    record = to_record(event)
    del record["at"]
    body = json.dumps(record, separators=(",", ":"))  # ASCII: even a lone surrogate is kept, escaped
    return seq, skew, kind_of(event), _no_id(names, _model_of(event)), body


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
        _no_id(names, event.served_by),
        names.id_of(event.kind.value),
        int(event.is_degraded),
        None if event.priority is Priority.NORMAL else names.id_of(event.priority.value),
        None if event.level is DegradationLevel.FULL else names.id_of(event.level.value),
        names.id_of(event.route) if event.route else None,
    )


def _audit_row(seq: int, skew: int, event: OperatorActed, _names: Names) -> Row:
    return (
        seq,
        skew,
        event.action_id,
        event.phase.value,
        event.actor,
        event.action.value,
        event.target,
        event.reason,
        event.parameter,
        event.before,
        event.after,
        event.detail,
    )


RowOf = Callable[[int, int, Any, Names], Row]  # Any: each function takes the kind it stands beside below
Writer = tuple[str, RowOf]
"""An insert statement, and what makes its row of `seq`, `skew`, the event and the names."""

_EVENT_WRITER: Writer = (sql.INSERT_EVENT, _event_row)
_WRITERS: dict[type[Event], Writer] = {
    ProbeFinished: (sql.INSERT_PROBE, _probe_row),
    AttemptFinished: (sql.INSERT_ATTEMPT, _attempt_row),
    OperationFinished: (sql.INSERT_OPERATION, _operation_row),
    OperatorActed: (sql.INSERT_AUDIT, _audit_row),
}


def by_writer(batch: Iterable[Taken]) -> list[tuple[Writer, list[Taken]]]:
    """A batch sorted to its tables, each part in the order it came."""
    parts: dict[str, tuple[Writer, list[Taken]]] = {}
    for taken in batch:
        writer = _WRITERS.get(type(taken[2]), _EVENT_WRITER)
        parts.setdefault(writer[0], (writer, []))[1].append(taken)
    return list(parts.values())


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
    read_tokens, written_tokens = tokens
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


_AUDIT_FIELDS = (
    "action_id",
    "phase",
    "actor",
    "action",
    "target",
    "reason",
    "parameter",
    "before",
    "after",
    "detail",
)


def audit_of_row(row: Row, _names: dict[int, str]) -> Event:
    """An event from a row of the `audit` table."""
    record: Record = dict(zip(_AUDIT_FIELDS, row[2:], strict=True))
    record["at"] = seconds(row[1])
    return from_record(OperatorActed.__name__, record)


NARROW: dict[type[Event], Callable[[Row, dict[int, str]], Event]] = {
    ProbeFinished: probe_of_row,
    AttemptFinished: attempt_of_row,
    OperationFinished: operation_of_row,
    OperatorActed: audit_of_row,
}
"""Kinds with a table of their own, and how their rows become events again."""
