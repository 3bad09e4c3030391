"""The tables that hold events: how rows are chosen, and how they become events again.

What SQL leaves out is surely not wanted; what it lets through, `core.sifting` judges, for every store alike.
"""

# ruff: noqa: S608  # statements are put together from constants and numbers; text from outside is a parameter

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from hive_console.core.events import (
    AttemptFinished,
    Event,
    OperationFinished,
    OperatorActed,
    ProbeFinished,
    event_types,
)
from hive_console.core.outcome import OutcomeKind
from hive_console.core.sifting import ABOUT, ABOUT_MANY, REQUESTS, holds, is_wanted
from hive_console.core.states import OperationResult
from hive_console.core.store import Wanted
from hive_storage import codec, sql
from hive_storage.audit_chain import audit_row_of
from hive_storage.audit_sql import TRAIL_COLUMNS
from hive_storage.micros import clamped_microseconds
from hive_storage.request_rows import MAX_LATER, REQUEST_COLUMNS, Row, events_of_request

Names = Mapping[int, str]

Placed = tuple[int, Event]
"""An event with its `seq`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """What is asked for, in the words of the file.

    Attributes:
        wanted: the question.
        kinds: the kinds that are asked for; `None` for all.
        first: the first key that may be wanted, for rows of one event.
        last: the first key that is too late, for keys run ahead of an event's own time.
        begin: the first own time in microseconds.
        end: the first one that is too late.
    """

    wanted: Wanted
    kinds: frozenset[type[Event]] | None
    first: int
    last: int
    begin: int
    end: int

    @classmethod
    def of(cls, wanted: Wanted, kinds: frozenset[type[Event]] | None, *, skew: int) -> Sieve:
        """`skew` is how far a key may be ahead of its event's own time, in microseconds."""
        begin, end = clamped_microseconds(wanted.begin), clamped_microseconds(wanted.end)
        return cls(wanted=wanted, kinds=kinds, first=begin, last=end + skew, begin=begin, end=end)

    def admits(self, event: Event) -> bool:
        """Whether the event is asked for."""
        return (self.kinds is None or type(event) in self.kinds) and is_wanted(event, self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of events.

    Attributes:
        name: its name.
        columns: what is selected; the key is called `seq` and stands at `key`.
        kinds: the kinds of event in it.
        decode: its events, each with its key.
        chosen: conditions that every wanted row meets.
        key: the place of the key among the columns.
        reach: how much later than its row's key an event may be, in microseconds.
    """

    name: str
    columns: str
    kinds: tuple[type[Event], ...]
    decode: Callable[[Row, Any], tuple[Placed, ...]]  # Any: the names, as a dict or a mapping
    chosen: Callable[[Sieve, Names], list[str]]
    key: int = 0
    reach: int = 0

    def holds_any(self, kinds: frozenset[type[Event]] | None) -> bool:
        """Whether there can be an event of these kinds in it."""
        return kinds is None or not kinds.isdisjoint(self.kinds)

    def statement(self, schema: str, sieve: Sieve, names: Names, *, is_ascending: bool = False) -> str:
        """Rows with `seq >= :first AND seq < :last`, at most `:limit`; newest first, or oldest first."""
        conditions = ["seq >= :first", "seq < :last", *self.chosen(sieve, names)]
        if not self.reach:
            conditions += ["at_us >= :begin", "at_us < :end"]
        direction = "" if is_ascending else " DESC"
        return (
            f"SELECT {self.columns} FROM {schema}{self.name} WHERE {' AND '.join(conditions)}"
            f" ORDER BY seq{direction} LIMIT :limit"
        )

    def parameters(self, sieve: Sieve, *, first: int, last: int, limit: int) -> dict[str, Any]:
        """What `statement` is asked about, for keys of `[first, last)`."""
        text = sieve.wanted.text.casefold()
        return {
            "first": first,
            "last": last,
            "begin": sieve.begin,
            "end": sieve.end,
            "limit": limit,
            "text": text,
            "tail": text.rpartition("-")[2],
        }


def _in(numbers: list[int]) -> str:
    return f"({', '.join(map(str, numbers))})"


def _ids(sieve: Sieve, names: Names) -> list[int] | None:
    if sieve.wanted.models is None:
        return None
    wanted = set(sieve.wanted.models)
    return [number for number, text in names.items() if text in wanted]


def _id_of(names: Names, text: str) -> int:
    return next((number for number, known in names.items() if known == text), 0)  # no row has a name 0


def _holding(columns: str) -> str:
    """Whether raw text may hold the folded one: SQLite folds ASCII only, so that other text is left to us."""
    return f"(instr(lower({columns}), :text) > 0 OR length({columns}) <> length(CAST({columns} AS BLOB)))"


def _is_in_kinds(table_kinds: tuple[type[Event], ...], text: str) -> bool:
    return any(text in kind.__name__.casefold() for kind in table_kinds)


def _text_in(sieve: Sieve, names: Names, *, of: tuple[str, ...], or_in: str, kinds: tuple[type[Event], ...]) -> str:
    """A condition: a name in one of the columns `of` holds the text, or the raw text of `or_in` may hold it."""
    text = sieve.wanted.text.casefold()
    if not text or not text.isascii() or _is_in_kinds(kinds, text):
        return "TRUE"
    holding = _in([number for number, name in names.items() if text in name.casefold()])
    return " OR ".join([*(f"{column} IN {holding}" for column in of), _holding(or_in)])


# --- each table ------------------------------------------------------------------------------------

_OF_SEVERAL = ", ".join(
    f"'{kind.__name__}'"
    for kind in event_types()
    for about in [[field.name for field in fields(kind) if field.name in {*ABOUT, *ABOUT_MANY}]]
    if len(about) > 1
)
"""Kinds that are about more models than the one in their row's column."""

_NARROW = (ProbeFinished, AttemptFinished, OperationFinished, OperatorActed)
_OTHERS = tuple(kind for kind in event_types() if kind not in _NARROW)


def _one(decode: Callable[[Row, dict[int, str]], Event]) -> Callable[[Row, Any], tuple[Placed, ...]]:
    return lambda row, names: ((row[0], decode(row, names)),)


def _chosen_events(sieve: Sieve, names: Names) -> list[str]:
    conditions: list[str] = []
    if sieve.kinds is not None:
        kinds = ", ".join(f"'{kind.__name__}'" for kind in _OTHERS if kind in sieve.kinds)
        conditions.append(f"+kind IN ({kinds})")  # the plus: in the order of the keys, never through the index
    ids = _ids(sieve, names)
    if ids is not None:
        conditions.append(f"(model IS NULL OR model IN {_in(ids)} OR kind IN ({_OF_SEVERAL}))")
    text = sieve.wanted.text.casefold()
    if text and text.isascii() and json.dumps(text)[1:-1] == text:
        conditions.append("(instr(lower(kind || ' ' || body), :text) > 0 OR instr(body, '\\u') > 0)")
    return conditions


def _chosen_probes(sieve: Sieve, names: Names) -> list[str]:
    ids = _ids(sieve, names)
    text = _text_in(sieve, names, of=("model", "kind"), or_in="message", kinds=(ProbeFinished,))
    return [f"({text})", *([] if ids is None else [f"model IN {_in(ids)}"])]


def _chosen_attempts(sieve: Sieve, names: Names) -> list[str]:
    ids = _ids(sieve, names)
    text = _text_in(
        sieve, names, of=("model", "kind"), or_in="(operation || ' ' || message)", kinds=(AttemptFinished,)
    )
    conditions = [f"({text})", *([] if ids is None else [f"model IN {_in(ids)}"])]
    if sieve.wanted.is_bad:
        conditions.append(f"(kind <> {_id_of(names, OutcomeKind.SUCCESS.value)} OR number > 1)")
    return conditions


def _chosen_operations(sieve: Sieve, names: Names) -> list[str]:
    ids = _ids(sieve, names)
    texts = ("requested", "result", "served_by", "kind", "priority", "level", "route")
    text = _text_in(sieve, names, of=texts, or_in="operation", kinds=(OperationFinished,))
    # What is normal has no name in its column, and its word is in every row.
    is_usual = bool(sieve.wanted.text) and any(sieve.wanted.text.casefold() in word for word in ("normal", "full"))
    conditions = ["TRUE" if is_usual else f"({text})"]
    if ids is not None:
        conditions.append(f"(requested IN {_in(ids)} OR served_by IN {_in(ids)})")
    if sieve.wanted.is_bad:
        answered = _id_of(names, OperationResult.ANSWERED.value)
        conditions.append(f"(result <> {answered} OR attempts > 1 OR served_by <> requested)")
    return conditions


def _chosen_acts(_sieve: Sieve, _names: Names) -> list[str]:
    return []  # a trail has thousands of rows, and all of its words are searched for


def _chosen_requests(sieve: Sieve, names: Names) -> list[str]:
    """By their shape: what they have in common says nearly everything but the operation's number."""
    wanted = sieve.wanted
    if wanted.models is None and not wanted.is_bad and not wanted.text:
        return []
    anything = Wanted(models=wanted.models, is_bad=wanted.is_bad)
    text = wanted.text.casefold()
    shapes: list[int] = []
    saying: list[int] = []
    for number in names:
        events = _events_of_shape(number, names)
        if any(is_wanted(event, anything) for event in events):
            shapes.append(number)
            if any(holds(event, text) for event in events):
                saying.append(number)
    conditions = [f"shape IN {_in(shapes)}"]
    if text:
        operation = "CAST(operation AS TEXT)"
        tail = f" OR instr(lower({operation}), :tail) = 1" if "-" in text else ""
        conditions.append(f"(shape IN {_in(saying)} OR {_holding(operation)}{tail})")
    return conditions


def _events_of_shape(number: int, names: Names) -> tuple[Event, ...]:
    if not names[number].startswith("["):
        return ()
    try:
        placed = events_of_request((0, 0, 0, 0, 0, number, 0, None, 0, None, None, None), dict(names))
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(event for _, event in placed)


def _act_of_row(row: Row, _names: Any) -> tuple[Placed, ...]:
    return ((row[1], audit_row_of(row).act),)


EVENTS = Table(
    name="event",
    columns="seq, at_us, kind, body",
    kinds=_OTHERS,
    decode=_one(codec.event_of_row),
    chosen=_chosen_events,
)
PROBES = Table(
    name="probe",
    columns=sql.PROBE_COLUMNS,
    kinds=(ProbeFinished,),
    decode=_one(codec.probe_of_row),
    chosen=_chosen_probes,
)
ACTS = Table(
    name="audit",
    columns=TRAIL_COLUMNS,
    kinds=(OperatorActed,),
    decode=_act_of_row,
    chosen=_chosen_acts,
    key=1,
)
OPERATIONS = Table(
    name="operation",
    columns=sql.OPERATION_COLUMNS,
    kinds=(OperationFinished,),
    decode=_one(codec.operation_of_row),
    chosen=_chosen_operations,
)
ATTEMPTS = Table(
    name="attempt",
    columns=f"{sql.ATTEMPT_COLUMNS}, cost",
    kinds=(AttemptFinished,),
    decode=_one(codec.attempt_of_row),
    chosen=_chosen_attempts,
)
OLD_ATTEMPTS = replace(ATTEMPTS, columns=f"{sql.ATTEMPT_COLUMNS}, NULL")
PLAIN_REQUESTS = Table(
    name="request",
    columns=REQUEST_COLUMNS,
    kinds=(AttemptFinished, OperationFinished),
    decode=events_of_request,
    chosen=_chosen_requests,
    reach=MAX_LATER,
)

IN_MAIN = (EVENTS, PROBES, ACTS, OLD_ATTEMPTS, OPERATIONS)
"""Tables of the recording; versions before the fourth kept requests there too."""

IN_DAY = (PLAIN_REQUESTS, ATTEMPTS, OPERATIONS, EVENTS)
"""Tables of a day's file."""

OF_DAYS = frozenset(REQUESTS)
"""Kinds that are in days' files."""
