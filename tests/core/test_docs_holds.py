"""The page about holds says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hive_console.core.command import DURATIONS, LIFTS, LONGEST_HOLD, PLACES
from hive_console.core.effect import WORD_FOR_ALL, lasting
from hive_console.core.holds import STOP_FILE
from hive_console.core.states import AlertRule, HoldKind
from hive_console.engine.operator import UNDO_SECONDS

PAGE = (Path(__file__).parents[2] / "docs" / "holds.md").read_text()
ROWS = {
    row[0]: row
    for row in re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \| `([a-z-]+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE)
}


def ends_of(kind: HoldKind) -> str:
    [action] = [action for action, placed in PLACES.items() if placed is kind]
    return ", ".join(lasting(end, "never").removeprefix("for ") for end in DURATIONS.get(action, (None,)))


@pytest.mark.parametrize("kind", HoldKind)
def test_each_hold_has_its_words_and_its_ends(kind: HoldKind) -> None:
    _, places, lifts, ends = ROWS[kind.value]

    assert {action.value for action, placed in PLACES.items() if placed is kind} == {places}
    assert {action.value for action, lifted in LIFTS.items() if lifted is kind} == {lifts}
    assert ends == ends_of(kind)


def test_the_page_has_no_other_holds() -> None:
    assert set(ROWS) == {kind.value for kind in HoldKind}


def test_numbers_and_names_are_those_of_the_code() -> None:
    assert f"up to {LONGEST_HOLD / 86_400:g} days" in PAGE
    assert f"For {UNDO_SECONDS:g} seconds" in PAGE
    assert f"`{WORD_FOR_ALL}`" in PAGE
    assert f"`{AlertRule.KILL_SWITCH.value}`" in PAGE
    assert f"DATA/{STOP_FILE.removeprefix('the file ')}" in PAGE
