"""A stretch of a recording as one line: where one is, what happened, what was not recorded."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hive_console.core.past import Stretch, TimeLine
from hive_console.core.states import Severity
from hive_widgets.glyphs import SEVERITY_MARKS, Mark, Role
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece, width_of

CURSOR = Mark("◆", "#", "here", Role.ACCENT)
RECORDED = Mark("─", "-", "recorded", Role.MUTED)
HATCHED = Mark("╱", "/", "not recorded whole", Role.WARN)
SILENT = Mark(" ", " ", "no engine ran", Role.MUTED)
HAPPENED = Mark("┴", "+", "something moved", Role.PLAIN)
"""Louder than the line, quieter than a warning."""

_MARKS = {**SEVERITY_MARKS, Severity.INFO: HAPPENED}
_LOUDNESS = tuple(Severity)

LEAST_CELLS = 10
"""Cells below which a line tells nothing: the words beside it are left out first."""


class TimeBar(LinePane):
    """One line of time; it takes what it shows, and asks nobody the time."""

    DEFAULT_CSS = "TimeBar { height: 1; width: 1fr; }"

    def draw(
        self, line: TimeLine, cursor: float, *, ends: tuple[str, str], word: Piece, is_ascii: bool = False
    ) -> None:
        """Shows the line with the cursor on it, between its ends, and a word about the place beside it."""
        self.show((bar_pieces(line, cursor, width=self.size.width, ends=ends, word=word, is_ascii=is_ascii),))


def bar_pieces(
    line: TimeLine, cursor: float, *, width: int, ends: tuple[str, str], word: Piece, is_ascii: bool = False
) -> tuple[Piece, ...]:
    """The line in at most `width` cells.

    Args:
        line: what to draw.
        cursor: where one is, in Unix seconds.
        width: cells there are.
        ends: both ends as they are written.
        word: what is so at the cursor.
        is_ascii: draws without Unicode.
    """
    left, right = (Piece(f" {ends[0]} ", Role.MUTED), Piece(f" {ends[1]} ", Role.MUTED))
    said = [Piece(" "), word, Piece(" ")]
    taken = width_of(left.text) + width_of(right.text)
    room = width - taken - width_of(word.text) - 2
    if room < LEAST_CELLS:
        room, said = width - taken, []
    if room < 1:
        return (word,)
    return (left, *_joined(_cells(line, cursor, room), is_ascii=is_ascii), right, *said)


def _cells(line: TimeLine, cursor: float, count: int) -> list[Mark]:
    """The mark of each cell; what is drawn later hides what was drawn before."""
    cells = [SILENT] * count
    _paint(cells, line, line.runs, RECORDED)
    _paint(cells, line, line.gaps, HATCHED)
    loudest: dict[int, Severity] = {}
    for at, severity in line.marks:
        place = _place(line, at, count)
        if place not in loudest or _LOUDNESS.index(severity) > _LOUDNESS.index(loudest[place]):
            loudest[place] = severity
    for place, severity in loudest.items():
        if 0 <= place < count:
            cells[place] = _MARKS[severity]
    cells[max(0, min(_place(line, cursor, count), count - 1))] = CURSOR
    return cells


def _paint(cells: list[Mark], line: TimeLine, stretches: Iterable[Stretch], mark: Mark) -> None:
    """Marks all cells that a stretch touches."""
    for begin, end in stretches:
        if end < line.begin or begin >= line.end:
            continue
        first, last = (_place(line, at, len(cells)) for at in (begin, end))
        for place in range(max(0, first), min(last, len(cells) - 1) + 1):
            cells[place] = mark


def _place(line: TimeLine, at: float, count: int) -> int:
    return math.floor((at - line.begin) / (line.end - line.begin) * count)


def _joined(cells: list[Mark], *, is_ascii: bool) -> list[Piece]:
    """Equal neighbours as one piece."""
    pieces: list[Piece] = []
    for mark in cells:
        glyph = mark.ascii_glyph if is_ascii else mark.glyph
        if pieces and pieces[-1].role is mark.role and pieces[-1].is_bold is (mark is CURSOR):
            pieces[-1] = Piece(pieces[-1].text + glyph, mark.role, pieces[-1].is_bold)
        else:
            pieces.append(Piece(glyph, mark.role, is_bold=mark is CURSOR))
    return pieces
