"""Reads when who is told: `alerts.onCall:`, `alerts.quietHours:` and `alerts.maintenance:`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, cast

from hive_console.adapters.config_file.alert_ground import Ground, missing, unknown
from hive_console.adapters.config_file.alert_readers import names as read_names
from hive_console.adapters.config_file.alert_routes import check_matchers
from hive_console.adapters.config_file.alert_schema import (
    MAINTENANCE,
    MAINTENANCE_ALONE,
    ON_CALL_PARTS,
    OVERRIDE,
    SHIFT,
    WINDOW,
)
from hive_console.adapters.config_file.problems import Place
from hive_console.adapters.config_file.readers import Name, is_name
from hive_console.adapters.config_file.section import Section, items_of, only, part_of, read_section, table, without
from hive_console.adapters.config_file.tree import Node, Table
from hive_console.core.alert_settings import Maintenance, Override, Person, Shift
from hive_console.core.errors import SettingsError
from hive_console.core.local_time import WeeklyWindow

_TIMES = {"from:begin": '"22:00"', "to:end": '"07:00"'}
_OF_MAINTENANCE = {"match:matchers": "[provider=openai]", "reason:reason": "weekly upgrade"}


class OnCall(NamedTuple):
    """Who can be on call, and when they are; `names` has people with problems too."""

    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    overrides: tuple[Override, ...] = ()
    names: tuple[str, ...] = ()


def read_on_call(node: Node | None, place: Place, channels: Collection[str], zone: str) -> OnCall:
    """People, rota and overrides.

    Args:
        node: of `onCall:`.
        place: its place.
        channels: names of channels that people may have.
        zone: the time zone in which overrides are written.
    """
    if node is None:
        return OnCall()
    read_section(node, place, ON_CALL_PARTS)
    people, names = _people(part_of(node, "people"), place.below("people"), channels)
    shifts = [
        _shift(item, below, names)
        for item, below in items_of(part_of(node, "rota"), place.below("rota"), "{from: mon 09:00, who: ana}")
    ]
    _check_twice(part_of(node, "rota"), shifts, place.below("rota"))
    example = "{from: 2026-12-24 08:00, to: 2026-12-27 08:00, who: bo}"
    overrides = [
        _override(item, below, names, zone)
        for item, below in items_of(part_of(node, "overrides"), place.below("overrides"), example)
    ]
    return OnCall(
        people,
        tuple(sorted((shift for shift in shifts if shift is not None), key=lambda shift: shift.begins)),
        tuple(override for override in overrides if override is not None),
        names,
    )


def _people(
    node: Node | None, place: Place, channels: Collection[str]
) -> tuple[tuple[Person, ...], tuple[str, ...]]:
    mapping = table(node, place, "ana: [ana-mail]") if node is not None else None
    found: list[Person] = []
    names: list[str] = []
    for entry in mapping.entries if mapping is not None else ():
        below = place.below(entry.key.text)
        if not is_name(entry.key, below):
            continue
        names.append(entry.key.text)
        listed = read_names(entry.value, below)
        lost = [name for name in listed or () if unknown(name, channels, below, "channel")]
        if listed and not lost:
            found.append(Person(entry.key.text, tuple(dict.fromkeys(name.text for name in listed))))
    return tuple(found), tuple(names)


def _shift(node: Node, place: Place, people: Collection[str]) -> Shift | None:
    section = read_section(node, place, SHIFT)
    if not isinstance(node, Table):
        return None
    if missing(section, {"from:begins": "mon 09:00", "who:person": "ana"}, place, node.line):
        return None
    if _is_nobody(section, people):
        return None
    return Shift(cast("int", section["begins"].value), str(section["person"].value))


def _is_nobody(section: Section, people: Collection[str]) -> bool:
    given = section["person"]
    return unknown(Name(str(given.value), given.line), people, given.place, "person")


def _check_twice(node: Node | None, shifts: list[Shift | None], place: Place) -> None:
    begins: set[int] = set()
    for shift in shifts:
        if shift is None:
            continue
        if shift.begins in begins and node is not None:
            place.wrong(node.line, "has two shifts that begin at the same time; keep one of them")
        begins.add(shift.begins)


def _override(node: Node, place: Place, people: Collection[str], zone: str) -> Override | None:
    section = read_section(node, place, OVERRIDE)
    if not isinstance(node, Table):
        return None
    examples = {"from:begins": "2026-12-24 08:00", "to:ends": "2026-12-27 08:00", "who:person": "bo"}
    if missing(section, examples, place, node.line) or _is_nobody(section, people):
        return None
    from hive_console.adapters.zone_clock import instant_of  # only where there are overrides

    begins, ends = (instant_of(zone, cast("datetime", section[key].value)) for key in ("begins", "ends"))
    try:
        return Override(begins, ends, str(section["person"].value))
    except SettingsError:
        section["ends"].place.wrong(section["ends"].line, "is not after from")
        return None


def read_quiet(node: Node | None, place: Place) -> WeeklyWindow | None:
    """The quiet hours; `None` without them, or with problems."""
    if node is None:
        return None
    return _window(read_section(node, place, WINDOW), place, node)


# The values' types are those of the fields: each was read by the reader of its own key.
def _window(section: Section, place: Place, node: Node) -> WeeklyWindow | None:
    if not isinstance(node, Table) or missing(section, _TIMES, place, node.line):
        return None
    values: dict[str, Any] = {field: given.value for field, given in section.items()}
    return WeeklyWindow(**values)


def read_maintenance(node: Node | None, place: Place, ground: Ground) -> tuple[Maintenance, ...]:
    """The announced windows."""
    example = '{from: "02:00", to: "04:00", days: [sun], match: [provider=openai], reason: weekly upgrade}'
    found = [_maintenance(item, below, ground) for item, below in items_of(node, place, example)]
    return tuple(one for one in found if one is not None)


def _maintenance(node: Node, place: Place, ground: Ground) -> Maintenance | None:
    own = [key.name for key in MAINTENANCE_ALONE.keys]
    times = read_section(without(node, own), place, MAINTENANCE)
    if not isinstance(node, Table):
        return None
    alone = read_section(only(node, own), place, MAINTENANCE_ALONE)
    window = _window(times, place, node)
    check_matchers(alone.get("matchers"), ground)
    if missing(alone, _OF_MAINTENANCE, place, node.line) or window is None:
        return None
    return Maintenance(window, cast("Any", alone["matchers"].value), str(alone["reason"].value))
