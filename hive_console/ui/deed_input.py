"""A line to type into, in which nothing that is typed or pasted can reach the terminal as a control."""

from __future__ import annotations

from textual.widgets import Input

from hive_widgets.pieces import harmless


class ReasonInput(Input):
    """An input of one line without borders; control characters of a paste become visible signs."""

    def __init__(self, *, max_length: int, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(max_length=max_length, id=id, select_on_focus=False, compact=True)
        self.cursor_blink = False  # a blinking cursor is traffic on a slow link

    def replace(self, text: str, start: int, end: int) -> None:
        """Replaces by harmless text, as much of it as there is room for."""
        room = (self.max_length or len(text)) - len(self.value) + abs(end - start)
        super().replace(harmless(text)[: max(0, room)], start, end)
