"""What `q` asks where the engine runs in the same process: stay, leave it to itself, or stop it."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from hive_console.core.snapshot import FleetSnapshot
from hive_console.ui.choice_dialog import WIDTH, ChoiceDialog
from hive_console.ui.company import others_of
from hive_console.ui.deed_dialog import HOLD_OFF
from hive_console.ui.sight import Sight
from hive_widgets.choice_list import Choice, ChoiceList
from hive_widgets.line_pane import LinePane
from hive_widgets.pieces import Piece, wrapped

MOST_LINES = 4


class Way(Enum):
    """What to do."""

    STAY = "stay"
    LEAVE = "leave"
    STOP = "stop"


_WORDS = {
    Way.STAY: "Stay",
    Way.LEAVE: "Leave the screen; the engine goes on here without it",
    Way.STOP: "Stop the engine",
}


class QuitDialog(ChoiceDialog[Way]):
    """Offers to stay first; keys typed ahead choose nothing."""

    hold_off: ClassVar[float] = HOLD_OFF

    def __init__(self, fleet: FleetSnapshot, session: float = 0.0) -> None:
        """Asks about the engine that this snapshot shows; `session` is one's own console among its consoles."""
        super().__init__()
        self._fleet, self._session = fleet, session
        self._sight = Sight(self, hold_off=lambda: self.hold_off)

    @property
    def is_ready(self) -> bool:
        """Whether a choice counts now."""
        return self._sight.is_ready

    def title_text(self) -> str:
        """The question."""
        return "Quit?"

    def choices(self) -> tuple[Choice, ...]:
        """The three ways."""
        return tuple(Choice(way.value, (Piece(words),)) for way, words in _WORDS.items())

    def chosen(self, name: str) -> Way:
        """Which way."""
        return Way(name)

    def compose(self) -> ComposeResult:
        """The question, what stopping would mean, and the ways."""
        with Vertical():
            yield LinePane(id="choice-title")
            yield LinePane(id="quit-story")
            yield ChoiceList(id="choice-list")
            yield LinePane(id="choice-message")

    def on_mount(self) -> None:
        """Tells what hangs on the engine, and counts from when that was painted."""
        super().on_mount()
        room = max(20, min(WIDTH, self.app.size.width) - 4)
        pane = self.query_one("#quit-story", LinePane)
        pane.show(tuple((Piece(row),) for row in wrapped(_stake(self._fleet, self._session), room, MOST_LINES)))
        pane.styles.height = len(pane.lines) + 1
        self._sight.hold()

    def take(self, name: str) -> None:
        """Closes with the way; staying needs no second thought."""
        if self.is_ready or name == Way.STAY.value:
            super().take(name)


def _stake(fleet: FleetSnapshot, session: float) -> str:
    gateway = f"; programs that use {fleet.gateway} lose their gateway when it stops" if fleet.gateway else ""
    others = others_of(fleet, session)
    company = f" Others look at it now: {others}." if others else ""
    return f"The engine watches {len(fleet.models)} model{'' if len(fleet.models) == 1 else 's'}{gateway}.{company}"
