"""The doctor: what is wrong is found and told with what to do, and nothing is changed by looking."""

# ruff: noqa: ASYNC240  # a test may look at a folder from its loop

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import aiosqlite
import pytest

from hive_console.core.errors import HiveError
from hive_console.core.keeping import Keeping
from hive_storage import doctor, sql
from hive_storage.diagnosis import Diagnosis, Weight
from hive_storage.disk import Space
from hive_storage.doctor import examine
from hive_storage.folder import DATABASE_NAME, DataFolder
from tests.storage.kept_recordings import DAY, NOON, add_windows, day_file, windows, writing

GIB = 1024**3
KEEPING = Keeping()


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "space_of", lambda _folder: Space(100 * GIB, 50 * GIB))


async def add_run(connection: aiosqlite.Connection, age: float, *, ended: float | None, clean: int) -> None:
    await connection.execute(
        "INSERT INTO run (started_us, ended_us, clean, pid, host, version) VALUES (?, ?, ?, 1, 'here', '1')",
        (int((NOON - age * DAY) * 1e6), None if ended is None else int((NOON - ended * DAY) * 1e6), clean),
    )


def wrong(found: Diagnosis) -> list[str]:
    return [finding.text for finding in found.findings if finding.weight is Weight.WRONG]


async def healthy(folder: Path) -> None:
    folder.chmod(0o700)
    async with writing(folder) as connection:
        await add_windows(connection, "r60", windows(60, 1, NOON - 60_000, NOON))
        await add_run(connection, 10, ended=0.5, clean=1)
    (folder / DATABASE_NAME).chmod(0o600)
    for age in (2, 1):
        day_file(folder, NOON - age * DAY, plain=1_000)


async def test_a_healthy_recording_is_told_with_its_rows_sizes_and_history(tmp_path: Path) -> None:
    await healthy(tmp_path)

    found = examine(tmp_path, NOON, keeping=KEEPING)

    assert found.is_well, found.findings
    assert [file.name for file in found.files] == [DATABASE_NAME, "raw/req-20261125.db", "raw/req-20261124.db"]
    assert [file.version for file in found.files] == [sql.SCHEMA_VERSION, 1, 1]
    rows = {table.name: table.rows for table in found.files[0].tables}
    assert (rows["r60"], rows["run"], rows["audit"]) == (1_000, 1, 0)
    assert found.files[0].tables[0].name == "r60"
    assert all(table.size for table in found.files[0].tables if table.rows and table.size is not None)
    assert {table.name: table.rows for table in found.files[1].tables}["request"] == 1_000
    assert (found.runs, found.crashes, found.gaps, found.dropped) == (1, 0, {}, 0)
    assert found.sqlite == sqlite3.sqlite_version


async def test_looking_changes_nothing(tmp_path: Path) -> None:
    await healthy(tmp_path)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.db")}

    examine(tmp_path, NOON, keeping=KEEPING)

    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*.db")} == before


@pytest.mark.parametrize("is_quick", [False, True])
async def test_a_damaged_day_is_named(tmp_path: Path, is_quick: bool) -> None:  # noqa: FBT001 - a parameter of the test
    await healthy(tmp_path)
    path = tmp_path / "raw" / "req-20261124.db"
    path.chmod(0o600)
    body = bytearray(path.read_bytes())
    body[4096 * 3 : 4096 * 5] = bytes(4096 * 2)
    path.write_bytes(body)

    found = examine(tmp_path, NOON, keeping=KEEPING, is_quick=is_quick)

    assert not found.is_well
    assert any("raw/req-20261124.db is damaged" in text for text in wrong(found))
    assert found.files[1].problems == ()


async def test_a_day_that_was_put_aside_is_told(tmp_path: Path) -> None:
    await healthy(tmp_path)
    path = tmp_path / "raw" / "req-20261124.db"
    path.rename(path.with_name("req-20261124.db.damaged-1"))

    found = examine(tmp_path, NOON, keeping=KEEPING)

    assert wrong(found) == ["damaged files of days were put aside: 1 (raw/*.damaged-*)"]


async def test_what_is_no_database_is_told_and_has_no_rows(tmp_path: Path) -> None:
    await healthy(tmp_path)
    (tmp_path / DATABASE_NAME).write_bytes(b"something else entirely" * 1_000)

    found = examine(tmp_path, NOON, keeping=KEEPING)

    assert found.files[0].problems == ("the file is no database (SQLITE_NOTADB)",)
    assert found.files[0].tables == ()
    assert (found.runs, found.forecast) == (0, None)


def test_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="there is no recording at"):
        examine(tmp_path, NOON, keeping=KEEPING)


async def test_who_may_read_and_write_it_is_told(tmp_path: Path) -> None:
    await healthy(tmp_path)
    (tmp_path / DATABASE_NAME).chmod(0o644)
    behind_a_closed_door = wrong(examine(tmp_path, NOON, keeping=KEEPING))
    tmp_path.chmod(0o777)
    open_to_all = wrong(examine(tmp_path, NOON, keeping=KEEPING))

    assert behind_a_closed_door == []
    assert [text.split(":")[0] for text in open_to_all] == [
        "others may put files into the folder (mode 0777)",
        "others may read hive.db",
    ]


async def test_a_network_under_it_is_told(tmp_path: Path) -> None:
    await healthy(tmp_path)
    mounts = tmp_path / "mountinfo"
    mounts.write_text("1 0 0:1 / / rw - nfs4 filer:/x rw\n")

    found = examine(tmp_path, NOON, keeping=KEEPING, mounts=mounts)

    assert any("network file system (nfs4)" in text for text in wrong(found))


@pytest.mark.parametrize(("free", "word"), [(GIB, "the disk is tight"), (100 * 1024**2, "the disk is nearly full")])
async def test_a_disk_that_fills_up_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, word: str
) -> None:
    await healthy(tmp_path)
    monkeypatch.setattr(doctor, "space_of", lambda _folder: Space(100 * GIB, free))

    assert any(word in text for text in wrong(examine(tmp_path, NOON, keeping=KEEPING)))


async def test_crashes_and_lost_events_are_wrong_for_a_day_and_told_for_thirty(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await add_run(connection, 40, ended=39, clean=0)
        await add_run(connection, 9, ended=8, clean=0)
        await add_run(connection, 7, ended=0.2, clean=0)
        for age, cause, dropped in ((5, "queue full", 3), (0.1, "disk full", 4), (50, "disk full", 1_000)):
            at = int((NOON - age * DAY) * 1e6)
            await connection.execute(
                "INSERT INTO gap (t0_us, t1_us, cause, dropped, detail) VALUES (?, ?, ?, ?, '')",
                (at, at, cause, dropped),
            )
    tmp_path.chmod(0o700)

    today, later = (examine(tmp_path, NOON + days * DAY, keeping=KEEPING) for days in (0, 2))

    assert (today.runs, today.crashes, today.gaps, today.dropped) == (2, 2, {"disk full": 1, "queue full": 1}, 7)
    assert wrong(today) == [
        "4 events were lost within a day; table gap says why",
        "an engine ended without a word 1 time within a day",
    ]
    assert later.is_well


async def test_a_life_that_lasts_is_no_crash_while_somebody_holds_the_folder(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await add_run(connection, 0.1, ended=None, clean=0)
    held = DataFolder.open(tmp_path, started=NOON, command="hive-console serve")

    while_held = examine(tmp_path, NOON, keeping=KEEPING)
    held.release()
    after = examine(tmp_path, NOON, keeping=KEEPING)

    assert (while_held.crashes, after.crashes) == (0, 1)
    assert "hive-console serve" in while_held.holder
    assert after.holder == ""


async def test_a_forecast_says_whether_all_that_is_kept_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await healthy(tmp_path)
    roomy = examine(tmp_path, NOON, keeping=KEEPING).forecast
    monkeypatch.setattr(doctor, "space_of", lambda _folder: Space(2_000_000, 300_000))
    narrow = examine(tmp_path, NOON, keeping=KEEPING)

    assert roomy is not None
    assert roomy.full_in is None
    day = (tmp_path / "raw" / "req-20261124.db").stat().st_size
    assert roomy.raw_a_day == day
    assert roomy.settles_at > day * 7 + roomy.main_a_day * 30
    assert narrow.forecast is not None
    assert narrow.forecast.full_in == pytest.approx(300_000 / (roomy.raw_a_day + roomy.main_a_day))
    assert any("the disk is full in" in text for text in wrong(narrow))


async def test_a_recording_of_today_has_no_forecast(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await add_run(connection, 0.5, ended=None, clean=0)

    assert examine(tmp_path, NOON, keeping=KEEPING).forecast is None


async def test_files_of_other_versions_are_told(tmp_path: Path) -> None:
    await healthy(tmp_path)
    async with writing(tmp_path) as connection:
        await connection.execute("PRAGMA user_version = 3")
    older = examine(tmp_path, NOON, keeping=KEEPING)
    async with writing(tmp_path) as connection:
        await connection.execute("PRAGMA user_version = 99")
    newer = examine(tmp_path, NOON, keeping=KEEPING)

    assert any("older hive-console (schema 3)" in finding.text for finding in older.findings)
    assert any("newer hive-console (schema 99)" in finding.text for finding in newer.findings)


@pytest.mark.parametrize(("version", "is_told"), [((3, 40, 1), True), ((3, 51, 3), False)])
async def test_the_known_bug_of_the_log_is_told_by_version(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[int, int, int],
    is_told: bool,  # noqa: FBT001
) -> None:
    await healthy(tmp_path)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    found = examine(tmp_path, NOON, keeping=replace(KEEPING, raw_days=1))

    assert any("bug of its log" in finding.text for finding in found.findings) is is_told


async def test_a_large_log_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LARGE", 1_000)
    async with writing(tmp_path) as connection:
        await add_windows(connection, "r60", windows(60, 1, NOON - 60_000, NOON))

        found = examine(tmp_path, NOON, keeping=KEEPING)

    assert any("the log of hive.db is large" in text for text in wrong(found))
