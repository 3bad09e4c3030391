"""A plain yes-or-no question, with "no" as the default."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button

from hive_console.ui.deed_dialog import HOLD_OFF
from hive_console.ui.deed_question import title_line
from hive_console.ui.modal import Modal
from hive_console.ui.sight import Sight
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece, harmless, wrapped

WIDTH = 60
"""Columns of the dialog."""

_MOST_LINES = 6


class ConfirmDialog(Modal[bool]):
    """Closes with whether the person said yes; keys typed ahead say nothing."""

    DEFAULT_CSS = """
    ConfirmDialog { align: center middle; background: $background; }
    ConfirmDialog > Vertical {
        width: 60; max-width: 100%; height: auto; border: round $accent; padding: 0 1; background: $surface;
    }
    ConfirmDialog LinePane { height: 1; width: 1fr; }
    ConfirmDialog Horizontal { height: 1; align-horizontal: right; margin-top: 1; }
    ConfirmDialog Button { margin-left: 2; min-width: 12; text-style: none; }
    ConfirmDialog Button:focus { text-style: bold reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "refuse", "no"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    AUTO_FOCUS = "#confirm-no"

    hold_off: ClassVar[float] = HOLD_OFF

    def __init__(self, title: str, text: str, *, yes: str = "Yes", no: str = "Cancel") -> None:
        """Asks.

        Args:
            title: the question.
            text: what to know before answering.
            yes: what the button that agrees says.
            no: what the other one says.
        """
        super().__init__()
        self._title_text, self._text, self._yes, self._no = title, text, yes, no
        self._sight = Sight(self, hold_off=lambda: self.hold_off)

    @property
    def is_ready(self) -> bool:
        """Whether a yes counts now."""
        return self._sight.is_ready

    def compose(self) -> ComposeResult:
        """The question and two buttons."""
        with Vertical():
            yield LinePane(id="confirm-story")
            with Horizontal():
                yield Button(Content(harmless(self._no)), id="confirm-no", compact=True)
                yield Button(Content(harmless(self._yes)), id="confirm-yes", compact=True, variant="warning")

    def on_mount(self) -> None:
        """Shows the question, and counts from when it was painted."""
        room = max(20, min(WIDTH, self.app.size.width) - 4)
        rows: list[Pieces] = [(Piece(row),) for row in wrapped(self._text, room, _MOST_LINES)]
        pane = self.query_one(LinePane)
        pane.show((title_line(self._title_text), (), *rows))
        pane.styles.height = len(pane.lines)
        self._sight.hold()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answers."""
        event.stop()
        if event.button.id == "confirm-no":
            self.dismiss(False)
        elif self.is_ready:
            self.dismiss(True)

    def action_refuse(self) -> None:
        """Says no."""
        self.dismiss(False)
