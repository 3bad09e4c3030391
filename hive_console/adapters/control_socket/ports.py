"""What the control socket needs of the engine behind it; the engine fits by shape."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from hive_console.core.command import Command, CommandResult
from hive_console.core.events import Event
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot


class Reload(Protocol):
    """Reads the settings file again and applies it, unless only asked what it would change."""

    def __call__(
        self, *, actor: str, origin: str, dry_run: bool, expected: str = ""
    ) -> Coroutine[Any, Any, ReloadReport]:
        """What came of it; `actor` is whom the kernel attests, `origin` how they came, as they say.

        With `expected`, the digest of an earlier report, nothing is applied when the file is another one by now.
        """
        ...


class Events(Protocol):
    """Some events, oldest first, up to `cursor`; `lost` were overwritten before."""

    @property
    def events(self) -> tuple[Event, ...]:
        """Themselves."""
        ...

    @property
    def cursor(self) -> int:
        """Where to go on."""
        ...

    @property
    def lost(self) -> int:
        """How many were overwritten."""
        ...


class Feed(Protocol):
    """The latest events."""

    def after(self, cursor: int) -> Events:
        """Those after a cursor."""
        ...


class Consoles(Protocol):
    """Who looks at the engine."""

    def attach(self, actor: str, *, origin: str, is_read_only: bool) -> float:
        """A console came; what names it."""
        ...

    def detach(self, session: float, cause: str) -> None:
        """It went away."""
        ...

    def become_read_only(self, session: float) -> None:
        """It may only look from here on."""
        ...


class Engine(Protocol):
    """An engine that consoles can attach to; all of it on the engine's loop."""

    @property
    def run_id(self) -> str:
        """Names this run."""
        ...

    @property
    def feed(self) -> Feed:
        """The latest events."""
        ...

    @property
    def consoles(self) -> Consoles:
        """Who looks at it."""
        ...

    def snapshot(self) -> FleetSnapshot:
        """The latest view."""
        ...

    def command(self, command: Command) -> Coroutine[Any, Any, CommandResult]:
        """Does what an operator asks, or says why not."""
        ...

    def undo(self, actor: str, *, origin: str, is_watcher: bool) -> Coroutine[Any, Any, CommandResult]:
        """Undoes the last action, or says why not."""
        ...

    def stop(self, actor: str, *, reason: str, origin: str, is_watcher: bool) -> Coroutine[Any, Any, CommandResult]:
        """Has it stopped in order, or says why not."""
        ...

    def refuse_reload(self, actor: str, *, origin: str) -> Coroutine[Any, Any, CommandResult]:
        """Notes that other settings were asked for by whoever may only look."""
        ...
