"""A dialog that offers choices; menus of actions and of models are made from it."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from hive_console.ui.app_traits import is_ascii
from hive_console.ui.modal import Modal
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane, Pieces
from hive_widgets.pieces import Piece, wrapped

LOOK_AGAIN = 0.5
"""Seconds between two looks at what can be chosen."""

WIDTH = 76
"""Columns of the dialog; fits a terminal of 80."""

_FRAME = 7
"""Lines around the choices: border, title, air and the message."""

_MESSAGE = 2
"""Lines of the message."""

Chosen = TypeVar("Chosen")


class ChoiceDialog(Modal[Chosen | None], Generic[Chosen]):
    """Offers choices until one is made; closes with it, or with `None`."""

    DEFAULT_CSS = """
    ChoiceDialog { align: center middle; background: $background; }
    ChoiceDialog > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; padding: 0 1; background: $surface;
    }
    ChoiceDialog.-ascii > Vertical { border: ascii $accent; }
    ChoiceDialog LinePane { height: 2; width: 1fr; }
    ChoiceDialog #choice-message { height: 2; margin-top: 1; }
    ChoiceDialog ChoiceList { width: 1fr; background: $surface; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "cancel", "cancel")]

    look_again: ClassVar[float] = LOOK_AGAIN

    def title_text(self) -> str:
        """What is asked."""
        raise NotImplementedError

    def choices(self) -> tuple[Choice, ...]:
        """What is offered now; looked up again while the dialog is open."""
        raise NotImplementedError

    def header(self) -> Pieces:
        """What stands above the choices, such as the names of their columns."""
        return ()

    def chosen(self, name: str) -> Chosen:
        """What the choice of this name means."""
        raise NotImplementedError

    def hint(self) -> str:
        """What stands below the choices."""
        return "enter chooses, esc leaves"

    @property
    def text(self) -> str:
        """What the dialog says, as plain text."""
        panes = (pane.text for pane in self.query(LinePane))
        return "\n".join([*panes, self.query_one(ChoiceList).text])

    def compose(self) -> ComposeResult:
        """A title, the choices and a line for what to know."""
        with Vertical():
            yield LinePane(id="choice-title")
            yield ChoiceList(id="choice-list")
            yield LinePane(id="choice-message")

    def on_mount(self) -> None:
        """Offers, and keeps the offer true."""
        self.set_class(is_ascii(self.app), "-ascii")
        title = (Piece(self.title_text(), Role.ACCENT, is_bold=True),)
        self.query_one("#choice-title", LinePane).show((title, self.header()))
        self._say(self.hint(), Role.MUTED)
        self._offer()
        self.query_one(ChoiceList).focus()
        self.set_interval(self.look_again, self._offer)

    def on_resize(self, _: events.Resize) -> None:
        """The list gets the lines it needs, or those there are."""
        self._offer()

    def _offer(self) -> None:
        offered = self.query_one(ChoiceList)
        offered.offer(self.choices())
        offered.styles.height = max(1, min(len(offered.choices), self.app.size.height - _FRAME))

    def on_choice_list_chosen(self, event: ChoiceList.Chosen) -> None:
        """Takes the choice."""
        self.take(event.name)

    def take(self, name: str) -> None:
        """Closes with what was chosen."""
        self.dismiss(self.chosen(name))

    def on_choice_list_refused(self, event: ChoiceList.Refused) -> None:
        """Says why not."""
        self._say(f"not now: {event.refusal}", Role.WARN)

    def on_choice_list_moved(self, event: ChoiceList.Moved) -> None:
        """Tells what is to be known of the choice under the cursor, whole; a line may cut it."""
        event.stop()
        choice = self.query_one(ChoiceList).current
        if choice is None or not (choice.refusal or choice.note):
            self._say(self.hint(), Role.MUTED)
        else:
            self._say(f"not now: {choice.refusal}" if choice.refusal else choice.note, Role.MUTED)

    def _say(self, text: str, role: Role) -> None:
        room = max(20, min(WIDTH, self.app.size.width) - 4)
        rows = wrapped(text, room, _MESSAGE)
        self.query_one("#choice-message", LinePane).show(tuple((Piece(row, role),) for row in rows))

    def action_cancel(self) -> None:
        """Leaves without a choice."""
        self.dismiss(None)
