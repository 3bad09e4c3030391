"""The recorder on a real file: everything comes back, nothing is lost silently, and the disk may fail."""

# ruff: noqa: S608  # statements are put together from constants of the house

from __future__ import annotations

import asyncio
import math
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from hive_console.core.errors import HiveError, RecordingFailed
from hive_console.core.events import Event, EventsDropped, OperatorActed, event_types
from hive_console.core.store import GapCause, Wanted
from hive_console.engine import ports
from hive_storage import sql
from hive_storage.audit_chain import TEXTS
from hive_storage.folder import DATABASE_NAME
from hive_storage.intake import Bounds
from hive_storage.recorder import Recorder
from hive_storage.store import SqliteStore
from tests.storage.event_samples import any_events
from tests.storage.support import (
    T0,
    action,
    attempt,
    balances,
    breaker,
    damage,
    database,
    kept_attempts,
    recording,
    until,
)


def test_recorder_fits_the_engines_port() -> None:
    port: type[ports.Recorder] = Recorder

    assert port is Recorder


async def _recorded(path: Path, events: list[Event]) -> tuple[Event, ...]:
    async with recording(path) as recorder:
        for event in events:
            recorder.record(event)
    async with SqliteStore.open(path) as reader:
        found = await reader.events(Wanted())
        assert reader.skipped == 0
    assert damage(path) == []
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_events())
def test_every_kind_of_event_comes_back_as_it_was_in_the_order_it_came(events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_recorded(Path(folder), events))

    assert {type(event) for event in found} == set(event_types())
    assert found == tuple(events)


async def test_durable_event_is_on_disk_with_all_before_it_when_the_call_returns(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
        recorder.record(breaker(2))

        await recorder.record_durably(action(3))

        with database(tmp_path) as beside:
            counts = [beside.execute(question).fetchone()[0] for question in _COUNTS]
        beside.close()
        assert (kept_attempts(tmp_path), *counts) == (1, 1, 1)
        assert recorder.view().recorded == 3


async def test_what_was_recorded_is_on_disk_with_its_state_when_the_flush_returns(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.keep_state("alpha", {"n": 1})
        recorder.record(breaker(1))

        await asyncio.gather(recorder.flush(), recorder.flush())

        with closing(database(tmp_path)) as beside:
            questions = ("SELECT count(*) FROM event", "SELECT body FROM state")
            assert [beside.execute(question).fetchone()[0] for question in questions] == [1, '{"n":1}']


async def test_flush_has_nothing_to_wait_for_when_nothing_is_queued(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.flush()

        assert recorder.view().recorded == 0


async def test_flush_of_a_recorder_that_closes_says_so(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        pass

    with pytest.raises(RecordingFailed, match="closing"):
        await recorder.flush()


_COUNTS = ("SELECT count(*) FROM event", "SELECT count(*) FROM audit")


async def test_many_durable_events_at_once_are_all_answered(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        async with asyncio.TaskGroup() as together:
            for number in range(50):
                together.create_task(recorder.record_durably(action(number)))

        async with SqliteStore.open(tmp_path) as reader:
            assert [row.act for row in await reader.audit(Wanted())] == [action(number) for number in range(50)]


async def test_events_are_written_without_being_asked_for(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))

        await until(lambda: recorder.view().recorded == 1)


async def test_run_is_clean_when_it_ended_in_order_with_nothing_lost(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
        async with SqliteStore.open(tmp_path) as reader:
            await until(lambda: recorder.view().recorded == 1)
            (living,) = await reader.runs()
    has_log = (tmp_path / "hive.db-wal").exists()
    async with SqliteStore.open(tmp_path) as reader:
        (ended,) = await reader.runs()

    assert (living.is_clean, living.ended) == (False, None)
    assert (ended.is_clean, ended.version, ended.run_id) == (True, "1.2.3", 1)
    assert ended.ended is not None
    assert not has_log


async def test_second_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    for number in (1, 2):
        async with recording(tmp_path) as recorder:
            recorder.record(attempt(number))

    async with SqliteStore.open(tmp_path) as reader:
        assert await reader.events(Wanted()) == (attempt(1), attempt(2))
        assert [run.run_id for run in await reader.runs()] == [1, 2]


async def test_full_queue_drops_the_oldest_requests_and_leaves_a_gap(tmp_path: Path) -> None:
    bounds = Bounds(best_effort=10, must_keep=100, batch=5)
    async with recording(tmp_path, bounds=bounds) as recorder:
        await recorder.record_durably(action(0))
        blocker = database(tmp_path)
        blocker.execute("BEGIN IMMEDIATE")
        for number in range(1, 101):
            recorder.record(attempt(number))
            recorder.record(breaker(number)) if number % 10 == 0 else None
            assert balances(recorder)
        view_blocked = recorder.view()
        blocker.rollback()
        blocker.close()
        await until(lambda: recorder.view().queued == 0)
        view = recorder.view()
        async with SqliteStore.open(tmp_path) as reader:
            found = await reader.events(Wanted())
            gaps = await reader.gaps()

    assert view_blocked.dropped == 90
    assert view.recorded == len(found) == 1 + 10 + 10
    assert [event for event in found if isinstance(event, type(attempt(1)))] == [attempt(n) for n in range(91, 101)]
    assert sum(gap.dropped for gap in gaps) == view.dropped == 90
    assert min(gap.begin for gap in gaps) == attempt(1).at
    assert gaps[0].end >= attempt(90).at


async def test_full_disk_is_said_survived_and_marked(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(0))
        await recorder.record_durably(action(0))
        connection = recorder._writer._connection
        pages = next(iter(await connection.execute_fetchall("PRAGMA day.page_count")))[0]
        await connection.execute(f"PRAGMA day.max_page_count = {pages + 2}")
        for number in range(1, 2_001):
            recorder.record(attempt(number))
        with pytest.raises(RecordingFailed, match="the disk is full"):
            await recorder.record_durably(action(1))
        full = recorder.view()
        balanced_when_full = balances(recorder)

        await connection.execute("PRAGMA day.max_page_count = 1000000")
        await until(lambda: not recorder.view().error and not recorder.view().queued)

        view = recorder.view()
        async with SqliteStore.open(tmp_path) as reader:
            gaps = await reader.gaps()
            audit = await reader.audit(Wanted())
        problems = damage(tmp_path)
    assert "the disk is full (SQLITE_FULL)" in full.error
    assert full.recorded == 2
    assert balanced_when_full
    assert (view.recorded, view.dropped) == (2_003, 0)
    assert [(gap.cause, gap.dropped) for gap in gaps] == [(GapCause.WRITE_FAILED, 0)]
    assert "the disk is full" in gaps[0].detail
    assert gaps[0].end >= gaps[0].begin > T0 - 1e9
    assert [row.act for row in audit] == [action(0), action(1)]
    assert problems == []


async def test_row_that_no_file_can_hold_is_dropped_alone(tmp_path: Path) -> None:
    bad = EventsDropped(at=T0 + 500, reader="fine", count=1)
    huge = OperatorActed(
        at=T0 + 500,
        action_id="x",
        actor="\ud800",
        action=action(0).action,
        phase=action(0).phase,
        target="alpha",
    )
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
        recorder.record(bad)
        recorder.record(huge)
        recorder.record(attempt(600))

        with pytest.raises(RecordingFailed, match="surrogates"):
            await recorder.record_durably(huge)

        await until(lambda: recorder.view().queued == 0)
        view = recorder.view()
        balanced = balances(recorder)
    async with SqliteStore.open(tmp_path) as reader:
        found = await reader.events(Wanted())
        gaps = await reader.gaps()

    assert found == (attempt(1), bad, attempt(600))
    assert (view.recorded, view.dropped, view.error) == (3, 2, "")
    assert balanced
    assert {gap.cause for gap in gaps} == {GapCause.ROW_REFUSED}
    assert sum(gap.dropped for gap in gaps) == 2


async def test_name_that_no_file_can_hold_does_not_poison_later_batches(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        for number, model in enumerate(("\ud800", "beta", "alpha")):
            recorder.record(replace(attempt(number), model=model))
        await until(lambda: recorder.view().queued == 0)
        await recorder.record_durably(action(9))

        assert (recorder.view().recorded, recorder.view().dropped) == (3, 1)


async def test_nothing_is_taken_for_written_after_the_end(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        pass

    recorder.record(attempt(1))
    with pytest.raises(RecordingFailed, match="closing"):
        await recorder.record_durably(action(1))

    view = recorder.view()
    assert (view.recorded, view.dropped, view.queued) == (0, 2, 0)


async def test_what_could_not_be_written_at_the_end_is_counted_and_the_run_is_not_clean(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(0))
        blocker = database(tmp_path)
        blocker.execute("BEGIN IMMEDIATE")
        recorder.record(attempt(1))
    blocker.close()
    async with SqliteStore.open(tmp_path) as reader:
        (run,) = await reader.runs()

    assert (recorder.view().recorded, recorder.view().dropped, recorder.view().queued) == (1, 1, 0)
    assert not run.is_clean


async def test_durable_event_that_waits_when_the_recorder_closes_is_refused(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(0))
        blocker = database(tmp_path)
        blocker.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(recorder.record_durably(action(1)))
        await asyncio.sleep(0)
    blocker.close()

    with pytest.raises(RecordingFailed):
        await waiting


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        f"INSERT OR REPLACE INTO audit SELECT 1, 0, 1, {', '.join(repr('') for _ in TEXTS)}, zeroblob(32)",
        (
            f"INSERT OR REPLACE INTO audit SELECT seq, skew, number, 'forged', {', '.join(TEXTS[1:])}, digest"
            " FROM audit"
        ),
    ],
)
async def test_audit_rows_cannot_be_changed_removed_or_slipped_in(tmp_path: Path, statement: str) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(1))
    forger = database(tmp_path)

    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        forger.execute(statement)

    forger.close()
    async with SqliteStore.open(tmp_path) as reader:
        assert [row.act for row in await reader.audit(Wanted())] == [action(1)]


async def test_durable_event_without_a_time_is_refused(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        with pytest.raises(RecordingFailed, match="nan is no time"):
            await recorder.record_durably(replace(action(1), at=math.nan))


async def test_newer_versions_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(1))
    newer = database(tmp_path)
    newer.execute(f"PRAGMA user_version = {sql.SCHEMA_VERSION + 1}")
    newer.close()
    before = (tmp_path / DATABASE_NAME).read_bytes()

    with pytest.raises(HiveError, match="written by a newer hive-console"):
        async with recording(tmp_path):
            pass
    with pytest.raises(HiveError, match="written by a newer hive-console"):
        async with SqliteStore.open(tmp_path):
            pass

    assert (tmp_path / DATABASE_NAME).read_bytes() == before


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    other = database(tmp_path)
    other.execute("CREATE TABLE theirs (x)")
    other.close()

    with pytest.raises(HiveError, match="another program"):
        async with recording(tmp_path):
            pass


async def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_text("a shopping list, long enough to be taken for a header of a file" * 20)
    before = (tmp_path / DATABASE_NAME).read_bytes()

    with pytest.raises(HiveError, match="no database"):
        async with recording(tmp_path):
            pass

    assert (tmp_path / DATABASE_NAME).read_bytes() == before


async def test_recording_costs_the_caller_no_wait(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(0))
        with closing(database(tmp_path)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            for number in range(2_000):  # who waited for the lock here would wait for ever
                recorder.record(attempt(number))
            assert kept_attempts(tmp_path) == 0
            blocker.rollback()

    assert kept_attempts(tmp_path) == 2_000
