"""Events since a key, as the one connection that writes reads them while it starts: the newest key, and what came
after the last window that was summed up.
"""

# ruff: noqa: S608  # statements are put together from constants of this file, never from what comes from outside

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from hive_console.core.events import Event
from hive_console.core.journal import UnknownEvent
from hive_storage import codec, sql
from hive_storage.days import day_of, days_in
from hive_storage.request_rows import MAX_LATER, REQUEST_COLUMNS, Row, events_of_request

MOST = 1_000_000
"""Events read at most; ten seconds of traffic are far fewer."""

_PAST = "past"
_LAST_IN_DAY = f"""
SELECT max(last) FROM (
  SELECT max(seq) AS last FROM {_PAST}.event UNION ALL SELECT max(seq) FROM {_PAST}.attempt
  UNION ALL SELECT max(seq) FROM {_PAST}.operation
  UNION ALL SELECT seq + later FROM (SELECT seq, later FROM {_PAST}.request ORDER BY seq DESC LIMIT 100))
"""
_REQUESTS = (
    f"SELECT {REQUEST_COLUMNS} FROM {_PAST}.request WHERE seq >= ? AND seq + later >= ? ORDER BY seq LIMIT {MOST}"
)
_ATTEMPTS = f"SELECT {sql.ATTEMPT_COLUMNS}, cost FROM {_PAST}.attempt WHERE seq >= ? ORDER BY seq LIMIT {MOST}"
_OPERATIONS = f"SELECT {sql.OPERATION_COLUMNS} FROM {_PAST}.operation WHERE seq >= ? ORDER BY seq LIMIT {MOST}"
_MOVES = f"SELECT seq, at_us, kind, body FROM {_PAST}.event WHERE seq >= ? ORDER BY seq LIMIT {MOST}"
_PROBES = f"SELECT {sql.PROBE_COLUMNS} FROM main.probe WHERE seq >= ? ORDER BY seq LIMIT {MOST}"
_EVENTS = f"SELECT seq, at_us, kind, body FROM main.event WHERE seq >= ? ORDER BY seq LIMIT {MOST}"

Placed = tuple[int, Event]
"""An event with its `seq`."""

_Decoder = Callable[[Row, dict[int, str]], Event]


async def last_seq(connection: aiosqlite.Connection, folder: Path) -> int:
    """The newest key in the main file and in the newest day; 0 where nothing was recorded."""
    known = [await _first_value(connection, sql.LAST_SEQ)]
    for _, path in days_in(folder)[-1:]:
        async with _attached(connection, path) as is_there:
            if is_there:
                known.append(await _first_value(connection, _LAST_IN_DAY))
    return max((seq for seq in known if seq is not None), default=0)


async def events_since(
    connection: aiosqlite.Connection, folder: Path, begin: int, *, names: dict[int, str]
) -> list[Placed]:
    """All events with keys from `begin` on but the audit trail's, in order; damaged rows are left out."""
    found = await _placed(connection, _PROBES, begin, codec.probe_of_row, names)
    found += await _placed(connection, _EVENTS, begin, codec.event_of_row, names)
    for day, path in days_in(folder):
        if day < day_of(begin):
            continue
        async with _attached(connection, path) as is_there:
            if not is_there:
                continue
            rows = await connection.execute_fetchall(f"SELECT id, text FROM {_PAST}.name")
            words = {int(number): str(text) for number, text in rows}
            found += await _placed(connection, _ATTEMPTS, begin, codec.attempt_of_row, words)
            found += await _placed(connection, _OPERATIONS, begin, codec.operation_of_row, words)
            found += await _placed(connection, _MOVES, begin, codec.event_of_row, words)
            rows = await connection.execute_fetchall(_REQUESTS, (begin - MAX_LATER, begin))
            found += [placed for row in rows for placed in _pair(row, words) if placed[0] >= begin]
    return sorted(found, key=_seq)


async def _placed(
    connection: aiosqlite.Connection, statement: str, begin: int, decode: _Decoder, names: dict[int, str]
) -> list[Placed]:
    found = []
    for row in await connection.execute_fetchall(statement, (begin,)):
        with suppress(UnknownEvent, ValueError, KeyError, TypeError):
            found.append((int(row[0]), decode(tuple(row), names)))
    return found


def _pair(row: Iterable[object], names: dict[int, str]) -> tuple[Placed, ...]:
    try:
        return events_of_request(tuple(row), names)
    except (ValueError, KeyError, TypeError):
        return ()


def _seq(placed: Placed) -> int:
    return placed[0]


@asynccontextmanager
async def _attached(connection: aiosqlite.Connection, path: Path) -> AsyncGenerator[bool, None]:
    """A day's file for reading while the block lasts; `False` when it cannot be read."""
    try:
        await connection.execute(f"ATTACH ? AS {_PAST}", (f"file:{quote(str(path))}?mode=ro",))
    except sqlite3.Error:
        yield False
        return
    try:
        try:
            await connection.execute_fetchall(f"SELECT 1 FROM {_PAST}.request, {_PAST}.name LIMIT 1")
        except sqlite3.Error:
            yield False
        else:
            yield True
    finally:
        with suppress(sqlite3.Error):
            await connection.execute(f"DETACH {_PAST}")


async def _first_value(connection: aiosqlite.Connection, statement: str) -> int | None:
    for row in await connection.execute_fetchall(statement):
        return None if row[0] is None else int(row[0])
    return None
