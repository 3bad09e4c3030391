"""The copy of a recording that is made before a newer version changes its tables: the way back."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import aiosqlite

from hive_console.core.errors import HiveError
from hive_storage.disk import MIB, space_of
from hive_storage.raw_files import size_of

BACKUPS = "backup"
"""The folder in the data folder where these copies are kept."""

KEPT = 2
"""Copies that are kept: the way back of the last migration, and of the one before."""

MARGIN = 16 * MIB
"""Bytes that must stay free beside a copy, so that the recording itself can go on."""

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


async def backup_before_migration(connection: aiosqlite.Connection, path: Path, version: int) -> Path:
    """Copies the recording at `path` before it is brought to schema `version`; returns where the copy is.

    `connection` can write it and has no transaction open. The newest two copies stay. Takes about 3 s a gigabyte.
    Raises `HiveError` with what to do where there is no room or no folder, and `sqlite3.Error` where SQLite
    refuses; the recording is then left as it is.
    """
    folder = path.parent / BACKUPS
    copy = folder / f"pre-v{version}.db"
    part = copy.with_name(f"{copy.name}.part")
    try:
        folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        part.unlink(missing_ok=True)  # of a start that was killed
        check_room(folder, size_of(path))
        make_private(part)
        await connection.execute("VACUUM main INTO ?", (str(part),))
        sync(part)
        part.replace(copy)
        sync(folder)
        _forget_oldest(folder)
    except OSError as error:
        raise HiveError(f"{_uncopied(path)}: {error.strerror}; or choose another folder with --data") from error
    except HiveError as error:
        raise HiveError(f"{_uncopied(path)}: {error}; or choose another folder with --data") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return copy


def _uncopied(path: Path) -> str:
    return f"{path} is of an older version, and the copy that is made before it is changed cannot be made"


def check_room(folder: Path, size: int) -> None:
    """Raises `HiveError` where a copy of `size` bytes might not find room."""
    try:
        free = space_of(folder).free
    except OSError as error:
        raise HiveError(f"cannot write in {folder}: {error.strerror}") from error
    if free < size + MARGIN:
        wanted, there = (f"{bytes_ / MIB:,.0f} MiB" for bytes_ in (size + MARGIN, free))
        raise HiveError(f"{folder} has {there} free, and the copy may take {wanted}; make room there")


def _forget_oldest(folder: Path) -> None:
    copies = sorted(folder.glob("pre-v*.db"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in copies[KEPT:]:
        path.unlink()


def make_private(path: Path) -> None:
    """An empty file that only we can read; SQLite copies into one as into none."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _PRIVATE_FILE))


def sync(path: Path) -> None:
    """Makes a file, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
