"""Everything that comes with requests, one file a UTC day: today's is written, the days before are sealed.

A day that has ended is put out of the write-ahead log's hands and made read-only, so that it opens anywhere, from a
read-only disk too. Removing a day is removing its file, which a full disk allows as well.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from hive_console.core.errors import HiveError
from hive_storage import day_sql
from hive_storage.folder import DataFolder
from hive_storage.micros import MICROSECONDS
from hive_storage.names import Names
from hive_storage.raw_files import RawKind, raw_files, raw_folder, raw_path

_DAY_US = 86_400 * MICROSECONDS
_EPOCH = date(1970, 1, 1)
_LAST_DAY = (date.max - _EPOCH).days
_PRIVATE_FOLDER = 0o700
_SEALED = 0o400
_DAMAGES = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
_SEAL_WAIT = 0.2  # seconds for a reader to finish its question; the next try comes soon


def day_of(seq: int) -> int:
    """The UTC day of a key, in days since 1970; what lies beyond the years 1970 to 9999 counts to their ends."""
    return min(max(0, seq // _DAY_US), _LAST_DAY)


def end_of(day: int) -> int:
    """The first key that belongs to a later day; the last day has no end."""
    return (day + 1) * _DAY_US if day < _LAST_DAY else 2**63 - 1


def date_of(day: int) -> date:
    """A day in days since 1970 as a date."""
    return _EPOCH + timedelta(days=day)


def number_of(day: date) -> int:
    """A date as days since 1970."""
    return (day - _EPOCH).days


def days_in(folder: Path) -> list[tuple[int, Path]]:
    """The days in a data folder whose requests are there, oldest first."""
    return [(number_of(file.day), file.path) for file in raw_files(folder, RawKind.REQUESTS)]


def kept_in(folder: Path) -> list[tuple[int, Path]]:
    """The days that anything is kept of, oldest first: their requests, or what outlived them."""
    failed = {number_of(file.day): file.path for file in raw_files(folder, RawKind.FAILED)}
    return sorted({**failed, **dict(days_in(folder))}.items())


class Today:
    """The day's file that is written now, attached to the one connection that writes.

    Attributes:
        day: which day, in days since 1970; `None` before the first request of this run.
        names: its names.
    """

    def __init__(self, folder: DataFolder, connection: aiosqlite.Connection) -> None:
        self._folder = folder
        self._connection = connection
        self.day: int | None = None
        self.names = Names()

    async def turn_to(self, day: int) -> None:
        """Makes `day` the one that is written; a no-op where it is. Must not be called inside a transaction.

        A file that is damaged, or a newer version's, is put aside under another name, never written.
        """
        if day == self.day:
            return
        await self.let_go()
        path = self._file(day)
        try:
            names = await self._attached(path)
        except sqlite3.DatabaseError as error:
            await self._detach()
            if getattr(error, "sqlite_errorname", "") not in _DAMAGES:
                raise
            names = None
        if names is None:
            await self._detach()
            put_aside(path)
            names = await self._attached(self._file(day))
        self.names = names or Names()
        self.day = day

    async def let_go(self) -> None:
        """Detaches the file; the next `turn_to` attaches one."""
        if self.day is not None:
            await self._detach()
            self.day = None

    def _file(self, day: int) -> Path:
        folder = raw_folder(self._folder.path)
        try:
            folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        except OSError as error:
            raise HiveError(f"cannot create {folder}: {error.strerror}") from error
        path = raw_path(self._folder.path, RawKind.REQUESTS, date_of(day))
        return self._folder.private_file(str(path.relative_to(self._folder.path)))

    async def _attached(self, path: Path) -> Names | None:
        """Attaches a file and makes sure of its tables; `None` for one that this version must not write."""
        connection = self._connection
        await connection.execute(f"ATTACH ? AS {day_sql.SCHEMA_NAME}", (f"file:{quote(str(path))}?mode=rw",))
        tables = await self._number("SELECT count(*) FROM day.sqlite_master")
        version = await self._number("PRAGMA day.user_version")
        if tables and version != day_sql.DAY_VERSION:
            return None
        if not tables:
            await connection.executescript(day_sql.PREPARE)
        await connection.executescript(day_sql.PRAGMAS)
        if not tables:
            await connection.executescript(f"BEGIN IMMEDIATE; {day_sql.SCHEMA} COMMIT;")
        rows = await connection.execute_fetchall("SELECT id, text FROM day.name")
        return Names((number, text) for number, text in rows)

    async def _number(self, statement: str) -> int:
        rows = await self._connection.execute_fetchall(statement)
        return int(next(iter(rows))[0])

    async def _detach(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                await self._connection.execute("ROLLBACK")
        with suppress(sqlite3.Error):  # it was never attached
            await self._connection.execute(f"DETACH {day_sql.SCHEMA_NAME}")


def put_aside(path: Path) -> Path:
    """Renames a file that cannot be written to the first free name `….damaged-N`, its log too; the new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            log = path.with_name(path.name + suffix)
            with suppress(FileNotFoundError):
                log.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise HiveError(f"cannot put the damaged file {path} aside: {error.strerror}") from error
    return aside


async def seal_before(folder: Path, day: int) -> int:
    """Seals every day before `day` that is not sealed yet; how many are left because somebody reads them now."""
    return await asyncio.to_thread(_seal_all, [path for number, path in days_in(folder) if number < day])


def _seal_all(paths: list[Path]) -> int:
    left = [path for path in paths if not _is_sealed(path)]
    while left and _seal(left[0]):  # one reader is enough to wait for; the next look comes soon
        left.pop(0)
    return len(left)


def _is_sealed(path: Path) -> bool:
    try:
        return not path.stat().st_mode & 0o200
    except OSError:
        return True  # it is gone


def _seal(path: Path) -> bool:
    """Folds the log into the file and makes it read-only; `False` when a reader is in the way."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=_SEAL_WAIT)) as file:
            (mode,) = file.execute("PRAGMA journal_mode = DELETE").fetchone()
        if mode != "delete":
            return False
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorname", "") in _DAMAGES  # a damaged one is nobody's to mend
    with suppress(OSError):
        os.chmod(path, _SEALED)  # noqa: PTH101 - one call that a removed file cannot surprise
    return True
