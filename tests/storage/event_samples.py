"""Events of every kind for the storage tests, made from their types alone, so a new kind is covered at once."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from hive_console.core.events import Event, event_types

_WHOLE_MICROSECONDS = {"at", "latency", "first_token"}  # what the narrow tables keep, and what `seq` is made of
_THREE_DAYS = 3 * 86_400 * 1_000_000  # each day has a file
_BASE = 1_790_000_000_000_000


def _values(name: str, hint: Any) -> st.SearchStrategy[Any]:  # a type of a field in, its values out
    if get_origin(hint) is tuple:
        return st.lists(st.text(max_size=20), max_size=4).map(tuple)
    if get_args(hint):
        return st.one_of([_values(name, part) for part in get_args(hint)])
    if hint is NoneType:
        return st.none()
    if name == "cost":
        return st.none()  # the narrow table has no column for it yet
    if name == "at":
        return st.integers(_BASE, _BASE + _THREE_DAYS).map(lambda micros: micros / 1e6)
    if name in _WHOLE_MICROSECONDS:
        return st.integers(0, 10**10).map(lambda micros: micros / 1e6)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return {
        str: st.text(max_size=40),
        bool: st.booleans(),
        int: st.integers(0, 2**40),
        float: st.floats(allow_nan=False, allow_infinity=False),
    }[hint]


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of one kind."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _values(field.name, hints[field.name]) for field in fields(kind)})


def any_events() -> st.SearchStrategy[list[Event]]:
    """One event of every kind at least once in this order, and a few more of any kind."""
    every = st.tuples(*(events_of(kind) for kind in event_types()))
    more = st.lists(st.one_of([events_of(kind) for kind in event_types()]), max_size=10)
    return st.tuples(every, more).map(lambda parts: [*parts[0], *parts[1]])
