"""A short list to choose from by arrow or by key; what cannot be chosen says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hive_widgets.glyphs import Role
from hive_widgets.pieces import Piece, strip_of


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the list.

    Attributes:
        name: what the list reports when it is chosen.
        pieces: how it looks.
        refusal: why it cannot be chosen; ``""`` when it can.
        note: what else there is to know, for when the cursor is on it.
    """

    name: str
    pieces: tuple[Piece, ...]
    refusal: str = ""
    note: str = ""


class ChoiceList(Widget, can_focus=True):
    """Choices, one a line; the window follows the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Chosen(Message):
        """A choice that can be made was made."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Moved(Message):
        """The cursor is on another choice, or the choice under it is another one."""

    class Refused(Message):
        """Somebody wanted a choice that cannot be made."""

        def __init__(self, refusal: str) -> None:
            super().__init__()
            self.refusal = refusal

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._choices: tuple[Choice, ...] = ()
        self._cursor = 0
        self._top = 0

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What is offered."""
        return self._choices

    @property
    def current(self) -> Choice | None:
        """The choice under the cursor."""
        return self._choices[self._cursor] if self._choices else None

    @property
    def text(self) -> str:
        """What is offered, as plain text."""
        return "\n".join("".join(piece.text for piece in choice.pieces) for choice in self._choices)

    def offer(self, choices: tuple[Choice, ...]) -> None:
        """Shows these choices; the cursor starts on the first that can be made, and then stays with its name."""
        before = self.current
        name = None if before is None else before.name
        if choices == self._choices:
            return
        self._choices = choices
        places = [place for place, choice in enumerate(choices) if choice.name == name]
        places += [place for place, choice in enumerate(choices) if not choice.refusal]
        self._place(places[0] if places else 0)
        if self.current != before:
            self.post_message(self.Moved())
        self.refresh()

    def choose(self, name: str) -> None:
        """Makes the choice of this name, or says why it cannot be made."""
        for place, choice in enumerate(self._choices):
            if choice.name == name:
                self._place(place)
                self.action_choose()

    def action_move(self, rows: int) -> None:
        """Moves the cursor."""
        before = self._cursor
        self._place(self._cursor + rows)
        if self._cursor != before:
            self.post_message(self.Moved())

    def action_choose(self) -> None:
        """Makes the choice under the cursor."""
        choice = self.current
        if choice is None:
            return
        self.post_message(self.Refused(choice.refusal) if choice.refusal else self.Chosen(choice.name))

    def _place(self, row: int) -> None:
        self._cursor = max(0, min(row, len(self._choices) - 1))
        room = max(1, self.size.height)
        lowest_top = max(0, len(self._choices) - room)
        self._top = min(max(self._top, self._cursor - room + 1), self._cursor, lowest_top)
        self.refresh()

    def on_resize(self) -> None:
        """Keeps the cursor in sight."""
        self._place(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        if self._top + event.y < len(self._choices):
            self._place(self._top + event.y)
            self.action_choose()

    def render_line(self, y: int) -> Strip:
        """One line, as the compositor asks for it."""
        place = self._top + y
        pieces = self._choices[place].pieces if place < len(self._choices) else ()
        is_selected = place == self._cursor and bool(self._choices)
        margin = Piece("›" if is_selected else " ", Role.ACCENT)
        variables = self.app.theme_variables
        line = (margin, *pieces)
        return strip_of(line, self.size.width, variables, base=self.rich_style, is_selected=is_selected)
