"""The wall clock of the place that settings speak of (quiet hours, shifts, maintenance), as plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES


@dataclass(frozen=True, slots=True)
class LocalTime:
    """An instant as a wall clock there shows it.

    Attributes:
        weekday: 0 is Monday.
        minute: since midnight, 0..1440, with its fraction.
    """

    weekday: int
    minute: float

    @property
    def minute_of_week(self) -> float:
        """Minutes since Monday 00:00."""
        return self.weekday * DAY_MINUTES + self.minute


LocalClock = Callable[[float], LocalTime]
"""Tells what the wall clock shows at an instant (Unix seconds)."""


def utc(at: float) -> LocalTime:
    """The wall clock of UTC: 1970-01-01 was a Thursday."""
    days, seconds = divmod(at, 86_400.0)
    return LocalTime((int(days) + 3) % 7, seconds / 60)


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """A stretch of a day, on some days of the week; one that ends before it begins goes on into the next day.

    Attributes:
        begin: minutes since midnight.
        end: minutes since midnight; equal to `begin` is the whole day.
        days: the weekdays on which it begins; 0 is Monday.
    """

    begin: int
    end: int
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)

    def covers(self, local: LocalTime) -> bool:
        """Whether the wall clock is within it."""
        if self.begin < self.end:
            return local.weekday in self.days and self.begin <= local.minute < self.end
        if local.minute >= self.begin:
            return local.weekday in self.days
        return local.minute < self.end and (local.weekday - 1) % 7 in self.days

    def minutes_left(self, local: LocalTime) -> float:
        """Minutes until it ends, where it covers this time."""
        return (self.end - local.minute) % DAY_MINUTES or float(DAY_MINUTES)
