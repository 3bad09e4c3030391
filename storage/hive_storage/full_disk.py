"""What is done about a disk that fills up: a look every few seconds, and making room when it is full.

Health checks, routing and the screen never wait for any of it. Only the recorder's one task calls this.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiosqlite

from hive_console.core.rollup import Tier
from hive_storage import retention_sql as sql
from hive_storage.ballast import LOG_HIGH_WATER, drop_ballast, keep_ballast
from hive_storage.disk import MIB, Room, Space, critical_below, room_in, space_of
from hive_storage.raw_files import RawKind, past, raw_files, remove
from hive_storage.table_sizes import rows_of
from hive_storage.transaction import transaction

LOOK = 10.0
"""Seconds between two looks at the disk."""

CHUNK = 2_000
"""Windows removed at once while the disk is full: what a ballast's worth of log has room for."""

CHUNKS = 10
"""And how often, in one attempt to make room."""

KEPT_WINDOWS = 2 * 3_600
"""Seconds of ten-second windows that stay even then: longer ones are still made of them."""


@dataclass(frozen=True, slots=True)
class Freed:
    """What making room has brought.

    Attributes:
        size: bytes that the disk got back by files that went.
        windows: windows of ten seconds that went, whose pages the recording writes into next.
        detail: both in words; empty when there was nothing to give.
    """

    size: int = 0
    windows: int = 0
    detail: str = ""


class DiskWatch:
    """Looks at the disk, and shortens what is kept of requests while it is tight.

    Attributes:
        room: what the last look found.
        detail: what it did, in words; empty when nothing.
    """

    def __init__(
        self, folder: Path, *, space: Callable[[Path], Space] = space_of, has_ballast: bool = True
    ) -> None:
        """Takes what it needs.

        Args:
            folder: the data folder.
            space: asks how much room there is.
            has_ballast: whether it keeps one; a recording that nobody needs tomorrow takes no room for it.
        """
        self._folder = folder
        self._has_ballast = has_ballast
        self._space = space
        self.room = Room.WELL
        self.detail = ""

    async def look(self, connection: aiosqlite.Connection, now: float, log: int = LOG_HIGH_WATER) -> Room:
        """One look at `now` (Unix seconds): removes one old day while the disk is tight, keeps the ballast else.

        `log` is what the logs take at most. An error of the disk is told in `detail`, and changes nothing.
        """
        attached = {Path(row[2]) for row in await rows_of(connection, sql.FILES) if row[2]}
        try:
            self.room, self.detail = await asyncio.to_thread(self._look, now, attached, log)
        except OSError as error:
            self.detail = f"cannot look after the disk: {error.strerror}"
        return self.room

    def _look(self, now: float, attached: set[Path], log: int) -> tuple[Room, str]:
        room = room_in(self._space(self._folder), self.room)
        if room is Room.WELL:
            if self._has_ballast:
                keep_ballast(self._folder, log)
            return room, ""
        size = _remove_oldest(self._folder, now, attached)
        if not size:
            return room, ""
        return room_in(
            self._space(self._folder), room
        ), f"the oldest day went for want of space ({_megabytes(size)})"


async def make_room(
    connection: aiosqlite.Connection, folder: Path, now: float, *, space: Callable[[Path], Space] = space_of
) -> Freed:
    """Frees what may go when the disk is full: the ballast, old days, then the oldest windows of ten seconds.

    No transaction may be open on the connection. Never raises for a disk that still refuses: the next try is the
    recorder's own. Takes well under a second, and as long as SQLite waits for a lock beside a reader.
    """
    attached = {Path(row[2]) for row in await rows_of(connection, sql.FILES) if row[2]}
    size = await asyncio.to_thread(_free_files, folder, now, attached, space)
    await _checkpoint(
        connection, "RESTART"
    )  # the next batch then begins at the log's start, and needs no page more
    windows = await _remove_windows(connection, now)
    words = [f"{_megabytes(size)} of ballast and old days"] if size else []
    words += [f"{windows} windows of ten seconds"] if windows else []
    return Freed(size=size, windows=windows, detail=" and ".join(words))


def _free_files(folder: Path, now: float, attached: set[Path], space: Callable[[Path], Space]) -> int:
    size = 0
    with suppress(OSError):
        size += drop_ballast(folder)
        told = space(folder)
        while told.free < critical_below(told.total):
            removed = _remove_oldest(folder, now, attached)
            if not removed:
                break
            size += removed
            told = space(folder)
    return size


def _remove_oldest(folder: Path, now: float, attached: set[Path]) -> int:
    """The oldest day that is over goes; when none is left, what was kept of failed requests. 0 where nothing is."""
    for kind in RawKind:
        for file in past(raw_files(folder, kind), now):
            if file.path not in attached:
                return remove(file)
    return 0


async def _remove_windows(connection: aiosqlite.Connection, now: float) -> int:
    removed = 0
    cut = int(now) - KEPT_WINDOWS
    with suppress(sqlite3.Error):
        for _ in range(CHUNKS):
            spans = await rows_of(connection, sql.SPANS_OF[Tier.TEN_SECONDS])
            each = max(1, CHUNK // max(1, len(spans))) * Tier.TEN_SECONDS
            parts = [(model, min(cut, first + each)) for model, first, _ in spans if first < cut]
            if not parts:
                break
            removed += await _remove_chunk(connection, parts)
            await _checkpoint(connection, "PASSIVE")
    return removed


async def _remove_chunk(connection: aiosqlite.Connection, parts: list[tuple[int, int]]) -> int:
    async with transaction(connection):
        cursor = await connection.executemany(sql.REMOVE_WINDOWS[Tier.TEN_SECONDS], parts)
    return cursor.rowcount


async def _checkpoint(connection: aiosqlite.Connection, how: str) -> None:
    with suppress(sqlite3.Error):
        await rows_of(connection, f"PRAGMA wal_checkpoint({how})")


def _megabytes(size: int) -> str:
    return f"{size / MIB:.1f} MiB"
