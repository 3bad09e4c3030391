"""Reads one mapping of the file by its table of keys: unknown keys, wrong types, values out of bounds."""

from __future__ import annotations

from typing import NamedTuple

from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.readers import NONE
from hive_console.adapters.config_file.schema import FORMER_NAMES, Key, Shape
from hive_console.adapters.config_file.tree import Kind, Listing, Node, Refused, Scalar, Table


class Given(NamedTuple):
    """A value that the file gives, and where."""

    value: object
    line: int
    place: Place


Section = dict[str, Given]
"""What a section gives, by settings field."""


def table(node: Node, place: Place, wanted: str) -> Table | None:
    """The node when it is a mapping (an empty value is an empty mapping); notes a problem otherwise."""
    match node:
        case Table():
            return node
        case Scalar(kind=Kind.NOTHING):
            return Table(node.line, ())
        case Scalar():
            place.wrong(node.line, f'"{shown(node.text)}" stands where a mapping is expected: {wanted}')
        case Listing():
            place.wrong(node.line, f"is a list; write a mapping: {wanted}")
        case Refused():
            pass
    return None


def read_section(node: Node, place: Place, shape: Shape) -> Section:
    """Returns what the section gives, without the values that were refused."""
    read: Section = {}
    by_name = {key.name: key for key in shape.keys}
    mapping = table(node, place, f"{shape.keys[0].name}: ...")
    for entry in mapping.entries if mapping is not None else ():
        key = by_name.get(entry.key.text)
        if key is None:
            text = _unknown(entry.key.text, place, known=by_name, elsewhere=shape.elsewhere)
            place.below(entry.key.text).wrong(entry.key.line, text)
            continue
        below = place.below(key.name)
        value = key.read(entry.value, below)
        if value is None:
            continue
        value = None if value is NONE else value
        problem = shape.refusal(key, value)
        if problem is None:
            read[key.field] = Given(value, entry.key.line, below)
        else:
            below.wrong(entry.value.line, problem)
    return read


def _unknown(name: str, place: Place, *, known: dict[str, Key], elsewhere: tuple[str, ...]) -> str:
    if name in elsewhere:
        return "belongs to one model alone; write it there"
    plain = name.lower().replace("_", "").replace("-", "")
    near = FORMER_NAMES.get(plain)
    if near not in known:
        near = place.nearest(name, known)
    if near is not None:
        return f"is no known key; did you mean {near}?"
    return f"is no known key; known are {', '.join(known)}"
