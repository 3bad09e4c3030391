"""One number for everything that happened: a hash over all events in order, the same on every Python."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable
from dataclasses import fields
from enum import Enum
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from hive_console.core.events import Event, event_types

BATCH = 512
"""Events that are hashed at once: one long text costs less than many short ones."""

FORMAT = 2
"""Of `marshal`: the last one that writes values only; later ones tell whether a text was seen or interned before.
Text from `repr` would do as well and costs five times as much.
"""

DIGITS = 24
"""Hexadecimal digits that are told: 96 bits, which no accident makes equal."""

_Reading = tuple[str, Callable[[Event], Any]]  # the fields' values in order, of whatever types they are


class Digest:
    """Takes events in order. Floats count to their last bit, enumerations by their wire values.

    What no `PYTHONHASHSEED` and no version changes goes in: kinds, fields in their order, numbers and texts as
    bytes. Sets and dictionaries are no fields of events.
    """

    __slots__ = ("_batch", "_hash", "_readings", "events")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._batch: list[Any] = []  # rows of values of whatever types
        self._readings = {kind: _reading(kind) for kind in event_types()}
        self.events = 0

    def observe(self, event: Event) -> None:
        """Takes an event."""
        kind, values = self._readings[type(event)]
        self._batch.append((kind, values(event)))
        self.events += 1
        if len(self._batch) >= BATCH:
            self._flush()

    def value(self) -> str:
        """The digest of everything so far."""
        self._flush()
        return self._hash.hexdigest()[:DIGITS]

    def _flush(self) -> None:
        if self._batch:
            self._hash.update(marshal.dumps(self._batch, FORMAT))
            self._batch.clear()


def _reading(kind: type[Event]) -> _Reading:
    """How the values of one kind of event are read: in one call, enumerations as their wire values."""
    hints = get_type_hints(kind)
    names = [f"{field.name}._value_" if _is_enum(hints[field.name]) else field.name for field in fields(kind)]
    optional = [name for name in (field.name for field in fields(kind)) if _is_optional_enum(hints[name])]
    read = attrgetter(*names)
    if not optional:
        return kind.__name__, read
    return kind.__name__, lambda event: tuple(
        value.value if isinstance(value, Enum) else value for value in read(event)
    )


def _is_enum(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _is_optional_enum(hint: object) -> bool:
    return any(_is_enum(kind) for kind in get_args(hint))
