"""The book of holds: who keeps what as it is, until when, and how it is written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.holds import (
    STOP_FILE,
    HoldBook,
    holds_of_record,
    is_wide,
    killed_words,
    over_words,
    target_words,
)
from hive_console.core.saved_state import UnreadableState
from hive_console.core.snapshot import HoldView
from hive_console.core.states import HoldKind
from hive_console.core.weights import weight_of
from tests.core.samples import NOW

PIN = HoldView(HoldKind.PINNED, "a", "ada", NOW, NOW + 1800, "it lies", "b")
KILL = HoldView(HoldKind.KILLED, "*", "bob", NOW + 1, reason="a leak")
FILE = HoldView(HoldKind.KILLED, "*", STOP_FILE, NOW + 2)


def book_of(*holds: HoldView) -> HoldBook:
    book = HoldBook()
    for hold in holds:
        book.put(hold)
    return book


def test_a_hold_takes_the_place_of_the_one_before_on_the_same_target() -> None:
    book = book_of(PIN)
    other = replace(PIN, by="bob", detail="c")

    assert book.put(other) == PIN
    assert book.views() == (other,)
    assert book.find(HoldKind.PINNED, "b") is None


def test_the_files_kill_stands_beside_a_persons_and_neither_ends_the_other() -> None:
    book = book_of(KILL, FILE)
    book.take(FILE)

    assert book.views() == (KILL,)
    assert book.has_kills
    book.take(KILL)
    assert not book.has_kills


def test_holds_are_shown_oldest_first_and_end_first_to_end_first() -> None:
    later = HoldView(HoldKind.FROZEN, "provider:acme", "bob", NOW - 5, NOW + 60)
    book = book_of(KILL, PIN, later)

    assert book.views() == (later, PIN, KILL)
    assert book.over(NOW + 59) == []
    assert book.over(NOW + 1800) == [later, PIN]


def test_a_hold_is_over_at_its_very_end() -> None:
    assert book_of(PIN).over(NOW + 1799.999) == []
    assert book_of(PIN).over(NOW + 1800) == [PIN]


def test_holds_on_and_pins_to_models_that_left_are_known() -> None:
    safe = HoldView(HoldKind.SAFE_MODE, "*", "ada", NOW)
    book = book_of(PIN, KILL, safe)

    assert book.gone({"a", "b"}) == []
    assert book.gone({"a"}) == [PIN]
    assert book.gone({"b"}) == [PIN]
    assert book.is_safe


def test_what_covers_a_model_is_told_in_the_order_that_is_asked() -> None:
    own = HoldView(HoldKind.KILLED, "a", "ada", NOW)
    book = book_of(FILE, KILL, own)

    assert book.covering(HoldKind.KILLED, ("a", "provider:x", "*")) == [own, KILL, FILE]
    assert book.wide_targets() == ["*"]


def test_a_target_is_said_in_words() -> None:
    assert [target_words(target) for target in ("a", "provider:acme", "*")] == [
        "a",
        "all models of acme",
        "all models",
    ]
    assert [is_wide(target) for target in ("a", "provider:acme", "*")] == [False, True, True]


def test_the_end_of_a_hold_names_its_owner_and_a_kill_its_reason_only() -> None:
    assert over_words(PIN) == "its time (30 m) is over, set by ada"
    assert over_words(KILL) == "its time is over, set by bob"
    assert killed_words(KILL) == "stopped by hand: a leak"
    assert killed_words(replace(KILL, reason="")) == "stopped by hand: no reason given"
    assert killed_words(FILE) == "stopped by the file EMERGENCY_STOP"


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "-inf", "1000.1", "1e9"])
def test_what_is_no_weight_is_none(text: str) -> None:
    assert weight_of(text) is None


@pytest.mark.parametrize(("text", "weight"), [("0", 0.0), ("2.5", 2.5), ("1000", 1000.0), (" 3 ", 3.0)])
def test_a_weight_is_a_number_from_0_to_1000(text: str, weight: float) -> None:
    assert weight_of(text) == weight


# --- over a restart ------------------------------------------------------------------------------


def test_what_was_saved_comes_back_whole_save_for_what_the_file_does() -> None:
    weight = HoldView(HoldKind.WEIGHTED, "a", "ada", NOW, None, "slow", "2.5")
    book = book_of(PIN, weight, KILL, FILE)

    assert holds_of_record(book.save("a"), "a", NOW + 60) == [PIN, weight]
    assert holds_of_record(book.save("*"), "*", NOW + 60) == [KILL]
    assert book.save("b") == []


def test_a_clock_that_was_set_back_makes_no_hold_longer() -> None:
    [again] = holds_of_record(book_of(PIN).save("a"), "a", NOW - 1000)

    assert (again.since, again.until) == (NOW - 1000, NOW + 800)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "held"},
        {"by": ""},
        {"by": None},
        {"since": None},
        {"until": "soon"},
        {"target": "b"},
        {"reason": 1},
        {"kind": "weighted", "detail": "much"},
    ],
)
def test_a_record_that_is_not_whole_is_refused(change: dict[str, Any]) -> None:  # any JSON
    [record] = book_of(PIN).save("a")

    with pytest.raises(UnreadableState):
        holds_of_record([record | change], "a", NOW)


@pytest.mark.parametrize("saved", [None, {}, [None], "holds"])
def test_what_is_no_list_of_records_is_refused(saved: object) -> None:
    with pytest.raises(UnreadableState):
        holds_of_record(saved, "a", NOW)
