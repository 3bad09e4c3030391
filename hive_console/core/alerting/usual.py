"""What is usual for a model at this hour: the median of the same hour of the last seven days.

Learned from samples of ten minutes each, and from none that was taken while something was wrong, so that an
incident does not become what is usual; the hour that runs is no witness. While fewer than two such days are known,
the last day stands in, and before that nothing is known.
"""

from __future__ import annotations

from array import array
from statistics import median

HOUR = 3_600.0
_DAY, _WEEK = 24, 168
_DAYS_NEEDED, _HOURS_NEEDED = 2, 3
"""Two days make an hour's habit; three hours a day's."""


class Usual:
    """The hours of a week, each with the mean of its samples."""

    __slots__ = ("_counts", "_hours", "_values")

    def __init__(self) -> None:
        self._hours = array("q", [-1] * _WEEK)
        self._values = array("d", [0.0] * _WEEK)
        self._counts = array("B", [0] * _WEEK)

    def note(self, now: float, value: float) -> None:
        """Takes a sample of the ten minutes before `now`."""
        hour = int(now // HOUR)
        place = hour % _WEEK
        if self._hours[place] != hour:
            self._hours[place], self._counts[place] = hour, 0
        count = min(self._counts[place], 254)
        self._values[place] = (self._values[place] * count + value) / (count + 1)
        self._counts[place] = count + 1

    def at(self, now: float) -> float | None:
        """What is usual at this hour, in the samples' unit; `None` while too little is known."""
        hour = int(now // HOUR)
        same = self._known(range(hour - _DAY, hour - _WEEK - 1, -_DAY))
        if len(same) >= _DAYS_NEEDED:
            return median(same)
        lately = self._known(range(hour - 1, hour - _DAY - 1, -1))
        return median(lately) if len(lately) >= _HOURS_NEEDED else None

    def _known(self, hours: range) -> list[float]:
        places = ((hour, hour % _WEEK) for hour in hours)
        return [self._values[place] for hour, place in places if self._hours[place] == hour]
