"""A pane of ready-made lines: title bar, sentence, event log, inbox and key bar are all one of these."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from hive_widgets.pieces import Piece, changed_cells, strip_of

Pieces = tuple[Piece, ...]


class LinePane(Widget):
    """Draws lines of pieces from the top; lines that did not change are not sent again."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Pieces, ...] = ()

    @property
    def lines(self) -> tuple[Pieces, ...]:
        """What is shown."""
        return self._lines

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        return "\n".join("".join(piece.text for piece in line) for line in self._lines)

    def show(self, lines: tuple[Pieces, ...]) -> None:
        """Shows these lines; those past the pane's height are not drawn."""
        before, self._lines = self._lines, lines
        for y in range(max(len(before), len(lines))):
            old, new = (all_lines[y] if y < len(all_lines) else () for all_lines in (before, lines))
            if old != new:
                start, count = changed_cells(old, new, max(1, self.size.width))
                self.refresh(Region(start, y, count, 1))

    def render_line(self, y: int) -> Strip:
        """One line, as the compositor asks for it."""
        pieces = self._lines[y] if y < len(self._lines) else ()
        return strip_of(pieces, self.size.width, self.app.theme_variables, base=self.rich_style)
