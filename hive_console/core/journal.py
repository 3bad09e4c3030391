"""Events to plain data and back, so that a store can keep every kind without knowing any of them."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hive_console.core.errors import HiveError
from hive_console.core.events import Event, event_types

Record = dict[str, Any]
"""Plain JSON data: strings, numbers, booleans, null and lists of strings."""


class UnknownEvent(HiveError):
    """A recording holds a kind of event that this version does not know."""


@cache
def _types_by_name() -> dict[str, type[Event]]:
    return {kind.__name__: kind for kind in event_types()}


@cache
def _types_of_fields(kind: str) -> dict[str, tuple[Any, ...]]:
    event_type = _types_by_name()[kind]
    hints = get_type_hints(event_type)
    return {
        field.name: get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
        for field in fields(event_type)
        for hint in [hints[field.name]]
    }


def kind_of(event: Event) -> str:
    """The name under which the event is stored."""
    return type(event).__name__


def to_record(event: Event) -> Record:
    """The event's fields as plain data; the kind's name is kept beside it, not in it."""
    record: Record = {}
    for field in fields(event):
        value = getattr(event, field.name)
        if isinstance(value, Enum):
            value = value.value
        elif isinstance(value, tuple):
            value = list(value)
        record[field.name] = value
    return record


def from_record(kind: str, record: Record) -> Event:
    """Builds the event back; unknown fields (of a newer version) are ignored, unknown kinds are refused."""
    event_type = _types_by_name().get(kind)
    if event_type is None:
        raise UnknownEvent(f"event kind {kind!r} is not known to this version; upgrade hive-console to read it")
    known = _types_of_fields(event_type.__name__)
    values = {name: _restored(record[name], types) for name, types in known.items() if name in record}
    try:
        return event_type(**values)
    except TypeError as error:  # a field without a default is missing
        raise UnknownEvent(f"a record of {kind} is incomplete; it was not written by hive-console") from error


def _restored(value: Any, types: tuple[Any, ...]) -> Any:  # JSON in, the field's type out
    for wanted in types:
        if isinstance(wanted, type) and issubclass(wanted, Enum) and value is not None:
            try:
                return wanted(value)
            except ValueError as error:
                said = f"{wanted.__name__} {value!r} is not known to this version"
                raise UnknownEvent(f"{said}; upgrade hive-console to read it") from error
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, int) and not isinstance(value, bool) and float in types:
        return float(value)
    return value
