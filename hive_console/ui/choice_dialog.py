"""A dialog that offers choices; menus of actions and of models are made from it."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from hive_console.ui.app_traits import is_ascii
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece, wrapped

LOOK_AGAIN = 0.5
"""Seconds between two looks at what can be chosen."""

WIDTH = 76
"""Columns of the dialog; fits a terminal of 80."""

_FRAME = 6
"""Lines around the choices: border, title, air and the message."""

Chosen = TypeVar("Chosen")


class ChoiceDialog(ModalScreen[Chosen | None], Generic[Chosen]):
    """Offers choices until one is made; closes with it, or with `None`."""

    DEFAULT_CSS = """
    ChoiceDialog { align: center middle; background: $background; }
    ChoiceDialog > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; padding: 0 1; background: $surface;
    }
    ChoiceDialog.-ascii > Vertical { border: ascii $accent; }
    ChoiceDialog LinePane { height: 2; width: 1fr; }
    ChoiceDialog #choice-message { height: 1; margin-top: 1; }
    ChoiceDialog ChoiceList { width: 1fr; background: $surface; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "cancel", "cancel")]

    def title_text(self) -> str:
        """What is asked."""
        raise NotImplementedError

    def choices(self) -> tuple[Choice, ...]:
        """What is offered now; looked up again while the dialog is open."""
        raise NotImplementedError

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
        self.query_one("#choice-title", LinePane).show(((Piece(self.title_text(), Role.ACCENT, is_bold=True),),))
        self.query_one("#choice-message", LinePane).show(((Piece(self.hint(), Role.MUTED),),))
        self._offer()
        self.query_one(ChoiceList).focus()
        self.set_interval(LOOK_AGAIN, self._offer)

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
        room = max(20, min(WIDTH, self.app.size.width) - 4)
        said = wrapped(f"not now: {event.refusal}", room, 1)
        self.query_one("#choice-message", LinePane).show(((Piece(said[0], Role.WARN),),))

    def action_cancel(self) -> None:
        """Leaves without a choice."""
        self.dismiss(None)
