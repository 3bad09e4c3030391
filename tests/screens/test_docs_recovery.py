"""The page on manual recovery is true: its keys, its numbers, and the words that a person will look for."""

from __future__ import annotations

import re
from pathlib import Path

from hive_console.core.evidence import SAMPLE
from hive_console.core.proof import PATIENCE
from hive_console.ui.deed_dialog import HOLD_OFF
from hive_console.ui.deed_outcome import CHECK_MARKS
from hive_console.ui.deed_question import CHANGED, Question
from hive_console.ui.deeds import DEED_KEYS, DEED_WORDS, EMERGENCY_KEY, RECENT, UNDO_KEY
from hive_console.ui.emergency_menu import EmergencyMenu
from hive_console.ui.operator_keys import OperatorKeys
from hive_widgets.choice_list import ChoiceList
from tests.screens.posted import FakeClient, healthy
from tests.screens.stage import staged

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "recovery.md").read_text()


def rows(title: str) -> dict[str, str]:
    """The table of a section: first cell, second cell."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    cells = (re.fullmatch(r"\| (.+?) \| (.+) \|", line) for line in section.splitlines())
    found = {cell[1].strip("`"): cell[2] for cell in cells if cell is not None}
    return {name: does for name, does in found.items() if not set(name) <= set("- ") and does != "does"}


def test_every_key_on_a_model_is_told_with_the_words_of_its_menu() -> None:
    told = rows("On a model")

    assert told.pop(UNDO_KEY) == "undo the last action"
    assert told == {DEED_KEYS[action]: words for action, words in DEED_WORDS.items()}


def test_the_keys_of_the_menu_only_are_told() -> None:
    bound = {key for binding in OperatorKeys.BINDINGS for key in binding.key.split(",")}  # type: ignore[union-attr]  # all are bindings

    assert set(DEED_KEYS.values()) - bound == {"W", "K", "V"}
    assert "`W`, `K` and `V` are keys of the menu only" in PAGE
    assert EMERGENCY_KEY in bound


async def test_every_key_of_the_emergency_menu_is_told() -> None:
    async with staged(FakeClient(healthy())) as stage:
        menu = EmergencyMenu(stage.client, "gpt-5")
        stage.push(menu)
        await stage.pilot.pause()
        keys = [choice.name for choice in menu.query_one(ChoiceList).choices if len(choice.name) == 1]

    assert list(rows("Emergency")) == keys


def test_every_line_of_the_dialog_is_told() -> None:
    asked = Question("", now="x", effect="x", capacity="x", chain="x", warnings=("x",))

    assert {fact.label for fact in asked.facts} <= set(rows("The dialog"))
    assert {"Lasts", asked.reason_label, "Type it", "Undo"} <= set(rows("The dialog"))


def test_numbers_and_signs_are_those_of_the_code() -> None:
    words = " ".join(PAGE.split())

    assert f"in sight for {HOLD_OFF} s" in words
    assert f"not seen within {PATIENCE:g} s" in words
    assert f"in percent from {SAMPLE} requests" in words
    assert RECENT == 20
    assert "the latest twenty" in words
    assert f"`{CHANGED.strip()}`" in words
    assert all(f"`{mark.glyph}`" in words for mark in CHECK_MARKS.values())
