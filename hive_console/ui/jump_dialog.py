"""The dialog that asks for a time of a recording; what is no time is answered with what is taken."""

from __future__ import annotations

from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from hive_console.core.errors import HiveError
from hive_console.core.moments import LONGEST, TAKEN, moment
from hive_console.core.past import Past
from hive_console.ui.app_traits import is_ascii
from hive_console.ui.formatting import day_and_time
from hive_console.ui.modal import Modal
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece, wrapped

WIDTH = 72
"""Columns of the dialog; fits a terminal of 80."""

_ANSWER_LINES = 3


class JumpDialog(Modal[float | None]):
    """Closes with the moment, in Unix seconds, or with `None`."""

    DEFAULT_CSS = """
    JumpDialog { align: center middle; background: $background; }
    JumpDialog > Vertical {
        width: 72; max-width: 100%; height: auto; border: round $accent; padding: 0 1; background: $surface;
    }
    JumpDialog.-ascii > Vertical { border: ascii $accent; }
    JumpDialog LinePane { height: 1; width: 1fr; }
    JumpDialog #jump-answer { height: 3; }
    JumpDialog Input { height: 1; border: none; padding: 0; margin: 1 0; background: $panel; color: $foreground; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel")]

    def __init__(self, past: Past, zone: tzinfo | None) -> None:
        """Asks.

        Args:
            past: from where, and what there is.
            zone: of the times typed and shown.
        """
        super().__init__()
        self._past, self._zone = past, zone

    @property
    def text(self) -> str:
        """What the dialog says, as plain text."""
        return "\n".join(pane.text for pane in self.query(LinePane))

    def compose(self) -> ComposeResult:
        """What there is, the field, and the answer."""
        with Vertical():
            yield LinePane(id="jump-title")
            yield LinePane(id="jump-range")
            yield Input(placeholder="14:05 or -2h", max_length=LONGEST, compact=True)
            yield LinePane(id="jump-answer")

    def on_mount(self) -> None:
        """Tells what there is."""
        self.set_class(is_ascii(self.app), "-ascii")
        self._pane("jump-title").show(((Piece("Jump to a time", Role.ACCENT, is_bold=True),),))
        begin, end = self._past.begin, self._past.end
        if begin is not None and end is not None:
            said = f"recorded: {day_and_time(begin, self._zone)} to {day_and_time(end, self._zone)}"
            self._pane("jump-range").show(((Piece(said),),))
        self._answer(TAKEN, Role.MUTED)
        field = self.query_one(Input)
        field.cursor_blink = False  # a blink is a frame sent for nothing
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Closes with the moment, or says why it is none."""
        event.stop()
        try:
            wanted = moment(event.value, now=self._past.cursor, zone=self._zone, is_of_this_day=True)
        except HiveError as error:
            self._answer(str(error), Role.BAD)
        else:
            self.dismiss(wanted)

    def action_cancel(self) -> None:
        """Stays where one is."""
        self.dismiss(None)

    def _answer(self, text: str, role: Role) -> None:
        room = max(20, min(WIDTH, self.app.size.width) - 4)
        self._pane("jump-answer").show(tuple((Piece(row, role),) for row in wrapped(text, room, _ANSWER_LINES)))

    def _pane(self, name: str) -> LinePane:
        return self.query_one(f"#{name}", LinePane)
