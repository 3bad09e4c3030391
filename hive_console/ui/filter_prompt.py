"""The line in which a filter is typed; what it narrows narrows while it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from hive_console.ui.filter_words import LONGEST, Completion

Completer = Callable[[str, int], Completion]
"""From the line and the cursor to what tab makes of it."""


def no_completion(line: str, cursor: int) -> Completion:
    """Tab changes nothing."""
    return Completion(line, cursor)


class FilterPrompt(Input):
    """Tells its screen of every change; enter keeps the filter, escape goes back to the one before."""

    BINDING_GROUP_TITLE = "The filter line"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete the word", id="filter.complete"),
        Binding("escape", "abandon", "give up the change", id="filter.abandon"),
    ]

    class Typed(Message):
        """The filter is these words now; `is_final` once the line is done with, `offers` what tab found."""

        def __init__(self, text: str, *, is_final: bool, offers: tuple[str, ...] = ()) -> None:
            super().__init__()
            self.text = text
            self.is_final = is_final
            self.offers = offers

    def __init__(self, text: str, *, hint: str, complete: Completer = no_completion) -> None:
        super().__init__(
            text, placeholder=hint, max_length=LONGEST, id="filter", compact=True, select_on_focus=False
        )
        self._before = text
        self._complete = complete
        self.cursor_blink = False  # a blink is a frame sent for nothing

    def on_mount(self) -> None:
        self.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value, is_final=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Typed(event.value, is_final=True))

    def action_complete(self) -> None:
        found = self._complete(self.value, self.cursor_position)
        with self.prevent(Input.Changed):
            self.value = found.line[:LONGEST]
        self.cursor_position = found.cursor
        self.post_message(self.Typed(self.value, is_final=False, offers=found.offers))

    def action_abandon(self) -> None:
        self.post_message(self.Typed(self._before, is_final=True))
