"""Series as one row of text: the trend columns of the fleet table.

Latency is drawn on one scale for all models, each step twice the last, so that rows can be compared; error
rates are drawn from 0 to 100 %. A stretch in which nothing was measured is a gap, never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hive_console.core.snapshot import Series
from hive_widgets.glyphs import GAP

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-:=+*#"

LOWEST_LATENCY = 0.125
"""Seconds that the lowest bar stands for at most; the highest stands for more than 64 times that, 8 s."""

TREND_VALUES = 60
"""Values that a trend shows: ten minutes of ten-second buckets, what an engineer calls "just now"."""


def latency_level(seconds: float) -> int:
    """The bar of a latency: 0 up to 125 ms, one more with each doubling, 7 above 8 s."""
    if seconds <= LOWEST_LATENCY:
        return 0
    return min(len(BARS) - 1, math.ceil(math.log2(seconds / LOWEST_LATENCY)))


def error_level(rate: float) -> int:
    """The bar of an error rate: 0 for none at all, so that a single failure can be seen, 7 for all."""
    return min(len(BARS) - 1, max(0, math.ceil(rate * (len(BARS) - 1))))


def sparkline(
    series: Series, width: int, level: Callable[[float], int], *, span: int = TREND_VALUES, is_ascii: bool = False
) -> str:
    """The last `span` values in `width` cells, newest at the right.

    Each cell is the mean of its share of values. A series shorter than `span` leaves gaps at the left: what
    was before the start was not measured.
    """
    if width <= 0:
        return ""
    bars, gap = (ASCII_BARS, GAP.ascii_glyph) if is_ascii else (BARS, GAP.glyph)
    values = series[-span:]
    padded: Series = (None,) * (span - len(values)) + values
    cells: list[str] = []
    for cell in range(width):
        known = [value for value in padded[cell * span // width : (cell + 1) * span // width] if value is not None]
        cells.append(bars[level(sum(known) / len(known))] if known else gap)
    return "".join(cells)
