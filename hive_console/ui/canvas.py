"""What the terminal shows and what it shall show, cell by cell; a frame is the difference, in few bytes.

The library composes by regions and sends them whole. Here its updates are laid on a canvas, as many as come, and
only when the terminal can take a frame is one made: it holds what differs from the last one and nothing that was
overtaken meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

from hive_console.ui.cells import BLANK, REST, Line, line_of
from hive_console.ui.sgr import between, on_blank

BRIDGE = 4
"""Unchanged cells in a row that are written again rather than stepped over: a step takes as many bytes."""

UNKNOWN = "?unknown"
"""No cell's text: nothing is equal to what is not known."""


class Canvas:
    """Two pictures of one size: the one that is wanted, and the one that was sent.

    It knows nothing of time or of descriptors.
    """

    def __init__(self) -> None:
        self._wanted: list[Line] = []
        self._shown: list[Line] = []
        self._width = 0
        self._touched: set[int] = set()
        self._look: str | None = None
        self._at: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        return self._width, len(self._wanted)

    @property
    def is_behind(self) -> bool:
        """Whether anything was put on it since the last frame."""
        return bool(self._touched)

    def put(self, update: CompositorUpdate, colors: ColorSystem) -> None:
        """Lays an update on the wanted picture; raises `TypeError` for a kind of it that only inline apps have.

        Args:
            update: of all of the screen, whose size the canvas takes, or of parts.
            colors: that the terminal has.
        """
        if isinstance(update, LayoutUpdate):
            self._resize(update.region.width, update.region.height)
            for y, strips in enumerate(update.strips):
                self._lay(0, y, line_of(strips, colors))
        elif isinstance(update, ChopsUpdate):
            for y, x1, x2 in update.spans:
                if y >= len(self._wanted):
                    continue
                for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                    # All of a chop, though less may have changed: a cut could go through a wide character.
                    if strip is not None and x < x2 and end > x1:
                        self._lay(x, y, line_of((strip,), colors))
        else:
            raise TypeError(f"cannot draw a {type(update).__name__}")

    def forget(self) -> None:
        """Somebody else may have drawn: nothing is known of what is shown, and the next frame is whole."""
        self._shown = [Line([UNKNOWN] * self._width, [""] * self._width) for _ in self._wanted]
        self._touched = set(range(len(self._wanted)))
        self._look = self._at = None

    def frame(self) -> str:
        """What makes the terminal show what is wanted, which is then what it shows; `""` when it does."""
        parts: list[str] = []
        for y in sorted(self._touched):
            wanted, shown = self._wanted[y], self._shown[y]
            for start, end in _runs(wanted, shown):
                self._write(parts, y, start, end)
            shown.texts[:] = wanted.texts
            shown.looks[:] = wanted.looks
        self._touched.clear()
        return "".join(parts)

    def _resize(self, width: int, height: int) -> None:
        if self.size != (width, height):
            self._width = width
            self._wanted = [Line([BLANK] * width, [""] * width) for _ in range(height)]
            self.forget()

    def _lay(self, x: int, y: int, line: Line) -> None:
        room = self._width - x
        if y >= len(self._wanted) or room <= 0:
            return
        wanted, count = self._wanted[y], min(room, len(line.texts))
        wanted.texts[x : x + count] = line.texts[:count]
        wanted.looks[x : x + count] = line.looks[:count]
        self._touched.add(y)

    def _write(self, parts: list[str], y: int, start: int, end: int) -> None:
        """Writes cells of the wanted picture."""
        wanted = self._wanted[y]
        texts, looks = wanted.texts, wanted.looks
        parts.append(self._step(start, y))
        look = self._look
        is_sure = True
        for x in range(start, end):
            text = texts[x]
            if text == REST:
                is_sure = False
                continue
            if not is_sure:  # terminals disagree about the width of what is wide
                parts.append(f"\x1b[{x + 1}G")
                is_sure = True
            wished = looks[x]
            if wished != look and not (text == BLANK and look is not None and on_blank(look) == wished):
                parts.append(between(look, wished))
                look = wished
            parts.append(text)
        self._look = look
        # At the end of a line terminals differ in where the cursor is.
        self._at = (end, y) if is_sure and end < self._width else None

    def put_cursor(self, x: int, y: int) -> str:
        """What puts the cursor into a column and line, counted from 0, wherever it was."""
        self._at = (x, y)
        return f"\x1b[{y + 1};{x + 1}H"

    def _step(self, x: int, y: int) -> str:
        """What moves the cursor, in the fewest bytes."""
        before, self._at = self._at, (x, y)
        if before == (x, y):
            return ""
        anywhere = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"
        if before is None:
            return anywhere
        was_x, was_y = before
        down = y - was_y
        vertical = "" if not down else "\x1b[B" if down == 1 else None
        if vertical is None:
            return anywhere
        by = x - was_x
        aside = "" if not by else "\b" * -by if -BRIDGE < by < 0 else f"\x1b[{abs(by)}{'C' if by > 0 else 'D'}"
        return min(vertical + aside, anywhere, key=len)


def _runs(wanted: Line, shown: Line) -> Iterator[tuple[int, int]]:
    """First and last-but-one cell of each stretch to be written: whole characters, with small gaps bridged."""
    texts, looks = wanted.texts, wanted.looks
    if texts == shown.texts and looks == shown.looks:
        return
    pairs = enumerate(zip(texts, shown.texts, looks, shown.looks, strict=True))
    start = end = -1
    for x in (x for x, (text, old, look, old_look) in pairs if text != old or look != old_look):
        if x < end:
            continue
        first, last = _whole(texts, x)
        if start >= 0 and (first <= end or _is_cheap(texts, looks, end, first)):
            end = last
            continue
        if start >= 0:
            yield start, end
        start, end = first, last
    yield start, end


def _whole(texts: list[str], x: int) -> tuple[int, int]:
    """Where the character that takes this cell begins and ends."""
    first, last = x, x + 1
    while first > 0 and texts[first] == REST:
        first -= 1
    while last < len(texts) and texts[last] == REST:
        last += 1
    return first, last


def _is_cheap(texts: list[str], looks: list[str], start: int, end: int) -> bool:
    """Whether cells between two stretches are written in no more bytes than it takes to step over them."""
    if end - start > BRIDGE:
        return False
    look = looks[start - 1]
    return all(text.isascii() and text for text in texts[start:end]) and all(
        each == look for each in looks[start:end]
    )
