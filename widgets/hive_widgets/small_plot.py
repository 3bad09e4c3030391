"""A plot for narrow panes, drawn here in Braille dots: no library to load, and a tenth of plotext's time.

The scale is told by its two ends, the time by the words on its axis.
"""

from __future__ import annotations

from hive_widgets.plot_overlay import Area, Cells, overlay, stretches_of
from hive_widgets.plot_parts import Part, Plot, Stretch, is_measure

SMALLEST = (12, 3)
"""Columns and lines below which there is no room for a line."""

_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The dots of a Braille sign by line and column."""

_BRAILLE = 0x2800


def draw_small(plot: Plot, width: int, height: int) -> list[list[Stretch]]:
    """The plot as exactly `height` lines of `width` columns; empty ones below `SMALLEST`."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return [[] for _ in range(height)]
    top = plot.top
    label = f"{top:g}"
    area = Area(left=len(label) + 1, width=width - len(label) - 1, height=height - 1)
    cells: Cells = [[(" ", Part.SCALE)] * width for _ in range(height)]
    _scale(cells, area, label, plot)
    _trace(cells, area, plot, top)
    overlay(cells, area, plot)
    return stretches_of(cells)


def _scale(cells: Cells, area: Area, label: str, plot: Plot) -> None:
    bar, tick, corner, line = ("|", "+", "+", "-") if plot.is_ascii else ("│", "┤", "└", "─")
    for y in range(area.height):
        cells[y][area.left - 1] = (bar, Part.SCALE)
    for y, text in ((0, label), (area.height - 1, "0".rjust(len(label)))):
        _write(cells[y], 0, text)
        cells[y][area.left - 1] = (tick, Part.SCALE)
    axis = cells[area.height]
    _write(axis, area.left - 1, corner + line * area.width)
    _write(axis, area.left + 1, f" -{len(plot.values) * plot.bucket / 60:.0f} min ")
    _write(axis, area.left + area.width - 5, " now ")


def _write(row: list[Stretch], start: int, text: str) -> None:
    for place, sign in enumerate(text, start):
        if 0 <= place < len(row):
            row[place] = (sign, Part.SCALE)


def _trace(cells: Cells, area: Area, plot: Plot, top: float) -> None:
    """One dot a column of dots: the mean of its buckets; neighbours are joined where no gap lies between them."""
    dots: dict[tuple[int, int], int] = {}
    before: tuple[int, int, int] | None = None
    columns, lines = 2 * area.width, 4 * area.height
    for place, value in _points(plot, columns):
        x = min(columns - 1, place * columns // len(plot.values))
        y = lines - 1 - round(min(1.0, value / top) * (lines - 1))
        if before is not None and place - before[2] <= plot.bridged:
            for across in range(before[0], x + 1):
                share = (across - before[0]) / max(1, x - before[0])
                _dot(dots, across, round(before[1] + share * (y - before[1])))
            for down in range(min(before[1], y), max(before[1], y) + 1):
                _dot(dots, x, down)
        _dot(dots, x, y)
        before = (x, y, place)
    for (x, y), bits in dots.items():
        cells[y][area.left + x] = ("*" if plot.is_ascii else chr(_BRAILLE | bits), Part.TRACE)


def _points(plot: Plot, columns: int) -> list[tuple[int, float]]:
    """(bucket, value): where several buckets share a column of dots, the last of them with their mean."""
    points: list[tuple[int, float]] = []
    shared: list[float] = []
    at = -1
    for place, value in enumerate(plot.values):
        if value is None or not is_measure(value):
            continue
        column = place * columns // len(plot.values)
        if column == at:
            shared.append(value)
            points[-1] = (place, sum(shared) / len(shared))
            continue
        at, shared = column, [value]
        points.append((place, value))
    return points


def _dot(dots: dict[tuple[int, int], int], x: int, y: int) -> None:
    cell = (x // 2, y // 4)
    dots[cell] = dots.get(cell, 0) | _BITS[y % 4][x % 2]
