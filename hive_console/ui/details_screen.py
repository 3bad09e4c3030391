"""All there is to know of one line of a list, on a screen of its own: scrolls where there is no room."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from hive_console.ui.key_bar import key_bar
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece

Lines = Callable[[int], tuple[Pieces, ...]]
"""Gives the lines for so many columns."""


class DetailsScreen(ModalScreen[None]):
    """Stands still: what it shows is how the line was when it was opened."""

    DEFAULT_CSS = """
    DetailsScreen { background: $background; }
    DetailsScreen LinePane { height: 1; width: 1fr; }
    DetailsScreen #details-title, DetailsScreen #details-keys { background: $panel; }
    DetailsScreen #details-text { height: 1fr; }
    """

    BINDING_GROUP_TITLE = "These details"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,space", "dismiss", "back", id="details.close"),
        Binding("j,down", "scroll(1)", "down", id="details.down"),
        Binding("k,up", "scroll(-1)", "up", id="details.up"),
        Binding("pagedown", "scroll(10)", "page down", id="details.page-down", show=False),
        Binding("pageup", "scroll(-10)", "page up", id="details.page-up", show=False),
    ]

    def __init__(self, title: str, lines: Lines) -> None:
        """Shows lines.

        Args:
            title: of which list.
            lines: what to show.
        """
        super().__init__()
        self._title = title
        self._lines = lines
        self._from = 0

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        return self.query_one("#details-text", LinePane).text

    def compose(self) -> ComposeResult:
        """Title, text and keys, from the top."""
        yield LinePane(id="details-title")
        yield LinePane(id="details-text")
        yield LinePane(id="details-keys")

    def on_mount(self) -> None:
        """Draws once there is a size."""
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Lines are broken anew."""
        self.call_after_refresh(self._show)

    def action_scroll(self, lines: int) -> None:
        """Moves through the text."""
        self._from += lines
        self._show()

    def _show(self) -> None:
        pane = self.query_one("#details-text", LinePane)
        lines = self._lines(self.size.width)
        self._from = max(0, min(self._from, len(lines) - max(1, pane.size.height)))
        more = len(lines) - self._from - pane.size.height
        said = f"  {more} more lines below" if more > 0 else ""
        title = (Piece(f" {self._title}: details", Role.ACCENT, is_bold=True), Piece(said, Role.MUTED))
        self.query_one("#details-title", LinePane).show((title,))
        pane.show(lines[self._from :])
        self.query_one("#details-keys", LinePane).show((key_bar(self.app, self, self.size.width),))
