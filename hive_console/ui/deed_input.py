"""A line to type into, in which nothing that is typed or pasted can reach the terminal as a control."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from hive_widgets.pieces import harmless


class ReasonInput(Input):
    """An input of one line without borders; control characters of a paste become visible signs.

    Up and down go through what was typed before, where there is something (`remember`).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "recall(1)", show=False),
        Binding("down", "recall(-1)", show=False),
    ]

    def __init__(self, *, max_length: int, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(max_length=max_length, id=id, select_on_focus=False, compact=True)
        self.cursor_blink = False  # a blinking cursor is traffic on a slow link
        self._earlier: tuple[str, ...] = ()
        self._place = 0
        self._draft = ""

    @property
    def has_earlier(self) -> bool:
        """Whether there is something to go through."""
        return bool(self._earlier)

    def remember(self, earlier: tuple[str, ...]) -> None:
        """Offers these texts, the latest first."""
        self._earlier = tuple(harmless(text)[: self.max_length or None] for text in earlier)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves up and down to others where there is nothing to go through."""
        del parameters
        return action != "recall" or self.has_earlier

    def action_recall(self, steps: int) -> None:
        """Shows an earlier text, or at last what was being typed."""
        place = max(0, min(self._place + steps, len(self._earlier)))
        if place == self._place:
            return
        if self._place == 0:
            self._draft = self.value
        self._place = place
        self.value = self._earlier[place - 1] if place else self._draft
        self.cursor_position = len(self.value)

    def replace(self, text: str, start: int, end: int) -> None:
        """Replaces by harmless text, as much of it as there is room for."""
        room = (self.max_length or len(text)) - len(self.value) + abs(end - start)
        super().replace(harmless(text)[: max(0, room)], start, end)
