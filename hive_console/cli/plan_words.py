"""How `check` writes numbers: durations in a person's unit, shares, counted things."""

from __future__ import annotations

GLUE = "\xa0"
"""Stands between a number and its unit until the lines are broken."""


def count(number: int, noun: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def seconds(length: float) -> str:
    """Seconds in the unit a person would choose, as the file would spell it."""
    number, unit = in_unit(length)
    return f"{number}{GLUE}{unit}"


def in_unit(length: float) -> tuple[str, str]:
    """Seconds as a number and its unit."""
    if 0 < length < 1:
        return f"{length * 1000:g}", "ms"
    if length >= 7200 and length % 3600 == 0:
        return f"{length / 3600:g}", "h"
    if length >= 120 and length % 60 == 0:
        return f"{length / 60:g}", "min"
    return f"{round(length, 2):g}", "s"


def percent(share: float) -> str:
    """A share as a percentage."""
    return f"{round(share * 100, 4):g} %"
