"""What recording costs: `python -m tests.bench.recorder`. Only the ratios mean something on another machine.

The raw rate is plain sqlite3 in one thread: the same rows, made beforehand, 2,000 a transaction, the same tables.
A plain request is two events and one row; a failed one is two events and two rows, and so would a plain one be in a
recorder that kept a row an event, which is the second baseline.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from hive_console.core.events import Event
from hive_storage import day_sql, sql
from hive_storage.batch import Batch
from hive_storage.codec import by_table
from hive_storage.days import day_of, days_in
from hive_storage.folder import DataFolder
from hive_storage.intake import Bounds
from hive_storage.names import Names
from hive_storage.recorder import Recorder
from hive_storage.request_rows import INSERT_REQUEST, Row, Taken, plain_rows
from hive_storage.writer import BatchWriter
from tests.recordings.requests import streamed

_REQUESTS = 100_000
_MODELS = 10
_ROUNDS = 3
_BATCH = 2_000
_BOUNDS = Bounds(best_effort=4 * _REQUESTS, must_keep=_REQUESTS, batch=_BATCH)
_PERCENTILE = 0.99


def _events() -> list[Event]:
    """Streamed requests as a gateway sees them, 5,000 a second from now on."""
    begin = time.time()
    events: list[Event] = []
    for number in range(_REQUESTS):
        events += streamed(
            number,
            begin + number * 2e-4,
            model=f"model-{number % _MODELS}",
            latency=0.123456 + number % 977 * 1.7e-3,
            first_token=0.05 + number % 89 * 1e-3,
            tokens=(300 + number % 4000, 20 + number % 700),
            spacing=1e-5,
        )
    return events


def _taken(events: list[Event]) -> list[Taken]:
    return [(round(event.at * 1e6), 0, event) for event in events]


Prepared = list[tuple[str, list[Row]]]
"""Insert statements, and the rows of one transaction after the other for each."""


def _raw_rate(batches: Iterable[Prepared], synchronous: str) -> float:
    """Rows a second of plain sqlite3."""
    count = 0
    with tempfile.TemporaryDirectory() as place:
        connection = sqlite3.connect(Path(place) / "main.db", isolation_level=None)
        connection.executescript(sql.PREPARE + sql.WRITER_PRAGMAS)
        connection.execute("ATTACH ? AS day", (str(Path(place) / "day.db"),))
        connection.executescript(day_sql.PREPARE + day_sql.PRAGMAS + day_sql.SCHEMA)
        connection.execute(f"PRAGMA day.synchronous = {synchronous}")
        begin = time.perf_counter()
        for batch in batches:
            connection.execute("BEGIN IMMEDIATE")
            for insert, rows in batch:
                connection.executemany(insert, rows)
                count += len(rows)
            connection.execute("COMMIT")
        spent = time.perf_counter() - begin
        connection.close()
    return count / spent


def _as_requests(taken: list[Taken]) -> list[Prepared]:
    """A row a request, 2,000 a transaction."""
    rows = list(plain_rows(taken, Names(), []))
    return [[(INSERT_REQUEST, rows[start : start + _BATCH])] for start in range(0, len(rows), _BATCH)]


def _as_events(taken: list[Taken]) -> list[Prepared]:
    """A row an event, in the tables of attempts and operations, 2,000 a transaction."""
    names = Names()
    return [
        [
            (insert, [made(*one, names) for one in part])
            for (insert, made), part in by_table(taken[start : start + _BATCH]).day
        ]
        for start in range(0, len(taken), _BATCH)
    ]


async def _path_rate(batches: list[Prepared]) -> float:
    """Rows a second through the writer's connection, made beforehand like those of the baseline."""
    with tempfile.TemporaryDirectory() as place:
        folder = DataFolder.open(Path(place), started=time.time())
        async with BatchWriter.open(folder, now=time.time, version="") as writer:
            await writer.today.turn_to(day_of(batches[0][0][1][0][0]))
            begin = time.perf_counter()
            for batch in batches:
                await writer.connection.execute("BEGIN IMMEDIATE")
                for insert, rows in batch:
                    await writer.connection.executemany(insert, rows)
                await writer.connection.execute("COMMIT")
            spent = time.perf_counter() - begin
        folder.release()
    return sum(len(rows) for batch in batches for _, rows in batch) / spent


async def _writer_rate(taken: list[Taken]) -> float:
    """Requests a second through the writer alone: events to rows to disk."""
    with tempfile.TemporaryDirectory() as place:
        folder = DataFolder.open(Path(place), started=time.time())
        async with BatchWriter.open(folder, now=time.time, version="") as writer:
            begin = time.perf_counter()
            for start in range(0, len(taken), 2 * _BATCH):
                await writer.write(Batch(events=taken[start : start + 2 * _BATCH]))
            spent = time.perf_counter() - begin
        folder.release()
    return len(taken) / 2 / spent


async def _recorder(events: list[Event]) -> tuple[float, float, float]:
    """Microseconds a `record()`, requests a second to the disk, bytes a request."""
    with tempfile.TemporaryDirectory() as place:
        folder = DataFolder.open(Path(place), started=time.time())
        async with Recorder.open(folder, now=time.time, bounds=_BOUNDS) as recorder:
            begin = time.perf_counter()
            for event in events:
                recorder.record(event)
            taken = time.perf_counter()
            while recorder.view().queued:  # noqa: ASYNC110  # a view tells, it does not call
                await asyncio.sleep(0.01)
            written = time.perf_counter()
        folder.release()
        size = sum(path.stat().st_size for _, path in days_in(Path(place)))
    requests = len(events) / 2
    return (taken - begin) / len(events) * 1e6, requests / (written - taken), size / requests


async def _record_times(events: list[Event]) -> tuple[float, float]:
    """Median and 99th percentile of one `record()` in microseconds, while nothing is written."""
    spent = []
    with tempfile.TemporaryDirectory() as place:
        folder = DataFolder.open(Path(place), started=time.time())
        async with Recorder.open(folder, now=time.time, bounds=_BOUNDS) as recorder:
            for event in events:
                begin = time.perf_counter()
                recorder.record(event)
                spent.append(time.perf_counter() - begin)
        folder.release()
    spent.sort()
    return spent[len(spent) // 2] * 1e6, spent[int(len(spent) * _PERCENTILE)] * 1e6


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_ROUNDS))


def main() -> None:
    """Prints the table."""
    events = _events()
    taken = _taken(events)
    requests, events_apart = _as_requests(taken), _as_events(taken)
    raw_normal = _median(lambda: _raw_rate(requests, "NORMAL"))
    raw_full = _median(lambda: _raw_rate(requests, "FULL"))
    raw_events = _median(lambda: _raw_rate(events_apart, "NORMAL"))
    path = _median(lambda: asyncio.run(_path_rate(requests)))
    writer = _median(lambda: asyncio.run(_writer_rate(taken)))
    runs = [asyncio.run(_recorder(events)) for _ in range(_ROUNDS)]
    cost, rate, size = (statistics.median(column) for column in zip(*runs, strict=True))
    middle, slow = asyncio.run(_record_times(events))
    print(f"raw sqlite3 executemany, NORMAL   {raw_normal:>10,.0f} rows/s       1.00")
    print(f"raw sqlite3 executemany, FULL     {raw_full:>10,.0f} rows/s       {raw_full / raw_normal:.2f}")
    print(f"writer, the same rows             {path:>10,.0f} rows/s       {path / raw_normal:.2f}  goal 0.75")
    print(f"writer, events to rows to disk    {writer:>10,.0f} requests/s   {writer / raw_normal:.2f}")
    print(f"recorder, all of it               {rate:>10,.0f} requests/s   {rate / raw_normal:.2f}")
    print(f"raw sqlite3, a row an event       {raw_events:>10,.0f} rows/s       1.00")
    share = 2 * writer / raw_events
    print(f"writer, events to disk            {2 * writer:>10,.0f} events/s     {share:.2f}  goal 0.75")
    print(f"recorder, all of it               {2 * rate:>10,.0f} events/s     {2 * rate / raw_events:.2f}")
    print(f"record()                          {cost:>10.2f} µs an event, median {middle:.2f}, p99 {slow:.2f}")
    print(f"file                              {size:>10.1f} B a request")


if __name__ == "__main__":
    main()
