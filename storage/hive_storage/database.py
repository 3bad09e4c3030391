"""Opening a recording for writing: pragmas, the schema's version, and errors in words."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from hive_console.core.errors import HiveError
from hive_console.core.text import clean
from hive_storage import sql
from hive_storage.audit_sql import CHAINED_SINCE, migrate_audit
from hive_storage.migration_copy import backup_before_migration

OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables came with it (2021-11)."""

BUSY_WAIT = 1.0
"""Seconds SQLite waits for another program's lock before the recorder hears of it and backs off by itself."""

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
    file is left as it is. An older one is copied first; without room for that it is refused as well.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise HiveError(f"recording needs SQLite {oldest} or newer; this Python has {sqlite3.sqlite_version}")
    connection = await _connect(f"file:{quote(str(path))}?mode=rw", path=path)
    try:
        if await is_new(connection, path):
            await connection.executescript(sql.PREPARE)
            await connection.executescript(sql.WRITER_PRAGMAS)
            await connection.executescript(sql.SCHEMA)
        else:
            await connection.executescript(sql.WRITER_PRAGMAS)
            old = await number_of(connection, "PRAGMA user_version")
            if old < sql.SCHEMA_VERSION:
                await backup_before_migration(connection, path, sql.SCHEMA_VERSION)
            for version in range(old, sql.SCHEMA_VERSION):
                await _migrate(connection, version)
    except sqlite3.Error as error:
        await connection.close()
        raise HiveError(f"cannot record into {path}: {words_of(error)}") from error
    except BaseException:
        await connection.close()
        raise
    return connection


async def _migrate(connection: aiosqlite.Connection, version: int) -> None:
    """Brings a file of `version` one version further, in one transaction."""
    await connection.executescript(f"BEGIN IMMEDIATE; {sql.MIGRATIONS[version - 1]}")
    if version + 1 == CHAINED_SINCE:
        await migrate_audit(connection)
    await connection.execute(f"PRAGMA user_version = {version + 1}")
    await connection.execute("COMMIT")


async def _connect(address: str, *, path: Path) -> aiosqlite.Connection:
    try:
        return await aiosqlite.connect(address, uri=True, isolation_level=None, timeout=BUSY_WAIT)
    except sqlite3.Error as error:
        raise HiveError(f"cannot open {path}: {words_of(error)}") from error


async def is_new(connection: aiosqlite.Connection, path: Path) -> bool:
    """Whether the file holds nothing yet; raises `HiveError` for what is not ours or newer than we are."""
    application = await number_of(connection, "PRAGMA application_id")
    version = await number_of(connection, "PRAGMA user_version")
    tables = await number_of(connection, "SELECT count(*) FROM sqlite_master")
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


async def number_of(connection: aiosqlite.Connection, statement: str) -> int:
    """The one number that a statement gives."""
    rows = await connection.execute_fetchall(statement)
    return int(next(iter(rows))[0])
