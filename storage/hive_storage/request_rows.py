"""A plain request as one row: its one attempt and its operation, which say nearly the same thing.

Nine requests in ten are plain: asked once, answered. What distinguishes one from the next are a few numbers; what
thousands of them have in common (model, route, status, the run that numbered them) is a shape, written once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from hive_console.core.events import AttemptFinished, Event, OperationFinished
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import DegradationLevel, OperationResult, Priority
from hive_storage.micros import MICROSECONDS, seconds
from hive_storage.names import Names

Taken = tuple[int, int, Event]
"""An event with its place: `seq` (its key), `skew` (`seq` minus its own time, both in microseconds), itself."""

Row = tuple[Any, ...]
"""What SQLite takes and gives: integers, text, bytes and None, by the order of a statement."""

REQUEST_COLUMNS = (
    "seq, skew, later, later_skew, operation, shape, latency_us, first_token_us, around_us, read_tokens,"
    " written_tokens, cost"
)

INSERT_REQUEST = f"INSERT INTO day.request ({REQUEST_COLUMNS}) VALUES ({', '.join('?' * 12)})"  # noqa: S608 - constants

MAX_LATER = 10 * MICROSECONDS
"""How much later than its attempt an operation may have ended to share its row: who asks for a window of time looks
this far before it."""

SHAPES = 1_000
"""Shapes that are kept ready; a day of fifty models has some hundreds."""

_LONGEST_NUMBER = 18  # digits that surely fit SQLite's integers
_SUCCESS = OutcomeKind.SUCCESS
_ANSWERED = OperationResult.ANSWERED
_NORMAL = Priority.NORMAL
_FULL = DegradationLevel.FULL


def plain_rows(batch: Iterable[Taken], names: Names, rest: list[Taken]) -> Iterator[Row]:
    """The rows of the plain requests of a batch; all that is no part of one is put into `rest`, in order of `seq`.

    A generator, so that SQLite's thread does the work. Raises `NamesExhausted` when a shape finds no room.
    """
    alone: dict[str, Taken] = {}  # attempts whose operation has not come yet
    is_mixed = False
    for taken in batch:
        seq, later_skew, event = taken
        kind = type(event)
        if kind is AttemptFinished:
            id_ = event.operation  # type: ignore[attr-defined]  # `type() is` is quicker than what mypy understands
            if id_ in alone:
                rest.append(alone[id_])
                is_mixed = True
            alone[id_] = taken
            continue
        if kind is OperationFinished:
            first = alone.pop(event.operation, None)  # type: ignore[attr-defined]
            if first is not None:
                if seq - first[0] <= MAX_LATER and _is_plain(first[2], event):
                    yield _row(first, seq, later_skew, event, names)
                    continue
                rest.append(first)
                is_mixed = True
        rest.append(taken)
    if alone or is_mixed:
        rest.extend(alone.values())
        rest.sort(key=_place)


def _place(taken: Taken) -> int:
    return taken[0]


def _is_plain(attempt: Any, operation: Any) -> bool:  # the two kinds of event that they are
    """Whether both events of one operation can be told from one row."""
    return (
        operation.attempts == 1
        and attempt.kind is _SUCCESS
        and operation.kind is _SUCCESS
        and operation.result is _ANSWERED
        and attempt.number == 1
        and operation.served_by == attempt.model
        and not attempt.message
    )


def _row(first: Taken, last: int, later_skew: int, operation: Any, names: Names) -> Row:  # an OperationFinished
    seq, skew, event = first
    attempt: Any = event  # an AttemptFinished
    prefix, number = _parts(attempt.operation)
    key = (
        prefix,
        attempt.model,
        attempt.status,
        operation.requested,
        operation.route,
        operation.is_degraded,
        # An Enum hashes in Python, a string does not.
        "" if operation.priority is _NORMAL else operation.priority.value,
        "" if operation.level is _FULL else operation.level.value,
    )
    shape = names.shapes.get(key)
    if shape is None:
        shape = names.id_of(json.dumps(key, separators=(",", ":")))
        names.shapes[key] = shape
    latency_us = round(attempt.latency * MICROSECONDS)
    first_token = attempt.first_token
    return (
        seq,
        skew,
        last - seq,
        later_skew,
        number,
        shape,
        latency_us,
        None if first_token is None else round(first_token * MICROSECONDS),
        round(operation.latency * MICROSECONDS) - latency_us,
        attempt.read_tokens,
        attempt.written_tokens,
        attempt.cost,
    )


def events_of_request(row: Row, names: dict[int, str]) -> tuple[tuple[int, Event], tuple[int, Event]]:
    """Both events of a row, each with its `seq`; raises `ValueError`, `KeyError`, `TypeError` for a damaged one."""
    seq, skew, later, later_skew, number, shape, latency_us, first_us, around_us, read, written, cost = row
    prefix, model, status, requested, route, is_degraded, priority, level = _shape(names[shape])
    operation = str(number) if prefix is None else f"{prefix}-{number}"
    attempt = AttemptFinished(
        at=seconds(seq - skew),
        operation=operation,
        model=model,
        number=1,
        kind=_SUCCESS,
        latency=seconds(latency_us),
        first_token=None if first_us is None else seconds(first_us),
        status=status,
        read_tokens=read,
        written_tokens=written,
        cost=cost,
    )
    finished = OperationFinished(
        at=seconds(seq + later - later_skew),
        operation=operation,
        requested=requested,
        result=_ANSWERED,
        latency=seconds(latency_us + around_us),
        attempts=1,
        served_by=model,
        is_degraded=is_degraded,
        priority=priority,
        level=level,
        route=route,
    )
    return (seq, attempt), (seq + later, finished)


@lru_cache(SHAPES)
def _shape(text: str) -> tuple[Any, ...]:  # what JSON holds
    """What requests of a shape have in common."""
    *common, priority, level = json.loads(text)
    return (
        *common,
        Priority(priority) if priority else _NORMAL,
        DegradationLevel(level) if level else _FULL,
    )


def _parts(operation: str) -> tuple[str | None, int | str]:
    """What an operation's id has in common with its run's others, and its number; of any other id, all of it."""
    prefix, dash, digits = operation.rpartition("-")
    if dash and digits.isdigit() and digits.isascii() and len(digits) <= _LONGEST_NUMBER:
        number = int(digits)
        if digits[0] != "0" or digits == "0":
            return prefix, number
    return None, operation
