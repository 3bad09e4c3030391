"""docs/review.md is true: its keys are bound, its steps are the scales, its times are understood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hive_console.core.moments import moment
from hive_console.engine.review_client import RETRY
from hive_console.engine.review_reading import MOVED_SHOWN
from hive_console.engine.review_scales import SCALES
from hive_console.ui.review_app import ReviewApp
from hive_widgets.time_bar import CURSOR, HAPPENED, HATCHED

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "review.md").read_text()
ROWS = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
KEYS = {key for row in ROWS for key in re.findall(r"`([a-zJ0][a-z_+]*)`", row)}
UNITS = {"s": 1, "minute": 60, "minutes": 60, "hour": 3_600, "hours": 3_600, "day": 86_400, "days": 86_400}


def seconds(text: str) -> float:
    count, unit = text.split()
    return float(count) * UNITS[unit]


def test_every_key_of_the_page_is_bound_and_every_bound_key_is_on_it() -> None:
    bound = {
        key for binding in ReviewApp.BINDINGS if not isinstance(binding, tuple) for key in binding.key.split(",")
    }

    assert bound == KEYS


def test_the_steps_of_the_page_are_the_scales() -> None:
    table = PAGE.split("| the bar shows")[1].split("\n\n")[0].splitlines()[2:]
    told = [tuple(seconds(cell.strip()) for cell in row.strip("|").split("|")) for row in table]

    assert told == [(scale.line, scale.step, scale.leap) for scale in SCALES]


@pytest.mark.parametrize("text", ["14:05", "14:05:30", "2026-11-26", "2026-11-26 14:05", "-2h", "+10m", "+1h30m"])
def test_the_times_of_the_page_are_understood(text: str) -> None:
    assert f"`{text}`" in PAGE
    assert moment(text, now=1e9, zone=None, is_of_this_day=True)


def test_the_signs_and_numbers_of_the_page_are_those_of_the_code() -> None:
    assert all(f"`{mark.glyph}`" in PAGE for mark in (CURSOR, HAPPENED, HATCHED))
    assert f"({MOVED_SHOWN} events)" in PAGE
    assert RETRY == 5
    assert "every five seconds" in PAGE
