"""One transaction at a time on the one connection that writes. Knows tables, not queues or retries."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiosqlite

from hive_console.core.errors import HiveError
from hive_console.core.text import NAME_LIMIT, clean
from hive_storage import sql
from hive_storage.codec import Names, NamesExhausted, Row, Taken, by_writer, microseconds
from hive_storage.database import open_writer, words_of
from hive_storage.folder import DATABASE_NAME, DataFolder, Holder
from hive_storage.gap import Gap
from hive_storage.states import MAX_STATES, STATE_LIMIT, states_of_rows

ROW_ERRORS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,
    TypeError,
    OverflowError,
    NamesExhausted,
)
"""Errors of one row, that no waiting mends; every other error is the disk's."""


class BatchWriter:
    """Writes batches, each whole or not at all.

    Attributes:
        saved: the states that were in the file when it was opened, by model.
    """

    def __init__(
        self,
        connection: aiosqlite.Connection,
        names: Names,
        *,
        max_skew: int,
        last_seq: int | None,
        run: Row,
        saved: Mapping[str, Any],
    ) -> None:
        self._connection = connection
        self._names = names
        self._max_skew = max_skew
        self._last_seq = last_seq
        self._new_run = run
        self.saved = saved
        self._run: int | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: DataFolder, *, now: Callable[[], float], version: str
    ) -> AsyncGenerator[BatchWriter, None]:
        """Opens the recording in `folder`; raises `HiveError` when it cannot be used."""
        path = folder.private_file(DATABASE_NAME)
        connection = await open_writer(path)
        try:
            try:
                last_seq = await _first_value(connection, sql.LAST_SEQ)
                max_skew = int(await _first_value(connection, sql.MAX_SKEW) or 0)
                rows = await connection.execute_fetchall(sql.ALL_NAMES)
                states = await connection.execute_fetchall(sql.STATES, {"longest": STATE_LIMIT, "most": MAX_STATES})
            except sqlite3.Error as error:
                raise HiveError(f"cannot read {path}: {words_of(error)}") from error
            names = Names((number, text) for number, text in rows)
            run = _run_row(folder.holder, now(), version=version)
            saved = states_of_rows((name, body) for name, body in states)
            yield cls(connection, names, max_skew=max_skew, last_seq=last_seq, run=run, saved=saved)
        finally:
            await connection.close()  # its thread is no daemon: a connection left open keeps the process alive

    @property
    def last_seq(self) -> int:
        """The newest key that was in the file when it was opened."""
        return self._last_seq or 0

    @property
    def has_begun(self) -> bool:
        """Whether the row of this run is on disk; it comes with the first batch, so that a full disk delays it."""
        return self._run is not None

    async def write(self, batch: list[Taken], gap: Gap | None, states: Sequence[Row] = ()) -> None:
        """Commits the batch, and what belongs to it: this run's row, new names, a gap that has ended, and states.

        When it returns, all of it survives a power cut; when it raises, none of it was written. Raises one of
        `ROW_ERRORS` when a row is at fault, else whatever SQLite raised.
        """
        connection = self._connection
        skew = max((taken[1] for taken in batch), default=0)
        await connection.execute("BEGIN IMMEDIATE")
        try:
            run = self._run or await self._begin_run()
            for (insert, row_of), part in by_writer(batch):
                # A generator: rows are made on SQLite's thread, and the engine's loop goes on.
                rows = (row_of(*taken, self._names) for taken in part)  # consumed in this turn
                await connection.executemany(insert, rows)
            fresh = self._names.fresh
            if fresh:
                await connection.executemany(sql.INSERT_NAME, fresh)
            if skew > self._max_skew:
                await connection.execute(sql.SET_MAX_SKEW, (str(_allowance(skew)),))
            if states:
                await connection.executemany(sql.KEEP_STATE, states)
            if gap is not None:
                await connection.execute(sql.INSERT_GAP, _gap_row(gap))
            await connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite has often rolled back by itself
                await connection.execute("ROLLBACK")
            raise
        self._run = run
        self._names.kept(fresh)
        if skew > self._max_skew:
            self._max_skew = _allowance(skew)

    async def _begin_run(self) -> int | None:
        await self._connection.execute(sql.END_CRASHED_RUNS, (self._last_seq,))
        await self._connection.execute(sql.FORGET_OLDEST_STATES, (MAX_STATES,))
        cursor = await self._connection.execute(sql.BEGIN_RUN, self._new_run)
        return cursor.lastrowid

    async def end_run(self, at: float) -> None:
        """Writes that this run ended in order and folds the log into the file. A failure shows as its absence."""
        with suppress(sqlite3.Error):
            await self._connection.execute(sql.END_RUN, (microseconds(at), 1, self._run))
            await self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _run_row(holder: Holder, at: float, *, version: str) -> Row:
    return microseconds(at), holder.pid, holder.host, clean(version, NAME_LIMIT)


def _gap_row(gap: Gap) -> Row:
    return microseconds(gap.begin), microseconds(gap.end), gap.cause.value, gap.dropped, clean(gap.detail)


def _allowance(skew: int) -> int:
    """The next power of two: `meta` is written a few times in a file's life, not with each new record."""
    return 1 << skew.bit_length()


async def _first_value(connection: aiosqlite.Connection, statement: str) -> Any:  # whatever the column holds
    for row in await connection.execute_fetchall(statement):
        return row[0]
    return None
