"""`EngineClient` for a screen in the same process: reads references, speaks across the threads' border."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Protocol

from hive_console.core.command import Command, CommandResult, Effect, effect_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.engine.client import EventPage


class Feed(Protocol):
    """The part of an event feed that is read here."""

    def after(self, cursor: int) -> EventPage:
        """The events since a cursor."""
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

    def undo(self, actor: str) -> Coroutine[Any, Any, CommandResult]:
        """Undoes the last action."""
        ...


class LocalClient:
    """The in-process client. It can be made before the engine runs and says honestly that nothing is known."""

    def __init__(self, first: FleetSnapshot, *, actor: str) -> None:
        """Makes a client that shows `first` until `attach`.

        Args:
            first: what is known before the engine runs.
            actor: who speaks through it, as the system attests.
        """
        self._first = first
        self._actor = actor
        self._engine: RunningEngine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, engine: RunningEngine, loop: asyncio.AbstractEventLoop) -> None:
        """Connects it to a running engine on `loop`."""
        self._loop = loop
        self._engine = engine

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
        return asyncio.run_coroutine_threadsafe(engine.command(replace(command, actor=self._actor)), loop)

    def undo(self) -> Future[CommandResult]:
        """Undoes the last action while that is still offered."""
        engine, loop = self._engine, self._loop
        if engine is None or loop is None:
            return _not_running()
        return asyncio.run_coroutine_threadsafe(engine.undo(self._actor), loop)


def _not_running() -> Future[CommandResult]:
    future: Future[CommandResult] = Future()
    future.set_result(CommandResult(is_done=False, message="the engine is still starting; try again"))
    return future
