"""A disk that takes the one file and refuses the other: nothing is written twice, lost, or stuck for good."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hive_console.core.events import Event
from hive_console.core.store import Gap, GapCause
from hive_storage.batch import Batch
from hive_storage.days import days_in
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.request_rows import Taken
from hive_storage.writer import BatchWriter
from tests.storage.support import T0, action, attempt, breaker


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def largest_log(folder: Path) -> int:
    return max(path.stat().st_size for path in (*folder.glob("*-wal"), *folder.glob("raw/*-wal")))


def taken(*events: Event) -> list[Taken]:
    return [(round(event.at * 1e6), 0, event) for event in events]


def kept(folder: Path) -> tuple[list[str], int, int]:
    """Ids of actions, changes of breakers, and attempts on disk."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as main:
        acts = [row[0] for row in main.execute("SELECT action_id FROM audit ORDER BY seq")]
        (moves,) = main.execute("SELECT count(*) FROM event").fetchone()
    attempts = 0
    for _, path in days_in(folder):
        with closing(sqlite3.connect(path)) as day:
            attempts += day.execute("SELECT count(*) FROM attempt").fetchone()[0]
    return acts, moves, attempts


@pytest.mark.parametrize("is_day_refused", [True, False])
async def test_a_batch_of_which_one_file_was_refused_is_written_once_at_the_next_try(
    tmp_path: Path, *, is_day_refused: bool
) -> None:
    held = DataFolder.open(tmp_path, started=T0)
    requests, moves = (5_000, 1) if is_day_refused else (1, 5_000)
    async with BatchWriter.open(held, now=lambda: T0, version="") as writer:
        await writer.write(Batch(events=taken(*(attempt(n, at=T0 + n / 1e4) for n in range(requests)))))
        await writer.write(Batch(events=taken(*(breaker(1 + n) for n in range(moves)))))
        later = [attempt(n, at=T0 + 6_000 + n / 1e4) for n in range(300)]
        batch = Batch(events=taken(*later, *(breaker(7_000 + n) for n in range(300)), action(8_000)))
        with no_file_larger_than(largest_log(tmp_path)), pytest.raises(sqlite3.Error):
            await writer.write(batch)

        await writer.write(batch)
        await writer.write(Batch(events=taken(action(8_001))))
    held.release()

    assert kept(tmp_path) == (["a8000", "a8001"], moves + 300, requests + 300)


async def test_a_gap_that_could_not_be_written_is_written_by_the_next_try(tmp_path: Path) -> None:
    held = DataFolder.open(tmp_path, started=T0)
    async with BatchWriter.open(held, now=lambda: T0, version="") as writer:
        await writer.write(Batch(events=taken(action(1))))
        gap = Gap(begin=T0, end=T0 + 1, cause=GapCause.WRITE_FAILED, dropped=3)
        batch = Batch(events=taken(*(breaker(2 + n) for n in range(300))), gap=gap)
        with no_file_larger_than((tmp_path / f"{DATABASE_NAME}-wal").stat().st_size), pytest.raises(sqlite3.Error):
            await writer.write(batch)

        await writer.write(batch)
    held.release()

    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as main:
        assert main.execute("SELECT cause, dropped FROM gap").fetchall() == [("write failed", 3)]
