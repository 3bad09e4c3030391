"""Reading a recording: beside a live engine or long after it, with a connection of its own that cannot write."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Any

import aiosqlite

from hive_console.core.errors import HiveError
from hive_console.core.events import Event, OperatorActed
from hive_console.core.journal import UnknownEvent
from hive_console.core.outcome import JUDGEMENTS, OutcomeKind, Verdict
from hive_storage import codec, sql
from hive_storage.codec import Row
from hive_storage.database import open_reader, words_of
from hive_storage.gap import Gap, GapCause

ROW_LIMIT = 5_000
"""Rows one question may bring: more takes the interpreter long enough for a screen to stutter."""

QUERY_WAIT = 2.0
"""Seconds a question may take before it is interrupted: a screen that waits longer looks dead."""

_STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's machine, well under a millisecond; ROLLBACK takes a handful

FOREVER = math.inf
"""The end of a window that has none."""

Parameters = dict[str, Any]  # numbers and texts that a statement names
Question = tuple[str, Parameters]
"""A statement and what it asks about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Calls to one model in one step of a series.

    Attributes:
        at: when the step begins, in Unix seconds.
        answered: good answers.
        failed: failures that count against the model.
        neutral: calls that say nothing about it, such as a throttle or a caller's fault.
        response_time: mean latency of good answers in seconds; `None` when there were none.
        error_rate: failed / (answered + failed), 0..1; `None` when there were none.
    """

    at: float
    answered: int = 0
    failed: int = 0
    neutral: int = 0
    response_time: float | None = None
    error_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One engine's life in this recording.

    Attributes:
        run_id: its number.
        started: Unix seconds.
        ended: when it ended, or for a crash the last event on disk; `None` while it lives, or when nobody knows.
        is_clean: whether it ended in order with nothing lost.
        pid: its process.
        host: its machine.
        version: the program's version.
    """

    run_id: int
    started: float
    ended: float | None
    is_clean: bool
    pid: int
    host: str
    version: str


class Reader:
    """Answers questions about a recording; each answer is one consistent view of what was committed by then.

    Attributes:
        skipped: rows left out because they hold a kind or a value that this version does not know.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._names: dict[int, str] = {}
        self._turn = asyncio.Lock()
        self._is_given_up = False
        self.skipped = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncGenerator[Reader, None]:
        """Reads the recording at `path`, a data folder or the file in it.

        Raises `HiveError` where there is none, or where this version cannot read it.
        """
        connection = await open_reader(path)
        try:
            reader = cls(connection)
            await connection.set_progress_handler(reader._says_stop, _STEPS_BETWEEN_LOOKS)
            yield reader
        finally:
            await connection.close()

    async def events(
        self,
        begin: float = -FOREVER,
        end: float = FOREVER,
        *,
        kinds: Iterable[type[Event]] | None = None,
        limit: int = ROW_LIMIT,
    ) -> tuple[Event, ...]:
        """The newest `limit` events of `[begin, end)` (Unix seconds), oldest first, in the order of the bus.

        `kinds` of `None` means every kind; `limit` is at most 5,000.
        """
        window = await self._window(begin, end, limit=limit)
        wanted = None if kinds is None else tuple(dict.fromkeys(kinds))
        narrow = [kind for kind in codec.NARROW if wanted is None or kind in wanted]
        questions: list[Question] = [(sql.SELECT_OF[kind.__name__], window) for kind in narrow]
        decoders = [codec.NARROW[kind] for kind in narrow]
        if wanted is None:
            questions.append((sql.SELECT_EVENTS, window))
        else:
            others = [kind.__name__ for kind in wanted if kind not in codec.NARROW]
            questions += [(sql.SELECT_EVENTS_OF_KIND, {**window, "kind": kind}) for kind in others]
        decoders += [codec.event_of_row] * (len(questions) - len(decoders))

        answers = await self._ask(questions)
        rows = sorted(
            ((row, decode) for answer, decode in zip(answers, decoders, strict=True) for row in answer), key=_seq
        )
        found = (self._decoded(row, decode) for row, decode in rows[-int(window["limit"]) :])
        return tuple(event for event in found if event is not None)

    async def audit(self, limit: int = ROW_LIMIT) -> tuple[OperatorActed, ...]:
        """The newest `limit` rows of the audit trail, oldest first."""
        found = await self.events(kinds=(OperatorActed,), limit=limit)
        return tuple(event for event in found if isinstance(event, OperatorActed))

    async def probes(self, model: str, begin: float, end: float, *, step: float) -> tuple[Bucket, ...]:
        """Health checks of a model in steps of `step` seconds over `[begin, end)`; otherwise as `attempts`."""
        return await self._series(sql.PROBE_BUCKETS, model, begin, end=end, step=step)

    async def attempts(self, model: str, begin: float, end: float, *, step: float) -> tuple[Bucket, ...]:
        """Real calls to a model in steps of `step` seconds over `[begin, end)`: every step, oldest first.

        Raises `HiveError` for a window that is not finite, or has no step or more than 5,000 of them.
        """
        return await self._series(sql.ATTEMPT_BUCKETS, model, begin, end=end, step=step)

    async def runs(self, limit: int = ROW_LIMIT) -> tuple[Run, ...]:
        """The newest `limit` runs, oldest first."""
        (rows,) = await self._ask([(sql.SELECT_RUNS, {"limit": _bounded(limit)})])
        return tuple(_run_of_row(row) for row in reversed(rows))

    async def gaps(
        self, begin: float = -FOREVER, end: float = FOREVER, *, limit: int = ROW_LIMIT
    ) -> tuple[Gap, ...]:
        """The newest `limit` gaps that touch `[begin, end)`, oldest first."""
        window = {
            "first": codec.clamped_microseconds(begin),
            "end": codec.clamped_microseconds(end),
            "limit": _bounded(limit),
        }
        (rows,) = await self._ask([(sql.SELECT_GAPS, window)])
        return tuple(_gap_of_row(row) for row in reversed(rows))

    async def integrity(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the file, at most 100 lines; empty when all is well.

        Reads the whole file, as long as that takes (about 1 s a gigabyte on a fast disk).
        """
        (rows,) = await self._ask([(sql.INTEGRITY_CHECK, {})], wait=None)
        return tuple(str(row[0]) for row in rows if row[0] != "ok")

    # --- how -------------------------------------------------------------------------------------------

    async def _series(
        self, statement: str, model: str, begin: float, *, end: float, step: float
    ) -> tuple[Bucket, ...]:
        if not (math.isfinite(begin) and math.isfinite(end) and step > 0 and begin < end):
            raise HiveError(f"a series needs a finite window and a step: got {begin} to {end} by {step} s")
        count = math.ceil((end - begin) / step)
        if count > ROW_LIMIT:
            raise HiveError(f"a series has at most {ROW_LIMIT} steps: got {count}; choose a longer step")
        window = await self._window(begin, end, limit=ROW_LIMIT)
        cells = count * len(JUDGEMENTS)  # at most one row for each step and kind
        question = {**window, "model": model, "step": max(1, codec.microseconds(step)), "limit": cells}
        (rows,) = await self._ask([(statement, question)])
        tallies = [_Tally() for _ in range(count)]
        for bucket, kind, calls, latency_us in rows:
            if bucket < count:
                tallies[bucket].add(self._names.get(kind, ""), calls, latency_us=latency_us)
        return tuple(tally.bucket(begin + index * step) for index, tally in enumerate(tallies))

    async def _window(self, begin: float, end: float, *, limit: int) -> Parameters:
        """Bounds in microseconds. Keys run ahead of an event's own time by at most the skew that `meta` names."""
        (rows,) = await self._ask([(sql.MAX_SKEW, {})])
        skew = int(rows[0][0]) if rows else 0
        last = codec.clamped_microseconds(end)
        return {
            "first": codec.clamped_microseconds(begin),
            "last": last + skew,
            "end": last,
            "limit": _bounded(limit),
        }

    async def _ask(self, questions: list[Question], *, wait: float | None = QUERY_WAIT) -> list[list[Row]]:
        """Answers in one read transaction, then learns the names that they use."""
        connection = self._connection
        async with self._turn:
            try:
                async with asyncio.timeout(wait):
                    await connection.execute("BEGIN")
                    answers = [
                        [tuple(row) for row in await connection.execute_fetchall(statement, parameters)]
                        for statement, parameters in questions
                    ]
                    known = {"after": max(self._names, default=0)}
                    self._names.update(
                        (int(row[0]), str(row[1]))
                        for row in await connection.execute_fetchall(sql.NEW_NAMES, known)
                    )
            except TimeoutError as error:
                self._is_given_up = True
                raise HiveError(f"the question took longer than {wait:g} s; ask for a shorter time") from error
            except SqliteError as error:
                raise HiveError(f"cannot read the recording: {words_of(error)}") from error
            except asyncio.CancelledError:
                self._is_given_up = True
                raise
            finally:
                with suppress(SqliteError):  # a failed BEGIN leaves nothing to end
                    await connection.execute("ROLLBACK")
                self._is_given_up = False
        return answers

    def _says_stop(self) -> bool:
        """Asked by SQLite's thread in the middle of a question; unlike an interrupt it cannot come too early."""
        return self._is_given_up

    def _decoded(self, row: Row, decode: Callable[[Row, dict[int, str]], Event]) -> Event | None:
        try:
            return decode(row, self._names)
        except (UnknownEvent, ValueError, KeyError, TypeError):
            self.skipped += 1
            return None


class _Tally:
    """The sums of one step."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(Verdict, 0)
        self._latency_us = 0

    def add(self, kind: str, calls: int, *, latency_us: int) -> None:
        try:
            verdict = JUDGEMENTS[OutcomeKind(kind)].verdict
        except ValueError:  # a kind of a newer version: it says nothing that we understand
            verdict = Verdict.NEUTRAL
        self._counts[verdict] += calls
        if verdict is Verdict.SUCCESS:
            self._latency_us += latency_us

    def bucket(self, at: float) -> Bucket:
        answered, failed = self._counts[Verdict.SUCCESS], self._counts[Verdict.FAILURE]
        return Bucket(
            at=at,
            answered=answered,
            failed=failed,
            neutral=self._counts[Verdict.NEUTRAL],
            response_time=codec.seconds(self._latency_us) / answered if answered else None,
            error_rate=failed / (answered + failed) if answered + failed else None,
        )


def _seq(found: tuple[Row, object]) -> int:
    return int(found[0][0])


def _bounded(limit: int) -> int:
    return max(0, min(limit, ROW_LIMIT))


def _run_of_row(row: Row) -> Run:
    run_id, started_us, ended_us, clean, pid, host, version = row
    return Run(
        run_id=run_id,
        started=codec.seconds(started_us),
        ended=None if ended_us is None else codec.seconds(ended_us),
        is_clean=bool(clean),
        pid=pid,
        host=host,
        version=version,
    )


def _gap_of_row(row: Row) -> Gap:
    begin_us, end_us, cause, dropped, detail = row
    return Gap(
        begin=codec.seconds(begin_us),
        end=codec.seconds(end_us),
        cause=GapCause(cause),
        dropped=dropped,
        detail=detail,
    )
