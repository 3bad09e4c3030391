"""A series as plotext draws it, with all that is laid over it: text whose parts know what they are, and no escape.

plotext colors by number and answers with escape sequences. Here each number stands for a part of the plot; the
sequences are read back into parts and thrown away, so that the theme colors the plot and nothing of plotext's
output reaches the terminal unread.
"""

from __future__ import annotations

import math
import re

from hive_console.core.errors import HiveError
from hive_widgets.plot_overlay import Area, cells_of, overlay, stretches_of
from hive_widgets.plot_parts import Part, Plot, Stretch, is_measure

SMALLEST = (16, 4)
"""Columns and lines below which axes leave no room for a line."""

_MOST_STEPS = 5
"""Labels above zero; more are not read."""

_MOST_DECIMALS = 3
"""Of a label: what is finer than a thousandth is nobody's question."""

_LINES_PER_TICK = 3
"""A label needs air above and below it."""

_MINUTES_BETWEEN_TICKS = 10

_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")


class PlotUnavailable(HiveError):
    """plotext cannot be loaded on this machine (it ships a compiled kernel)."""


def draw(plot: Plot, width: int, height: int) -> list[list[Stretch]]:
    """The plot as exactly `height` lines of at most `width` columns; raises `PlotUnavailable`.

    Nothing is drawn below `SMALLEST`.
    """
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return [[] for _ in range(height)]
    cells = cells_of(_parted(_drawn_by_plotext(plot, width, height))[:height], width)
    left = next((x for x, (sign, _) in enumerate(cells[0]) if sign in "┤│"), 0) + 1
    overlay(cells, Area(left=left, width=width - left, height=height - _AXIS_LINES), plot)
    return stretches_of(cells)


_AXIS_LINES = 2
"""The time axis and its labels."""


def _drawn_by_plotext(plot: Plot, width: int, height: int) -> str:
    try:
        import plotext  # 60 ms and a compiled library: only once a chart is looked at
    except (ImportError, OSError) as error:
        raise PlotUnavailable(str(error)) from error

    count = len(plot.values)
    points = [(index, value) for index, value in enumerate(plot.values) if value is not None and is_measure(value)]
    top = plot.top

    plotext.terminal.limit(False, False)  # our widget's size counts, not what plotext thinks of the terminal
    figure = plotext.figure
    figure.clear()  # plotext owns one figure a process; every draw starts from nothing
    figure.theme("colorless")
    figure.canvas("default")
    figure.plot_size(width, height)
    figure.axes(True, pixel=Part.SCALE.value)
    figure.axes(False, axis=0, side=1)
    figure.axes(False, axis=1, side=1)

    along, up = figure.ruler("x", "lower"), figure.ruler("y", "left")
    along.pixel(Part.SCALE.value)
    up.pixel(Part.SCALE.value)
    minutes = count * plot.bucket / 60
    along.lim(-minutes, 0)
    along.ticks(*_time_ticks(minutes))
    up.lim(0, top)
    up.ticks(*_value_ticks(top, height))

    if points:
        trace = figure.signal(
            [(index + 1 - count) * plot.bucket / 60 for index, _ in points],
            [value for _, value in points],
            marker=_marker(plotext, plot.marker),
        )
        for place in range(1, len(points)):
            trace.line(place, points[place][0] - points[place - 1][0] <= plot.bridged)
        figure.draw(trace)
    drawn: str = figure.build().string()
    return drawn


def _marker(plotext: object, name: str) -> object:
    marker: object = plotext.marker(name, Part.TRACE.value)  # type: ignore[attr-defined]  # plotext ships no types
    return marker


def _time_ticks(minutes: float) -> tuple[list[float], list[str]]:
    """Places on the time axis and their labels; the unit stands once, at the far end."""
    back = list(range(int(minutes), 0, -_MINUTES_BETWEEN_TICKS))
    labels = [f"-{minute}" if place else f"-{minute} min" for place, minute in enumerate(back)]
    return [-float(minute) for minute in back] + [0.0], [*labels, "now"]


def _value_ticks(top: float, height: int) -> tuple[list[float], list[str]]:
    """Evenly spread places with the shortest labels there are; more of them where there is room."""
    most = max(2, min(_MOST_STEPS, height // _LINES_PER_TICK))
    steps = min(range(2, most + 1), key=lambda count: (_decimals(_spread(top, count)), -count))
    places = _spread(top, steps)
    decimals = _decimals(places)
    return places, [f"{place:.{decimals}f}" for place in places]


def _spread(top: float, steps: int) -> list[float]:
    return [top * step / steps for step in range(steps + 1)]


def _decimals(places: list[float]) -> int:
    """Decimals that tell the places exactly, or the most that a label may have."""
    for count in range(_MOST_DECIMALS):
        if all(math.isclose(round(place, count), place, abs_tol=1e-9) for place in places):
            return count
    return _MOST_DECIMALS


def _parted(drawn: str) -> list[list[Stretch]]:
    """Reads plotext's colors back into parts and drops every sequence and control character."""
    lines: list[list[Stretch]] = []
    for raw in drawn.rstrip("\n").split("\n"):
        part = Part.SCALE
        stretches: list[Stretch] = []
        pieces = _SEQUENCE.split(raw)
        for place, piece in enumerate(pieces):
            if place % 2:
                part = _part_of(piece, part)
            elif piece:
                stretches.append(("".join(sign for sign in piece if sign.isprintable()), part))
        lines.append(stretches)
    return lines


def _part_of(sequence: str, current: Part) -> Part:
    """The part that a color sequence begins; a reset begins the scale, a background changes nothing."""
    if sequence in {"", "0"}:
        return Part.SCALE
    numbers = sequence.split(";")
    if numbers[:2] != ["38", "5"]:
        return current
    return next((part for part in Part if str(part.value) == numbers[2]), Part.SCALE)
