"""Keeps the write-ahead logs small. A reader that never ends its transaction pins them, and they grow for ever."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import aiosqlite

from hive_storage import retention_sql as sql
from hive_storage.database import BUSY_WAIT
from hive_storage.raw_files import size_of_log
from hive_storage.table_sizes import rows_of

LOOK = 5.0
"""Seconds between two looks: at 40,000 rows a second a pinned log grows by 2 MB in each."""

LARGE = 64 * 1024**2
"""Bytes of both logs above which they are checkpointed out of turn; by themselves they stay at 4 MiB each."""

TOO_LARGE = 256 * 1024**2
"""Bytes above which requests are not kept until the logs are no longer large."""


class LogState(Enum):
    """What the size of the logs means."""

    WELL = "well"
    LARGE = "large"  # to be checkpointed; a person should know
    PINNED = "pinned"  # requests are not kept


@dataclass(frozen=True, slots=True)
class LogLook:
    """What one look found.

    Attributes:
        state: what it means.
        size: bytes of the logs.
        caution: for people; empty when all is well.
    """

    state: LogState = LogState.WELL
    size: int = 0
    caution: str = ""


def judged(size: int, before: LogState) -> LogState:
    """What logs of `size` bytes mean; `before` is what they meant: a pause ends when they are no longer large."""
    if size > TOO_LARGE or (size > LARGE and before is LogState.PINNED):
        return LogState.PINNED
    return LogState.LARGE if size > LARGE else LogState.WELL


async def look_at_logs(connection: aiosqlite.Connection, before: LogState = LogState.WELL) -> LogLook:
    """Looks at the logs of all files that the connection writes, and empties large ones without waiting.

    No transaction may be open on it. SQLite by itself would keep 64 MiB of each log, and make it that small only at
    the first write to its file: one that takes requests is not written while they are not kept.
    """
    files = {str(row[1]): Path(row[2]) for row in await rows_of(connection, sql.FILES) if row[2]}
    size = sum(size_of_log(path) for path in files.values())
    if judged(size, before) is LogState.WELL:
        return LogLook(size=size)
    is_pinned = False
    for schema in files:
        is_pinned |= not await _emptied(connection, schema)
    size = sum(size_of_log(path) for path in files.values())
    state = judged(size, before)
    if state is LogState.WELL:
        return LogLook(size=size)
    words = f"the recording's log has {size / 1024**2:.0f} MiB"
    if is_pinned:
        words += ": a program that reads the recording has not ended its transaction; end it"
    if state is LogState.PINNED:
        words += "; requests are not kept until it shrinks"
    return LogLook(state, size, words)


async def _emptied(connection: aiosqlite.Connection, schema: str) -> bool:
    """Moves what can be moved from the log to the file; whether that was all, and nobody reads the log."""
    quoted = schema.replace('"', '""')
    try:
        ((busy, written, moved),) = await rows_of(connection, f'PRAGMA "{quoted}".wal_checkpoint(PASSIVE)')
        if busy or written != moved:
            return False
        await connection.execute("PRAGMA busy_timeout = 0")
        try:
            ((busy, _, _),) = await rows_of(connection, f'PRAGMA "{quoted}".wal_checkpoint(TRUNCATE)')
        finally:
            await connection.execute(f"PRAGMA busy_timeout = {int(BUSY_WAIT * 1_000)}")
    except sqlite3.Error:
        return False
    return not busy
