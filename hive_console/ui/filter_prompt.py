"""The line in which a filter is typed; the table narrows while it is."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

LONGEST = 200
"""Characters of a filter."""


class FilterPrompt(Input):
    """Tells its screen of every change; enter keeps the filter, escape goes back to the one before."""

    BINDING_GROUP_TITLE = "The filter line"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "abandon", "give up the change", id="filter.abandon"),
    ]

    class Typed(Message):
        """The filter is these words now; `is_final` once the line is done with."""

        def __init__(self, text: str, *, is_final: bool) -> None:
            super().__init__()
            self.text = text
            self.is_final = is_final

    def __init__(self, text: str, *, hint: str) -> None:
        super().__init__(text, placeholder=hint, max_length=LONGEST, id="filter", compact=True)
        self._before = text
        self.cursor_blink = False  # a blink is a frame sent for nothing

    def on_mount(self) -> None:
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value, is_final=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Typed(event.value, is_final=True))

    def action_abandon(self) -> None:
        self.post_message(self.Typed(self._before, is_final=True))
