"""Whether a person can have seen what a screen shows now: what was typed before that confirms nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen
from textual.timer import Timer

from hive_console.ui.app_traits import is_painted_since, wall_clock

POLL = 0.05
"""Seconds between two looks at whether the terminal has drawn it."""


class Sight:
    """Follows one screen from the moment at which it was drawn."""

    def __init__(
        self,
        screen: Screen[Any],  # of whatever result
        *,
        hold_off: Callable[[], float],
        on_seen: Callable[[], None] = lambda: None,
    ) -> None:
        """Has seen nothing yet.

        Args:
            screen: the screen.
            hold_off: seconds for which something must have been in sight before a confirmation counts.
            on_seen: called once the terminal has drawn the screen for the first time.
        """
        self._screen = screen
        self._hold_off = hold_off
        self._on_seen = on_seen
        self._timer: Timer | None = None
        self._drawn_at = 0.0
        self.is_seen = False
        self.is_ready = False

    def hold(self) -> None:
        """A confirmation counts no more until what is shown now has been in sight for a moment."""
        self.is_ready = False
        if self._timer is not None:
            self._timer.stop()
        self._drawn_at = wall_clock(self._screen.app, float)
        self._screen.call_after_refresh(self._look, self._drawn_at)

    def _look(self, drawn_at: float) -> None:
        if drawn_at != self._drawn_at or self.is_ready:
            return
        if self._timer is not None:
            self._timer.stop()
        if not is_painted_since(self._screen.app, drawn_at):
            self._timer = self._screen.set_timer(POLL, lambda: self._look(drawn_at))
            return
        if not self.is_seen:
            self.is_seen = True
            self._on_seen()
        self._timer = self._screen.set_timer(self._hold_off(), self._be_ready)

    def _be_ready(self) -> None:
        self.is_ready = True
