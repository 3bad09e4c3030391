"""The bounds of settings: one way to check a number, one way to say what is wrong with it."""

from __future__ import annotations

from hive_console.core.errors import SettingsError

MAX_SECONDS = 86_400.0
"""One day: no wait, interval or timeout is longer."""


def within(field_name: str, value: float, low: float, high: float) -> None:
    """Raises `SettingsError` naming the field when `value` is not in `low`..`high`."""
    if not low <= value <= high:
        raise SettingsError(field_name, f"{value:g} is out of bounds; must be from {low:g} to {high:g}")


def within_if(field_name: str, value: float | None, low: float, high: float) -> None:
    """The same for a value that may be missing."""
    if value is not None:
        within(field_name, value, low, high)
