"""All keys of all screens, from the bindings themselves, and whether other keys for them make sense.

Loads every screen, which takes a third of a second: only where keys are listed, or remapped.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import REPLACED_KEYS, Keys, _character_to_key, key_to_character
from textual.screen import ModalScreen, Screen
from textual.widget import Widget

import hive_console.ui
import hive_widgets

RECORDING = "A recording"
"""Where the keys of an app work that is made from another: everywhere in a review."""

_HOUSES = (hive_console.ui, hive_widgets)

_MODIFIERS = frozenset({"ctrl", "alt", "shift"})

_OTHERWISE = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "-": "minus",
}
"""What people call keys that the screen library calls otherwise."""

_NAMED = frozenset(key.value for key in Keys if not re.search(r"[+<]", key.value)) | {
    _character_to_key(chr(code)) for code in range(0x21, 0x7F)
}

KeyList = tuple[str, ...]


class NoSuchKey(ValueError):
    """A word is no key that a terminal sends."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One action that has keys.

    Attributes:
        id: by which it is remapped.
        keys: its own, by the screen library's names.
        what: what it does.
        screens: where, in the words of the help.
    """

    id: str
    keys: KeyList
    what: str
    screens: tuple[str, ...]

    @property
    def own_keys(self) -> KeyList:
        """Its keys as people write them."""
        return tuple(map(shown, self.keys))


@dataclass(frozen=True, slots=True)
class Clash:
    """Two actions on one key of one screen."""

    key: str
    screen: str
    ids: tuple[str, str]


def entries() -> tuple[KeyEntry, ...]:
    """Every action with an id, those that work everywhere first."""
    found: dict[str, tuple[dict[str, None], str, dict[str, None]]] = {}
    for owner in _owners():
        for binding in _bindings(owner):
            keys, _, screens = found.setdefault(binding.id or "", ({}, _words(binding), {}))
            keys[binding.key] = None
            if not (screens and _title(owner) == RECORDING):
                screens[_title(owner)] = None
    return tuple(KeyEntry(id_, tuple(keys), what, tuple(screens)) for id_, (keys, what, screens) in found.items())


def canonical(key: str) -> str:
    """The screen library's name of a key that people write as `K`, `?`, `ctrl+k`, `f5` or `esc`.

    Raises `NoSuchKey` saying what would be right.
    """
    before, plus, last = key[:-1].rpartition("+")
    last += key[-1:]
    modifiers = before.lower().split("+") if plus else []
    unknown = [modifier for modifier in modifiers if modifier not in _MODIFIERS]
    if unknown:
        raise NoSuchKey(f"{key} is no key: {unknown[0]} is none of ctrl, alt and shift")
    if len(last) == 1:
        return "+".join((*sorted(modifiers), _character(key, last, modifiers)))
    name = _OTHERWISE.get(last.lower(), last.lower())
    if name not in _NAMED:
        raise NoSuchKey(
            f"{key} is no key; write a character such as K, or a name such as enter, f5, pagedown, ctrl+k"
        )
    return "+".join((*sorted(modifiers), name))


def shown(key: str) -> str:
    """The key as people write it, in ASCII, so that it can be copied into a settings file: `K`, `?`, `ctrl+k`."""
    *modifiers, last = key.split("+")
    character = key_to_character(REPLACED_KEYS.get(last, last)) or ""
    return "+".join((*modifiers, character if character.isprintable() and character.strip() else last))


def keymap_of(keys: Mapping[str, KeyList]) -> dict[str, str]:
    """The remapped actions as `App.set_keymap` wants them; raises `NoSuchKey`."""
    return {id_: ",".join(canonical(key) for key in own) for id_, own in keys.items()}


def clashes(keys: Mapping[str, KeyList]) -> tuple[Clash, ...]:
    """Keys of one screen that two actions would share because one of them was remapped; names must be canonical."""
    own = {entry.id: entry.keys for entry in entries()}
    found: dict[tuple[str, frozenset[str]], Clash] = {}
    for screen, ids in _places():
        users: dict[str, list[str]] = {}
        for id_ in ids:
            for key in keys.get(id_, own[id_]):
                users.setdefault(key, []).append(id_)
        for key, sharing in users.items():
            for moved in sharing:
                for other in sharing:
                    if moved in keys and moved != other:
                        clash = Clash(key, screen, (moved, other))
                        found.setdefault((key, frozenset(clash.ids)), clash)
    return tuple(found.values())


def what_each_does(ids: Collection[str]) -> dict[str, str]:
    """What these actions do, by id."""
    return {entry.id: entry.what for entry in entries() if entry.id in ids}


def _character(key: str, last: str, modifiers: list[str]) -> str:
    if not last.isprintable() or last.isspace() or unicodedata.combining(last):
        raise NoSuchKey(f"{key!r} is no key that can be shown")
    if not modifiers:
        return _character_to_key(last)
    if "shift" in modifiers:
        raise NoSuchKey(f"{key} is no key: write the character that shift gives, such as {last.upper()}")
    return _character_to_key(last.lower())


def _owners() -> tuple[type[DOMNode], ...]:
    """Apps, screens and widgets of ours that have keys of their own, apps first."""
    for house in _HOUSES:
        for module in pkgutil.iter_modules(house.__path__, f"{house.__name__}."):
            importlib.import_module(module.name)
    kinds: tuple[type[DOMNode], ...] = (App, Screen, Widget)
    found: dict[type[DOMNode], None] = {}
    for kind in kinds:
        for owner in sorted(
            _below(kind), key=lambda owner: (owner.__module__ != "hive_console.ui.app", _title(owner))
        ):
            if _is_ours(owner) and not _is_abstract(owner):
                found[owner] = None
    return tuple(found)


def _below(kind: type[Any]) -> Iterator[type[Any]]:  # any subclass
    for owner in kind.__subclasses__():
        yield owner
        yield from _below(owner)


def _is_ours(owner: type[DOMNode]) -> bool:
    return owner.__module__.startswith(tuple(f"{house.__name__}." for house in _HOUSES))


def _is_abstract(owner: type[DOMNode]) -> bool:
    """A screen that others are made from; the ones made are looked at."""
    return issubclass(owner, Screen) and any(_is_ours(other) for other in _below(owner))


def _bindings(owner: type[DOMNode]) -> Iterator[Binding]:
    """Those that have an id, those of its base classes too; the screen library's own have none."""
    merged = owner._merged_bindings  # noqa: SLF001 - there is no other way to ask a class
    for bindings in merged.key_to_bindings.values() if merged is not None else ():
        for binding in bindings:
            if binding.id and not binding.system:
                yield binding


def _places() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Which actions are live together: a screen's name, and ids."""
    owners = _owners()
    apps = [owner for owner in owners if issubclass(owner, App)]
    screens = [owner for owner in owners if issubclass(owner, Screen)]
    widgets = [owner for owner in owners if issubclass(owner, Widget) and owner not in screens]
    for app in apps:
        yield _title(app), _ids(app)
    for screen in screens:
        own = _ids(screen)
        areas = {id_.partition(".")[0] for id_ in own}
        within = [
            id_
            for widget in widgets
            for id_ in _ids(widget)
            if id_.partition(".")[0] in areas or widget.__name__ == screen.AUTO_FOCUS
        ]
        if issubclass(screen, ModalScreen):  # nothing below it is live
            yield _title(screen), (*own, *within)
            continue
        for app in apps:
            yield _title(screen), tuple(dict.fromkeys((*_ids(app), *own, *within)))
    for widget in widgets:
        yield _title(widget), _ids(widget)


def _ids(owner: type[DOMNode]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(binding.id for binding in _bindings(owner) if binding.id))


def _title(owner: type[DOMNode]) -> str:
    """How the help calls it, or its name in plain words."""
    if issubclass(owner, App) and any(_is_ours(base) for base in owner.__bases__):
        return RECORDING
    if owner.BINDING_GROUP_TITLE:
        return owner.BINDING_GROUP_TITLE
    words = re.findall("[A-Z][a-z]*", owner.__name__)
    return " ".join(words).capitalize()


def _words(binding: Binding) -> str:
    """What it does; of two that belong together one speaks for both, so that the other has only its id."""
    return binding.tooltip or binding.description or (binding.id or "").rpartition(".")[2].replace("-", " ")
