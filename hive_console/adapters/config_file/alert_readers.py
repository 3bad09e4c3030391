"""Reads the single values that only `alerts:` has: times of a day, weekdays, matchers, mail addresses, thresholds.

A time such as `22:00` is a number to base 60 for YAML and `09:00` is text; the tree keeps what was written, so
both are read as the times they are, with quotes or without.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from hive_console.adapters.config_file import readers
from hive_console.adapters.config_file.problems import Place, shown
from hive_console.adapters.config_file.readers import Name, Reader, scalar
from hive_console.adapters.config_file.tree import Kind, Listing, Node, Scalar
from hive_console.core.alert_units import Unit
from hive_console.core.alerting.matching import Matcher
from hive_console.core.errors import SettingsError
from hive_console.core.local_time import DAY_MINUTES
from hive_console.core.states import Severity
from hive_console.core.text import clean

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As the file writes them; the place is `LocalTime.weekday`."""

TEXT_LIMIT = 300
"""Characters of a text of one's own, which a notice shows whole (`core.notifying.notice.BRIEF_TEXT`)."""

_Item = TypeVar("_Item")

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_WALL = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_MAIL_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}")


def _name(node: Node, place: Place) -> Name | None:
    found = readers.name(node, place)
    return None if found is None else Name(found, node.line)


def one_or_many(read: Callable[[Node, Place], _Item | None]) -> Callable[[Node, Place], tuple[_Item, ...] | None]:
    """A reader for a list of what `read` reads; a single one may stand without its brackets."""

    def read_all(node: Node, place: Place) -> tuple[_Item, ...] | None:
        items = node.items if isinstance(node, Listing) else (node,)
        found = [read(item, place) for item in items]
        kept = tuple(item for item in found if item is not None)
        return kept if len(kept) == len(found) else None

    return read_all


_NAMES = one_or_many(_name)


def names(node: Node, place: Place) -> tuple[Name, ...] | None:
    """Names with their lines, without brackets where there is one; at least one."""
    found = _NAMES(node, place)
    if found == ():
        place.wrong(node.line, "is empty; name at least one, or remove the line")
        return None
    return found


def text(node: Node, place: Place) -> str | None:
    """A sentence in one line."""
    value = scalar(node, place, "a text")
    if value is None:
        return None
    if len(value.text) > TEXT_LIMIT:
        place.wrong(value.line, f"has {len(value.text)} characters; at most {TEXT_LIMIT}")
        return None
    return clean(value.text.strip())


def time_of_day(node: Node, place: Place) -> int | None:
    """Minutes since midnight from `22:00`; `24:00` is the midnight that ends a day."""
    wanted = "a time of day such as 09:00 or 22:30"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    minutes = _minutes(value.text)
    if minutes is None:
        place.wrong(value.line, f'"{shown(value.text)}" is no time; write {wanted}')
    return minutes


def _minutes(written: str) -> int | None:
    match = _TIME.fullmatch("00:00" if written == "24:00" else written)
    return int(match[1]) * 60 + int(match[2]) if match else None


def minute_of_week(node: Node, place: Place) -> int | None:
    """Minutes since Monday 00:00 from `mon 09:00`; a day alone begins at midnight."""
    wanted = "a day and a time such as mon 09:00"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    day, _, written = value.text.strip().partition(" ")
    minutes = _minutes(written.strip() or "00:00")
    if minutes is None or day.lower() not in WEEKDAYS:
        place.wrong(value.line, f'"{shown(value.text)}" is no time of a week; write {wanted}')
        return None
    return WEEKDAYS.index(day.lower()) * DAY_MINUTES + minutes


def wall_time(node: Node, place: Place) -> datetime | None:
    """A day with or without a time, as the wall clock of the settings' zone shows it."""
    wanted = "a day and a time such as 2026-12-24 08:00, as the clock there shows it"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    found = _wall(value.text)
    if found is None:
        place.wrong(value.line, f'"{shown(value.text)}" is no time; write {wanted}')
    return found


def _wall(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written) if _WALL.fullmatch(written) else None
    except ValueError:
        return None
    # Beyond these years a zone's difference leaves what a clock can hold.
    return found if found is not None and 1971 <= found.year <= 9000 else None


def _days(node: Node, place: Place) -> tuple[int, ...] | None:
    wanted = "days such as mon, or mon-fri"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    first, dash, last = value.text.lower().partition("-")
    if first in WEEKDAYS and (last in WEEKDAYS or not dash):
        begin = WEEKDAYS.index(first)
        span = (WEEKDAYS.index(last) - begin) % 7 + 1 if dash else 1
        return tuple((begin + day) % 7 for day in range(span))
    place.wrong(value.line, f'"{shown(value.text)}" is no weekday; write {wanted}')
    return None


_DAY_LISTS = one_or_many(_days)


def days(node: Node, place: Place) -> tuple[int, ...] | None:
    """Weekdays, Monday 0, sorted; at least one."""
    lists = _DAY_LISTS(node, place)
    if lists is None:
        return None
    if not lists:
        place.wrong(node.line, "is empty; name at least one day, or remove the line for every day")
        return None
    return tuple(sorted({day for found in lists for day in found}))


severity = readers.choice(Severity)
"""One severity."""

severities = one_or_many(readers.choice(Severity))
"""Severities, without brackets where there is one."""


def _matcher(node: Node, place: Place) -> Matcher | None:
    value = scalar(node, place, "a matcher such as provider=openai")
    if value is None:
        return None
    try:
        found = Matcher.parse(value.text)
    except SettingsError as exc:
        place.wrong(value.line, clean(exc.problem))
        return None
    if found.label == "severity" and "*" not in found.pattern and found.pattern not in _SEVERITIES:
        advice = place.suggestion(found.pattern, _SEVERITIES)
        place.wrong(value.line, f"there is no severity {shown(found.pattern)}{advice}")
        return None
    return found


_SEVERITIES = [one.value for one in Severity]

matchers = one_or_many(_matcher)
"""Matchers, without brackets where there is one."""


def mail_address(node: Node, place: Place) -> str | None:
    """A bare mail address."""
    wanted = "an address such as oncall@example.com"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    if not _MAIL.fullmatch(value.text):
        place.wrong(value.line, f"is no mail address; write {wanted}, without a name and brackets")
        return None
    return value.text


_MAIL_ADDRESSES = one_or_many(mail_address)


def mail_addresses(node: Node, place: Place) -> tuple[str, ...] | None:
    """Mail addresses, without brackets where there is one; at least one."""
    found = _MAIL_ADDRESSES(node, place)
    if found == ():
        place.wrong(node.line, "is empty; write at least one address")
        return None
    return found


def mail_host(node: Node, place: Place) -> str | None:
    """A mail server's name or address, without scheme and port."""
    wanted = "a host such as smtp.example.com"
    value = scalar(node, place, wanted)
    if value is None:
        return None
    if value.kind is not Kind.TEXT or not _MAIL_HOST.fullmatch(value.text):
        place.wrong(value.line, f"is no host; write {wanted}, without scheme and port")
        return None
    return value.text


def zone_name(node: Node, place: Place) -> str | None:
    """A time zone that this machine knows; UTC is empty."""
    from hive_console.adapters import zone_clock  # only where a zone is named

    value = scalar(node, place, "a time zone such as Europe/Berlin")
    if value is None:
        return None
    if value.text in zone_clock.UTC_NAMES:
        return ""
    if not _ZONE.fullmatch(value.text) or not zone_clock.is_zone(value.text):
        advice = _zone_advice(value, place)
        place.wrong(
            value.line,
            f'"{shown(value.text)}" is no time zone; write one such as Europe/Berlin, or UTC{advice}',
        )
        return None
    return value.text


def _zone_advice(value: Scalar, place: Place) -> str:
    from hive_console.adapters.zone_clock import known_zones  # as above

    wanted = value.text.replace(" ", "_").lower()
    zones = sorted(known_zones())
    # People write the city alone.
    city = next((zone for zone in zones if zone.lower().rpartition("/")[2] == wanted), None)
    if city is not None:
        return f"; did you mean {city}?"
    near = [zone for zone in zones if zone[:1].lower() == wanted[:1]]
    return place.suggestion(value.text, near)


def threshold_of(unit: Unit) -> Reader:
    """The reader of a number in this unit."""
    return _READERS[unit]


def _share(node: Node, place: Place) -> float | None:
    found = readers.share(node, place)
    if found is None or 0 <= found <= 1:
        return found
    if isinstance(node, Scalar) and node.kind is Kind.NUMBER:
        place.wrong(node.line, f"{shown(node.text)} is more than all; write {shown(node.text)}% for percent")
    else:
        place.wrong(node.line, "is out of bounds; must be from 0% to 100%")
    return None


def _growth(node: Node, place: Place) -> float | None:
    found = readers.share(node, place)
    if found is None or 0 <= found <= 1:
        return found
    if isinstance(node, Scalar) and node.kind is Kind.NUMBER:
        place.wrong(node.line, f"{shown(node.text)} could mean much; write {shown(node.text)}% for percent")
        return None
    return found


def _count(node: Node, place: Place) -> float | None:
    found = readers.whole_number(node, place)
    return None if found is None else float(found)


def _money(node: Node, place: Place) -> float | None:
    found = readers.money(node, place)
    return None if found is None else float(found)


_READERS: dict[Unit, Reader] = {
    Unit.SHARE: _share,
    Unit.GROWTH: _growth,
    Unit.SECONDS: readers.duration,
    Unit.COUNT: _count,
    Unit.FACTOR: readers.number,
    Unit.MONEY: _money,
}
