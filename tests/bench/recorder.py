"""What recording costs: `python -m tests.bench.recorder`. Only the ratios mean something on another machine.

The raw rate is plain sqlite3 in one thread: rows made beforehand, 2,000 a transaction, the same table.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hive_console.core.events import AttemptFinished, Event
from hive_console.core.outcome import OutcomeKind
from hive_storage import sql
from hive_storage.codec import Names, by_writer
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.intake import Bounds
from hive_storage.recorder import Recorder

_EVENTS = 100_000
_MODELS = 10
_ROUNDS = 3
_BATCH = 2_000
_BOUNDS = Bounds(best_effort=_EVENTS, must_keep=_EVENTS, batch=_BATCH)


def _events() -> list[Event]:
    begin = time.time()
    return [
        AttemptFinished(
            at=begin + number * 1e-4,
            operation=f"{number:012x}",
            model=f"model-{number % _MODELS}",
            number=1,
            kind=OutcomeKind.SUCCESS,
            latency=0.123456 + number * 1e-6,
            first_token=0.05,
            status=200,
        )
        for number in range(_EVENTS)
    ]


def _raw_rate(events: list[Event], synchronous: str) -> float:
    """Rows a second of plain sqlite3."""
    names = Names()
    taken = [(round(event.at * 1e6), 0, event) for event in events]
    (((insert, row_of), _),) = by_writer(taken)
    rows = [row_of(*item, names) for item in taken]
    with tempfile.TemporaryDirectory() as place:
        connection = sqlite3.connect(Path(place) / DATABASE_NAME, isolation_level=None)
        connection.executescript(sql.PREPARE + sql.WRITER_PRAGMAS + sql.SCHEMA)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        begin = time.perf_counter()
        for start in range(0, len(rows), _BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(insert, rows[start : start + _BATCH])
            connection.execute("COMMIT")
        spent = time.perf_counter() - begin
        connection.close()
    return len(rows) / spent


async def _recorder(events: list[Event]) -> tuple[float, float, float]:
    """Microseconds a `record()`, events a second to the disk, bytes an event."""
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
        size = (Path(place) / DATABASE_NAME).stat().st_size
    return (taken - begin) / len(events) * 1e6, len(events) / (written - taken), size / len(events)


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(_ROUNDS))


def main() -> None:
    """Prints the table."""
    events = _events()
    raw_normal = _median(lambda: _raw_rate(events, "NORMAL"))
    raw_full = _median(lambda: _raw_rate(events, "FULL"))
    runs = [asyncio.run(_recorder(events)) for _ in range(_ROUNDS)]
    cost, rate, size = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"raw sqlite3 executemany, NORMAL   {raw_normal:>10,.0f} rows/s   1.00")
    print(f"raw sqlite3 executemany, FULL     {raw_full:>10,.0f} rows/s   {raw_full / raw_normal:.2f}")
    print(f"recorder, FULL, events to disk    {rate:>10,.0f} rows/s   {rate / raw_normal:.2f}")
    print(f"recorder / raw, both FULL                               {rate / raw_full:.2f}")
    print(f"record()                          {cost:>10.2f} µs")
    print(f"file                              {size:>10.1f} B an attempt, its model index included")


if __name__ == "__main__":
    main()
