"""Retention: what is over goes in small steps, what tells the past stays, and the file does not grow."""

# ruff: noqa: S608  # statements are put together from constants

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import aiosqlite
import pytest

from hive_console.core.keeping import Keeping
from hive_console.core.rollup import Tier
from hive_storage import retention, sql
from hive_storage.audit_chain import AuditChain
from hive_storage.failures import keep_failures
from hive_storage.folder import DATABASE_NAME
from hive_storage.raw_files import RawKind, raw_files
from hive_storage.retention import Keeper
from hive_storage.table_sizes import Weight, cut_for, total, used_bytes, weigh_probes, weigh_windows
from tests.storage.audit_samples import append
from tests.storage.kept_recordings import DAY, NOON, add_windows, day_file, names_in, windows, writing

KEEPING = Keeping()
MIB = 1024**2


async def done(keeper: Keeper, connection: aiosqlite.Connection, now: float = NOON) -> int:
    """Steps until nothing is due; how many it took."""
    for count in range(1, 10_000):
        if (await keeper.step(connection, now, 0.0)).is_done:
            return count
    raise AssertionError("retention does not end")


async def count(connection: aiosqlite.Connection, what: str) -> int:
    return int(next(iter(await connection.execute_fetchall(f"SELECT count(*) FROM {what}")))[0])


async def column(connection: aiosqlite.Connection, statement: str) -> list[object]:
    return [row[0] for row in await connection.execute_fetchall(statement)]


@pytest.mark.parametrize("tier", list(Tier))
async def test_windows_go_when_they_are_older_than_their_tier_is_kept(tmp_path: Path, tier: Tier) -> None:
    table, edge = sql.ROLL_UP_TABLES[tier], int(NOON) - KEEPING.days_of(tier) * DAY
    async with writing(tmp_path) as connection:
        for model in (1, 7, 900):
            await add_windows(connection, table, windows(tier, model, edge - 50 * tier, edge + 50 * tier))

        await done(Keeper(tmp_path, KEEPING), connection)

        assert await column(connection, f"SELECT min(t) >= {edge} FROM {table} GROUP BY model") == [1, 1, 1]
        assert await column(connection, f"SELECT count(*) >= 50 FROM {table} GROUP BY model") == [1, 1, 1]


async def test_a_transaction_takes_no_more_rows_than_it_may(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        for model in range(4):
            rows = windows(60, model, NOON - 60 * DAY, NOON - 60 * DAY + 60 * 10_000, b"")
            await add_windows(connection, "r60", rows)
        keeper = Keeper(tmp_path, KEEPING)
        taken = []
        while not (step := await keeper.step(connection, NOON, 0.0)).is_done:
            taken.append(step.removed)

        assert sum(taken) == 40_000
        assert max(taken) <= retention.MOST_ROWS


async def test_a_table_that_takes_too_much_is_cut_from_its_old_end(tmp_path: Path) -> None:
    keeping = replace(KEEPING, roll_up_60s_size=3 * MIB)
    async with writing(tmp_path) as connection:
        for model in range(5):
            await add_windows(connection, "r60", windows(60, model, NOON - 4 * DAY, NOON))

        before = total(await weigh_windows(connection, Tier.MINUTE))
        await done(Keeper(tmp_path, keeping), connection)
        after = total(await weigh_windows(connection, Tier.MINUTE))

        assert before > 8 * MIB
        assert 2.6 * MIB < after < 3.1 * MIB
        assert await column(connection, f"SELECT max(t) > {NOON - 120} FROM r60 GROUP BY model") == [1] * 5


async def test_what_longer_windows_are_still_made_of_stays_whatever_its_size(tmp_path: Path) -> None:
    keeping = replace(KEEPING, roll_up_10s_size=MIB)
    async with writing(tmp_path) as connection:
        for model in range(20):
            await add_windows(connection, "r10", windows(10, model, NOON - 7_200, NOON))

        await done(Keeper(tmp_path, keeping), connection)

        assert await count(connection, "r10") == 20 * 720


@pytest.mark.parametrize("sketch", [b"", bytes(60), bytes(347)])
async def test_windows_are_weighed_to_a_fifth_without_reading_them(tmp_path: Path, sketch: bytes) -> None:
    async with writing(tmp_path) as connection:
        empty = await used_bytes(connection)
        for model in range(10):
            await add_windows(connection, "r60", windows(60, model, NOON - DAY, NOON, sketch))

        told = total(await weigh_windows(connection, Tier.MINUTE))

        assert told == pytest.approx(await used_bytes(connection) - empty, rel=0.2)


def test_the_old_end_is_cut_where_the_rest_fits() -> None:
    weights = (Weight(0, 100, 500.0), Weight(100, 200, 500.0), Weight(200, 300, 1000.0))

    cuts = [cut_for(weights, most) for most in (2_000, 1_750, 1_250, 500, 0)]

    assert cuts == [None, 50, 150, 250, 300]


async def add_probes(connection: aiosqlite.Connection, begin: float, end: float, step: float = 1.0) -> None:
    await connection.execute("BEGIN")
    await connection.executemany(
        "INSERT INTO probe (seq, model, kind, latency_us, is_recovery, message) VALUES (?, 1, 2, 150000, 0, '')",
        [(int((begin + number * step) * 1e6),) for number in range(int((end - begin) / step))],
    )
    await connection.execute("COMMIT")


async def test_health_checks_go_by_age_and_by_size(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await add_probes(connection, NOON - 36 * DAY, NOON - 34 * DAY, 60.0)
        await done(Keeper(tmp_path, KEEPING), connection)
        by_age = await count(connection, "probe")
        await add_probes(connection, NOON - 2 * DAY, NOON)
        weighed = total(await weigh_probes(connection))

        await done(Keeper(tmp_path, replace(KEEPING, probe_size=2 * MIB)), connection)

        assert by_age == 1_440
        assert weighed > 4 * MIB
        assert 1.5 * MIB < total(await weigh_probes(connection)) < 2.1 * MIB
        assert await column(connection, f"SELECT max(seq) > {(NOON - 2) * 1e6:.0f} FROM probe") == [1]


async def test_health_checks_are_weighed_to_a_fifth(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        empty = await used_bytes(connection)
        await add_probes(connection, NOON - DAY, NOON)

        assert total(await weigh_probes(connection)) == pytest.approx(await used_bytes(connection) - empty, rel=0.2)


async def test_requests_of_an_older_file_go_like_those_of_the_days(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        for age in (8, 6):
            await connection.execute(
                "INSERT INTO attempt (seq, operation, model, number, kind, latency_us, message)"
                " VALUES (?, 'o', 1, 1, 1, 1, '')",
                (int((NOON - age * DAY) * 1e6),),
            )

        await done(Keeper(tmp_path, KEEPING), connection)

        assert await column(connection, "SELECT seq FROM attempt") == [int((NOON - 6 * DAY) * 1e6)]


async def add_event(connection: aiosqlite.Connection, age: float, kind: str, model: int | None) -> None:
    await connection.execute(
        "INSERT INTO event (seq, kind, model, body) VALUES (?, ?, ?, ?)",
        (int((NOON - age * DAY) * 1e6), kind, model, json.dumps({"age": age})),
    )


async def test_the_newest_event_of_a_kind_and_model_before_the_edge_stays(tmp_path: Path) -> None:
    ages = ((900, "BreakerChanged", 1), (800, "BreakerChanged", 1), (700, "BreakerChanged", 2))
    nobodys = ((600, "EngineStarted", None), (500, "EngineStarted", None), (300, "EngineStarted", None))
    async with writing(tmp_path) as connection:
        for age, kind, model in (*ages, *nobodys):
            await add_event(connection, age, kind, model)
        keeper = Keeper(tmp_path, KEEPING)

        await done(keeper, connection)
        stayed = await column(connection, "SELECT json_extract(body, '$.age') FROM event ORDER BY seq")
        await done(keeper, connection, NOON + 150 * DAY)

        assert stayed == [800, 700, 500, 300]
        later = await column(connection, "SELECT json_extract(body, '$.age') FROM event ORDER BY seq")
        assert later == [800, 700, 300]


async def test_events_that_stay_do_not_keep_the_later_ones_from_going(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST_ROWS", 10)
    monkeypatch.setattr(retention, "FEWEST_ROWS", 10)
    async with writing(tmp_path) as connection:
        for model in range(1_100):
            await add_event(connection, 900 - model / 100_000, "BreakerChanged", model)
        for number in range(50):
            await add_event(connection, 800 - number, "StatusChanged", 1)

        await done(Keeper(tmp_path, KEEPING), connection)

        assert await count(connection, "event WHERE kind = 'StatusChanged'") == 1
        assert await count(connection, "event WHERE kind = 'BreakerChanged'") == 1_100


async def test_what_is_not_over_stays_and_so_does_the_audit_trail(tmp_path: Path) -> None:
    old = int((NOON - 500 * DAY) * 1e6)
    async with writing(tmp_path) as connection:
        await connection.executescript(f"""
            INSERT INTO gap (t0_us, t1_us, cause, dropped, detail) VALUES ({old}, {old}, 'queue full', 1, '');
            INSERT INTO run (started_us, ended_us, pid, host, version) VALUES ({old}, {old}, 1, '', '');
            INSERT INTO run (started_us, ended_us, pid, host, version) VALUES ({old}, NULL, 1, '', '');
            INSERT INTO run (started_us, ended_us, pid, host, version) VALUES ({old}, {old}, 1, '', '');
            INSERT INTO alert (seq, alert_id, rule, severity, subject, text, raised_us, resolved_us)
              VALUES ({old}, 'over', 1, 1, '', '', {old}, {old}), ({old + 1}, 'fires', 1, 1, '', '', {old}, NULL);
        """)

        with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as other:
            append(other, AuditChain(), range(1, 4))

        await done(Keeper(tmp_path, replace(KEEPING, event_days=1)), connection)

        assert await count(connection, "gap") == 0
        assert await column(connection, "SELECT id FROM run ORDER BY id") == [2, 3]
        assert await column(connection, "SELECT alert_id FROM alert") == ["fires"]
        assert await count(connection, "audit") == 3


async def test_days_go_by_age_but_never_one_that_is_written(tmp_path: Path) -> None:
    for age in (9, 8, 7, 1, 0):
        day_file(tmp_path, NOON - age * DAY)
    async with writing(tmp_path) as connection:
        step = await Keeper(tmp_path, replace(KEEPING, failed_days=0)).step(connection, NOON, 10.0)

        assert names_in(tmp_path) == ["req-20261119.db", "req-20261125.db", "req-20261126.db"]
        assert (step.removed, step.is_done) == (2, True)
        assert "2 files of days" in step.detail


async def test_days_go_by_their_size_together_oldest_first(tmp_path: Path) -> None:
    for age in (3, 2, 1, 0):
        day_file(tmp_path, NOON - age * DAY, plain=30_000)
    size = sum(file.size for file in raw_files(tmp_path))
    async with writing(tmp_path) as connection:
        await done(Keeper(tmp_path, replace(KEEPING, raw_size=int(size * 0.6))), connection)

        assert names_in(tmp_path) == ["req-20261125.db", "req-20261126.db"]


async def test_a_day_that_is_attached_stays_though_it_is_over(tmp_path: Path) -> None:
    yesterday = day_file(tmp_path, NOON - 30 * DAY)
    day_file(tmp_path, NOON - 31 * DAY)
    yesterday.chmod(0o600)
    async with writing(tmp_path) as connection:
        await connection.execute("ATTACH ? AS day", (str(yesterday),))

        await done(Keeper(tmp_path, replace(KEEPING, failed_days=0)), connection)

        assert names_in(tmp_path) == [yesterday.name]


async def test_failed_requests_outlive_their_day(tmp_path: Path) -> None:
    day_file(tmp_path, NOON - 9 * DAY, failed=["lost-1", "lost-2"])
    async with writing(tmp_path) as connection:
        await done(Keeper(tmp_path, KEEPING), connection)
        (kept,) = raw_files(tmp_path)
        with closing(sqlite3.connect(f"file:{kept.path}?mode=ro", uri=True)) as file:
            told = file.execute(
                "SELECT o.operation, n.text, o.at_us = o.seq FROM operation o JOIN name n ON n.id = o.kind"
            ).fetchall()
            plain = file.execute("SELECT count(*) FROM request").fetchone()
            mode = kept.path.stat().st_mode & 0o777
            marks = [
                file.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in ("application_id", "user_version")
            ]

        await done(Keeper(tmp_path, KEEPING), connection, NOON + 27 * DAY)

        assert kept.kind is RawKind.FAILED
        assert mode == 0o400
        assert told == [("lost-1", "timeout", 1), ("lost-2", "timeout", 1)]
        assert plain == (0,)
        assert marks == [0x48495652, 1]
        assert names_in(tmp_path) == []


async def test_a_day_that_goes_for_want_of_space_leaves_nothing_behind(tmp_path: Path) -> None:
    for age in (2, 1):
        day_file(tmp_path, NOON - age * DAY, plain=40_000, failed=["lost"])
    async with writing(tmp_path) as connection:
        await done(Keeper(tmp_path, replace(KEEPING, raw_size=MIB)), connection)

        assert names_in(tmp_path) == []


def test_copying_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = day_file(tmp_path, NOON - 9 * DAY, failed=[f"lost-{number}" for number in range(25)])
    (day,) = raw_files(tmp_path)

    answers = [keep_failures(tmp_path, day, 10) for _ in range(3)]

    assert answers == [False, False, True]
    with closing(sqlite3.connect(path.with_name(path.name.replace("req", "bad")))) as file:
        assert file.execute("SELECT count(*), count(DISTINCT operation) FROM operation").fetchone() == (25, 25)


async def test_a_damaged_day_goes_all_the_same(tmp_path: Path) -> None:
    path = day_file(tmp_path, NOON - 9 * DAY, failed=["lost"])
    path.chmod(0o600)
    path.write_bytes(b"no database at all" * 1_000)
    async with writing(tmp_path) as connection:
        await done(Keeper(tmp_path, KEEPING), connection)

        assert names_in(tmp_path) == []


async def test_a_day_that_was_put_aside_goes_when_its_time_is_over(tmp_path: Path) -> None:
    for age in (9, 3):
        path = day_file(tmp_path, NOON - age * DAY)
        path.rename(path.with_name(f"{path.name}.damaged-1"))
    async with writing(tmp_path) as connection:
        await done(Keeper(tmp_path, KEEPING), connection)

        assert names_in(tmp_path) == ["req-20261123.db.damaged-1"]


async def test_a_copy_that_was_begun_goes_with_its_day(tmp_path: Path) -> None:
    path = day_file(tmp_path, NOON - 9 * DAY, failed=[f"lost-{number}" for number in range(25)])
    (day,) = raw_files(tmp_path)
    keep_failures(tmp_path, day, 10)
    path.unlink()
    async with writing(tmp_path) as connection:
        await done(Keeper(tmp_path, KEEPING), connection)

        assert names_in(tmp_path) == []


async def test_a_file_that_cannot_be_removed_is_told_and_keeps_nothing_else_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: object) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(retention, "remove", refuse)
    day_file(tmp_path, NOON - 90 * DAY)
    async with writing(tmp_path) as connection:
        await add_probes(connection, NOON - 36 * DAY, NOON - 36 * DAY + 10)

        step = await Keeper(tmp_path, KEEPING).step(connection, NOON, 10.0)

        assert "Operation not permitted" in step.detail
        assert await count(connection, "probe") == 0


async def test_file_size_is_flat_over_three_periods_and_space_is_given_back(tmp_path: Path) -> None:
    """A day of five models, forty days long, of which two are kept."""
    keeping = replace(KEEPING, roll_up_60s_days=2, probe_days=2)
    keeper, sizes = Keeper(tmp_path, keeping), []
    async with writing(tmp_path) as connection:
        for day in range(-8, 1):
            now = NOON + day * DAY
            for model in range(3):
                await add_windows(connection, "r60", windows(60, model, now - DAY, now))
            await add_probes(connection, now - DAY, now, 10.0)
            await done(keeper, connection, now)
            sizes.append(await count_pages(connection))
        await done(keeper, connection, NOON + 3 * DAY)
        left = await count_pages(connection)

    assert max(sizes[3:]) <= min(sizes[3:]) * 1.05
    assert left < max(sizes) / 2


async def count_pages(connection: aiosqlite.Connection) -> int:
    return int(next(iter(await connection.execute_fetchall("PRAGMA main.page_count")))[0])


async def test_free_pages_go_back_many_at_a_time(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await add_windows(connection, "r60", windows(60, 1, NOON - 60 * DAY, NOON - 50 * DAY))
        before = await count_pages(connection)

        steps = await done(Keeper(tmp_path, KEEPING), connection)

        assert before - await count_pages(connection) > 300
        assert steps < 40


async def test_when_nothing_is_due_it_rests(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        keeper = Keeper(tmp_path, KEEPING)
        await done(keeper, connection)
        await add_probes(connection, NOON - 36 * DAY, NOON - 36 * DAY + 10)

        at_once = await keeper.step(connection, NOON + 1, 10.0)
        later = await keeper.step(connection, NOON + retention.LOOK, 10.0)

        assert (at_once.removed, later.removed) == (0, 10)


async def test_a_refused_step_leaves_no_transaction_open(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await add_probes(connection, NOON - 36 * DAY, NOON - 36 * DAY + 10)
        await connection.execute(
            "CREATE TEMP TRIGGER refuse BEFORE DELETE ON main.probe BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

        with pytest.raises(sqlite3.IntegrityError):
            await Keeper(tmp_path, KEEPING).step(connection, NOON, 10.0)

        assert not connection.in_transaction
        assert await count(connection, "probe") == 10
