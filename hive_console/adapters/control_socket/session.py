"""One console that attached: it watches at its own pace, and asks in the name that the kernel attests.

What it has not read is never queued: the next snapshot is told as the way from the one it has. So a console that is
slow sees fewer snapshots, and always the newest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from hive_console.adapters.control_socket.broadcast import Broadcast
from hive_console.adapters.control_socket.peer import Peer
from hive_console.adapters.control_socket.ports import Engine, Reload
from hive_console.core.command import Command, effect_of
from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.console_wire import (
    EVENTS_AT_ONCE,
    HEARTBEAT,
    Greeting,
    Line,
    Request,
    Unreadable,
    encoded,
    page_of,
    request_of,
)
from hive_console.core.errors import HiveError, place_of
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.text import MESSAGE_LIMIT, NAME_LIMIT, clean

LOOK = 0.1
"""Seconds between two looks at whether there is a newer snapshot; they come four times a second at most."""

MOST_ASKED = 8
"""Requests of one console under way at once: a person has one or two."""

IT_WENT = "its connection ended"
"""Why a console detached that did not say why: its process was killed, or the terminal took it along."""

IT_STALLED = "it read nothing any more"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a session works with; one for all of them.

    Attributes:
        engine: what is watched and asked.
        reload: reloads the settings; `None` where nobody may ask for that.
        broadcast: writes snapshots.
        version: of this program.
        settings: what the settings file says of consoles.
        patience: seconds that an answer may stay unread.
        run_errand: runs what must come to its end though the console goes.
        beat: seconds at most between two lines.
    """

    engine: Engine
    reload: Reload | None
    broadcast: Broadcast
    version: str
    settings: Callable[[], ConsoleSettings]
    patience: float
    run_errand: Callable[[Coroutine[Any, Any, None]], None]
    beat: float = HEARTBEAT


class Session:
    """A connection from its `hello` to its end."""

    def __init__(
        self, desk: Desk, peer: Peer, *, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._desk, self._peer = desk, peer
        self._reader, self._writer = reader, writer
        self._origin = ""
        self._is_read_only = False
        self._session = 0.0
        self._watching: asyncio.Task[None] | None = None
        self._under_way = 0
        self._cause = IT_WENT

    async def run(self, hello: Request) -> None:
        """Greets, and serves until the connection ends; a console of another version is refused in words."""
        desk = self._desk
        if hello.version != desk.version:
            other = clean(hello.version, NAME_LIMIT) or "unknown"
            said = f"this engine is version {desk.version} and the console version {other}"
            await self._say(Line(id=hello.id, error=f"{said}; run the same version of hive-console on both sides"))
            return
        hint = f", {hello.origin}" if hello.origin else ""
        self._origin = clean(f"attached, process {self._peer.pid}{hint}", NAME_LIMIT)
        self._is_read_only = hello.is_read_only
        consoles = desk.engine.consoles
        self._session = consoles.attach(self._peer.name, origin=self._origin, is_read_only=self._is_read_only)
        try:
            await self._serve_until_gone(hello)
        except asyncio.CancelledError:
            self._session = 0.0  # the engine stops, and tells that itself
            raise
        finally:
            if self._session:
                consoles.detach(self._session, self._cause)

    async def _serve_until_gone(self, hello: Request) -> None:
        try:
            await self._serve(hello)
        except* TimeoutError:
            self._cause = IT_STALLED
        except* ConnectionError:
            pass  # as good as its end

    async def _serve(self, hello: Request) -> None:
        desk = self._desk
        greeting = Greeting(
            version=desk.version, run=desk.engine.run_id, session=self._session, settings=desk.settings()
        )
        await self._say(Line(id=hello.id, is_ok=True, hello=greeting))
        async with asyncio.TaskGroup() as group:
            await self._listen(group)
            if self._watching is not None:
                self._watching.cancel()

    async def _listen(self, group: asyncio.TaskGroup) -> None:
        """Hears requests until the connection ends, or says goodbye."""
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            except asyncio.LimitOverrunError:
                self._cause = "it sent a line without end"
                await self._say(Line(error="a request is one line, and a short one"))
                return
            try:
                request = request_of(line)
            except Unreadable as error:
                await self._say(Line(error=clean(str(error), MESSAGE_LIMIT)))
                continue
            match request.op:
                case "watch":
                    if self._watching is None:
                        self._watching = group.create_task(self._watch(request.after))
                case "bye":
                    self._cause = clean(request.reason, MESSAGE_LIMIT) or "it was left"
                    return
                case "read-only":
                    self._is_read_only = True
                    self._desk.engine.consoles.become_read_only(self._session)
                    await self._say(Line(id=request.id, is_ok=True))
                case _:
                    await self._take(request)

    async def _take(self, request: Request) -> None:
        if self._under_way >= MOST_ASKED:
            await self._say(Line(id=request.id, error=f"more than {MOST_ASKED} requests at once; wait for one"))
            return
        self._under_way += 1
        # The right to act is that of the moment it was asked in.
        self._desk.run_errand(self._do(request, is_watcher=self._is_read_only))

    async def _do(self, request: Request, *, is_watcher: bool) -> None:
        """Does what was asked, and answers where there is still somebody to answer to."""
        try:
            answer = await self._answer(request, is_watcher=is_watcher)
        except HiveError as error:
            answer = Line(error=clean(str(error), MESSAGE_LIMIT))
        except Exception as error:  # noqa: BLE001 - a bug in one request is told to who asked, and the engine goes on
            answer = Line(error=f"the engine met an error: {place_of(error)}")
        finally:
            self._under_way -= 1
        answer.id = request.id
        with suppress(TimeoutError, ConnectionError):
            await self._say(answer)

    async def _answer(self, request: Request, *, is_watcher: bool) -> Line:
        engine, who, origin = self._desk.engine, self._peer.name, self._origin
        match request.op:
            case "command":
                said = self._stamped(request, is_watcher=is_watcher)
                return Line(is_ok=True, result=await engine.command(said))
            case "undo":
                undone = await engine.undo(who, origin=origin, is_watcher=is_watcher)
                return Line(is_ok=True, result=undone)
            case "stop":
                stopped = await engine.stop(who, reason=request.reason, origin=origin, is_watcher=is_watcher)
                return Line(is_ok=True, result=stopped)
            case "preview":
                effect = effect_of(self._stamped(request, is_watcher=is_watcher), engine.snapshot())
                return Line(is_ok=True, effect=effect)
            case "reload":
                return Line(is_ok=True, reload=await self._reloaded(request, is_watcher=is_watcher))
            case op:
                return Line(error=f"unknown op {clean(op, 40)!r}")

    def _stamped(self, request: Request, *, is_watcher: bool) -> Command:
        """The command in the name of who is here, whatever it claims."""
        if request.command is None:
            raise Unreadable(f"a {request.op} needs its command")
        return replace(request.command, actor=self._peer.name, origin=self._origin, is_watcher=is_watcher)

    async def _reloaded(self, request: Request, *, is_watcher: bool) -> ReloadReport:
        reload = self._desk.reload
        if reload is None:
            return ReloadReport(is_good=False, message="this engine has no settings file")
        who, origin = self._peer.name, self._origin
        if is_watcher and not request.is_dry_run:
            refused = await self._desk.engine.refuse_reload(who, origin=origin)
            return ReloadReport(is_good=False, message=refused.message, action_id=refused.action_id)
        return await reload(actor=who, origin=origin, dry_run=request.is_dry_run, expected=request.expected)

    # --- watching ---

    async def _watch(self, cursor: int) -> None:
        """Tells of every newer snapshot, and of what happened, as fast as it is read; else gives signs of life."""
        shown: FleetSnapshot | None = None
        loop = asyncio.get_running_loop()
        while True:
            fleet = self._desk.engine.snapshot()
            for line in await self._desk.broadcast.lines(shown, fleet):
                await self._write(line)
            shown = fleet
            cursor = await self._tell_events(cursor)
            told_at = loop.time()
            while self._desk.engine.snapshot() is shown:
                await asyncio.sleep(min(LOOK, self._desk.beat))
                if loop.time() - told_at >= self._desk.beat:
                    await self._say(Line(beat=loop.time()))
                    told_at = loop.time()

    async def _tell_events(self, cursor: int) -> int:
        """Tells of the events up to now, some at a time; where to go on."""
        feed = self._desk.engine.feed
        until = feed.after(cursor).cursor
        while True:
            page = feed.after(cursor)
            told = page.events[:EVENTS_AT_ONCE]
            cursor = page.cursor - len(page.events) + len(told)
            if told or page.lost:
                await self._say(Line(page=page_of(told, cursor, page.lost)))
            if cursor >= until:
                return cursor

    async def _say(self, line: Line) -> None:
        await self._write(encoded(line))

    async def _write(self, line: bytes) -> None:
        self._writer.write(line)
        async with asyncio.timeout(self._desk.patience):
            await self._writer.drain()
