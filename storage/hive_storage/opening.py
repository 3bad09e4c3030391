"""Opening a recording to read it: beside its live writer, long after it, a copy of it, or one sealed day alone.

Read-only in three ways (`mode=ro`, `query_only`, no statement here writes), and truthful: see `reading_address`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from hive_console.core.errors import HiveError
from hive_storage import day_sql, sql
from hive_storage.database import BUSY_WAIT, is_new, number_of, words_of
from hive_storage.folder import DATABASE_NAME

_HEADER_LENGTH = 72
_WAL_FORMAT = b"\x02\x02"  # bytes 18 and 19 of the header: the file wants a write-ahead log
_APPLICATION = slice(68, 72)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A connection that can only read, and what of it is not in its tables.

    Attributes:
        connection: the recording is its `main`; for a day alone that is an empty recording in memory.
        file: the file that was opened.
        version: the schema that it was written with; its older tables are shown as if they were of ours.
        day_alone: the sealed day that was opened without its recording.
        is_without_log: whether the file wants a log and there is none: all is well after an orderly end only.
    """

    connection: aiosqlite.Connection
    file: Path
    version: int
    day_alone: Path | None = None
    is_without_log: bool = False


@asynccontextmanager
async def open_reading(path: Path) -> AsyncGenerator[Opened, None]:
    """Opens `path`: a data folder, the recording in it, a copy of that anywhere, or one day's file.

    Raises `HiveError` where there is none, or it cannot be read: damaged, another program's, a newer version's.
    """
    file = _recording_at(path)
    header = _header_of(file)
    is_day = header[_APPLICATION] == day_sql.APPLICATION_ID.to_bytes(4, "big")
    has_log = _has_log(file)
    try:
        connection = await aiosqlite.connect(
            ":memory:" if is_day else reading_address(file), uri=True, isolation_level=None, timeout=BUSY_WAIT
        )
    except sqlite3.Error as error:
        raise HiveError(f"cannot open {file}: {words_of(error)}") from error
    try:
        try:
            if is_day:
                await connection.executescript(sql.SCHEMA)
            version = await _made_ready(connection, file)
        except sqlite3.Error as error:
            raise HiveError(f"cannot read {file}: {words_of(error)}") from error
        yield Opened(
            connection=connection,
            file=file,
            version=version,
            day_alone=file if is_day else None,
            is_without_log=header[18:20] == _WAL_FORMAT and not has_log and not is_day,
        )
    finally:
        await connection.close()  # its thread is no daemon: a connection left open keeps the process alive


def reading_address(file: Path) -> str:
    """The URI that reads `file` truthfully.

    `immutable` only where it is both needed and right: the file wants a write-ahead log, there is none, and we
    could not make one. On a live file it would silently hide every row that is still in the log.
    """
    wants_log = _header_of(file)[18:20] == _WAL_FORMAT
    is_frozen = wants_log and not _log_of(file).exists() and not os.access(file.parent, os.W_OK)
    return f"file:{quote(str(file))}?mode=ro{'&immutable=1' if is_frozen else ''}"


async def _made_ready(connection: aiosqlite.Connection, file: Path) -> int:
    """Shows an older file as one of ours; the version that it has."""
    connection.text_factory = _text  # one broken row must not hide all others
    if await is_new(connection, file):
        raise HiveError(f"{file} is empty: nothing has been recorded yet")
    version = await number_of(connection, "PRAGMA user_version")
    for script in sql.SHOWN_AS_NEWER[version - 1 : version]:
        await connection.executescript(script)
    await connection.executescript(sql.READER_PRAGMAS)
    return version


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _recording_at(path: Path) -> Path:
    file = path / DATABASE_NAME if path.is_dir() else path
    if not file.is_file():
        raise HiveError(f"there is no recording at {file}")
    return file


def _header_of(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_HEADER_LENGTH)
    except OSError as error:
        raise HiveError(f"cannot read {file}: {error.strerror}") from error


def _log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _has_log(file: Path) -> bool:
    try:
        return _log_of(file).stat().st_size > 0
    except OSError:
        return False
