"""Keeps the requests of a day that went wrong, when the day's file goes: a few rows of it, in a file of their own.

Runs on a thread, with a connection of its own: the file that is written is nobody else's, and the day is sealed.
"""

# ruff: noqa: S608  # statements are put together from constants and from quoted names

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from hive_storage.raw_files import RawFile, RawKind, raw_folder, raw_path

_KEPT = ("attempt", "operation", "event")
"""Tables of a day in which nothing stands but what was no plain request."""

_SEALED_MODE = 0o400
_PRIVATE_MODE = 0o600
_PART = ".part"


def keep_failures(folder: Path, day: RawFile, rows: int) -> bool:
    """Copies at most `rows` more rows; whether no more are to be copied. Goes on where it was left.

    The new file is a day's file without the rows of plain requests; whole, it is sealed. What cannot be copied (a
    damaged day, a full disk) is left where it is: a copy that fails must not keep a day from going.
    """
    kept = raw_path(folder, RawKind.FAILED, day.day)
    if kept.exists():
        return True
    part = kept.with_name(kept.name + _PART)
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE_MODE))
        address = f"file:{quote(str(part))}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, isolation_level=None)) as copy:
            copy.execute("ATTACH ? AS day", (f"file:{quote(str(day.path))}?mode=ro",))
            is_whole = _copied(copy, rows)
        if is_whole:
            _seal(part, kept)
    except (sqlite3.Error, OSError):
        _forget(part)
        return True
    return is_whole


def forget_halves(folder: Path) -> None:
    """Removes what was begun for days that are gone meanwhile."""
    for part in raw_folder(folder).glob(f"{RawKind.FAILED.value}-*.db{_PART}"):
        day = part.name.removeprefix(RawKind.FAILED.value).removesuffix(_PART)
        if not part.with_name(f"{RawKind.REQUESTS.value}{day}").exists():
            _forget(part)


def _forget(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)
        part.with_name(f"{part.name}-journal").unlink(missing_ok=True)


def _copied(copy: sqlite3.Connection, rows: int) -> bool:
    """One transaction; whether it took all that was left."""
    copy.execute("BEGIN IMMEDIATE")
    if not copy.execute("SELECT count(*) FROM main.sqlite_master").fetchone()[0]:
        _begin(copy)
    left = rows
    for table in _KEPT:
        shape = copy.execute(f"PRAGMA main.table_xinfo({table})")
        columns = ", ".join(_quoted(name) for _, name, _, _, _, _, hidden in shape if not hidden)
        left -= copy.execute(
            f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM day.{table}"
            f" WHERE seq > (SELECT coalesce(max(seq), -1) FROM main.{table}) ORDER BY seq LIMIT ?",
            (left,),
        ).rowcount
    copy.execute("COMMIT")
    return left > 0


def _begin(copy: sqlite3.Connection) -> None:
    """The tables as that day's version made them, empty but for the names that rows are told by."""
    made = copy.execute(
        "SELECT sql FROM day.sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC"
    )
    for (statement,) in made.fetchall():
        copy.execute(statement)
    for pragma in ("application_id", "user_version"):
        value = int(copy.execute(f"PRAGMA day.{pragma}").fetchone()[0])
        copy.execute(f"PRAGMA main.{pragma} = {value}")
    copy.execute("INSERT INTO main.name (id, text) SELECT id, text FROM day.name")


def _seal(part: Path, kept: Path) -> None:
    """Makes it last, and whole under its own name or not there at all."""
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.fchmod(handle, _SEALED_MODE)
    finally:
        os.close(handle)
    part.rename(kept)
    home = os.open(kept.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(home)
    finally:
        os.close(home)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
