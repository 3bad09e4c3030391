"""Opening a recording for writing or reading: pragmas, the schema's version, and errors in words."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from hive_console.core.errors import HiveError
from hive_console.core.text import clean
from hive_storage import sql
from hive_storage.folder import DATABASE_NAME

OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables came with it (2021-11)."""

BUSY_WAIT = 1.0
"""Seconds SQLite waits for another program's lock before the recorder hears of it and backs off by itself."""

_HEADER_LENGTH = 20
_WAL_FORMAT = b"\x02\x02"  # bytes 18 and 19 of the header: the file wants a write-ahead log

_WORDS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another program holds the database",
    "SQLITE_LOCKED": "another program holds the database",
    "SQLITE_IOERR": "the disk reports an error",
    "SQLITE_READONLY": "the database is read-only",
    "SQLITE_CANTOPEN": "the database file cannot be opened",
    "SQLITE_CORRUPT": "the database file is damaged",
    "SQLITE_NOTADB": "the file is no database",
    "SQLITE_PERM": "access is refused",
}


def words_of(error: BaseException) -> str:
    """Why SQLite refused, for people: what happened, then SQLite's own name for it."""
    name = getattr(error, "sqlite_errorname", None)
    if not isinstance(name, str):
        return clean(f"{type(error).__name__}: {error}")
    primary = "_".join(name.split("_")[:2])
    return f"{_WORDS.get(primary, clean(str(error)))} ({name})"


async def open_writer(path: Path) -> aiosqlite.Connection:
    """The one connection that writes; creates the tables in a new file, and adds to an older version's file.

    Raises `HiveError` for a file that is no recording, is damaged, or was written by a newer version; such a
    file is left as it is.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise HiveError(f"recording needs SQLite {oldest} or newer; this Python has {sqlite3.sqlite_version}")
    connection = await _connect(f"file:{quote(str(path))}?mode=rw", path=path)
    try:
        if await _is_new(connection, path):
            await connection.executescript(sql.PREPARE)
            await connection.executescript(sql.WRITER_PRAGMAS)
            await connection.executescript(sql.SCHEMA)
        else:
            await connection.executescript(sql.WRITER_PRAGMAS)
            for version in range(await _number(connection, "PRAGMA user_version"), sql.SCHEMA_VERSION):
                await connection.executescript(sql.migration(version))
    except sqlite3.Error as error:
        await connection.close()
        raise HiveError(f"cannot record into {path}: {words_of(error)}") from error
    except BaseException:
        await connection.close()
        raise
    return connection


async def open_reader(path: Path) -> aiosqlite.Connection:
    """A connection that can only read, beside a live writer or long after it.

    `path` is the recording or its folder. Raises `HiveError` where there is none, or it cannot be read.
    """
    file = _recording_at(path)
    connection = await _connect(reading_address(file), path=file)
    try:
        is_new = await _is_new(connection, file)
        version = sql.SCHEMA_VERSION if is_new else await _number(connection, "PRAGMA user_version")
        for script in sql.SHOWN_AS_NEWER[version - 1 : version]:
            await connection.executescript(script)
        await connection.executescript(sql.READER_PRAGMAS)
    except sqlite3.Error as error:
        await connection.close()
        raise HiveError(f"cannot read {file}: {words_of(error)}") from error
    except BaseException:
        await connection.close()
        raise
    if is_new:
        await connection.close()
        raise HiveError(f"{file} is empty: nothing has been recorded yet")
    return connection


def _recording_at(path: Path) -> Path:
    file = path / DATABASE_NAME if path.is_dir() else path
    if not file.is_file():
        raise HiveError(f"there is no recording at {file}")
    return file


def reading_address(file: Path) -> str:
    """The URI that reads `file` truthfully.

    `immutable` only where it is both needed and right: the file wants a write-ahead log, there is none, and we
    could not make one. On a live file it would silently hide every row that is still in the log.
    """
    try:
        with file.open("rb") as opened:
            wants_log = opened.read(_HEADER_LENGTH)[18:] == _WAL_FORMAT
    except OSError as error:
        raise HiveError(f"cannot read {file}: {error.strerror}") from error
    has_log = file.with_name(f"{file.name}-wal").exists()
    is_frozen = wants_log and not has_log and not os.access(file.parent, os.W_OK)
    return f"file:{quote(str(file))}?mode=ro{'&immutable=1' if is_frozen else ''}"


async def _connect(address: str, *, path: Path) -> aiosqlite.Connection:
    try:
        return await aiosqlite.connect(address, uri=True, isolation_level=None, timeout=BUSY_WAIT)
    except sqlite3.Error as error:
        raise HiveError(f"cannot open {path}: {words_of(error)}") from error


async def _is_new(connection: aiosqlite.Connection, path: Path) -> bool:
    """Whether the file holds nothing yet; raises `HiveError` for what is not ours or newer than we are."""
    application = await _number(connection, "PRAGMA application_id")
    version = await _number(connection, "PRAGMA user_version")
    tables = await _number(connection, "SELECT count(*) FROM sqlite_master")
    if (application, version, tables) == (0, 0, 0):
        return True
    if application != sql.APPLICATION_ID:
        raise HiveError(f"{path} is a database of another program; choose another folder with --data")
    if version < 1:
        raise HiveError(f"{path} says no version: it is damaged, or somebody changed it; choose another folder")
    if version > sql.SCHEMA_VERSION:
        raise HiveError(
            f"{path} was written by a newer hive-console (schema {version}, this one knows {sql.SCHEMA_VERSION});"
            " upgrade, or choose another folder with --data"
        )
    return False


async def _number(connection: aiosqlite.Connection, statement: str) -> int:
    rows = await connection.execute_fetchall(statement)
    return int(next(iter(rows))[0])
