"""What a plot is made of: a series, the band around it, level lines, gaps and marks; no library is loaded here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from hive_console.core.snapshot import Series


class Part(Enum):
    """What a stretch of a plot shows; the value is the color number that carries it through plotext."""

    SCALE = 4
    TRACE = 2
    THRESHOLD = 3
    BAND = 5
    GAP = 6
    TROUBLE = 7  # a mark of something that went wrong
    MOVE = 8  # a mark of traffic that moved
    HAND = 9  # a mark of something that a person did
    RELIEF = 10  # a mark of something that came back


Stretch = tuple[str, Part]
"""Some text of one line, all of one part."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level line and its name, which stands on it."""

    value: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class EventMark:
    """Something that happened, on the time axis.

    Attributes:
        bucket: the place of its value in the series, from 0.
        sign: one cell wide.
        part: what kind of thing it was.
    """

    bucket: int
    sign: str
    part: Part


@dataclass(frozen=True, slots=True)
class Plot:
    """What to draw.

    Attributes:
        values: one value a bucket, oldest first; `None` is a gap.
        bucket: seconds a value stands for.
        bridged: how many buckets two values may lie apart and still be joined by a line.
        least_top: the scale reaches at least this far, so that noise near zero does not look like a mountain.
        levels: level lines; one that lies far above all values is left out, as it would flatten them.
        marker: plotext's name of the dots, or one character for terminals without Braille.
        low: the lower edge of the band, as `values`; empty for no band.
        high: its upper edge.
        marks: what happened.
        is_ascii: whether shades and hatches have to be ASCII.
    """

    values: Series
    bucket: float
    bridged: int = 1
    least_top: float = 1.0
    levels: tuple[Level, ...] = ()
    marker: str = "braille"
    low: Series = ()
    high: Series = ()
    marks: tuple[EventMark, ...] = ()
    is_ascii: bool = False

    @property
    def top(self) -> float:
        """The upper end of the scale."""
        return top_of_scale([*self._measured(), *(level.value for level in self.levels_in_reach())], self.least_top)

    def levels_in_reach(self) -> tuple[Level, ...]:
        """The level lines that can be drawn without making the values flat."""
        reach = _REACH * max((self.least_top, *self._measured()))
        return tuple(level for level in self.levels if 0 < level.value <= reach)

    def _measured(self) -> list[float]:
        return [value for value in (*self.values, *self.high) if value is not None and is_measure(value)]


_REACH = 1.6
"""How far above all values a level line may lie, as a factor: twice would leave the values in the lower half."""

_NICE_STEPS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Mantissas of scale ends whose half is easy to read too."""


def is_measure(value: float | None) -> bool:
    """Whether the value can be drawn."""
    return value is not None and math.isfinite(value) and value >= 0


def top_of_scale(values: Sequence[float | None], least: float) -> float:
    """The smallest easy number that is at least `least` and leaves all values on the scale."""
    highest = max((least, *(value for value in values if value is not None)))
    unit = 10.0 ** math.floor(math.log10(highest))
    return next(step * unit for step in _NICE_STEPS if step * unit >= highest * (1 - 1e-9))


def gaps_of(values: Series, bridged: int) -> list[bool]:
    """Of each bucket, whether it lies in a stretch in which nothing was measured.

    What lies before the first value is none: nobody was there to measure.
    """
    known = [place for place, value in enumerate(values) if is_measure(value)]
    is_gap = [False] * len(values)
    for before, after in pairwise([*known, len(values)]):
        if after - before > bridged:
            is_gap[before + 1 : after] = [True] * (after - before - 1)
    return is_gap
