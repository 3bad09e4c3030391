"""The engine's side of the control socket: who is let in, one-shot questions, and consoles that attach.

`{"op":"snapshot"}` is answered by `{"ok":true,"snapshot":{...}}`, `{"op":"reload","dry_run":false}` by
`{"ok":true,"reload":{...}}`, `{"op":"command","command":{...}}` by `{"ok":true,"result":{...}}`; `hello` makes
the connection a console's (`session`); all else gets `{"ok":false,"error":"..."}`. The kernel tells who is at
the other end; nobody but the engine's owner and root is heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from hive_console.adapters.control_socket.broadcast import Broadcast
from hive_console.adapters.control_socket.hang_up import hang_up
from hive_console.adapters.control_socket.peer import Peer, may_ask, peer_of
from hive_console.adapters.control_socket.place import bound, file_identity
from hive_console.adapters.control_socket.ports import Engine, Reload
from hive_console.adapters.control_socket.session import Desk, Session
from hive_console.adapters.identity import login_name
from hive_console.core.command import Command
from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.console_wire import HEARTBEAT, Unreadable, request_of
from hive_console.core.errors import place_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.text import MESSAGE_LIMIT, NAME_LIMIT, clean

LINE_LIMIT = 64 * 1024
"""Bytes one request may have: a thousand times what any request needs."""

MAX_CONNECTIONS = 16
"""Connections at once: an operator has a few windows, a loop gone wild has hundreds."""

IDLE_TIMEOUT = 30.0
"""Seconds a connection may stay without a request before it has greeted, or leave an answer unread."""

REFUSAL_WAIT = 1.0
"""Seconds a connection that is refused may take to say what it wanted."""

ERRANDS_WAIT = 0.5
"""Seconds that what was begun for a console may take when the engine stops."""


class ControlServer:
    """Answers on the control socket; `start` and `stop` on the engine's loop.

    The caller holds the data folder's lock: a socket file that is already there was left by a dead engine.

    Args:
        path: from `socket_path`.
        snapshot: gives the latest published view.
        reload: reloads the settings; where it is left out, nobody may ask for that.
        engine: what consoles attach to; where it is left out, none may.
        version: of this program; consoles of another are refused.
        settings: what the settings file says of consoles.
        idle_timeout: seconds a connection may do nothing.
        beat: seconds at most between two lines to a console that watches.
    """

    def __init__(
        self,
        path: Path,
        snapshot: Callable[[], FleetSnapshot],
        *,
        reload: Reload | None = None,
        engine: Engine | None = None,
        version: str = "",
        settings: Callable[[], ConsoleSettings] = ConsoleSettings,
        idle_timeout: float = IDLE_TIMEOUT,
        beat: float = HEARTBEAT,
    ) -> None:
        self._path = path
        self._reload = reload
        self._snapshot = snapshot
        self._idle_timeout = idle_timeout
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[object], None] = {}
        self._errands: dict[asyncio.Task[None], None] = {}
        self._identity: tuple[int, int] | None = None
        self._desk = None
        if engine is not None:
            self._desk = Desk(
                engine,
                reload,
                broadcast=Broadcast(),
                version=version,
                settings=settings,
                patience=idle_timeout,
                run_errand=self._run_errand,
                beat=beat,
            )

    async def start(self) -> None:
        """Listens, for this user (and root) only.

        Raises:
            ControlSocketError: the path cannot be taken.
        """
        sock = bound(self._path)
        self._identity = file_identity(self._path)
        self._server = await asyncio.start_unix_server(self._connected, sock=sock, limit=LINE_LIMIT)

    async def stop(self) -> None:
        """Ends every connection and takes the socket file away, if it is still ours."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        if self._errands:  # somebody waits to be told what came of it
            await asyncio.wait(list(self._errands), timeout=ERRANDS_WAIT)
        open_now = [*self._errands, *self._connections]
        for task in open_now:
            task.cancel()
        if open_now:
            await asyncio.wait(open_now)
        if self._identity == file_identity(self._path):
            self._path.unlink(missing_ok=True)

    def _run_errand(self, errand: Coroutine[Any, Any, None]) -> None:
        """Runs what outlives its connection: a deed that was begun is ended, whoever hears of it."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands[task] = None
        task.add_done_callback(lambda done: self._errands.pop(done, None))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a coroutine always runs in a task
            return
        self._connections[task] = None
        try:
            peer = peer_of(writer)
            refusal = self._refusal(peer)
            if refusal:
                await self._refuse(reader, writer, refusal)
            else:
                await self._converse(reader, writer, peer)
        except (TimeoutError, ConnectionError):
            pass  # idle, or gone
        finally:
            self._connections.pop(task, None)
            await hang_up(writer)

    def _refusal(self, peer: Peer) -> str:
        if not may_ask(peer.uid):
            return f"this engine belongs to {login_name(os.getuid())}; {peer.name} may not ask it"
        if len(self._connections) > MAX_CONNECTIONS:
            return f"more than {MAX_CONNECTIONS} connections at once; close some"
        return ""

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, refusal: str) -> None:
        # Hanging up with a request unread would reset the connection and take the reason away with it.
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REFUSAL_WAIT):
                await reader.readuntil(b"\n")
        await self._send(writer, _error(refusal))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> None:
        while True:
            try:
                async with asyncio.timeout(self._idle_timeout):
                    line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                await self._send(writer, _error(f"a request has at most {LINE_LIMIT} bytes"))
                return
            try:
                request = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                request = None
            if self._desk is not None and isinstance(request, dict) and request.get("op") == "hello":
                try:
                    hello = request_of(line)
                except Unreadable as error:
                    await self._send(writer, _error(clean(str(error), MESSAGE_LIMIT)))
                    return
                await Session(self._desk, peer, reader=reader, writer=writer).run(hello)
                return
            await self._send(writer, await self._answer(request, peer))

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(answer + b"\n")
        async with asyncio.timeout(self._idle_timeout):
            await writer.drain()

    async def _answer(self, request: object, peer: Peer) -> bytes:
        if not isinstance(request, dict):
            return _error("a request is one JSON object on one line")
        op = request.get("op")
        if op == "snapshot":
            return self._encoded_snapshot()
        if op == "reload" and self._reload is not None:
            # Without the word nothing is changed: who means it says so.
            report = await self._reload(
                actor=peer.name,
                origin=_origin_of(request),
                dry_run=request.get("dry_run") is not False,
            )
            return msgspec.json.encode({"ok": True, "reload": report})
        if op == "command" and self._desk is not None:
            return await self._obey(request, peer, self._desk)
        known = ["'snapshot'"]
        known += ["'reload'"] if self._reload is not None else []
        known += ["'command'", "'hello'"] if self._desk is not None else []
        return _error(f"unknown op {clean(str(op), 40)!r}; known: {', '.join(known)}")

    async def _obey(self, request: dict[str, object], peer: Peer, desk: Desk) -> bytes:
        """Does what a program asks that attaches no console, in the name of whoever runs it."""
        try:
            command = msgspec.convert(request.get("command"), Command)
        except msgspec.ValidationError as error:
            return _error(f"no such command: {clean(str(error), MESSAGE_LIMIT)}")
        said = replace(command, actor=peer.name, origin=_origin_of(request), is_watcher=False)
        try:
            result = await desk.engine.command(said)
        except Exception as error:  # noqa: BLE001 - a bug in one request is told to who asked, and the engine goes on
            return _error(f"the engine met an error: {place_of(error)}")
        return msgspec.json.encode({"ok": True, "result": result})

    def _encoded_snapshot(self) -> bytes:
        try:
            return msgspec.json.encode({"ok": True, "snapshot": self._snapshot()})
        except (ValueError, TypeError) as exc:  # such as text that is no Unicode
            return _error(f"the snapshot cannot be written as JSON ({type(exc).__name__}); this is a bug")


def _error(text: str) -> bytes:
    return msgspec.json.encode({"ok": False, "error": text})


def _origin_of(request: dict[str, object]) -> str:
    hint = request.get("origin")
    return clean(f"control socket, {hint}" if isinstance(hint, str) and hint else "control socket", NAME_LIMIT)
