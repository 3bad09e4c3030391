"""One question to a running engine and its answer, on a connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import msgspec

from hive_console.adapters.control_socket.hang_up import hang_up
from hive_console.adapters.control_socket.place import SOCKET_NAME, is_private, owner_of, socket_path
from hive_console.adapters.identity import login_name
from hive_console.core.command import Command, CommandResult
from hive_console.core.errors import HiveError
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.text import clean
from hive_console.core.wire import UnreadableSnapshot

SNAPSHOT_LIMIT = 64 * 1024 * 1024
"""Bytes one answer may have: 2000 models with full series take 6 MiB."""

ANSWER_TIMEOUT = 5.0
"""Seconds `fetch_snapshot` waits; a healthy engine needs milliseconds."""

RELOAD_TIMEOUT = 30.0
"""Seconds `ask_to_reload` waits: 2000 models are checked in a few, and the audit row may wait for a slow disk."""


COMMAND_TIMEOUT = 30.0
"""Seconds `ask_to_do` waits: the audit row may wait for a slow disk."""


class EngineNotReachable(HiveError):
    """No engine answers for this data folder; the message says how to start one."""


class _Reply(msgspec.Struct):
    ok: bool = False
    error: str = ""
    snapshot: FleetSnapshot | None = None
    reload: ReloadReport | None = None
    result: CommandResult | None = None


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


async def ask_to_do(
    folder: Path, command: Command, *, origin: str = "", wait: float = COMMAND_TIMEOUT
) -> CommandResult:
    """What came of a command to the engine on this data folder, in the name of whoever runs this process.

    Raises like `fetch_snapshot`. After a wait that was not long enough it may still happen; the audit tells.
    """
    request = msgspec.json.encode({"op": "command", "command": command, "origin": origin})
    reply = _read(await _exchange(folder, request, wait), folder)
    if reply.result is None:
        raise EngineNotReachable(f"the engine on {folder} refused: {clean(reply.error)}")
    return reply.result


async def connected(folder: Path, *, limit: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the engine on this data folder, whose lines have at most `limit` bytes.

    Raises:
        EngineNotReachable: there is none, it is another user's, or where it would be is not to be trusted.
    """
    path = socket_path(folder)
    try:
        if path.name != SOCKET_NAME and not is_private(path.parent, owner_of(folder)):
            raise EngineNotReachable(f"{path.parent} is not private, so its socket is not to be trusted; remove it")
        return await asyncio.open_unix_connection(path, limit=limit)
    except PermissionError:
        owner = login_name(owner_of(folder))
        raise EngineNotReachable(f"the engine on {folder} belongs to {owner}; ask as that user") from None
    except (FileNotFoundError, ConnectionError, NotADirectoryError):
        raise EngineNotReachable(
            f"no engine is running on {folder}; start one with: hive-console serve --data {folder}"
        ) from None


async def _exchange(folder: Path, request: bytes, wait: float) -> bytes:
    try:
        async with asyncio.timeout(wait):
            return await _ask(folder, request)
    except TimeoutError:
        raise EngineNotReachable(
            f"the engine on {folder} did not answer within {wait:g} s; it hangs or is stopping"
        ) from None
    except ConnectionError:
        return b""


async def _ask(folder: Path, request: bytes) -> bytes:
    reader, writer = await connected(folder, limit=SNAPSHOT_LIMIT)
    try:
        writer.write(request + b"\n")
        with contextlib.suppress(ConnectionError):  # refused at the door: the reason is there to be read
            await writer.drain()
        return await reader.readline()
    finally:
        await hang_up(writer)


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
