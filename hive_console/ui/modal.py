"""A dialog that closes once: what was typed twice before it went must not close whatever lies below it."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Modal(ModalScreen[Result]):
    """The library's modal screen; a second answer, still under way when the first one closed it, is dropped.

    Two quick enters on a slow line are two messages; the library would pop two screens, the last one with an error.
    """

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Closes with this result, if it is still there."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
