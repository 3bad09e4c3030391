"""One of a few, on one line: `(•) 30 m  ( ) 1 h  ( ) no end`."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, strip_of, width_of

_BETWEEN = "  "


class ChoiceRow(Widget, can_focus=True):
    """Options side by side, one of them chosen; where the line is too short, it begins later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space", "turn(1)", show=False),
        Binding("left,h", "turn(-1)", show=False),
        Binding("enter", "go_on", show=False),
    ]

    class Changed(Message):
        """Another option is chosen."""

    class Submitted(Message):
        """The choice stands; what comes next?"""

    def __init__(self, *, is_ascii: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._options: tuple[str, ...] = ()
        self._chosen = 0
        self._dot = "*" if is_ascii else "•"

    @property
    def chosen(self) -> int:
        """The place of the chosen option."""
        return self._chosen

    @property
    def text(self) -> str:
        """The line, as plain text."""
        return "".join(piece.text for piece in self._line())

    def offer(self, options: tuple[str, ...]) -> None:
        """Shows these options; the chosen place stays, if there still is one."""
        if options != self._options:
            self._options = options
            self._chosen = max(0, min(self._chosen, len(options) - 1))
            self.refresh()

    def action_turn(self, places: int) -> None:
        """Chooses the next option, round and round."""
        self._choose((self._chosen + places) % max(1, len(self._options)))

    def action_go_on(self) -> None:
        """Lets the choice stand."""
        self.post_message(self.Submitted())

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        at = event.x
        for place, label in self._labels():
            at -= width_of(label)
            if at < 0:
                self._choose(place)
                return

    def on_focus(self) -> None:
        """Shows that keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Shows that they do not any more."""
        self.refresh()

    def _choose(self, place: int) -> None:
        if place != self._chosen:
            self._chosen = place
            self.refresh()
            self.post_message(self.Changed())

    def _labels(self) -> list[tuple[int, str]]:
        """Place and text of each option from the first that is shown: the chosen one always is."""
        labels = [
            (place, f"({self._dot if place == self._chosen else ' '}) {option}{_BETWEEN}")
            for place, option in enumerate(self._options)
        ]
        while labels and labels[0][0] < self._chosen and self._width_to_chosen(labels) > self.size.width:
            labels = labels[1:]
        return labels

    def _width_to_chosen(self, labels: list[tuple[int, str]]) -> int:
        return sum(width_of(label) for place, label in labels if place <= self._chosen)

    def _line(self) -> tuple[Piece, ...]:
        return tuple(
            Piece(label, Role.ACCENT if place == self._chosen else Role.MUTED, is_bold=place == self._chosen)
            for place, label in self._labels()
        )

    def render_line(self, y: int) -> Strip:
        """The line, as the compositor asks for it; reverse video says that keys go here."""
        line = () if y else self._line()
        return strip_of(
            line,
            self.size.width,
            self.app.theme_variables,
            base=self.rich_style,
            is_selected=self.has_focus and not y,
        )
