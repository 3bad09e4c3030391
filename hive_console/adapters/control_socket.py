"""The engine's Unix socket: another process of the same user asks for the fleet, one JSON line each way.

`{"op":"snapshot"}` is answered by `{"ok":true,"snapshot":{...}}`, `{"op":"reload","dry_run":false}` by
`{"ok":true,"reload":{...}}`, everything else by `{"ok":false,"error":"..."}`.
The kernel tells who is at the other end (SO_PEERCRED); nobody but the owner of the engine and root is heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import socket
import stat
import struct
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

import msgspec

from hive_console.adapters.identity import login_name
from hive_console.core.errors import HiveError
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.text import NAME_LIMIT, clean
from hive_console.core.wire import UnreadableSnapshot

SOCKET_NAME = "control.sock"

PATH_LIMIT = 100
"""Bytes a socket's path may have; the kernel takes 107 (macOS: 103)."""

LINE_LIMIT = 64 * 1024
"""Bytes one request may have: a thousand times what any request needs."""

SNAPSHOT_LIMIT = 64 * 1024 * 1024
"""Bytes one answer may have: 2000 models with full series take 6 MiB."""

MAX_CONNECTIONS = 16
"""Connections at once: an operator has a few windows, a loop gone wild has hundreds."""

IDLE_TIMEOUT = 30.0
"""Seconds a connection may stay without a request, or leave an answer unread."""

REFUSAL_WAIT = 1.0
"""Seconds a connection that is refused may take to say what it wanted."""

CLOSE_WAIT = 0.5
"""Seconds the last bytes of a connection may take; on one machine they are gone at once, or unwanted."""

ANSWER_TIMEOUT = 5.0
"""Seconds `fetch_snapshot` waits; a healthy engine needs milliseconds."""

RELOAD_TIMEOUT = 30.0
"""Seconds `ask_to_reload` waits: 2000 models are checked in a few, and the audit row may wait for a slow disk."""

_ROOT = 0


class Reload(Protocol):
    """Reads the settings file again and applies it, unless only asked what it would change."""

    def __call__(self, *, actor: str, origin: str, dry_run: bool) -> Coroutine[Any, Any, ReloadReport]:
        """What came of it; `actor` is whom the kernel attests, `origin` how they came, as they say."""
        ...


class ControlSocketError(HiveError):
    """The control socket cannot be opened; the message says why and what to do."""


class EngineNotReachable(HiveError):
    """No engine answers for this data folder; the message says how to start one."""


def socket_path(folder: Path) -> Path:
    """Where the control socket of the engine with this data folder is; both sides ask here.

    It is in the folder, unless that path is too long for a socket: then in a private folder of the folder's
    owner under the system's temporary one, named by a hash of the data folder.
    """
    folder = folder.absolute()
    inside = folder / SOCKET_NAME
    if len(os.fsencode(inside)) <= PATH_LIMIT:
        return inside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hive-console-{_owner_of(folder)}" / f"{name}.sock"


def _owner_of(folder: Path) -> int:
    try:
        return folder.stat().st_uid
    except OSError:
        return os.getuid()


class ControlServer:
    """Answers on the control socket; `start` and `stop` on the engine's loop.

    The caller holds the data folder's lock: a socket file that is already there was left by a dead engine.

    Args:
        path: from `socket_path`.
        snapshot: gives the latest published view.
        reload: reloads the settings; where it is left out, nobody may ask for that.
        idle_timeout: seconds a connection may do nothing.
    """

    def __init__(
        self,
        path: Path,
        snapshot: Callable[[], FleetSnapshot],
        *,
        reload: Reload | None = None,
        idle_timeout: float = IDLE_TIMEOUT,
    ) -> None:
        self._path = path
        self._reload = reload
        self._snapshot = snapshot
        self._idle_timeout = idle_timeout
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[object], None] = {}
        self._identity: tuple[int, int] | None = None

    async def start(self) -> None:
        """Listens, for this user (and root) only.

        Raises:
            ControlSocketError: the path cannot be taken.
        """
        try:
            sock = _bound(self._path)
        except OSError as exc:
            reason = exc.strerror or type(exc).__name__
            raise ControlSocketError(
                f"the control socket {self._path} cannot be opened: {reason}; check the folder's owner and mode"
            ) from exc
        self._identity = _file_identity(self._path)
        self._server = await asyncio.start_unix_server(self._connected, sock=sock, limit=LINE_LIMIT)

    async def stop(self) -> None:
        """Ends every connection and takes the socket file away, if it is still ours."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        open_now = list(self._connections)
        for task in open_now:
            task.cancel()
        if open_now:
            await asyncio.wait(open_now)
        if self._identity == _file_identity(self._path):
            self._path.unlink(missing_ok=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - a coroutine always runs in a task
            return
        self._connections[task] = None
        try:
            refusal = self._refusal(writer)
            if refusal:
                await self._refuse(reader, writer, refusal)
            else:
                await self._converse(reader, writer)
        except (TimeoutError, ConnectionError):
            pass  # idle, or gone
        finally:
            self._connections.pop(task, None)
            await _hang_up(writer)

    def _refusal(self, writer: asyncio.StreamWriter) -> str:
        uid = _peer_uid(writer)
        if not may_ask(uid):
            return f"this engine belongs to {login_name(os.getuid())}; {login_name(uid)} may not ask it"
        if len(self._connections) > MAX_CONNECTIONS:
            return f"more than {MAX_CONNECTIONS} connections at once; close some"
        return ""

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, refusal: str) -> None:
        # Hanging up with a request unread would reset the connection and take the reason away with it.
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REFUSAL_WAIT):
                await reader.readuntil(b"\n")
        await self._send(writer, _error(refusal))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(self._idle_timeout):
                    line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                await self._send(writer, _error(f"a request has at most {LINE_LIMIT} bytes"))
                return
            await self._send(writer, await self._answer(line, _peer_uid(writer)))

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(answer + b"\n")
        async with asyncio.timeout(self._idle_timeout):
            await writer.drain()

    async def _answer(self, line: bytes, uid: int) -> bytes:
        try:
            request = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _error("a request is one JSON object on one line")
        op = request.get("op") if isinstance(request, dict) else None
        if op == "snapshot":
            return self._encoded_snapshot()
        if op == "reload" and self._reload is not None:
            # Without the word nothing is changed: who means it says so.
            report = await self._reload(
                actor=login_name(uid),
                origin=_origin_of(request),
                dry_run=request.get("dry_run") is not False,
            )
            return msgspec.json.encode({"ok": True, "reload": report})
        known = "'snapshot'" if self._reload is None else "'snapshot', 'reload'"
        return _error(f"unknown op {clean(str(op), 40)!r}; known: {known}")

    def _encoded_snapshot(self) -> bytes:
        try:
            return msgspec.json.encode({"ok": True, "snapshot": self._snapshot()})
        except (ValueError, TypeError) as exc:  # such as text that is no Unicode
            return _error(f"the snapshot cannot be written as JSON ({type(exc).__name__}); this is a bug")


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Closes a connection that may be broken already."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_WAIT):
            await writer.wait_closed()
    except TimeoutError:  # the other side does not read what is left
        writer.transport.abort()
    except OSError:
        pass  # it was broken already: closed all the same


def may_ask(uid: int) -> bool:
    """Whether the user with this id may ask the engine of this process."""
    return uid in {os.getuid(), _ROOT}


def _error(text: str) -> bytes:
    return msgspec.json.encode({"ok": False, "error": text})


def _origin_of(request: dict[str, object]) -> str:
    hint = request.get("origin")
    return clean(f"control socket, {hint}" if isinstance(hint, str) and hint else "control socket", NAME_LIMIT)


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    """The user id that the kernel attests; where it cannot (macOS), the socket's mode has checked already."""
    sock = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if sock is None or option is None:
        return os.getuid()
    credentials = struct.Struct("3i")  # pid, uid, gid
    _pid, uid, _gid = credentials.unpack(sock.getsockopt(socket.SOL_SOCKET, option, credentials.size))
    return int(uid)


def _bound(path: Path) -> socket.socket:
    """A socket bound to the path with mode 0600, not yet listening: nobody gets in before the mode is set."""
    if path.name != SOCKET_NAME:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(path.parent, os.getuid()):
            raise ControlSocketError(
                f"{path.parent} is not a private folder of this user; remove it, or use a shorter path with --data"
            )
    if path.is_socket():
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(str(path))
        path.chmod(0o600)
    except BaseException:
        sock.close()
        raise
    return sock


def _is_private(folder: Path, owner: int) -> bool:
    """Whether only its owner or root can enter; the temporary folder is everybody's, so anyone can lay traps."""
    info = folder.lstat()
    return stat.S_ISDIR(info.st_mode) and info.st_uid in {owner, _ROOT} and not info.st_mode & 0o077


def _file_identity(path: Path) -> tuple[int, int] | None:
    try:
        info = path.lstat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


class _Reply(msgspec.Struct):
    ok: bool = False
    error: str = ""
    snapshot: FleetSnapshot | None = None
    reload: ReloadReport | None = None


async def fetch_snapshot(folder: Path, *, wait: float = ANSWER_TIMEOUT) -> FleetSnapshot:
    """The fleet of the engine that runs on this data folder.

    Raises:
        EngineNotReachable: there is none, it is another user's, or it does not answer within `wait` seconds.
        UnreadableSnapshot: it is of another version.
    """
    reply = _read(await _exchange(folder, b'{"op":"snapshot"}', wait), folder)
    if reply.snapshot is None:
        raise EngineNotReachable(f"the engine on {folder} refused: {clean(reply.error)}")
    return reply.snapshot


async def ask_to_reload(
    folder: Path, *, dry_run: bool, origin: str = "", wait: float = RELOAD_TIMEOUT
) -> ReloadReport:
    """What came of asking the engine on this data folder to read its settings file again; `origin` is how we came.

    Raises like `fetch_snapshot`. After a wait that was not long enough it may still happen; the event log tells.
    """
    request = msgspec.json.encode({"op": "reload", "dry_run": dry_run, "origin": origin})
    reply = _read(await _exchange(folder, request, wait), folder)
    if reply.reload is None:
        raise EngineNotReachable(f"the engine on {folder} refused: {clean(reply.error)}")
    return reply.reload


async def _exchange(folder: Path, request: bytes, wait: float) -> bytes:
    path = socket_path(folder)
    try:
        async with asyncio.timeout(wait):
            if path.name != SOCKET_NAME and not _is_private(path.parent, _owner_of(folder)):
                raise EngineNotReachable(
                    f"{path.parent} is not private, so its socket is not to be trusted; remove it"
                )
            return await _ask(path, request)
    except TimeoutError:
        raise EngineNotReachable(
            f"the engine on {folder} did not answer within {wait:g} s; it hangs or is stopping"
        ) from None
    except PermissionError:
        owner = login_name(_owner_of(folder))
        raise EngineNotReachable(f"the engine on {folder} belongs to {owner}; ask as that user") from None
    except (FileNotFoundError, ConnectionError, NotADirectoryError):
        raise EngineNotReachable(
            f"no engine is running on {folder}; start one with: hive-console serve --data {folder}"
        ) from None


async def _ask(path: Path, request: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path, limit=SNAPSHOT_LIMIT)
    try:
        writer.write(request + b"\n")
        with contextlib.suppress(ConnectionError):  # refused at the door: the reason is there to be read
            await writer.drain()
        return await reader.readline()
    finally:
        await _hang_up(writer)


def _read(line: bytes, folder: Path) -> _Reply:
    if not line:
        raise EngineNotReachable(f"the engine on {folder} hung up without an answer; it is stopping")
    try:
        return msgspec.json.decode(line, type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise UnreadableSnapshot(
            f"the engine on {folder} answered what this version cannot read ({exc}); "
            "run the same version of hive-console on both sides"
        ) from exc
