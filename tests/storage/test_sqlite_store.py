"""What is SQLite's own about reading: beside a live writer, after it, from copies and places that take no files."""

from __future__ import annotations

import asyncio
import math
import shutil
import sqlite3
import tempfile
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.events import AttemptFinished, BreakerChanged, OperationFinished, ProbeFinished
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import AlertState, ModelStatus
from hive_console.core.store import ROW_LIMIT, GapCause, Wanted
from hive_storage import day_sql
from hive_storage.days import days_in
from hive_storage.folder import DATABASE_NAME
from hive_storage.lists import EXPORT_PAGE
from hive_storage.opening import reading_address
from hive_storage.raw_files import raw_folder
from hive_storage.store import SqliteStore
from tests.storage.golden_files import golden
from tests.storage.store_contract import ONE_OF_EACH, REQUESTS, Life, plain, started, status, stopped
from tests.storage.store_contract import T0 as HOUR
from tests.storage.store_contract import attempt as failing
from tests.storage.support import PATIENCE, T0, action, attempt, breaker, child, database, recording
from tests.storage.test_store import recorded

DAY = 86_400.0


def days_of(folder: Path) -> list[Path]:
    return [path for _, path in days_in(folder)]


async def two_days(folder: Path) -> None:
    """Requests of two days, of which the first is sealed."""
    first = (started(HOUR), *plain(HOUR + 1, "run-1"), stopped(HOUR + 10))
    second = (started(HOUR + DAY), *plain(HOUR + DAY + 1, "run-2"), stopped(HOUR + DAY + 10))
    await recorded(folder, Life(first, HOUR + 10), Life(second, HOUR + DAY + 10))


# --- beside a writer ---------------------------------------------------------------------------------


async def test_store_beside_a_live_writer_sees_what_was_committed(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(1))
        async with SqliteStore.open(tmp_path) as store:
            first = await store.events(Wanted())
            recorder.record(attempt(2))
            await recorder.record_durably(action(3))
            second = await store.events(Wanted())
            held = await store.holdings()

    assert first == (action(1),)
    assert second == (action(1), attempt(2), action(3))
    assert held.is_live
    assert held.caution == ""


async def test_change_is_noticed_whichever_file_it_is_in(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder, SqliteStore.open(tmp_path) as store:
        await recorder.record_durably(action(1))
        seen = [await store.changed(), await store.changed()]
        await recorder.record_durably(action(2))
        seen.append(await store.changed())
        seen.append(await store.changed())

    assert seen[0] == seen[1] != seen[2] == seen[3]


async def test_request_alone_is_a_change(tmp_path: Path) -> None:
    await two_days(tmp_path)
    async with SqliteStore.open(tmp_path) as store:
        seen = await store.changed()
        newest = days_of(tmp_path)[-1]
        with closing(sqlite3.connect(newest)) as day, day:
            day.execute("INSERT INTO name (text) VALUES ('another')")

        assert await store.changed() != seen


async def test_live_file_is_never_read_as_immutable(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(1))

        assert "immutable" not in reading_address(tmp_path / DATABASE_NAME)


async def test_store_cannot_write(tmp_path: Path) -> None:
    async with recording(tmp_path):
        pass
    async with SqliteStore.open(tmp_path) as store:
        with pytest.raises(HiveError, match="read-only"):
            async with store._asker.view() as view:
                await view.rows("DELETE FROM run")


_ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


async def test_question_without_end_is_given_up_and_the_next_one_answered(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
    async with SqliteStore.open(tmp_path) as store:
        with pytest.raises(HiveError, match="took longer than"):
            async with store._asker.view(wait=0.01) as view:
                await view.rows(_ENDLESS)

        assert await store.events(Wanted()) == (attempt(1),)


async def test_cancelled_question_stops_and_the_next_one_is_answered(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
    async with SqliteStore.open(tmp_path) as store:

        async def ask_without_end() -> None:
            async with store._asker.view(wait=None) as view:
                await view.rows(_ENDLESS)

        asking = asyncio.create_task(ask_without_end())
        waiting = asyncio.create_task(store.events(Wanted()))
        await asyncio.sleep(0)
        asking.cancel()

        assert await waiting == (attempt(1),)
        assert asking.cancelled()


async def test_answer_is_bounded_and_an_export_is_not(tmp_path: Path) -> None:
    count = ROW_LIMIT + EXPORT_PAGE + 10
    async with recording(tmp_path) as recorder:
        for number in range(count):
            recorder.record(attempt(number))
    async with SqliteStore.open(tmp_path) as store:
        found = await store.events(Wanted(limit=10**9))
        async with aclosing(store.export(Wanted())) as exported:
            everything = [event async for event in exported]

    assert len(found) == ROW_LIMIT
    assert found[-1] == attempt(count - 1)
    assert everything == [attempt(number) for number in range(count)]


# --- what is damaged, or of another version ----------------------------------------------------------


async def test_kind_of_a_newer_version_is_left_out_and_counted(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(breaker(1))
    newer = database(tmp_path)
    newer.execute("INSERT INTO event (seq, kind, body) VALUES (2, 'ModelDreamt', '{}')")
    newer.execute("INSERT INTO event (seq, kind, body) VALUES (3, 'BreakerChanged', '{\"model\":\"a\"}')")
    newer.close()
    async with SqliteStore.open(tmp_path) as store:
        assert await store.events(Wanted()) == (breaker(1),)
        assert store.skipped == 2


async def test_names_that_are_gone_and_texts_that_are_none_cost_their_rows_only(tmp_path: Path) -> None:
    good = ProbeFinished(at=T0, model="alpha", kind=OutcomeKind.SUCCESS, latency=0.5)
    async with recording(tmp_path) as recorder:
        recorder.record(good)
        recorder.record(ProbeFinished(at=T0 + 1, model="gone", kind=OutcomeKind.SUCCESS, latency=0.5))
        recorder.record(breaker(2))
    damaged = database(tmp_path)
    damaged.execute("DELETE FROM name WHERE text = 'gone'")
    damaged.execute("UPDATE event SET body = CAST(x'ff00fe' AS TEXT)")
    damaged.close()
    async with SqliteStore.open(tmp_path) as store:
        assert await store.events(Wanted()) == (good,)
        assert store.skipped == 2


async def test_newer_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async with recording(tmp_path):
        pass
    newer = database(tmp_path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(HiveError, match=r"newer hive-console \(schema 99.*upgrade"):
        async with SqliteStore.open(tmp_path):
            pass


async def test_damaged_file_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)

    with pytest.raises(HiveError, match="cannot read"):
        async with SqliteStore.open(tmp_path):
            pass


async def test_place_without_a_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="there is no recording at"):
        async with SqliteStore.open(tmp_path):
            pass
    (tmp_path / DATABASE_NAME).touch()
    with pytest.raises(HiveError, match="nothing has been recorded yet"):
        async with SqliteStore.open(tmp_path):
            pass


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_every_question_is_answered_of_an_older_version(tmp_path: Path, version: int) -> None:
    golden(tmp_path, version)
    async with SqliteStore.open(tmp_path) as store:
        held = await store.holdings()
        events = await store.events(Wanted())
        assert held.begin is not None
        assert held.end is not None
        async with aclosing(store.export(Wanted())) as exported:
            assert [event async for event in exported] == list(events)
        state = await store.state_at(held.end)
        audit = await store.audit(Wanted())
        series = await store.series(held.models, held.begin - 60, held.begin + 60, step=10)
        sketch = await store.sketch(held.models, held.begin, held.end + 1)
        check = await store.verify()
        await store.alerts(Wanted())
        await store.neighbour(held.begin, is_later=True)

        assert f"older version (schema {version})" in held.caution
        assert {AttemptFinished, OperationFinished, ProbeFinished} <= {type(event) for event in events}
        assert [row.number for row in audit] == [0] * check.rows
        assert ("not chained yet" in check.problem) is bool(audit)
        assert set(series) == set(held.models)
        assert state.at == held.end
        assert sketch.keys() <= set(held.models)
        assert store.skipped == 0


# --- copies ------------------------------------------------------------------------------------------


async def test_copy_made_after_an_orderly_end_needs_no_caution(tmp_path: Path) -> None:
    await two_days(tmp_path / "data")
    copy = Path(shutil.copy(tmp_path / "data" / DATABASE_NAME, tmp_path / "copy.db"))
    async with SqliteStore.open(copy) as store:
        held = await store.holdings()
        assert held.caution == ""
        assert not held.is_live
        assert await store.requests(Wanted()) == ()
        assert [type(event).__name__ for event in await store.events(Wanted())] == [
            "EngineStarted",
            "EngineStopped",
        ] * 2


async def test_copy_of_a_live_file_without_its_log_is_told(tmp_path: Path) -> None:
    async with recording(tmp_path / "data") as recorder:
        await recorder.record_durably(action(1))
        with closing(database(tmp_path / "data")) as writer:
            writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
        copy = Path(shutil.copy(tmp_path / "data" / DATABASE_NAME, tmp_path / "copy.db"))
    async with SqliteStore.open(copy) as store:
        assert "without its log" in (await store.holdings()).caution


def test_copy_in_a_folder_that_takes_no_files_opens() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        asyncio.run(two_days(folder))
        raw = raw_folder(folder)
        (folder / DATABASE_NAME).chmod(0o444)
        for path in (*raw.iterdir(), raw, folder):
            path.chmod(0o555 if path.is_dir() else 0o444)

        reader = child("read", folder)
        said, problems = reader.communicate(timeout=PATIENCE)

        for path in (folder, raw):
            path.chmod(0o755)
    assert (said, reader.returncode) == ("events 8\n", 0), problems


# --- days --------------------------------------------------------------------------------------------


async def test_days_are_read_newest_first_until_the_list_is_full(tmp_path: Path) -> None:
    await two_days(tmp_path)
    async with SqliteStore.open(tmp_path) as store:
        assert await store.requests(Wanted(limit=3)) == (
            plain(HOUR + 1, "run-1")[1],
            *plain(HOUR + DAY + 1, "run-2"),
        )
        assert await store.requests(Wanted(begin=HOUR + DAY)) == plain(HOUR + DAY + 1, "run-2")
        assert await store.requests(Wanted(end=HOUR + DAY)) == plain(HOUR + 1, "run-1")


async def test_many_days_come_in_order(tmp_path: Path) -> None:
    lives = [
        Life((started(HOUR + day * DAY), *plain(HOUR + day * DAY + 1, f"run-{day}")), HOUR + day * DAY + 2)
        for day in range(12)
    ]
    await recorded(tmp_path, *lives)
    wanted = [event for day in range(12) for event in plain(HOUR + day * DAY + 1, f"run-{day}")]
    async with SqliteStore.open(tmp_path) as store:
        assert list(await store.requests(Wanted())) == wanted
        assert list(await store.requests(Wanted(limit=5))) == wanted[-5:]
        async with aclosing(store.export(Wanted(), (AttemptFinished, OperationFinished))) as exported:
            assert [event async for event in exported] == wanted


async def test_day_alone_tells_its_requests_and_nothing_else(tmp_path: Path) -> None:
    await recorded(tmp_path / "data", Life(ONE_OF_EACH, HOUR + 10))
    (day,) = days_of(tmp_path / "data")
    alone = Path(shutil.copy(day, tmp_path / day.name))
    async with SqliteStore.open(alone) as store:
        held = await store.holdings()
        assert await store.events(Wanted()) == REQUESTS
        assert await store.requests(Wanted(begin=HOUR + 3, end=HOUR + 4, is_bad=True)) == REQUESTS[2:6]
        assert "requests only" in held.caution
        assert held.begin == HOUR + 2
        assert (await store.state_at(HOUR + 5)).models == ()
        assert await store.sketch(("alpha",), -math.inf, math.inf) == {}
        assert (await store.verify()).rows == 0


async def test_damaged_or_newer_days_are_named_and_the_others_answer(tmp_path: Path) -> None:
    await two_days(tmp_path)
    first, second = days_of(tmp_path)
    first.chmod(0o600)
    first.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)
    async with SqliteStore.open(tmp_path) as store:
        assert await store.requests(Wanted()) == plain(HOUR + DAY + 1, "run-2")
        assert first.name in (await store.holdings()).caution
    with closing(sqlite3.connect(second)) as newer:
        newer.execute(f"PRAGMA user_version = {day_sql.DAY_VERSION + 1}")
    async with SqliteStore.open(tmp_path) as store:
        assert await store.requests(Wanted()) == ()
        assert "a newer hive-console wrote it" in (await store.holdings()).caution


async def test_day_that_is_removed_while_it_is_read_is_no_error(tmp_path: Path) -> None:
    await two_days(tmp_path)
    async with SqliteStore.open(tmp_path) as store:
        exported = store.export(Wanted(), (AttemptFinished,))
        first = await anext(exported)
        for path in days_of(tmp_path):
            path.unlink()
        rest = [event async for event in exported]

        assert first == plain(HOUR + 1, "run-1")[0]
        assert rest == []
        assert await store.requests(Wanted()) == ()
        assert (await store.holdings()).caution == ""


async def test_reading_holds_no_day_back_from_being_sealed_or_removed(tmp_path: Path) -> None:
    await two_days(tmp_path)
    newest = days_of(tmp_path)[-1]
    async with SqliteStore.open(tmp_path) as store:
        await store.requests(Wanted())
        with closing(sqlite3.connect(newest, isolation_level=None)) as day:
            (mode,) = day.execute("PRAGMA journal_mode = DELETE").fetchone()

    assert mode == "delete"


# --- charts where the shorter windows are gone -------------------------------------------------------


async def test_longer_windows_stand_where_shorter_ones_are_gone(tmp_path: Path) -> None:
    requests = [event for number in range(360) for event in plain(HOUR + 5 + number * 20, f"run-{number}")]
    events = (started(HOUR), status(HOUR + 1, ModelStatus.AVAILABLE), *requests, stopped(HOUR + 7_200))
    await recorded(tmp_path, Life(events, HOUR + 7_200))
    with closing(database(tmp_path)) as removing:
        removing.execute("DELETE FROM r10 WHERE t < ?", (HOUR + 5_400,))
        removing.execute("DELETE FROM r60 WHERE t < ?", (HOUR + 3_600,))
    async with SqliteStore.open(tmp_path) as store:
        series = (await store.series(("alpha",), HOUR, HOUR + 7_200, step=10))["alpha"].points
        whole = await store.sketch(("alpha",), HOUR, HOUR + 7_200)
        minutes = await store.sketch(("alpha",), HOUR + 3_671, HOUR + 5_470)
        hours = await store.sketch(("alpha",), HOUR + 1_000, HOUR + 5_410)

    calls = {index * 10: point.calls for index, point in enumerate(series) if point is not None}
    assert calls[0] == 180
    assert [calls.get(t) for t in (3_600, 3_610, 3_660)] == [3, None, 3]
    assert [calls.get(t) for t in (5_400, 5_410, 5_420)] == [1, 0, 1]
    assert whole["alpha"].calls == 360
    assert minutes["alpha"].calls == 91  # from 3,660 on, a whole minute, to 5,470
    assert hours["alpha"].calls == 271  # from 0 on, a whole hour, to 5,410


async def test_gaps_touch_their_window_and_stand_in_the_state(tmp_path: Path) -> None:
    async with recording(tmp_path):
        pass
    writing = database(tmp_path)
    for begin, cause in ((10, "disk full"), (20, "stars"), (40, "crashed")):
        writing.execute(
            "INSERT INTO gap (t0_us, t1_us, cause, dropped, detail) VALUES (?, ?, ?, 3, 'why')",
            (int((T0 + begin) * 1e6), int((T0 + begin + 5) * 1e6), cause),
        )
    writing.close()
    async with SqliteStore.open(tmp_path) as store:
        every = await store.gaps()
        some = await store.gaps(T0 + 16, T0 + 40)
        inside = await store.state_at(T0 + 12)

    assert [gap.cause for gap in every] == [GapCause.DISK_FULL, GapCause.WRITE_FAILED, GapCause.CRASHED]
    assert every[1].detail == "stars: why"
    assert some == every[1:2]
    assert inside.gap == every[0]


async def test_last_failure_of_the_day_before_is_told(tmp_path: Path) -> None:
    midnight = HOUR - HOUR % DAY + DAY
    failed = failing(midnight - 1, "run-1", kind=OutcomeKind.SERVER_ERROR)
    await recorded(tmp_path, Life((started(midnight - 2), failed, *plain(midnight + 1, "run-2")), midnight + 2))
    async with SqliteStore.open(tmp_path) as store:
        state = await store.state_at(midnight + 1.5)

    assert state.models[0].last_error == failed.message


async def test_alerts_of_versions_that_kept_no_rows_of_them_are_told_by_their_events(tmp_path: Path) -> None:
    await recorded(tmp_path, Life(ONE_OF_EACH, HOUR + 10))
    with closing(database(tmp_path)) as older:
        older.execute("DELETE FROM alert")
    async with SqliteStore.open(tmp_path) as store:
        (alert,) = await store.alerts(Wanted())
        state = await store.state_at(HOUR + 5)

    assert (alert.alert_id, alert.state, alert.raised_at) == ("alert-1", AlertState.FIRING, HOUR + 5)
    assert state.alerts == (alert,)


# --- people ------------------------------------------------------------------------------------------


async def test_views_for_people_name_models_and_kinds(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(breaker(2))
    shell = database(tmp_path)

    kinds = shell.execute("SELECT model, kind, json_extract(body, '$.new') FROM events").fetchall()

    shell.close()
    assert kinds == [("alpha", BreakerChanged.__name__, "open")]
