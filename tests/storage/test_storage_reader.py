"""Reading beside a live writer, after it, and from places where nothing may be written."""

from __future__ import annotations

import asyncio
import math
import tempfile
from pathlib import Path

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.events import AttemptFinished, BreakerChanged, OperatorActed, ProbeFinished
from hive_console.core.outcome import OutcomeKind
from hive_storage.database import reading_address
from hive_storage.folder import DATABASE_NAME
from hive_storage.reader import ROW_LIMIT, Reader
from tests.storage.support import PATIENCE, T0, action, attempt, breaker, child, database, recording


async def test_reader_beside_a_live_writer_sees_what_was_committed(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(1))
        async with Reader.open(tmp_path) as reader:
            first = await reader.events()
            recorder.record(attempt(2))
            await recorder.record_durably(action(3))
            second = await reader.events()

    assert first == (action(1),)
    assert second == (action(1), attempt(2), action(3))


async def test_window_kinds_and_limit_choose_the_newest(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        for number in range(10):
            recorder.record(attempt(number))
            recorder.record(breaker(number))
            recorder.record(action(number))
    async with Reader.open(tmp_path / DATABASE_NAME) as reader:
        window = await reader.events(T0 + 2, T0 + 4)
        breakers = await reader.events(kinds=(BreakerChanged,), limit=2)
        mixed = await reader.events(T0, T0 + 1, kinds=(BreakerChanged, AttemptFinished, OperatorActed))
        none = await reader.events(T0, T0 + 10, kinds=())
        nothing = await reader.events(limit=0)
        audit = await reader.audit(3)

    assert window == (attempt(2), breaker(2), action(2), attempt(3), breaker(3), action(3))
    assert breakers == (breaker(8), breaker(9))
    assert mixed == (attempt(0), breaker(0), action(0))
    assert none == nothing == ()
    assert audit == (action(7), action(8), action(9))


async def test_events_recorded_late_are_found_at_their_own_time(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(5_000))
        recorder.record(attempt(1))
    async with Reader.open(tmp_path) as reader:
        late = await reader.events(T0, T0 + 10)
        usual = await reader.events(T0 + 10, T0 + 6_000)

    assert late == (attempt(1),)
    assert usual == (attempt(5_000),)


async def test_answer_is_bounded(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        for number in range(ROW_LIMIT + 10):
            recorder.record(attempt(number))
    async with Reader.open(tmp_path) as reader:
        found = await reader.events(limit=10**9)

    assert len(found) == ROW_LIMIT
    assert found[-1] == attempt(ROW_LIMIT + 9)


async def test_series_counts_judged_calls_and_times_good_answers(tmp_path: Path) -> None:
    kinds = [OutcomeKind.SUCCESS, OutcomeKind.SUCCESS, OutcomeKind.SERVER_ERROR, OutcomeKind.RATE_LIMITED]
    async with recording(tmp_path) as recorder:
        for number, kind in enumerate(kinds):
            recorder.record(attempt(number, kind=kind))
        recorder.record(attempt(25, kind=OutcomeKind.TIMED_OUT))
        recorder.record(
            ProbeFinished(at=T0 + 11, model="alpha", kind=OutcomeKind.SUCCESS, latency=0.5, is_recovery=True)
        )
    async with Reader.open(tmp_path) as reader:
        first, second, third = await reader.attempts("alpha", T0, T0 + 30, step=10)
        probes = await reader.probes("alpha", T0, T0 + 30, step=10)
        unknown = await reader.attempts("beta", T0, T0 + 30, step=10)

    assert (first.answered, first.failed, first.neutral) == (2, 1, 1)
    assert first.response_time == pytest.approx(0.25)
    assert first.error_rate == pytest.approx(1 / 3)
    assert (second.at, second.response_time, second.error_rate) == (T0 + 10, None, None)
    assert (third.failed, third.response_time, third.error_rate) == (1, None, 1.0)
    assert [bucket.response_time for bucket in probes] == [None, 0.5, None]
    assert [bucket.answered + bucket.failed for bucket in unknown] == [0, 0, 0]


@pytest.mark.parametrize(
    ("begin", "end", "step"), [(0, 0, 1), (0, 10, 0), (0, math.inf, 1), (0, 10, math.nan), (0, 10_000, 1)]
)
async def test_series_without_end_is_refused(tmp_path: Path, begin: float, end: float, step: float) -> None:
    async with recording(tmp_path):
        pass
    async with Reader.open(tmp_path) as reader:
        with pytest.raises(HiveError, match="a series"):
            await reader.attempts("alpha", begin, end, step=step)


async def test_kind_of_a_newer_version_is_left_out_and_counted(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(breaker(1))
    newer = database(tmp_path)
    newer.execute("INSERT INTO event (seq, kind, body) VALUES (2, 'ModelDreamt', '{}')")
    newer.execute("INSERT INTO event (seq, kind, body) VALUES (3, 'BreakerChanged', '{\"model\":\"a\"}')")
    newer.close()
    async with Reader.open(tmp_path) as reader:
        found = await reader.events()

        assert found == (breaker(1),)
        assert reader.skipped == 2


async def test_reader_cannot_write(tmp_path: Path) -> None:
    async with recording(tmp_path):
        pass
    async with Reader.open(tmp_path) as reader:
        with pytest.raises(Exception, match="readonly"):
            await reader._connection.execute("DELETE FROM run")


_ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


async def test_question_without_end_is_given_up_and_the_next_one_answered(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
    async with Reader.open(tmp_path) as reader:
        with pytest.raises(HiveError, match="took longer than"):
            await reader._ask([(_ENDLESS, {})], wait=0.01)

        assert await reader.events() == (attempt(1),)


async def test_cancelled_question_stops_and_the_next_one_is_answered(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
    async with Reader.open(tmp_path) as reader:
        asking = asyncio.create_task(reader._ask([(_ENDLESS, {})], wait=None))
        waiting = asyncio.create_task(reader.events())
        await asyncio.sleep(0)
        asking.cancel()

        assert await waiting == (attempt(1),)
        assert asking.cancelled()


async def test_place_without_a_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="there is no recording at"):
        async with Reader.open(tmp_path):
            pass
    (tmp_path / DATABASE_NAME).touch()
    with pytest.raises(HiveError, match="nothing has been recorded yet"):
        async with Reader.open(tmp_path):
            pass


async def test_live_file_is_never_read_as_immutable(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(1))

        assert "immutable" not in reading_address(tmp_path / DATABASE_NAME)


async def _recorded(folder: Path) -> None:
    async with recording(folder) as recorder:
        recorder.record(attempt(1))


def test_copy_in_a_folder_that_takes_no_files_opens() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        asyncio.run(_recorded(folder))
        (folder / DATABASE_NAME).chmod(0o444)
        folder.chmod(0o555)

        reader = child("read", folder)
        said, problems = reader.communicate(timeout=PATIENCE)

        folder.chmod(0o755)
    assert (said, reader.returncode) == ("events 1\n", 0), problems


async def test_views_for_people_name_models_and_kinds(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
        recorder.record(breaker(2))
    shell = database(tmp_path)

    rows = shell.execute("SELECT utc, model, kind, latency_ms FROM attempts").fetchall()
    kinds = shell.execute("SELECT model, kind, json_extract(body, '$.new') FROM events").fetchall()

    shell.close()
    assert rows == [("2026-09-21 14:13:21", "alpha", "success", 250.0)]
    assert kinds == [("alpha", "BreakerChanged", "open")]
