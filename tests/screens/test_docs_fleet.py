"""docs/fleet.md is true: its filter words are those of the code, its layouts begin where they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hive_console.ui.filtering import BREAKER_WORDS, FLAGS, HOLD_KINDS, KEYS, STATUS_WORDS, parse
from hive_console.ui.model_record import MARK_LEGEND
from hive_console.ui.pane_keys import HIGH_FROM, SHORT_FROM, TALL_FROM, VAST_FROM, WIDE_FROM

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fleet.md").read_text()
FILTER = PAGE.split("## The filter")[1]
ROWS = [line.split("|")[1:3] for line in FILTER.splitlines() if line.startswith("| `")]
EXAMPLES = [word for row in ROWS for word in re.findall(r"`([^`]+)`", row[0])]


@pytest.mark.parametrize("word", EXAMPLES)
def test_every_word_of_the_table_is_understood(word: str) -> None:
    assert not parse(word).problems


@pytest.mark.parametrize("word", [*STATUS_WORDS, *BREAKER_WORDS, *HOLD_KINDS, *FLAGS])
def test_every_word_of_a_list_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in FILTER


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_a_row(key: str) -> None:
    assert any(re.match(rf"{key}[:<>=]", word) for word in EXAMPLES)


def test_layouts_begin_where_the_page_says() -> None:
    assert f"below {SHORT_FROM} lines" in PAGE
    assert f"from {WIDE_FROM} columns" in PAGE
    assert f"(from {WIDE_FROM}x{TALL_FROM})" in PAGE
    assert f"(from {VAST_FROM}x{HIGH_FROM})" in PAGE


def test_every_mark_of_the_time_axis_is_explained() -> None:
    assert all(f"`{sign}`" in PAGE for sign, *_ in MARK_LEGEND)
