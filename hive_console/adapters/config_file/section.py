"""Reads one mapping of the file by its table of keys: unknown keys, wrong types, values out of bounds."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.readers import NONE
from hive_console.adapters.config_file.schema import FORMER_NAMES, Shape
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
    first = shape.keys[0].name if shape.keys else shape.parts[0]
    mapping = table(node, place, f"{first}: ...")
    for entry in mapping.entries if mapping is not None else ():
        key = by_name.get(entry.key.text)
        if key is None and entry.key.text in shape.parts:
            continue
        if key is None:
            text = _unknown(entry.key.text, place, shape)
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


def part_of(node: Node, name: str) -> Node | None:
    """The value of a key that holds a section of its own; `None` where it is not there."""
    entries = node.entries if isinstance(node, Table) else ()
    return next((entry.value for entry in entries if entry.key.text == name), None)


def only(node: Node, names: Collection[str]) -> Node:
    """The mapping with these keys alone: for one that fills two kinds of settings."""
    if not isinstance(node, Table):
        return node
    return Table(node.line, tuple(entry for entry in node.entries if entry.key.text in names))


def without(node: Node, names: Collection[str]) -> Node:
    """The mapping without these keys, likewise."""
    if not isinstance(node, Table):
        return node
    return Table(node.line, tuple(entry for entry in node.entries if entry.key.text not in names))


def items_of(node: Node | None, place: Place, wanted: str) -> list[tuple[Node, Place]]:
    """The items of a list, each with its place, counted from 1; an empty value is an empty list."""
    match node:
        case Listing():
            return [(item, place.below(str(number))) for number, item in enumerate(node.items, 1)]
        case Table():
            place.wrong(node.line, f"is a mapping; write a list: [{wanted}]")
        case Scalar() if node.kind is not Kind.NOTHING:
            place.wrong(node.line, f"is a single value; write a list: [{wanted}]")
        case _:
            pass
    return []


def _unknown(name: str, place: Place, shape: Shape) -> str:
    if name in shape.elsewhere:
        return f"belongs {shape.belongs}"
    known = [*(key.name for key in shape.keys), *shape.parts]
    plain = name.lower().replace("_", "").replace("-", "")
    near = FORMER_NAMES.get(plain)
    if near not in known:
        near = place.nearest(name, known)
    if near is not None:
        return f"is no known key; did you mean {near}?"
    return f"is no known key; known are {', '.join(known)}"
