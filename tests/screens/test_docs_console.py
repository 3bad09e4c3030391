"""docs/console.md is true: its keys are bound, its words and signs are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.binding import Binding

from hive_console.core.chains import Standing
from hive_console.core.chronicle import FOLD_WITHIN, Kind
from hive_console.core.lanes import Cell
from hive_console.ui import audit_lines, audit_screen, routes_lines, timeline_lines, timeline_screen
from hive_console.ui.app import HiveApp
from hive_console.ui.audit_screen import AuditScreen
from hive_console.ui.list_filter import SINCE, UNTIL
from hive_console.ui.timeline_book import KEPT
from hive_console.ui.timeline_screen import TimelineScreen
from hive_widgets.lane_strip import HERE, LANE_MARKS
from hive_widgets.line_list import LineList

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "console.md").read_text()


def section(name: str) -> str:
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> set[str]:
    return {
        word
        for line in text.splitlines()
        if line.startswith("| `")
        for word in re.findall(r"`([^`]+)`", line.split("|")[1])
    }


def bound(*owners: type[object]) -> dict[str, str]:
    """Actions by key."""
    bindings = [one for owner in owners for one in vars(owner).get("BINDINGS", ()) if isinstance(one, Binding)]
    return {key: one.action for one in bindings for key in one.key.split(",")}


def test_each_place_is_behind_its_key() -> None:
    rows = re.findall(r"^\| `(\d)` \| (\w+) \|", PAGE, re.MULTILINE)

    assert {key: f"show_{place}" for key, place in rows} == {
        key: action for key, action in bound(HiveApp).items() if action.startswith("show_")
    }


@pytest.mark.parametrize(("name", "screen"), [("Timeline", TimelineScreen), ("Audit", AuditScreen)])
def test_the_keys_of_a_section_are_bound(name: str, screen: type[object]) -> None:
    keys = {key for key in first_cells(section(name)) if re.fullmatch(r"[a-z_]+", key)} - {
        kind.value for kind in Kind
    }

    assert {"enter"} < keys <= set(bound(screen, LineList))


def test_each_kind_is_told() -> None:
    assert {kind.value for kind in Kind} <= first_cells(section("Timeline"))


def test_each_standing_is_told() -> None:
    assert {standing.value for standing in Standing} == first_cells(section("Routes"))


def test_the_words_of_each_filter_are_those_it_understands() -> None:
    for name, grammar in (
        ("Timeline", timeline_lines.GRAMMAR),
        ("Routes", routes_lines.GRAMMAR),
        ("Audit", audit_lines.GRAMMAR),
    ):
        told = section(name).split("Filter: ")[1].split(".")[0]
        times = {SINCE, UNTIL} if grammar.at is not None else set()

        assert set(re.findall(r"`(\w+):", told)) == {*grammar.named, *times}, name


def test_signs_and_numbers_are_those_of_the_code() -> None:
    timeline = section("Timeline")

    assert all(f"`{mark.glyph}`" in timeline for mark in (*LANE_MARKS.values(), HERE))
    assert set(LANE_MARKS) == set(Cell)
    assert FOLD_WITHIN == 180
    assert "within three minutes" in timeline
    assert f"{timeline_screen.PAGE} events at a time" in timeline
    assert f"{KEPT:,} are kept" in timeline
    assert f"{audit_screen.PAGE} rows at a time" in section("Audit")
    assert f"On {timeline_screen.LANES_FROM} lines and more" in timeline
