"""A moment as people type it, for every command and dialog that asks for one. Knows no clock: now comes in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from hive_console.core.errors import HiveError
from hive_console.core.text import NAME_LIMIT, clean

TAKEN = (
    "take 14:05, 2026-11-26, 2026-11-26 14:05:30, each with a Z for UTC, or from here: -2h, +10m, 1h30m ago, now"
)
"""What is taken, for an error or a help text."""

LONGEST = 40
"""Characters of a moment; no form takes more."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}

_SPAN = re.compile(r"(?P<sign>[+-]?)\s?(?P<parts>(?:[0-9]{1,9}(?:\.[0-9]{1,6})?\s?[smhdw]\s?){1,5})(?P<ago>ago)?")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s?([smhdw])")
_UNIX = re.compile(r"@([0-9]{1,11}(?:\.[0-9]{1,6})?)")
_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>\.[0-9]{1,6})?)?"
_CLOCK = re.compile(rf"{_TIME}\s?(?P<utc>Z|UTC)?", re.IGNORECASE)
_DATE = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})"
    rf"(?:[T ]{_TIME}\s?(?P<offset>Z|UTC|(?P<east>[+-])(?P<hours>[0-9]{{2}}):?(?P<minutes>[0-9]{{2}}))?)?",
    re.IGNORECASE,
)
_DAYS_BACK = {"today": 0, "yesterday": 1}


def moment(text: str, *, now: float, zone: tzinfo | None, is_of_this_day: bool = False) -> float:
    """The Unix seconds that `text` means at `now`; raises `HiveError` saying what is taken.

    `2h`, `-2h`, `1h30m` and `2h ago` are before now, `+2h` is after it; a time of day is the last one that has come
    by now, or with `is_of_this_day` that of now's own day, be it still to come; a date is its midnight, `today` and
    `yesterday` likewise. Without an offset of its own it is meant in `zone`; `None` is the machine's, as `datetime`
    has it, so that it is read as the screen draws it.
    """
    said = " ".join(text.split())
    try:
        found = _found(said, now, zone, is_of_this_day=is_of_this_day)
    except (ValueError, OverflowError, OSError) as error:  # 31 June, 25:00, a year no clock can hold
        raise HiveError(f"{clean(said, NAME_LIMIT)!r} is on no calendar; {TAKEN}") from error
    if found is None:
        raise HiveError(f"{clean(said, NAME_LIMIT)!r} is no time; {TAKEN}")
    if found < 0:
        raise HiveError(f"{clean(said, NAME_LIMIT)!r} lies before 1970; {TAKEN}")
    return found


def _found(said: str, now: float, zone: tzinfo | None, *, is_of_this_day: bool) -> float | None:
    word = said.lower()
    if word == "now":
        return now
    if word in _DAYS_BACK:
        return _midnight(now, zone, days=-_DAYS_BACK[word]).timestamp()
    if unix := _UNIX.fullmatch(said):
        return float(unix[1])
    if span := _SPAN.fullmatch(word):
        return now + _seconds(span["parts"]) * (1 if span["sign"] == "+" and not span["ago"] else -1)
    if clock := _CLOCK.fullmatch(said):
        wanted = UTC if clock["utc"] else zone
        today = _on(_midnight(now, wanted), clock).timestamp()
        if is_of_this_day or today <= now:
            return today
        return _on(_midnight(now, wanted, days=-1), clock).timestamp()
    if date := _DATE.fullmatch(said):
        return _at_date(date, zone)
    return None


def _seconds(parts: str) -> float:
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(parts))


def _midnight(now: float, zone: tzinfo | None, *, days: int = 0) -> datetime:
    today = datetime.fromtimestamp(now, zone) + timedelta(days=days)
    return today.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _at_date(date: re.Match[str], zone: tzinfo | None) -> float:
    own = _offset(date)
    midnight = datetime(int(date["year"]), int(date["month"]), int(date["day"]), tzinfo=own or zone)
    return (midnight if date["hour"] is None else _on(midnight, date)).timestamp()


def _on(midnight: datetime, clock: re.Match[str]) -> datetime:
    """That time of that day; on the wall, so that a day of 23 or 25 hours has the hour that was meant."""
    return midnight.replace(
        hour=int(clock["hour"]),
        minute=int(clock["minute"]),
        second=int(clock["second"] or 0),
        microsecond=round(float(clock["fraction"] or 0) * 1_000_000),
    )


def _offset(date: re.Match[str]) -> tzinfo | None:
    if date["offset"] is None:
        return None
    sign = -1 if date["east"] == "-" else 1
    return timezone(sign * timedelta(hours=int(date["hours"] or 0), minutes=int(date["minutes"] or 0)))
