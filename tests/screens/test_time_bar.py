"""The line of a recording: each cell tells one thing, the gravest, in any width."""

from __future__ import annotations

import pytest

from hive_console.core.past import TimeLine
from hive_console.core.states import Severity
from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, width_of
from hive_widgets.time_bar import bar_pieces

LINE = TimeLine(begin=0.0, end=100.0, runs=((0.0, 100.0),))


def drawn(line: TimeLine, cursor: float = 0.0, *, width: int = 26, is_ascii: bool = False) -> str:
    """Ten cells of ten seconds, between `a` and `b`, with a word at the right."""
    pieces = bar_pieces(line, cursor, width=width, ends=("a", "b"), word=Piece("recorded"), is_ascii=is_ascii)
    return "".join(piece.text for piece in pieces)


def test_the_cursor_stands_in_its_cell() -> None:
    assert drawn(LINE, 45.0) == " a ────◆───── b  recorded "


@pytest.mark.parametrize(("cursor", "cell"), [(-5.0, 3), (0.0, 3), (99.9, 12), (100.0, 12), (400.0, 12)])
def test_the_cursor_never_leaves_the_line(cursor: float, cell: int) -> None:
    assert drawn(LINE, cursor).index("◆") == cell


def test_what_happened_is_marked_by_how_loud_it_was() -> None:
    marks = ((12.0, Severity.INFO), (32.0, Severity.WARNING), (52.0, Severity.CRITICAL))

    assert drawn(TimeLine(begin=0.0, end=100.0, marks=marks, runs=LINE.runs)) == " a ◆┴─▲─✖──── b  recorded "


def test_of_one_cell_the_loudest_is_shown_and_what_lies_outside_is_not() -> None:
    marks = ((-9.0, Severity.INFO), (51.0, Severity.WARNING), (52.0, Severity.CRITICAL), (53.0, Severity.INFO))

    assert "─✖─" in drawn(TimeLine(begin=0.0, end=100.0, marks=marks, runs=LINE.runs))


def test_a_gap_is_hatched_and_silence_is_blank() -> None:
    line = TimeLine(begin=0.0, end=100.0, gaps=((-20.0, -10.0), (31.0, 45.0), (100.0, 130.0)), runs=((0.0, 69.0),))

    assert drawn(line) == " a ◆──╱╱──    b  recorded "


def test_a_mark_is_seen_in_a_gap() -> None:
    line = TimeLine(begin=0.0, end=100.0, gaps=((30.0, 59.0),), marks=((45.0, Severity.CRITICAL),))

    assert "╱✖╱" in drawn(line)


def test_a_terminal_without_unicode_gets_the_same_line() -> None:
    line = TimeLine(
        begin=0.0,
        end=100.0,
        gaps=((30.0, 49.0),),
        marks=((62.0, Severity.CRITICAL), (72.0, Severity.INFO)),
        runs=LINE.runs,
    )

    assert drawn(line, is_ascii=True) == " a #--//-X+-- b  recorded "


def test_where_room_is_short_the_word_goes_before_the_line() -> None:
    assert drawn(LINE, 45.0, width=18) == " a " + "─" * 5 + "◆" + "─" * 6 + " b "


def test_where_there_is_no_room_at_all_the_word_is_told() -> None:
    assert drawn(LINE, width=6) == "recorded"


@pytest.mark.parametrize("width", range(7, 140))
def test_the_line_is_never_wider_than_the_screen(width: int) -> None:
    assert width_of(drawn(LINE, 45.0, width=width)) == width


def test_the_cursor_is_seen_without_color() -> None:
    pieces = bar_pieces(LINE, 45.0, width=26, ends=("a", "b"), word=Piece(""))

    assert Piece("◆", Role.ACCENT, is_bold=True) in pieces
