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
from hive_console.ui.alert_deeds import ALERT_KEYS
from hive_console.ui.alert_filter import FLAGS, NAMED
from hive_console.ui.alerts_screen import STORM_FROM, AlertsScreen
from hive_console.ui.app import HiveApp
from hive_console.ui.attention import CALL_EVERY, QUIET_FOR
from hive_console.ui.audit_screen import AuditScreen
from hive_console.ui.list_filter import SINCE, UNTIL
from hive_console.ui.pane_keys import TALL_FROM, WIDE_FROM
from hive_console.ui.silence_lines import ENDS_SOON
from hive_console.ui.timeline_book import KEPT
from hive_console.ui.timeline_screen import TimelineScreen
from hive_widgets.glyphs import (
    CHANNEL_FAILING,
    CHANNEL_RETRYING,
    CHANNEL_WAITING,
    CHANNEL_WELL,
    FLAPPING,
    INHIBITED,
    SEVERITY_MARKS,
    SILENCED,
)
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


def test_the_keys_and_the_words_of_the_inbox_are_those_of_the_code() -> None:
    alerts = section("Alerts")
    keys = {key for key in first_cells(alerts) if len(key) == 1}
    bound_here = bound(AlertsScreen)

    assert keys <= set(bound_here)
    assert set(ALERT_KEYS.values()) <= keys
    filtering = alerts.split("Filter: ")[1]
    assert set(re.findall(r"`(\w+):", filtering)) == set(NAMED)
    assert set(re.findall(r"`(\w+)`", filtering)) == set(FLAGS)


def test_the_signs_and_numbers_of_the_inbox_are_those_of_the_code() -> None:
    alerts = section("Alerts")
    marks = (*SEVERITY_MARKS.values(), SILENCED, INHIBITED, FLAPPING)

    assert all(f"`{mark.glyph}" in alerts for mark in marks)
    channels = (CHANNEL_WELL, CHANNEL_WAITING, CHANNEL_RETRYING, CHANNEL_FAILING)
    assert all(f"`{mark.word}`" in alerts for mark in channels)
    assert f"More than {STORM_FROM} alerts" in alerts
    assert f"ends within {ENDS_SOON / 60:.0f} minutes" in alerts
    assert f"once in {CALL_EVERY:.0f} seconds" in alerts
    assert f"From {WIDE_FROM}x{TALL_FROM}" in alerts
    assert QUIET_FOR == 30


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
