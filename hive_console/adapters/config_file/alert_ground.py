"""What the readers of `alerts:` stand on: the file's other names, its keys, who may be called, what to warn of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import NamedTuple

from hive_console.adapters.config_file.problems import Place, Problems, shown
from hive_console.adapters.config_file.readers import Name
from hive_console.adapters.config_file.section import Section
from hive_console.adapters.endpoints import EndpointRules
from hive_console.adapters.secrets import KeyRing
from hive_console.core.errors import SettingsError


class FileNames(NamedTuple):
    """What the rest of the file names.

    Attributes:
        models: the id that each name leads to.
        groups: those of `groups:`.
        providers: of the models; `None` where models have problems, so that not all are known.
        routes: the virtual models.
        rules: the default rules and those that the file adds.
    """

    models: Mapping[str, str] = MappingProxyType({})
    groups: Collection[str] = ()
    providers: Collection[str] | None = None
    routes: Collection[str] = ()
    rules: Collection[str] = ()


class Ground(NamedTuple):
    """What every reader needs beside its node."""

    names: FileNames
    secrets: KeyRing
    rules: EndpointRules
    notes: Problems

    def warn(self, place: Place, line: int, text: str) -> None:
        """Notes what somebody should know, and what does not stop the file from being used."""
        self.notes.add(line, place.path, text)


def told_refusal(error: SettingsError, section: Section, keys: dict[str, str], place: Place, line: int) -> None:
    """Notes what `core` says of values that passed alone and together break a rule.

    Args:
        error: what it says.
        section: what was given.
        keys: the settings field of each key.
        place: of the section.
        line: of the section.
    """
    given = section.get(keys.get(error.field, ""))
    if given is not None:
        given.place.wrong(given.line, error.problem)
    elif error.field in keys:
        place.below(error.field).wrong(line, error.problem)
    else:
        place.wrong(line, f"{error.field} {error.problem}")


def missing(section: Section, needed: dict[str, str], place: Place, line: int, *, of: str = "") -> bool:
    """Whether a key is not there that must be; each is noted once, and none that was refused already.

    Args:
        section: what was given.
        needed: an example of each key's value, by key and settings field joined with `:`.
        place: of the section.
        line: of the section.
        of: what needs it, in words.
    """
    is_missing = False
    for key_and_field, example in needed.items():
        key, _, field = key_and_field.partition(":")
        if field in section:
            continue
        is_missing = True
        below = place.below(key)
        if not place.problems.concerns(below.path):
            below.wrong(line, f"is missing{of}; write {key}: {example}")
    return is_missing


def unknown(name: Name, known: Collection[str], place: Place, kind: str) -> bool:
    """Whether a name is not among those that there are; it is noted."""
    if name.text in known:
        return False
    there = place.suggestion(name.text, known)
    if not there:
        there = f"; there are {', '.join(map(shown, sorted(known)[:10]))}" if known else "; there is none"
    place.wrong(name.line, f"there is no {kind} {shown(name.text)}{there}")
    return True
