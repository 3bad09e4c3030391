"""The plot: what plotext draws, read back into parts that no terminal has to fear."""

from __future__ import annotations

import builtins
import math
import time
from collections.abc import Mapping, Sequence

import pytest

from hive_widgets.plot import Part, Plot, PlotUnavailable, draw, top_of_scale
from tests.screens.payloads import controls_in
from tests.screens.posted import wave

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
    rows = {y for _, y in cells_of(Plot(wave(180, 1, 2), 10.0, threshold=3.5, least_top=4.0), Part.THRESHOLD)}

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
    assert controls_in("\n".join(lines_of(Plot(wave(180, 1, 4), 10.0, threshold=2.0)))) == set()


def test_one_drawing_leaves_nothing_for_the_next() -> None:
    plain = Plot((1.0,) * 180, 10.0, least_top=2.0)
    first = lines_of(plain)
    lines_of(Plot(wave(180, 1, 400), 10.0, threshold=300.0, marker="*"), 30, 5)

    assert lines_of(plain) == first


def test_a_drawing_stays_within_its_budget() -> None:
    plot = Plot(wave(180, 1, 4), 10.0, threshold=3.0)
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
