"""The command palette: every screen, every model, every action on every model, and why one cannot be done now."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from hive_console.ui.app_traits import is_ascii
from hive_console.ui.deed_input import ReasonInput
from hive_console.ui.modal import Modal
from hive_console.ui.palette_offers import Offer, Offers
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.glyphs import Role
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece, wrapped

LONGEST = 60
"""Characters that are searched for."""

SHOWN = 14
"""Lines of offers; fits a terminal of 24."""

WIDTH = 76
"""Columns of the palette; fits a terminal of 80."""

HINT = "type a command, a model, or both; enter does it, esc leaves"


class HivePalette(Modal[Callable[[], None]]):
    """Closes with what is to be done; acting still asks."""

    DEFAULT_CSS = """
    HivePalette { align: center top; background: $background; }
    HivePalette > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; padding: 0 1; background: $surface;
    }
    HivePalette.-ascii > Vertical { border: ascii $accent; }
    HivePalette Input { height: 1; width: 1fr; border: none; padding: 0; background: $boost; margin-bottom: 1; }
    HivePalette Input:focus { border: none; }
    HivePalette ChoiceList { width: 1fr; background: $surface; }
    HivePalette LinePane { height: 1; width: 1fr; margin-top: 1; }
    """

    AUTO_FOCUS = "#palette-query"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("down,ctrl+n", "move(1)", show=False),
        Binding("up,ctrl+p", "move(-1)", show=False),
        Binding("pagedown", f"move({SHOWN})", show=False),
        Binding("pageup", f"move(-{SHOWN})", show=False),
    ]

    def __init__(self, offers: Offers) -> None:
        """Offers these."""
        super().__init__()
        self._all = offers
        self._runs: dict[str, Callable[[], None]] = {}

    @property
    def text(self) -> str:
        """What is offered, as plain text."""
        return self.query_one(ChoiceList).text

    def compose(self) -> ComposeResult:
        """A line to type into, what was found, and what to know."""
        with Vertical():
            query = ReasonInput(max_length=LONGEST, id="palette-query")
            query.placeholder = "a command, a model, a screen or a filter"
            yield query
            yield ChoiceList(id="palette-list")
            yield LinePane(id="palette-message")

    def on_mount(self) -> None:
        """Offers what there is before anything is typed."""
        self.set_class(is_ascii(self.app), "-ascii")
        self._search("")

    def on_resize(self, _: events.Resize) -> None:
        """The list gets the lines there are."""
        self._set_height()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Finds while one types."""
        event.stop()
        self._search(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Does what the cursor is on."""
        event.stop()
        self.query_one(ChoiceList).action_choose()

    def action_move(self, rows: int) -> None:
        """The cursor of the list, while one types."""
        self.query_one(ChoiceList).action_move(rows)

    def on_choice_list_chosen(self, event: ChoiceList.Chosen) -> None:
        """Closes with it."""
        self.dismiss(self._runs[event.name])

    def on_choice_list_refused(self, event: ChoiceList.Refused) -> None:
        """Says why not."""
        self._say(f"not now: {event.refusal}", Role.WARN)

    def _search(self, query: str) -> None:
        offers = [self._all.offer(found) for found in self._all.catalog.best(query, SHOWN)]
        words = " ".join(query.split())
        if words:
            offers = [*offers[: SHOWN - 1], self._all.filtering(words)]
        self._runs = {offer.text: offer.run for offer in offers}
        listed = self.query_one(ChoiceList)
        listed.offer(tuple(_choice(offer) for offer in offers))
        listed.action_move(-SHOWN)
        self._set_height()
        self._say(HINT, Role.MUTED)

    def _set_height(self) -> None:
        listed = self.query_one(ChoiceList)
        listed.styles.height = max(1, min(len(listed.choices), self.app.size.height - 6))

    def _say(self, text: str, role: Role) -> None:
        room = max(20, min(WIDTH, self.app.size.width) - 4)
        self.query_one("#palette-message", LinePane).show(((Piece(wrapped(text, room, 1)[0], role),),))


def _choice(offer: Offer) -> Choice:
    pieces = (
        Piece(offer.text, Role.MUTED if offer.refusal else Role.PLAIN),
        Piece(f"  {offer.refusal or offer.key}", Role.MUTED),
    )
    return Choice(offer.text, pieces, offer.refusal)
