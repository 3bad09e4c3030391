"""The screen on an engine that runs in another process: the connection on a thread and loop of its own."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from hive_console.adapters.control_socket import Link, attach_to
from hive_console.adapters.copies import Copies
from hive_console.adapters.identity import current_actor, current_origin, terminal_name
from hive_console.core.snapshot import FleetSnapshot
from hive_console.engine.remote_client import RemoteClient
from hive_console.ui.look import Flags, look_of
from hive_console.ui.splash import splash
from hive_console.ui.way_out import Tie
from hive_console.version import VERSION
from hive_console.wiring.last_looks import Looks
from hive_console.wiring.startup import collect_garbage_from_now_on

FIRST_LOOK = 10.0
"""Seconds that the first snapshot may take; a healthy engine needs milliseconds."""

GOODBYE = 1.0
"""Seconds that taking leave may take: an engine that hangs must not hold up the end."""


def attach(folder: Path, say: Callable[[str], None], flags: Flags, *, is_read_only: bool) -> int:
    """Shows the engine on this data folder until the console is left; the exit code.

    Leaving it never stops the engine. Raises `HiveError` where no engine can be attached to.

    Args:
        folder: the engine's data folder.
        say: told what to show in the terminal once the screen is gone.
        flags: what the command line says of the look; the engine's settings say the rest.
        is_read_only: whether it may only look.
    """
    now = time.time()
    nothing_yet = FleetSnapshot(sequence=0, at=now, started_at=now, models=())
    client = RemoteClient(nothing_yet, now=time.monotonic, is_read_only=is_read_only)
    link = LinkThread(folder, client, origin=current_origin(os.environ, terminal_name()))
    gone: list[str] = []
    looks = Looks(folder, environ=os.environ, actor=current_actor(), now=time.time)
    link.start()
    try:
        greeting = client.arrived.result(FIRST_LOOK)
        look = look_of(greeting.settings, flags, os.environ)
        with splash(client.snapshot(), is_ascii=look.is_ascii):
            from hive_console.ui.app import HiveApp  # 300 ms, spent behind the first frame

            app = HiveApp(
                client,
                now=time.time,
                read_only=is_read_only,
                on_terminal_gone=gone.append,
                on_first_paint=collect_garbage_from_now_on,
                look=look,
                keep_copy=Copies(os.environ, time.time).keep,
                environ=os.environ,
                history=looks.history,
                digest=looks.digest,
                tie=Tie.GUEST,
            )
            looks.until_left(partial(app.run, mouse=look.has_mouse))
    finally:
        looks.history.close()
        link.stop(gone[0] if gone else "its screen was left")
    if not gone:
        say(_parting(folder, is_stopping=app.has_stopped_engine))
    return app.return_code or 0


def _parting(folder: Path, *, is_stopping: bool) -> str:
    if is_stopping:
        return "the engine is stopping: requests under way may finish"
    return f"the engine goes on; come back with: hive-console attach --data {folder}"


class LinkThread:
    """Follows an engine for a client, until `stop`.

    Args:
        folder: the engine's data folder.
        client: takes what comes.
        origin: how we came.
    """

    def __init__(self, folder: Path, client: RemoteClient, *, origin: str) -> None:
        self._folder, self._client, self._origin = folder, client, origin
        self._thread = threading.Thread(target=self._main, name="link", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def stop(self, reason: str) -> bool:
        """Says goodbye and ends; `False` when that took longer than `GOODBYE`."""
        self._client.leave(reason)
        loop, following = self._loop, self._following
        if loop is not None and following is not None:
            with suppress(RuntimeError):  # its loop has ended
                loop.call_soon_threadsafe(following.cancel)
        self._thread.join(GOODBYE)
        return not self._thread.is_alive()

    def _main(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop, self._following = asyncio.get_running_loop(), asyncio.current_task()
        await self._client.follow(self._connect)

    async def _connect(self, *, is_read_only: bool) -> Link:
        return await attach_to(self._folder, version=VERSION, origin=self._origin, is_read_only=is_read_only)
