"""Reads `console.keys`: actions by id, each with the keys that take the place of its own.

Which actions there are, and which keys a terminal can send, is known to the screens: whoever loads them asks there.
"""

from __future__ import annotations

from collections.abc import Mapping

from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.tree import Entry, Kind, Listing, Node, Refused, Scalar, Table
from hive_console.core.console_settings import Remap
from hive_console.core.errors import SettingsError

EXAMPLE = "keys: {fleet.sort: o}"

_WANTED = 'a key such as K, ctrl+k or "?", or a list of keys'


def remaps(node: Node, place: Place) -> tuple[Remap, ...] | None:
    """The remapped actions in the order of the file."""
    entries = _entries(node, place)
    found: list[Remap] = []
    for entry in entries or ():
        below = place.below(entry.key.text)
        keys = _keys(entry.value, below)
        if keys is None:
            continue
        try:
            found.append(Remap(entry.key.text, keys))
        except SettingsError as exc:
            below.wrong(entry.value.line, exc.problem)
    return None if entries is None else tuple(found)


def lines_of(console: Node | None) -> Mapping[str, int]:
    """The line of each remapped action below the node of `console:`."""
    if not isinstance(console, Table):
        return {}
    tables = [entry.value for entry in console.entries if entry.key.text == "keys"]
    return {
        entry.key.text: entry.value.line for node in tables if isinstance(node, Table) for entry in node.entries
    }


def _entries(node: Node, place: Place) -> tuple[Entry, ...] | None:
    match node:
        case Table():
            return node.entries
        case Scalar() | Listing():
            place.wrong(node.line, f"is no mapping; write {EXAMPLE}")
        case Refused():
            pass
    return None


def _keys(node: Node, place: Place) -> tuple[str, ...] | None:
    items = node.items if isinstance(node, Listing) else (node,)
    keys = [_key(item, place) for item in items]
    return None if None in keys else tuple(key for key in keys if key is not None)


def _key(node: Node, place: Place) -> str | None:
    match node:
        case Scalar(kind=Kind.TEXT | Kind.NUMBER):
            return node.text
        case Scalar(kind=Kind.NOTHING):
            place.wrong(node.line, f"has no value; write {_WANTED}")
        case Scalar():
            place.wrong(node.line, f"{shown(node.text)} is {node.kind.value} to YAML; put it in quotes")
        case Listing() | Table():
            place.wrong(node.line, f"holds a list or mapping; write {_WANTED}")
        case Refused():
            pass
    return None
