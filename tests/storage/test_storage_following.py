"""What is SQLite's own about following a recording: beside a live writer, over days, past rows that are damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hive_console.core.events import AttemptFinished, BreakerChanged, EngineStarted, Event, OperationFinished
from hive_console.core.store import Wanted
from hive_storage import following
from hive_storage.folder import DATABASE_NAME
from hive_storage.store import SqliteStore
from tests.storage.store_contract import T0 as HOUR
from tests.storage.store_contract import Life, plain, started, stopped
from tests.storage.support import action, attempt, breaker, recording
from tests.storage.test_store import recorded

DAY = 86_400.0


async def test_what_is_recorded_later_is_told_from_the_key_on(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(1))
        async with SqliteStore.open(tmp_path) as store:
            first = await store.after(0, Wanted())
            recorder.record(breaker(2))
            recorder.record(attempt(3))
            await recorder.record_durably(action(4))
            second = await store.after(first.key, Wanted())
            requests = await store.after(0, Wanted(), is_of_requests=True)

    assert first.events == (action(1),)
    assert second.events == (breaker(2), action(4))
    assert requests.events == (attempt(3),)


@pytest.mark.parametrize("most", [2, 8])
async def test_requests_are_followed_from_one_days_file_into_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(following, "MOST_ATTACHED", most)
    lives = [
        Life((started(at), *plain(at + 1, f"run-{day}"), stopped(at + 10)), at + 10)
        for day, at in enumerate((HOUR, HOUR + DAY, HOUR + 2 * DAY))
    ]
    await recorded(tmp_path, *lives)

    told: list[Event] = []
    key, is_all = 0, False
    async with SqliteStore.open(tmp_path) as store:
        while not is_all:
            page = await store.after(key, Wanted(limit=2), is_of_requests=True)
            told += page.events
            key, is_all = page.key, page.is_all

    assert [event.operation for event in told if isinstance(event, OperationFinished)] == [
        "run-0",
        "run-1",
        "run-2",
    ]
    assert sum(isinstance(event, AttemptFinished) for event in told) == 3


async def test_a_row_that_nobody_can_read_is_counted_and_passed_over(tmp_path: Path) -> None:
    await recorded(tmp_path, Life((started(), breaker(1), stopped(HOUR + 10)), HOUR + 10))
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as shell, shell:
        shell.execute("UPDATE event SET kind = 'FromTheFuture' WHERE kind = 'EngineStarted'")

    async with SqliteStore.open(tmp_path) as store:
        page = await store.after(0, Wanted())

        assert store.skipped == 1
    assert not any(isinstance(event, EngineStarted) for event in page.events)
    assert any(isinstance(event, BreakerChanged) for event in page.events)
