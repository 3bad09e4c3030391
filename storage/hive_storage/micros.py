"""Seconds and whole microseconds: the clock of a recording."""

from __future__ import annotations

MICROSECONDS = 1_000_000
"""In a second."""

_FARTHEST = 2**62  # half of SQLite's range: a skew added to it still fits


def microseconds(seconds: float) -> int:
    """Whole microseconds, rounded to the nearest; raises `ValueError` or `OverflowError` for what is no number."""
    return round(seconds * MICROSECONDS)


def seconds(micros: int) -> float:
    """The float nearest to a whole number of microseconds."""
    return micros / MICROSECONDS


def clamped_microseconds(moment: float) -> int:
    """Whole microseconds of the bound of a window; far ones and infinities stay within SQLite's integers."""
    if moment >= seconds(_FARTHEST):
        return _FARTHEST
    if moment <= -seconds(_FARTHEST):
        return -_FARTHEST
    return microseconds(moment)
