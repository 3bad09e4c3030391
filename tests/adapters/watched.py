"""An engine that consoles attach to in tests: it shows what is posted and remembers what it was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hive_console.core.command import Command, CommandResult
from hive_console.core.events import Event
from hive_console.core.snapshot import FleetSnapshot
from tests.adapters.operations import FLEET

DONE = CommandResult(is_done=True, message="done", action_id="a1")


@dataclass(frozen=True)
class FakePage:
    """Fits `ports.Events`."""

    events: tuple[Event, ...]
    cursor: int
    lost: int = 0


@dataclass
class FakeFeed:
    """Fits `ports.Feed`; keeps the newest `length`."""

    length: int = 5000
    happened: list[Event] = field(default_factory=list)

    def after(self, cursor: int) -> FakePage:
        oldest = max(0, len(self.happened) - self.length)
        start = max(cursor, oldest)
        return FakePage(tuple(self.happened[start:]), len(self.happened), max(0, oldest - cursor) if cursor else 0)


@dataclass
class FakeConsoles:
    """Fits `ports.Consoles`."""

    came: list[tuple[str, str, bool]] = field(default_factory=list)
    gone: list[tuple[float, str]] = field(default_factory=list)
    watchers: list[float] = field(default_factory=list)
    somebody_went: asyncio.Event = field(default_factory=asyncio.Event)

    def attach(self, actor: str, *, origin: str, is_read_only: bool) -> float:
        self.came.append((actor, origin, is_read_only))
        return float(len(self.came))

    def detach(self, session: float, cause: str) -> None:
        self.gone.append((session, cause))
        self.somebody_went.set()

    def become_read_only(self, session: float) -> None:
        self.watchers.append(session)


@dataclass
class FakeEngine:
    """Fits `ports.Engine`; `hold` keeps commands open until it is set."""

    fleet: FleetSnapshot = FLEET
    run_id: str = "r1"
    feed: FakeFeed = field(default_factory=FakeFeed)
    consoles: FakeConsoles = field(default_factory=FakeConsoles)
    said: list[Command] = field(default_factory=list)
    undone: list[tuple[str, str, bool]] = field(default_factory=list)
    stopped: list[tuple[str, str, str, bool]] = field(default_factory=list)
    reloads_refused: list[tuple[str, str]] = field(default_factory=list)
    hold: asyncio.Event | None = None
    ended: list[str] = field(default_factory=list)
    error: Exception | None = None
    somebody_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def snapshot(self) -> FleetSnapshot:
        return self.fleet

    async def command(self, command: Command) -> CommandResult:
        self.said.append(command)
        self.somebody_asked.set()
        if self.error is not None:
            raise self.error
        if self.hold is not None:
            await self.hold.wait()
        self.ended.append(command.target)
        return DONE

    async def undo(self, actor: str, *, origin: str, is_watcher: bool) -> CommandResult:
        self.undone.append((actor, origin, is_watcher))
        return DONE

    async def stop(self, actor: str, *, reason: str, origin: str, is_watcher: bool) -> CommandResult:
        self.stopped.append((actor, reason, origin, is_watcher))
        return DONE

    async def refuse_reload(self, actor: str, *, origin: str) -> CommandResult:
        self.reloads_refused.append((actor, origin))
        return CommandResult(is_done=False, message="this console may only look", action_id="a2")
