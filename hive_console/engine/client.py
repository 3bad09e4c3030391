"""How screens and commands reach an engine: read what it published, say a command, ask for a dry run."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from hive_console.core.command import Command, CommandResult, Effect
from hive_console.core.events import Event
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events after a cursor.

    Attributes:
        events: oldest first.
        cursor: pass it to the next call.
        lost: events that were overwritten before they could be read.
        is_anew: whether these take the place of all that were given before, as when a recording is moved through.
    """

    events: tuple[Event, ...]
    cursor: int
    lost: int = 0
    is_anew: bool = False


class EngineClient(Protocol):
    """Everything a screen may do. All calls return at once; the engine lives on another thread or process."""

    @property
    def is_read_only(self) -> bool:
        """Whether the engine refuses what this console commands."""
        ...

    @property
    def trouble(self) -> str:
        """Why what is shown may be old (the connection to the engine is lost, …); ``""`` while all is well."""
        ...

    @property
    def session(self) -> float:
        """Which of `FleetSnapshot.consoles` this one is: its `since`; 0 while it is none of them."""
        ...

    def become_read_only(self) -> None:
        """From here on the engine refuses what this console commands; there is no way back."""
        ...

    def snapshot(self) -> FleetSnapshot:
        """The latest published view."""
        ...

    def events(self, after: int) -> EventPage:
        """Events newer than the cursor; start with 0 for everything still kept."""
        ...

    def preview(self, command: Command) -> Effect:
        """What the command would do now."""
        ...

    def command(self, command: Command) -> Future[CommandResult]:
        """Says a command; the future ends when the audit row is durable and the action is done or refused."""
        ...

    def undo(self) -> Future[CommandResult]:
        """Undoes the last action while that is still possible."""
        ...

    def stop(self, reason: str) -> Future[CommandResult]:
        """Has the engine stopped in order, whoever else uses it."""
        ...

    def reload(self, *, dry_run: bool, expected: str = "") -> Future[ReloadReport]:
        """Reads the settings file again and applies it, or tells what that would change.

        With `expected`, the digest of an earlier report, nothing is applied when the file is another one by now.
        """
        ...
