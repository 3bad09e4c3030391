"""A weight as a person types it: a number from 0 to 1000, as in the settings."""

from __future__ import annotations

HEAVIEST = 1000.0
"""The largest weight, as in the settings."""


def weight_of(text: str) -> float | None:
    """The weight, or `None` for what is none; not a number and the infinite are none."""
    try:
        weight = float(text)
    except ValueError:
        return None
    return weight if 0 <= weight <= HEAVIEST else None
