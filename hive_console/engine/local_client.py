"""`EngineClient` for a screen in the same process: reads references, speaks across the threads' border."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from hive_console.core.command import Command, CommandResult, Effect, effect_of
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.engine.client import EventPage

STARTING = "the engine is still starting; try again"


class Feed(Protocol):
    """The part of an event feed that is read here."""

    def after(self, cursor: int) -> EventPage:
        """The events since a cursor."""
        ...


class Sessions(Protocol):
    """The part of the list of consoles that is used here."""

    def attach(self, actor: str, *, origin: str, is_read_only: bool) -> float:
        """A console came."""
        ...

    def detach(self, session: float, cause: str) -> None:
        """It went away."""
        ...

    def become_read_only(self, session: float) -> None:
        """It may only look from here on."""
        ...


class RunningEngine(Protocol):
    """What is used of the engine; naming its class would load all of it before the screen has painted."""

    @property
    def feed(self) -> Feed:
        """The latest events."""
        ...

    def snapshot(self) -> FleetSnapshot:
        """The latest view."""
        ...

    def command(self, command: Command) -> Coroutine[Any, Any, CommandResult]:
        """Does what an operator asks."""
        ...

    def undo(self, actor: str, *, origin: str, is_watcher: bool) -> Coroutine[Any, Any, CommandResult]:
        """Undoes the last action."""
        ...

    def stop(self, actor: str, *, reason: str, origin: str, is_watcher: bool) -> Coroutine[Any, Any, CommandResult]:
        """Has it stopped in order."""
        ...

    @property
    def consoles(self) -> Sessions:
        """Who looks at it."""
        ...


class Reload(Protocol):
    """Reads the settings file again; the part around the engine that knows it fits by shape."""

    def __call__(
        self, *, actor: str, origin: str, dry_run: bool, expected: str, is_watcher: bool
    ) -> Coroutine[Any, Any, ReloadReport]:
        """What came of it."""
        ...


class LocalClient:
    """The in-process client. It can be made before the engine runs and says honestly that nothing is known."""

    def __init__(self, first: FleetSnapshot, *, actor: str, origin: str = "", is_read_only: bool = False) -> None:
        """Makes a client that shows `first` until `attach`.

        Args:
            first: what is known before the engine runs.
            actor: who speaks through it, as the system attests.
            origin: how they came, as far as anybody says.
            is_read_only: whether it may only look.
        """
        self._first = first
        self._actor = actor
        self._origin = origin
        self._engine: RunningEngine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reload: Reload | None = None
        self._is_read_only = is_read_only
        self._session = 0.0

    @property
    def is_read_only(self) -> bool:
        """Whether the engine refuses what this console commands."""
        return self._is_read_only

    @property
    def trouble(self) -> str:
        """Nothing lies between this console and its engine."""
        return ""

    def become_read_only(self) -> None:
        """From here on the engine refuses what this console commands."""
        self._is_read_only = True
        self._tell(lambda engine: engine.consoles.become_read_only(self._session))

    @property
    def session(self) -> float:
        """Which console of the engine's this one is."""
        return self._session

    def attach(
        self, engine: RunningEngine, loop: asyncio.AbstractEventLoop, *, reload: Reload | None = None
    ) -> None:
        """Connects it to a running engine on `loop`."""
        self._loop = loop
        self._reload = reload
        self._engine = engine

    def arrive(self) -> None:
        """Tells the engine that there is a screen; before its first, and before each that follows one left."""

        def come(engine: RunningEngine) -> None:
            self._session = engine.consoles.attach(
                self._actor, origin=self._origin, is_read_only=self._is_read_only
            )

        self._tell(come)

    def detach(self, cause: str) -> None:
        """The screen is gone or was left, and the engine goes on."""
        session, self._session = self._session, 0.0
        self._tell(lambda engine: engine.consoles.detach(session, cause))

    def _tell(self, act: Callable[[RunningEngine], None]) -> None:
        engine, loop = self._engine, self._loop
        if engine is not None and loop is not None:
            with suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(act, engine)

    def snapshot(self) -> FleetSnapshot:
        """The latest published view."""
        return self._engine.snapshot() if self._engine is not None else self._first

    def events(self, after: int) -> EventPage:
        """Events newer than the cursor."""
        return self._engine.feed.after(after) if self._engine is not None else EventPage((), 0)

    def preview(self, command: Command) -> Effect:
        """What the command would do now."""
        return effect_of(command, self.snapshot())

    def command(self, command: Command) -> Future[CommandResult]:
        """Says a command in the name of this client's actor, whatever the command claims."""
        engine, loop = self._engine, self._loop
        if engine is None or loop is None:
            return _not_running()
        said = replace(command, actor=self._actor, origin=self._origin, is_watcher=self._is_read_only)
        return asyncio.run_coroutine_threadsafe(engine.command(said), loop)

    def undo(self) -> Future[CommandResult]:
        """Undoes the last action while that is still offered."""
        engine, loop = self._engine, self._loop
        if engine is None or loop is None:
            return _not_running()
        undoing = engine.undo(self._actor, origin=self._origin, is_watcher=self._is_read_only)
        return asyncio.run_coroutine_threadsafe(undoing, loop)

    def stop(self, reason: str) -> Future[CommandResult]:
        """Has the engine stopped in order."""
        engine, loop = self._engine, self._loop
        if engine is None or loop is None:
            return _not_running()
        stopping = engine.stop(self._actor, reason=reason, origin=self._origin, is_watcher=self._is_read_only)
        return asyncio.run_coroutine_threadsafe(stopping, loop)

    def reload(self, *, dry_run: bool, expected: str = "") -> Future[ReloadReport]:
        """Reads the settings file again in the name of this client's actor."""
        reload, loop = self._reload, self._loop
        if reload is None or loop is None:
            future: Future[ReloadReport] = Future()
            future.set_result(ReloadReport(is_good=False, message=STARTING))
            return future
        asked = reload(
            actor=self._actor,
            origin=self._origin,
            dry_run=dry_run,
            expected=expected,
            is_watcher=self._is_read_only,
        )
        return asyncio.run_coroutine_threadsafe(asked, loop)


def _not_running() -> Future[CommandResult]:
    future: Future[CommandResult] = Future()
    future.set_result(CommandResult(is_done=False, message=STARTING))
    return future
