"""The control socket over real sockets: who is heard, what is answered, what every kind of bad caller gets."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import select
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hive_console.adapters.control_socket import (
    LINE_LIMIT,
    MAX_CONNECTIONS,
    PATH_LIMIT,
    ControlServer,
    ControlSocketError,
    EngineNotReachable,
    ask_to_reload,
    fetch_snapshot,
    may_ask,
    socket_path,
)
from hive_console.adapters.identity import login_name
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.wire import UnreadableSnapshot, snapshot_to_data
from tests.adapters.operations import FLEET, view_of

SOON = 10.0

REPORT = ReloadReport(
    is_good=False, message="refused: 1 problem", problems=("hive.yaml:3: x",), warnings=("w",), changes=("c → d",)
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: pytest's own temporary ones may be too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="hive") as name:
        yield Path(name)


@pytest.fixture
async def path(folder: Path) -> AsyncIterator[Path]:
    """The socket of a running server."""
    server = ControlServer(socket_path(folder), lambda: FLEET)
    await server.start()
    yield socket_path(folder)
    await server.stop()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_all(*paths: Path) -> None:
    for path in paths:
        path.chmod(0o777)


async def ask(path: Path, line: bytes) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(line)
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(reader.readline(), SOON))
        return answer
    finally:
        writer.close()


async def test_a_client_gets_the_latest_snapshot(folder: Path, path: Path) -> None:
    assert await fetch_snapshot(folder) == FLEET


async def test_a_large_fleet_goes_through(folder: Path) -> None:
    model = replace(view_of("m"), response_times=(0.123456,) * 180, error_rates=(0.5,) * 180)
    fleet = replace(FLEET, models=(model,) * 500)
    server = ControlServer(socket_path(folder), lambda: fleet)
    await server.start()

    assert await fetch_snapshot(folder) == fleet
    await server.stop()


async def test_one_connection_may_ask_many_times(path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    for _ in range(3):
        writer.write(b'{"op":"snapshot"}\n')
        answer = json.loads(await asyncio.wait_for(reader.readline(), SOON))
        assert answer == {"ok": True, "snapshot": json.loads(json.dumps(snapshot_to_data(FLEET)))}
    writer.close()


@pytest.mark.parametrize(
    "line", [b"\n", b"{\n", b"[]\n", b'{"op":7}\n', b'{"op":"\\u001b[2J"}\n', b"\xff\n", b"[" * 5000 + b"\n"]
)
async def test_what_is_no_known_request_gets_an_error_and_the_connection_stays(path: Path, line: bytes) -> None:
    answer = await ask(path, line)

    assert answer["ok"] is False
    assert answer["error"].isprintable()


@dataclass
class Reloads:
    """What was asked, and one answer to all of it."""

    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    async def __call__(self, *, actor: str, origin: str, dry_run: bool, expected: str = "") -> ReloadReport:
        del expected
        self.asked.append((actor, origin, dry_run))
        return REPORT


async def test_a_reload_is_asked_for_in_the_name_that_the_kernel_attests(folder: Path) -> None:
    reloads = Reloads()
    server = ControlServer(socket_path(folder), lambda: FLEET, reload=reloads)
    await server.start()

    reports = [
        await ask_to_reload(folder, dry_run=dry_run, origin=origin)
        for dry_run, origin in ((True, ""), (False, "ssh 10.0.0.5\x1b[2J"))
    ]
    await server.stop()

    assert reports == [REPORT, REPORT]
    me = login_name(os.getuid())
    assert reloads.asked == [
        (me, "control socket", True),
        (me, "control socket, ssh 10.0.0.5␛[2J", False),
    ]


async def test_a_reload_without_a_clear_word_changes_nothing(folder: Path) -> None:
    reloads = Reloads()
    server = ControlServer(socket_path(folder), lambda: FLEET, reload=reloads)
    await server.start()
    for line in (
        b'{"op":"reload"}\n',
        b'{"op":"reload","dry_run":0}\n',
        b'{"op":"reload","dry_run":"no","origin":7}\n',
    ):
        await ask(socket_path(folder), line)
    await server.stop()

    assert [dry_run for _, _, dry_run in reloads.asked] == [True, True, True]


async def test_an_engine_that_cannot_reload_says_so(folder: Path, path: Path) -> None:
    with pytest.raises(EngineNotReachable, match="refused: unknown op 'reload'"):
        await ask_to_reload(folder, dry_run=True)


async def test_a_line_without_end_is_refused(path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"x" * (LINE_LIMIT + 1))
    answer = json.loads(await asyncio.wait_for(reader.readline(), SOON))
    writer.close()

    assert answer == {"ok": False, "error": f"a request has at most {LINE_LIMIT} bytes"}


async def test_an_idle_connection_is_closed(folder: Path) -> None:
    server = ControlServer(socket_path(folder), lambda: FLEET, idle_timeout=0.05)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(socket_path(folder))

    assert await asyncio.wait_for(reader.read(), SOON) == b""
    writer.close()
    await server.stop()


async def test_a_client_that_does_not_read_is_dropped(folder: Path) -> None:
    fleet = replace(FLEET, environment="x" * 4_000_000)
    server = ControlServer(socket_path(folder), lambda: fleet, idle_timeout=0.05)
    await server.start()
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        await loop.sock_connect(client, str(socket_path(folder)))
        await loop.sock_sendall(client, b'{"op":"snapshot"}\n')
        hang_up = select.poll()
        hang_up.register(client, 0)

        assert await asyncio.to_thread(hang_up.poll, SOON * 1000)
    await server.stop()


async def test_connections_are_bounded_and_the_refusal_says_so(folder: Path, path: Path) -> None:
    crowd = [await asyncio.open_unix_connection(path) for _ in range(MAX_CONNECTIONS)]
    for reader, writer in crowd:
        writer.write(b"{}\n")
        await asyncio.wait_for(reader.readline(), SOON)

    with pytest.raises(EngineNotReachable, match="more than 16 connections"):
        await fetch_snapshot(folder)
    for _, writer in crowd:
        writer.close()


async def test_only_this_user_may_open_the_socket(path: Path) -> None:
    assert mode_of(path) == 0o600


def test_only_this_user_and_root_are_heard() -> None:
    assert may_ask(os.getuid())
    assert may_ask(0)
    assert not may_ask(os.getuid() + 12_345)


def _ask_as(uid: int, path: str) -> bytes:
    """In a process of its own: becomes another user and asks."""
    os.setuid(uid)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(b'{"op":"snapshot"}\n')
        return sock.makefile("rb").readline()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_not_heard_even_where_the_mode_would_let_him_in(folder: Path, path: Path) -> None:
    open_to_all(folder, path)

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        answer = await asyncio.to_thread(pool.apply, _ask_as, (65_534, str(path)))

    assert json.loads(answer)["ok"] is False
    assert b"may not ask" in answer


async def test_a_stale_socket_file_is_replaced(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(folder)))
    server = ControlServer(socket_path(folder), lambda: FLEET)

    await server.start()

    assert await fetch_snapshot(folder) == FLEET
    await server.stop()


async def test_a_file_that_is_no_socket_is_left_alone(folder: Path) -> None:
    socket_path(folder).write_text("precious")

    with pytest.raises(ControlSocketError, match="cannot be opened"):
        await ControlServer(socket_path(folder), lambda: FLEET).start()

    assert socket_path(folder).read_text() == "precious"


async def test_stop_takes_the_socket_file_away_and_hangs_up(folder: Path) -> None:
    server = ControlServer(socket_path(folder), lambda: FLEET)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(socket_path(folder))
    writer.write(b"{}\n")
    await asyncio.wait_for(reader.readline(), SOON)

    await asyncio.wait_for(server.stop(), SOON)
    await server.stop()

    assert await asyncio.wait_for(reader.read(), SOON) == b""
    assert not socket_path(folder).exists()
    writer.close()


async def test_stop_leaves_the_socket_of_a_successor_alone(folder: Path) -> None:
    first = ControlServer(socket_path(folder), lambda: FLEET)
    second = ControlServer(socket_path(folder), lambda: FLEET)
    await first.start()
    await second.start()

    await first.stop()

    assert await fetch_snapshot(folder) == FLEET
    await second.stop()


async def test_a_snapshot_that_cannot_be_written_is_an_answer_too(folder: Path) -> None:
    broken = replace(FLEET, environment="\udc80")
    server = ControlServer(socket_path(folder), lambda: broken)
    await server.start()

    with pytest.raises(EngineNotReachable, match="UnicodeEncodeError"):
        await fetch_snapshot(folder)
    await server.stop()


async def test_no_engine_says_how_to_start_one(folder: Path) -> None:
    with pytest.raises(EngineNotReachable, match=f"hive-console serve --data {folder}"):
        await fetch_snapshot(folder)


async def test_a_dead_engines_socket_says_how_to_start_one(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(folder)))

    with pytest.raises(EngineNotReachable, match="no engine is running"):
        await fetch_snapshot(folder)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


async def fetch_from(folder: Path, handler: Handler, *, wait: float = SOON) -> FleetSnapshot:
    async with await asyncio.start_unix_server(handler, socket_path(folder)):
        return await fetch_snapshot(folder, wait=wait)


async def test_an_engine_that_hangs_is_told_apart_from_none(folder: Path) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client gives up
        writer.close()
        gone.set()

    with pytest.raises(EngineNotReachable, match=r"did not answer within 0\.1 s"):
        await fetch_from(folder, silent, wait=0.1)
    await asyncio.wait_for(gone.wait(), SOON)


async def test_an_engine_that_hangs_up_is_told_apart_from_none(folder: Path) -> None:
    async def curt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    with pytest.raises(EngineNotReachable, match="hung up"):
        await fetch_from(folder, curt)


async def test_an_engine_of_another_version_is_told(folder: Path) -> None:
    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"ok":true,"snapshot":{"sequence":"many"}}\n')
        await writer.drain()
        writer.close()

    with pytest.raises(UnreadableSnapshot, match="same version"):
        await fetch_from(folder, strange)


@pytest.fixture
def far(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose path is too long for a socket, with a temporary folder of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    long = folder / ("x" * PATH_LIMIT)
    long.mkdir()
    return long


async def test_a_long_path_falls_back_to_a_private_temporary_folder(far: Path) -> None:
    path = socket_path(far)
    server = ControlServer(path, lambda: FLEET)

    await server.start()

    assert len(os.fsencode(path)) <= PATH_LIMIT
    assert mode_of(path.parent) == 0o700
    assert await fetch_snapshot(far) == FLEET
    await server.stop()


def test_two_long_paths_have_two_sockets(far: Path) -> None:
    assert socket_path(far) != socket_path(far / "other")


async def test_a_trap_in_the_temporary_folder_is_not_trusted(far: Path) -> None:
    path = socket_path(far)
    path.parent.mkdir()
    open_to_all(path.parent)

    with pytest.raises(ControlSocketError, match="not a private folder"):
        await ControlServer(path, lambda: FLEET).start()
    with pytest.raises(EngineNotReachable, match="not private"):
        await fetch_snapshot(far)
