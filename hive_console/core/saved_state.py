"""What `Member.save` gave before a restart, checked field by field before anything is taken back.

It comes from a disk: half of a record, or one of another version, must never become a model that misbehaves
hours later. What is not whole is refused as a whole; fields of a newer version are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from hive_console.core.errors import HiveError
from hive_console.core.states import BreakerState

FOR_EVER = "for ever"
"""How a freeze without an end is written: JSON has no infinity."""

FARTHEST = 253_402_300_800.0
"""Unix seconds of the year 10000: an instant beyond it was never one of ours."""

_LARGEST = 2**53  # what JSON readers of every language keep exactly

Check = Callable[[object], bool]
Checks = Mapping[str, Check]
"""What each field of a record must be."""


class UnreadableState(HiveError):
    """The state of a model from before a restart cannot be taken back."""


def is_number(value: object) -> bool:
    """Whether it is a number that can be an instant, a duration or a count."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -FARTHEST <= value <= FARTHEST


def is_count(value: object) -> bool:
    """Whether it is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def is_instant(value: object) -> bool:
    """Whether it is an instant, or none."""
    return value is None or is_number(value)


def is_text(value: object) -> bool:
    """Whether it is a text."""
    return isinstance(value, str)


def is_name(value: object) -> bool:
    """Whether it is a text, or none."""
    return value is None or is_text(value)


def is_flag(value: object) -> bool:
    """Whether it is yes or no."""
    return isinstance(value, bool)


def is_word_of(kind: type[Enum]) -> Check:
    """A check for a value of this enum, as it is written down."""
    words = frozenset(member.value for member in kind)
    return lambda value: isinstance(value, str) and value in words


def _is_freeze(value: object) -> bool:
    return value == FOR_EVER or is_instant(value)


def _is_holders(value: object) -> bool:
    return isinstance(value, dict) and all(map(is_instant, value.values()))


def _is_bucket(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(is_number, value))


def _is_tally(value: object) -> bool:
    """The name of its class and what that class saved; a class of another version is left alone."""
    match value:
        case ["Tally", list(content)]:
            return len(content) == 3 and all(map(is_count, content))
        case ["CountTally", list(content)]:
            return all(map(is_count, content))
        case ["TimeTally", list(content)]:
            return all(map(_is_bucket, content))
        case [str(), _]:
            return True
        case _:
            return False


def _is_counts(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(bucket, list) and len(bucket) == 3 and all(map(is_count, bucket)) for bucket in value
    )


def _is_ramp(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(map(is_number, value.values())))


_MEMBER: Checks = {
    "mode": is_text,
    "pinned_to": is_name,
    "throttled_until": is_instant,
    "baseline_p95": is_instant,
    "down_since": is_instant,
    "ramp": _is_ramp,
    "ramp_since": is_number,
}
_FAULT: Checks = {"kind": is_text, "until": is_number, "seen_by_probe": is_flag}
_EJECTION: Checks = {"at": is_instant, "multiplier": is_count}
_LIMITS: Checks = {
    "requests_left": is_instant,
    "requests_until": is_number,
    "tokens_left": is_instant,
    "tokens_until": is_number,
    "usual_tokens": is_number,
    "counts": _is_counts,
}
_LATER: Mapping[str, Checks] = {"fault": _FAULT, "ejection": _EJECTION, "limits": _LIMITS}
"""Parts that earlier versions did not write; `None` where there is nothing to tell."""

_BREAKER: Checks = {
    "state": is_word_of(BreakerState),
    "since": is_number,
    "generation": is_count,
    "consecutive_failures": is_count,
    "last_failure": is_instant,
    "last_failure_cause": is_text,
    "open_until": is_instant,
    "trips": is_count,
    "frozen_until": _is_freeze,
    "holders": _is_holders,
    "tally": _is_tally,
}


def checked(saved: object) -> dict[str, Any]:
    """The state of one model, whole and of the right types; raises `UnreadableState` naming what is wrong."""
    member = record_of(saved, _MEMBER)
    member["breaker"] = record_of(member.get("breaker"), _BREAKER, "breaker.")
    if not is_name(member.setdefault("way", None)):
        raise UnreadableState("way has a value this version does not know")
    for part, checks in _LATER.items():
        later = member.get(part)
        member[part] = None if later is None else record_of(later, checks, f"{part}.")
    return member


def record_of(saved: object, checks: Checks, where: str = "") -> dict[str, Any]:
    """A record whose fields are what they must be; `where` names it, with a dot, and more fields are left alone.

    Raises `UnreadableState` naming the field.
    """
    if not isinstance(saved, dict):
        raise UnreadableState(f"{where}{'' if where else 'it'} is no record")
    for name, is_good in checks.items():
        if name not in saved:
            raise UnreadableState(f"{where}{name} is missing")
        if not is_good(saved[name]):
            raise UnreadableState(f"{where}{name} has a value this version does not know")
    return dict(saved)
