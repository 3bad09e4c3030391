"""Lines made of plain pieces: the one way from text to the terminal.

A piece carries text, a role and nothing else: no markup is ever parsed, and what is not printable is made
visible here once more, whatever came through the gates above.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from hive_console.core.text import clean
from hive_widgets.glyphs import Role
from hive_widgets.roles import EMPHATIC, role_style

LINE_LIMIT = 2000
"""Characters of one piece that are looked at: wider than any terminal."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text with one meaning."""

    text: str
    role: Role = Role.PLAIN
    is_bold: bool = False


def harmless(text: str) -> str:
    """The text with every control, bidirectional and zero-width character made visible."""
    return text if text.isascii() and text.isprintable() else _cleaned(text)


@lru_cache(maxsize=4096)
def _cleaned(text: str) -> str:
    """Glyphs and sparklines come again from drawing to drawing."""
    return clean(text, LINE_LIMIT)


def width_of(text: str) -> int:
    """Terminal cells that the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, is_right: bool = False) -> str:
    """The text in exactly `width` cells: cut with an ellipsis, or padded at the right (or left) end."""
    text = harmless(text)
    taken = width_of(text)
    if taken > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    padding = " " * (width - taken)
    return padding + text if is_right else text + padding


def wrapped(text: str, width: int, lines: int) -> tuple[str, ...]:
    """The text on at most `lines` lines of `width` cells, broken at spaces; the last one is cut when it must be."""
    rows: list[str] = []
    rest = harmless(text)
    while rest and len(rows) < lines - 1 and width_of(rest) > width:
        cut = rest.rfind(" ", 0, width + 1)
        if cut <= 0:
            break
        rows.append(rest[:cut])
        rest = rest[cut + 1 :]
    rows.append(rest)
    return tuple(row if width_of(row) <= width else fit(row, width) for row in rows)


def changed_cells(before: Sequence[Piece], after: Sequence[Piece], width: int) -> tuple[int, int]:
    """First cell and number of cells in which two lines of `width` cells differ: a clock costs its own cells.

    Where a line grew or shrank, all that follows moved.
    """
    first = _common(before, after)
    start = min(width - 1, _cells(after[:first]))
    end = width
    if _cells(before) == _cells(after) <= width:
        last = _common(before[first:][::-1], after[first:][::-1])
        end = _cells(after[: len(after) - last])
    return start, max(1, end - start)


def _common(before: Sequence[Piece], after: Sequence[Piece]) -> int:
    """How many pieces the two lines begin with alike."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))


def _cells(pieces: Sequence[Piece]) -> int:
    return sum(width_of(harmless(piece.text)) for piece in pieces)


def strip_of(
    pieces: Iterable[Piece], width: int, variables: Mapping[str, str], *, base: Style, is_selected: bool = False
) -> Strip:
    """One terminal line of exactly `width` cells.

    Args:
        pieces: from left to right; what does not fit is cut with an ellipsis.
        width: cells of the line.
        variables: of the theme in use (`app.theme_variables`).
        base: the widget's own style, below every piece.
        is_selected: draws the line in reverse video, which needs no colour to be seen.
    """
    if is_selected:
        # One colour from end to end: each cell's own, reversed, would make a rainbow of the line.
        base += Style(reverse=True)
    segments: list[Segment] = []
    for piece in pieces:
        style = base if is_selected else base + role_style(variables, piece.role)
        if piece.is_bold or (is_selected and piece.role in EMPHATIC):
            style += Style(bold=True)
        segments.append(Segment(harmless(piece.text), style))
    strip = Strip(segments).simplify()
    if strip.cell_length > width > 0:
        return strip.crop(0, width - 1) + Strip([Segment("…", base)])
    return strip.adjust_cell_length(width, base)
