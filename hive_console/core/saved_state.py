"""What `Member.save` gave before a restart, checked field by field before anything is taken back.

It comes from a disk: half of a record, or one of another version, must never become a model that misbehaves
hours later. What is not whole is refused as a whole; fields of a newer version are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hive_console.core.errors import HiveError
from hive_console.core.states import BreakerState

FOR_EVER = "for ever"
"""How a freeze without an end is written: JSON has no infinity."""

FARTHEST = 253_402_300_800.0
"""Unix seconds of the year 10000: an instant beyond it was never one of ours."""

_LARGEST = 2**53  # what JSON readers of every language keep exactly
_STATES = frozenset(state.value for state in BreakerState)


class UnreadableState(HiveError):
    """The state of a model from before a restart cannot be taken back."""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -FARTHEST <= value <= FARTHEST


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _is_instant(value: object) -> bool:
    return value is None or _is_number(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_name(value: object) -> bool:
    return value is None or _is_text(value)


def _is_breaker_state(value: object) -> bool:
    return isinstance(value, str) and value in _STATES


def _is_freeze(value: object) -> bool:
    return value == FOR_EVER or _is_instant(value)


def _is_holders(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_instant, value.values()))


def _is_bucket(value: object) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))


def _is_tally(value: object) -> bool:
    """The name of its class and what that class saved; a class of another version is left alone."""
    match value:
        case ["Tally", list(content)]:
            return len(content) == 3 and all(map(_is_count, content))
        case ["CountTally", list(content)]:
            return all(map(_is_count, content))
        case ["TimeTally", list(content)]:
            return all(map(_is_bucket, content))
        case [str(), _]:
            return True
        case _:
            return False


def _is_ramp(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


_Checks = Mapping[str, Callable[[object], bool]]

_MEMBER: _Checks = {
    "mode": _is_text,
    "pinned_to": _is_name,
    "throttled_until": _is_instant,
    "baseline_p95": _is_instant,
    "down_since": _is_instant,
    "ramp": _is_ramp,
    "ramp_since": _is_number,
}
_BREAKER: _Checks = {
    "state": _is_breaker_state,
    "since": _is_number,
    "generation": _is_count,
    "consecutive_failures": _is_count,
    "last_failure": _is_instant,
    "last_failure_cause": _is_text,
    "open_until": _is_instant,
    "trips": _is_count,
    "frozen_until": _is_freeze,
    "holders": _is_holders,
    "tally": _is_tally,
}


def checked(saved: object) -> dict[str, Any]:
    """The state of one model, whole and of the right types; raises `UnreadableState` naming what is wrong."""
    member = _fields(saved, _MEMBER, "")
    member["breaker"] = _fields(member.get("breaker"), _BREAKER, "breaker.")
    return member


def _fields(saved: object, checks: _Checks, where: str) -> dict[str, Any]:
    if not isinstance(saved, dict):
        raise UnreadableState(f"{where}{'' if where else 'it'} is no record")
    for name, is_good in checks.items():
        if name not in saved:
            raise UnreadableState(f"{where}{name} is missing")
        if not is_good(saved[name]):
            raise UnreadableState(f"{where}{name} has a value this version does not know")
    return dict(saved)
