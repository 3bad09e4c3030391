"""What is laid over a drawn plot: the band, hatched gaps, named level lines, and marks on the time axis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hive_widgets.plot_parts import Part, Plot, Stretch, gaps_of, is_measure

Cells = list[list[Stretch]]
"""Lines of single cells."""

SHADE, ASCII_SHADE = "░", ":"
HATCH, ASCII_HATCH = "╱", "/"
DOTS, ASCII_DOTS = "┈", "."

_HATCH_STEP = 4
"""Cells between two strokes of a hatch: seen as a surface, and too thin to shout."""


@dataclass(frozen=True, slots=True)
class Area:
    """Where in the cells the values stand: its left column and its size; the time axis is the line below."""

    left: int
    width: int
    height: int

    def column(self, bucket: int, count: int) -> int:
        """The column of a bucket."""
        return self.left + round((bucket + 1) / count * (self.width - 1))

    def bucket(self, column: int, count: int) -> int:
        """The bucket that a column shows."""
        return max(0, min(count - 1, round((column - self.left) / max(1, self.width - 1) * count) - 1))

    def line(self, value: float, top: float) -> int:
        """The line of a value."""
        dot = round(min(1.0, max(0.0, value / top)) * (4 * self.height - 1))
        return self.height - 1 - dot // 4


def cells_of(lines: Iterable[Iterable[Stretch]], width: int) -> Cells:
    """The lines cell by cell, each filled up to the width."""
    cells: Cells = []
    for line in lines:
        row = [(sign, part) for text, part in line for sign in text][:width]
        cells.append(row + [(" ", Part.SCALE)] * (width - len(row)))
    return cells


def stretches_of(cells: Cells) -> list[list[Stretch]]:
    """The other way round: neighbours of one part are one stretch."""
    lines: list[list[Stretch]] = []
    for row in cells:
        line: list[Stretch] = []
        for sign, part in row:
            if line and line[-1][1] is part:
                line[-1] = (line[-1][0] + sign, part)
            else:
                line.append((sign, part))
        lines.append(line)
    return lines


def overlay(cells: Cells, area: Area, plot: Plot) -> None:
    """Draws all that `plot` has besides its trace; a cell that is taken stays as it is."""
    top = plot.top
    _levels(cells, area, plot, top)
    _band(cells, area, plot, top)
    _hatch(cells, area, plot)
    _marks(cells, area, plot)


def _free(cells: Cells, y: int, x: int) -> bool:
    sign, part = cells[y][x]
    return sign == " " and part is not Part.THRESHOLD  # the spaces of a name belong to it


def _band(cells: Cells, area: Area, plot: Plot, top: float) -> None:
    count = min(len(plot.low), len(plot.high))
    shade = ASCII_SHADE if plot.is_ascii else SHADE
    edges: dict[int, tuple[float, float]] = {}
    for place in range(count):
        low, high = plot.low[place], plot.high[place]
        if low is None or high is None or not is_measure(high):
            continue
        x = area.column(place, count)
        before = edges.get(x, (low, high))
        edges[x] = (min(low, before[0]), max(high, before[1]))
    for x, (low, high) in edges.items():
        upper, lower = area.line(high, top), area.line(low, top)
        for y in range(upper, lower + 1):
            if _free(cells, y, x) and upper != lower:
                cells[y][x] = (shade, Part.BAND)


def _hatch(cells: Cells, area: Area, plot: Plot) -> None:
    hatch = ASCII_HATCH if plot.is_ascii else HATCH
    is_gap = gaps_of(plot.values, plot.bridged)
    for x in range(area.left, area.left + area.width):
        if not is_gap[area.bucket(x, len(is_gap))]:
            continue
        for y in range(area.height):
            if (x + y) % _HATCH_STEP == 0 and _free(cells, y, x):
                cells[y][x] = (hatch, Part.GAP)


def _levels(cells: Cells, area: Area, plot: Plot, top: float) -> None:
    dots = ASCII_DOTS if plot.is_ascii else DOTS
    for level in plot.levels_in_reach():
        y = area.line(level.value, top)
        for x in range(area.left, area.left + area.width):
            if _free(cells, y, x):
                cells[y][x] = (dots, Part.THRESHOLD)
        _name(cells[y], f" {level.name} ", area, dots)


def _name(row: list[Stretch], name: str, area: Area, dots: str) -> None:
    """Writes the name on its line where nothing but the line is, from the right; else it has to do without."""
    for start in range(area.left + area.width - len(name) - 1, area.left, -1):
        if name.strip() and all(cell == (dots, Part.THRESHOLD) for cell in row[start : start + len(name)]):
            row[start : start + len(name)] = [(sign, Part.THRESHOLD) for sign in name]
            return


def _marks(cells: Cells, area: Area, plot: Plot) -> None:
    """The gravest mark of a column wins; they come in the order in which they are given."""
    if area.height >= len(cells):
        return
    for mark in plot.marks:
        if 0 <= mark.bucket < len(plot.values):
            cells[area.height][area.column(mark.bucket, len(plot.values))] = (mark.sign, mark.part)
