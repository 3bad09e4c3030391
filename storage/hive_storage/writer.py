"""One transaction at a time on the one connection that writes. Knows tables, not queues or retries.

Requests are committed to today's file first, then everything else to the main one: a single transaction over both
could end with one of them written, and no sum is on disk before its parts. Each is whole after a crash, and the
windows that were still open are put together again from what is there (`rebuild`).
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import aiosqlite

from hive_console.core.errors import HiveError
from hive_console.core.rollup import Rolled, Tier
from hive_console.core.store import Gap, GapCause
from hive_console.core.text import NAME_LIMIT, clean
from hive_storage import day_sql, sql
from hive_storage.alert_rows import keep_alerts
from hive_storage.audit_chain import AuditChain
from hive_storage.audit_sql import INSERT_AUDIT
from hive_storage.batch import Batch
from hive_storage.codec import BEST_EFFORT, Part, by_table
from hive_storage.database import open_writer, words_of
from hive_storage.days import Today, day_of
from hive_storage.folder import DATABASE_NAME, DataFolder, Holder
from hive_storage.found import Found, found_in
from hive_storage.micros import microseconds, seconds
from hive_storage.names import Names, NamesExhausted
from hive_storage.request_rows import INSERT_REQUEST, Row, Taken, plain_rows
from hive_storage.rolled_rows import KEEP_ROLLED, row_of
from hive_storage.states import MAX_STATES
from hive_storage.transaction import transaction

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

GAP_PAUSE = 15.0
"""Seconds between two losses of one cause that are still one gap: a chart could not show them apart."""


class BatchWriter:
    """Writes batches, each whole or not at all.

    Attributes:
        saved: the states that were in the file when it was opened, by model.
        windows: the sums of windows, as the last run left them.
    """

    def __init__(self, connection: aiosqlite.Connection, today: Today, found: Found, *, run: Row) -> None:
        self._connection = connection
        self._today = today
        self._names = found.names
        self._trail = found.trail
        self._max_skew = found.max_skew
        self._last_seq = found.last_seq
        self._last_sign = found.last_sign
        self._new_run = run
        self._run: int | None = None
        self._last_gap: Gap | None = None
        self._requests_until = 0  # the key of the last one that this run has committed
        self.saved = found.saved
        self.windows = found.windows

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
                found = await found_in(connection, folder.path, now=now())
            except sqlite3.Error as error:
                raise HiveError(f"cannot read {path}: {words_of(error)}") from error
            today = Today(folder, connection)
            yield cls(connection, today, found, run=_run_row(folder.holder, now(), version=version))
        finally:
            await connection.close()  # its thread is no daemon: a connection left open keeps the process alive

    @property
    def last_seq(self) -> int:
        """The newest key that was in use when it was opened."""
        return self._last_seq

    @property
    def has_begun(self) -> bool:
        """Whether the row of this run is on disk; it comes with the first batch, so that a full disk delays it."""
        return self._run is not None

    @property
    def connection(self) -> aiosqlite.Connection:
        """The one connection that writes, for the recorder's own upkeep between two batches."""
        return self._connection

    @property
    def last_sign(self) -> float:
        """Until when the last run surely lived, in Unix seconds; 0 where nothing was recorded before."""
        return seconds(self._last_sign)

    @property
    def trail(self) -> AuditChain:
        """Where the chain of the audit trail stands on disk."""
        return self._trail

    @property
    def today(self) -> Today:
        """The day's file that is written now."""
        return self._today

    async def write(self, batch: Batch) -> None:
        """Commits the batch, and what belongs to it: this run's row and new names.

        When it returns, all of it survives a power cut. When it raises, nothing but requests may have been written,
        which the next try passes over. Raises one of `ROW_ERRORS` when a row is at fault, else whatever SQLite
        raised.
        """
        requests = [taken for taken in batch.events if type(taken[2]) in BEST_EFFORT]
        if requests and requests[0][0] <= self._requests_until:  # the last try came as far as that
            requests = requests[bisect_right(requests, self._requests_until, key=_seq) :]
        if requests:
            await self._write_requests(requests)
        connection = self._connection
        try:
            async with transaction(self._connection):
                run = self._run or await self._begin_run()
                await self._write_events([taken for taken in batch.events if type(taken[2]) not in BEST_EFFORT])
                await self._write_the_rest(batch)
                fresh = self._names.fresh
                if fresh:
                    await connection.executemany(sql.INSERT_NAME, fresh)
                skew = await self._write_skew(batch.events)
        except BaseException:
            self._trail.undone()
            raise
        self._run = run
        self._max_skew = skew
        self._trail.kept()
        self._names.kept(fresh)
        self._last_gap = batch.gap or self._last_gap

    async def _write_requests(self, requests: Sequence[Taken]) -> None:
        """Commits what goes to the day's file."""
        await self._today.turn_to(day_of(requests[0][0]))
        names = self._today.names
        rest: list[Taken] = []
        async with transaction(self._connection):
            await self._connection.executemany(INSERT_REQUEST, plain_rows(requests, names, rest))
            await self._insert(by_table(rest).day, names)
            fresh = names.fresh
            if fresh:
                await self._connection.executemany(day_sql.INSERT_NAME, fresh)
            skew = await self._write_skew(requests)
        self._max_skew = skew
        names.kept(fresh)
        self._requests_until = requests[-1][0]

    async def _write_events(self, events: Sequence[Taken]) -> None:
        found = by_table(events)
        await self._insert(found.main, self._names)
        if found.audit:
            await self._connection.executemany(INSERT_AUDIT, self._trail.rows(found.audit))
        await keep_alerts(self._connection, events)

    async def _write_the_rest(self, batch: Batch) -> None:
        connection = self._connection
        await self._keep_windows(batch.rolled)
        if batch.rolled_until:
            await connection.execute(sql.SET_ROLLED, (str(batch.rolled_until),))
        if batch.states:
            await connection.executemany(sql.KEEP_STATE, batch.states)
        if batch.gap is not None:
            await self._keep_gap(batch.gap)
        if batch.health is not None:
            await connection.execute(sql.INSERT_HEALTH, batch.health)

    async def _write_skew(self, events: Sequence[Taken]) -> int:
        skew = max((taken[1] for taken in events), default=0)
        if skew <= self._max_skew:
            return self._max_skew
        await self._connection.execute(sql.SET_MAX_SKEW, (str(_allowance(skew)),))
        return _allowance(skew)

    async def _insert(self, parts: Iterable[Part], names: Names) -> None:
        for (insert, made), part in parts:
            # A generator, used up in its turn: rows are made on SQLite's thread, and the engine's loop goes on.
            await self._connection.executemany(insert, (made(*taken, names) for taken in part))

    async def _keep_windows(self, rolled: Iterable[Rolled]) -> None:
        tiers: dict[Tier, list[Rolled]] = {}
        for window in rolled:
            tiers.setdefault(window.tier, []).append(window)
        for tier, windows in tiers.items():
            await self._connection.executemany(KEEP_ROLLED[tier], _rows_of(windows, self._names))

    async def _keep_gap(self, gap: Gap) -> None:
        """Writes a gap; one that goes on where the last one ended makes that one longer."""
        before = self._last_gap
        if before is not None and before.cause is gap.cause and gap.begin - before.end <= GAP_PAUSE:
            longer = (microseconds(gap.end), gap.dropped, clean(gap.detail))
            await self._connection.execute(sql.EXTEND_GAP, longer)
        else:
            await self._connection.execute(sql.INSERT_GAP, _gap_row(gap))

    async def _begin_run(self) -> int | None:
        crashed = await self._connection.execute_fetchall(sql.CRASHED_RUNS)
        if list(crashed):
            began = self._new_run[0]
            gap = (min(self._last_sign, began), began, GapCause.CRASHED.value, 0, "the engine ended without a word")
            await self._connection.execute(sql.INSERT_GAP, gap)
        await self._connection.execute(sql.END_CRASHED_RUNS, (self._last_sign or None,))
        await self._connection.execute(sql.FORGET_OLDEST_STATES, (MAX_STATES,))
        cursor = await self._connection.execute(sql.BEGIN_RUN, self._new_run)
        return cursor.lastrowid

    async def end_run(self, at: float) -> None:
        """Writes that this run ended in order and folds the log into the file. A failure shows as its absence."""
        with suppress(sqlite3.Error):
            await self._connection.execute(sql.END_RUN, (microseconds(at), 1, self._run))
            await self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _seq(taken: Taken) -> int:
    return taken[0]


def _rows_of(windows: Iterable[Rolled], names: Names) -> Iterator[Row]:
    """The rows of windows; one whose model cannot be named here must not keep the others from the disk."""
    for window in windows:
        with suppress(NamesExhausted, UnicodeEncodeError):
            yield row_of(window, names)


def _run_row(holder: Holder, at: float, *, version: str) -> Row:
    return microseconds(at), holder.pid, holder.host, clean(version, NAME_LIMIT)


def _gap_row(gap: Gap) -> Row:
    return microseconds(gap.begin), microseconds(gap.end), gap.cause.value, gap.dropped, clean(gap.detail)


def _allowance(skew: int) -> int:
    """The next power of two: `meta` is written a few times in a file's life, not with each new record."""
    return 1 << skew.bit_length()
