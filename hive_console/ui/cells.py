"""A line of the screen as cells: what stands in each, and how it looks.

Here is the last gate before the terminal: no control character, no hidden character and no link gets past it,
whichever widget drew it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from textual.strip import Strip

from hive_console.ui.sgr import on_blank

BLANK = " "

REST = ""
"""What stands in the second cell of a wide character, and in all but the first of anything wider."""

REMEMBERED = 2048
"""Texts whose cells are remembered: those that are not ASCII come again from frame to frame."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of what must not reach a terminal: controls, direction marks, private and unknown characters."""


class Line:
    """Cells of one line: two lists of equal length.

    Attributes:
        texts: of each cell: one character with its marks, or `REST`.
        looks: of each cell, as `sgr` has it.
    """

    __slots__ = ("looks", "texts")

    def __init__(self, texts: list[str], looks: list[str]) -> None:
        self.texts = texts
        self.looks = looks

    def copy(self) -> Line:
        """Another line that is the same."""
        return Line(self.texts[:], self.looks[:])


def line_of(strips: Iterable[Strip], colors: ColorSystem) -> Line:
    """The cells of strips that stand side by side, drawn with the colours that the terminal has."""
    texts: list[str] = []
    looks: list[str] = []
    for strip in strips:
        for text, style, control in strip:
            if control:
                continue
            look = "" if style is None else Strip.render_ansi(style, colors)
            cells: str | tuple[str, ...] = text if text.isascii() and text.isprintable() else _cells_of(text)
            texts.extend(cells)
            bare = on_blank(look)
            if bare == look:
                looks.extend([look] * len(cells))
            else:
                looks.extend([bare if cell == BLANK else look for cell in cells])
    return Line(texts, looks)


@lru_cache(maxsize=REMEMBERED)
def _cells_of(text: str) -> tuple[str, ...]:
    """The cells that a text takes; what takes none stands with what is before it."""
    cells: list[str] = []
    for seen, width in _units(text):
        if width:
            cells += [seen, *[REST] * (width - 1)]
        elif cells:
            whole = next(place for place in range(len(cells) - 1, -1, -1) if cells[place] != REST)
            cells[whole] += seen
    return tuple(cells)


def _units(text: str) -> Iterator[tuple[str, int]]:
    """Each character that may be seen, with its width; all of them as one where only the whole has a width."""
    width = cell_len(text)
    seen = "".join(character for character in text if unicodedata.category(character) not in _UNSEEN)
    sizes = [(character, get_character_cell_size(character)) for character in seen]
    if sum(size for _, size in sizes) == width:
        yield from sizes
    elif len(text) > 1 and sum(cell_len(character) for character in text) != width:
        # Emoji that are joined: their parts are wider than they are.
        yield seen or BLANK, width
    else:  # what was taken out had a width: its place stays
        for character in text:
            is_seen = unicodedata.category(character) not in _UNSEEN
            size = get_character_cell_size(character)
            yield (character, size) if is_seen else (BLANK if size else "", size)
