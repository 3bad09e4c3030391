"""Details as lines: a label in its column, what it names beside it, broken where the screen ends."""

from __future__ import annotations

from hive_widgets.glyphs import Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, wrapped

LABEL = 9
"""Columns of a label."""

TEXT_LINES = 12
"""Lines of one text at most: a reason has up to 200 characters, an error 160."""


def labeled(
    label: str, text: str, width: int, *, role: Role = Role.PLAIN, lines: int = TEXT_LINES
) -> tuple[Pieces, ...]:
    """The text behind its label on as many lines as it takes; none where there is no text."""
    if not text:
        return ()
    rows = wrapped(text, max(10, width - LABEL - 2), lines)
    return tuple(
        (Piece(f" {label if not place else '':<{LABEL}}", Role.MUTED), Piece(row, role))
        for place, row in enumerate(rows)
    )
