"""What a screen may do with a recording besides looking at it: move through its time."""

from __future__ import annotations

from typing import Protocol

from hive_console.engine.client import EngineClient


class TimeCursor(EngineClient, Protocol):
    """A client on a recording. All calls return at once; what comes of them is in a later snapshot."""

    def step(self, steps: int) -> None:
        """So many steps on, or back; how long one is, is told by the snapshot."""
        ...

    def leap(self, leaps: int) -> None:
        """The same with large steps."""
        ...

    def to(self, at: float) -> None:
        """To an instant, or the nearest one that was recorded."""
        ...

    def to_event(self, *, is_later: bool, models: tuple[str, ...] | None = None) -> None:
        """To the next thing (or the last one before) that moved something, of these models only."""
        ...

    def to_begin(self) -> None:
        """To the first thing recorded."""
        ...

    def to_end(self) -> None:
        """To the last one; of a recording that goes on, on with it."""
        ...

    def zoom(self, scales: int) -> None:
        """A longer line and longer steps for positive numbers, shorter ones for negative numbers."""
        ...
