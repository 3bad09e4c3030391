"""A program that reads the recording and never ends its transaction: logs stay bounded, and all is well after."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hive_console.core.store import GapCause
from hive_storage import day_sql, log_cap, sql
from hive_storage.days import days_in
from hive_storage.folder import DATABASE_NAME
from hive_storage.recorder import Recorder
from hive_storage.store import SqliteStore
from tests.storage.support import action, attempt, damage, recording, until

LARGE, TOO_LARGE = 500_000, 1_500_000
"""In the proportion of the real ones, which a test could not fill in a moment."""

_READER = """
import sqlite3, sys
for path in sys.argv[1:]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    globals()[path] = connection
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_master, name").fetchone()
print("reading", flush=True)
sys.stdin.read()
"""


@contextmanager
def reading(*paths: Path) -> Iterator[None]:
    """A process that is in a read transaction of each file while the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-c", _READER, *map(str, paths)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        yield
    finally:
        process.communicate(timeout=30)


def size_of_logs(folder: Path) -> int:
    return sum(path.stat().st_size for path in (*folder.glob("*-wal"), *folder.glob("raw/*-wal")))


def requests(recorder: Recorder, count: int) -> None:
    for number in range(count):
        recorder.record(attempt(number, at=time.time()))


async def test_a_stalled_reader_costs_requests_at_the_cap_and_nothing_once_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_cap, "LOOK", 0.02)
    monkeypatch.setattr(log_cap, "LARGE", LARGE)
    monkeypatch.setattr(log_cap, "TOO_LARGE", TOO_LARGE)
    for module, name in ((sql, "WRITER_PRAGMAS"), (day_sql, "PRAGMAS")):
        lowered = getattr(module, name).replace(str(64 * 1024**2), str(LARGE))
        monkeypatch.setattr(module, name, lowered)

    async with recording(tmp_path) as recorder:
        requests(recorder, 10)
        await recorder.record_durably(action(1))
        with reading(tmp_path / DATABASE_NAME, *(path for _, path in days_in(tmp_path))):
            while recorder._upkeep.withheld is None:
                requests(recorder, 1_000)
                await until(lambda: recorder.view().queued == 0 or recorder._upkeep.withheld is not None)
            withheld, caution = recorder._upkeep.withheld, recorder.view().caution
            requests(recorder, 5_000)
            await recorder.record_durably(action(2))
            largest = size_of_logs(tmp_path)
            dropped = recorder.view().dropped
        await until(lambda: recorder._upkeep.withheld is None)
        before = recorder.view()
        requests(recorder, 1_000)
        await recorder.record_durably(action(3))
        after = recorder.view()

    assert withheld is GapCause.LOG_PINNED
    assert "has not ended its transaction; end it" in caution
    assert dropped > 0
    assert largest < 2 * TOO_LARGE
    assert (after.dropped, after.recorded - before.recorded) == (before.dropped, 1_001)
    async with SqliteStore.open(tmp_path) as store:
        assert [(gap.cause, gap.dropped) for gap in await store.gaps()] == [(GapCause.LOG_PINNED, after.dropped)]
    assert damage(tmp_path) == []
