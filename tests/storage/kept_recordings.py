"""Recordings of many days for the tests of retention, backup and doctor, written without an engine."""

# ruff: noqa: S608  # statements are put together from constants

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import aiosqlite

from hive_storage import day_sql, sql
from hive_storage.folder import DATABASE_NAME
from hive_storage.raw_files import RawKind, raw_folder, raw_path

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
"""Now, in these tests."""

DAY = 86_400
SKETCH = bytes(range(200))
"""As large as the histogram of a busy minute."""


@asynccontextmanager
async def writing(folder: Path) -> AsyncGenerator[aiosqlite.Connection, None]:
    """The one connection that writes, into a new recording or an old one."""
    connection = await aiosqlite.connect(folder / DATABASE_NAME, isolation_level=None)
    try:
        if not (folder / DATABASE_NAME).stat().st_size:
            await connection.executescript(sql.PREPARE + sql.WRITER_PRAGMAS + sql.SCHEMA)
        else:
            await connection.executescript(sql.WRITER_PRAGMAS)
        yield connection
    finally:
        await connection.close()


def windows(tier: int, model: int, begin: float, end: float, sketch: bytes = SKETCH) -> list[tuple[object, ...]]:
    """Rows of one roll-up table for `add_windows`."""
    first = int(begin) // tier * tier
    return [(model, t, sketch) for t in range(first, int(end), tier)]


async def add_windows(connection: aiosqlite.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    columns = [row[1] for row in await connection.execute_fetchall(f"PRAGMA main.table_info({table})")]
    values = ", ".join(
        {"model": "?1", "t": "?2", "latency": "?3"}.get(column, "1000")
        for column in columns
        if column != "first_token"
    )
    names = ", ".join(column for column in columns if column != "first_token")
    await connection.execute("BEGIN")
    await connection.executemany(f"INSERT OR REPLACE INTO main.{table} ({names}) VALUES ({values})", rows)
    await connection.execute("COMMIT")


def day_file(
    folder: Path, at: float, *, plain: int = 50, failed: Sequence[str] = (), kind: RawKind = RawKind.REQUESTS
) -> Path:
    """A sealed file of the UTC day that holds `at`, with plain requests and with operations that failed."""
    raw_folder(folder).mkdir(exist_ok=True)
    path = raw_path(folder, kind, datetime.fromtimestamp(at, UTC).date())
    first = int(at) * 1_000_000
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"PRAGMA application_id = {day_sql.APPLICATION_ID}")
        file.execute(f"PRAGMA user_version = {day_sql.DAY_VERSION}")
        file.executescript(day_sql.TABLES.format(schema="main"))
        file.execute("INSERT INTO name (id, text) VALUES (1, 'alpha'), (2, 'timeout')")
        file.execute("BEGIN")
        file.executemany(
            "INSERT INTO request (seq, skew, later, later_skew, operation, shape, latency_us, around_us)"
            " VALUES (?, 0, 10, 0, 1, 1, 1000, 5)",
            [(first + number,) for number in range(plain)],
        )
        file.executemany(
            "INSERT INTO operation (seq, operation, requested, result, latency_us, attempts, kind, is_degraded)"
            " VALUES (?, ?, 1, 1, 1000, 1, 2, 0)",
            [(first + 1_000_000 + number, name) for number, name in enumerate(failed)],
        )
        file.execute("COMMIT")
    path.chmod(0o400)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in raw_folder(folder).iterdir())
