"""What a terminal is told besides the picture: the window's title, the bell, a text for its clipboard."""

from __future__ import annotations

from hive_console.ui.attention import title_sequence

SAVE_TITLE, RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"
"""Keeps the window's title on the terminal's own stack, and gives it back (xterm; others ignore it)."""

_BELL = "\x07"


class Asides:
    """Part of a driver; each aside is a frame of its own, so that a busy terminal drops it whole or not at all."""

    _window: str | None = None

    def write(self, data: str) -> None:
        """Adds to the frame under way."""
        raise NotImplementedError

    def flush(self) -> None:
        """Ends the frame under way."""
        raise NotImplementedError

    def name_window(self, title: str) -> None:
        """Gives the window a title, unless it has it."""
        if title == self._window:
            return
        before, self._window = self._window, title
        self.order(("" if before is not None else SAVE_TITLE) + title_sequence(title))

    def forget_window(self) -> None:
        """The next title is sent whatever the last one was: it may have been lost."""
        if self._window is not None:
            self._window = ""

    def give_window_back(self) -> None:
        """Adds the title that was there before, where we changed it."""
        if self._window is not None:
            self._window = None
            self.write(RESTORE_TITLE)

    def ring(self) -> None:
        """Rings the bell."""
        self.order(_BELL)

    def order(self, sequence: str) -> None:
        """Sends what is no part of the picture."""
        self.flush()
        self.write(sequence)
        self.flush()
