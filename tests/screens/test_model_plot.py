"""The plot: what plotext draws, read back into parts that no terminal has to fear."""

from __future__ import annotations

import builtins
import math
import time
from collections.abc import Callable, Mapping, Sequence

import pytest

from hive_console.core.snapshot import Series
from hive_widgets.plot import PlotUnavailable, draw
from hive_widgets.plot_parts import EventMark, Level, Part, Plot, gaps_of, top_of_scale
from hive_widgets.small_plot import draw_small
from tests.screens.payloads import controls_in
from tests.screens.posted import wave

Drawing = Callable[[Plot, int, int], list[list[tuple[str, Part]]]]

BUDGET = 0.15
"""Seconds of processor time one drawing may take on a busy machine with coverage on; alone it takes 4 to 9 ms.
What this catches is work that grows with the points instead of with the cells."""


def lines_of(plot: Plot, width: int = 60, height: int = 10) -> list[str]:
    return ["".join(text for text, _ in line) for line in draw(plot, width, height)]


def cells_of(plot: Plot, part: Part, width: int = 60, height: int = 10) -> set[tuple[int, int]]:
    """Column and line of every cell that this part inked."""
    found: set[tuple[int, int]] = set()
    for y, line in enumerate(draw(plot, width, height)):
        x = 0
        for text, kind in line:
            found |= {(x + place, y) for place, sign in enumerate(text) if kind is part and sign != " "}
            x += len(text)
    return found


def test_it_fills_its_size_exactly() -> None:
    lines = lines_of(Plot(wave(180, 1, 4), 10.0), 76, 9)

    assert len(lines) == 9
    assert {len(line) for line in lines} == {76}


def test_its_time_axis_counts_minutes_back_from_now() -> None:
    last = lines_of(Plot(wave(180, 1, 4), 10.0))[-1]

    assert last.split() == ["-30", "min", "-20", "-10", "now"]


def test_a_gap_stays_a_gap() -> None:
    values = (*wave(60, 1, 4), *(None,) * 60, *wave(60, 1, 4))
    columns = {x for x, _ in cells_of(Plot(values, 10.0, bridged=4), Part.TRACE)}

    assert not columns & set(range(25, 38))
    assert columns & set(range(5, 20))
    assert columns & set(range(45, 60))


def test_a_probe_each_half_minute_is_no_gap() -> None:
    values = tuple(2.0 if place % 3 == 0 else None for place in range(180))
    columns = {x for x, _ in cells_of(Plot(values, 10.0, bridged=4), Part.TRACE)}

    assert len(columns) > 50


def test_lonely_values_are_dots() -> None:
    values = tuple(2.0 if place % 30 == 0 else None for place in range(180))
    columns = {x for x, _ in cells_of(Plot(values, 10.0, bridged=4), Part.TRACE)}

    assert len(columns) == 6


def test_the_threshold_is_one_level_line() -> None:
    rows = {
        y for _, y in cells_of(Plot(wave(180, 1, 2), 10.0, levels=(Level(3.5),), least_top=4.0), Part.THRESHOLD)
    }

    assert len(rows) == 1


def test_zero_stands_at_the_bottom_of_the_scale() -> None:
    lowest = lines_of(Plot((0.0,) * 180, 10.0, least_top=4.0))[-3]

    assert lowest.startswith("0┤")


@pytest.mark.parametrize(
    ("highest", "least", "top"),
    [(0.3, 0.5, 0.5), (3.2, 0.5, 4.0), (100.0, 5.0, 100.0), (31.0, 0.5, 40.0), (0.0, 5.0, 5.0), (9.9, 1.0, 10.0)],
)
def test_the_scale_ends_at_an_easy_number(highest: float, least: float, top: float) -> None:
    assert top_of_scale([highest], least) == pytest.approx(top)


def test_labels_are_as_short_as_they_can_be() -> None:
    labels = [line.split("┤")[0].strip() for line in lines_of(Plot(wave(180, 1, 4), 10.0), 60, 14) if "┤" in line]

    assert labels == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_what_is_no_measure_is_not_drawn(value: float) -> None:
    plot = Plot((value,) * 90 + (1.0,) * 90, 10.0)
    columns = {x for x, _ in cells_of(plot, Part.TRACE)}

    assert columns
    assert min(columns) > 25


@pytest.mark.parametrize(("width", "height"), [(0, 0), (1, 1), (15, 10), (60, 3)])
def test_nothing_is_drawn_where_nothing_fits(width: int, height: int) -> None:
    assert draw(Plot(wave(180, 1, 4), 10.0), width, height) == [[]] * height


def test_no_escape_leaves_the_plot() -> None:
    assert controls_in("\n".join(lines_of(Plot(wave(180, 1, 4), 10.0, levels=(Level(2.0),))))) == set()


def test_one_drawing_leaves_nothing_for_the_next() -> None:
    plain = Plot((1.0,) * 180, 10.0, least_top=2.0)
    first = lines_of(plain)
    lines_of(Plot(wave(180, 1, 400), 10.0, levels=(Level(300.0),), marker="*"), 30, 5)

    assert lines_of(plain) == first


def test_a_drawing_stays_within_its_budget() -> None:
    plot = Plot(wave(180, 1, 4), 10.0, levels=(Level(3.0),))
    draw(plot, 100, 14)
    costs: list[float] = []
    for _ in range(7):
        began = time.process_time()
        draw(plot, 100, 14)
        costs.append(time.process_time() - began)

    assert min(costs) <= BUDGET


def test_a_machine_without_plotext_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(
        name: str,
        globals_: Mapping[str, object] | None = None,
        locals_: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> object:
        if name == "plotext":
            raise OSError("kernel.so: wrong ELF class")
        return real(name, globals_, locals_, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(PlotUnavailable):
        draw(Plot(wave(180, 1, 4), 10.0), 60, 10)


# --- what is laid over it ---

DRAWINGS = pytest.mark.parametrize("drawing", [draw, draw_small], ids=["plotext", "small"])


def cells(drawn: list[list[tuple[str, Part]]], part: Part) -> set[tuple[int, int]]:
    """Column and line of every cell of this part that is inked."""
    found: set[tuple[int, int]] = set()
    for y, line in enumerate(drawn):
        x = 0
        for text, kind in line:
            found |= {(x + place, y) for place, sign in enumerate(text) if kind is part and sign != " "}
            x += len(text)
    return found


@DRAWINGS
def test_the_band_reaches_from_the_fastest_to_the_p95(drawing: Drawing) -> None:
    plot = Plot((2.0,) * 180, 10.0, low=(1.0,) * 180, high=(4.0,) * 180, least_top=4.0)

    rows = {y for _, y in cells(drawing(plot, 60, 14), Part.BAND)}

    assert min(rows) == 0
    assert 6 <= max(rows) <= 11


@DRAWINGS
def test_a_gap_is_hatched_and_what_was_before_the_first_value_is_not(drawing: Drawing) -> None:
    plot = Plot((None,) * 60 + (1.0,) * 60 + (None,) * 60, 10.0, bridged=4)

    columns = {x for x, _ in cells(drawing(plot, 62, 10), Part.GAP)}

    assert min(columns) > 38
    assert max(columns) >= 60


@DRAWINGS
def test_a_level_line_bears_its_name_where_nothing_else_is(drawing: Drawing) -> None:
    plot = Plot((None,) * 90 + (1.0,) * 90, 10.0, levels=(Level(1.5, "degraded"),), least_top=2.0)

    assert any("degraded" in "".join(text for text, _ in line) for line in drawing(plot, 60, 10))


@DRAWINGS
def test_a_bound_far_above_the_values_is_left_out(drawing: Drawing) -> None:
    plot = Plot((1.0,) * 180, 10.0, levels=(Level(30.0, "timeout"),))

    assert cells(drawing(plot, 60, 10), Part.THRESHOLD) == set()
    assert plot.top == 1.0


@DRAWINGS
def test_events_are_marked_on_the_time_axis(drawing: Drawing) -> None:
    marks = (EventMark(89, "►", Part.MOVE), EventMark(89, "✖", Part.TROUBLE), EventMark(500, "◆", Part.HAND))
    drawn = drawing(Plot((1.0,) * 180, 10.0, marks=marks), 61, 10)

    ((x, y),) = cells(drawn, Part.TROUBLE)

    assert abs(x - 31) <= 2
    assert y == (8 if drawing is draw else 9)
    assert cells(drawn, Part.MOVE) == cells(drawn, Part.HAND) == set()


@DRAWINGS
def test_a_terminal_without_unicode_gets_ascii_shades_and_hatches(drawing: Drawing) -> None:
    values = (1.0,) * 60 + (None,) * 120
    plot = Plot(values, 10.0, bridged=4, marker="*", low=values, high=(3.0,) * 180, is_ascii=True)

    signs = {
        sign for line in drawing(plot, 60, 10) for text, part in line for sign in text if part is not Part.SCALE
    }

    assert signs <= set(" *:/.")


@DRAWINGS
@pytest.mark.parametrize(("width", "height"), [(0, 0), (1, 1), (11, 2), (12, 3), (16, 4), (300, 80)])
def test_any_size_is_drawn_to_its_lines(drawing: Drawing, width: int, height: int) -> None:
    plot = Plot(wave(180, 1, 4), 10.0, levels=(Level(3.0, "slow"),), low=(1.0,) * 180, high=(5.0,) * 180)

    assert len(drawing(plot, width, height)) == height


@pytest.mark.parametrize(
    ("values", "gaps"),
    [
        ((None, None, 1.0, None, 1.0), ""),
        ((1.0, None, None, None, 1.0), "123"),
        ((1.0, None, None, None), "123"),
        ((1.0, 1.0, None), ""),
        ((), ""),
    ],
)
def test_gaps_are_what_a_line_does_not_bridge(values: Series, gaps: str) -> None:
    assert "".join(str(place) for place, is_gap in enumerate(gaps_of(values, 2)) if is_gap) == gaps


def test_a_small_plot_joins_what_belongs_together_and_nothing_over_a_gap() -> None:
    plot = Plot((1.0,) * 60 + (None,) * 60 + (1.0,) * 60, 10.0, bridged=4)

    columns = {x for x, _ in cells(draw_small(plot, 62, 8), Part.TRACE)}

    assert not columns & set(range(24, 40))
    assert len(columns) > 35
