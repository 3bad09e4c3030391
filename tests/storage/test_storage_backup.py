"""Backups: what was committed by then and nothing half-made, beside a live writer."""

# ruff: noqa: ASYNC240  # a test may look at a folder from its loop

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.store import Wanted
from hive_storage import backup, migration_copy, sql
from hive_storage.anchors import ANCHOR_NAME
from hive_storage.backup import back_up
from hive_storage.disk import Space
from hive_storage.folder import DATABASE_NAME
from hive_storage.store import SqliteStore
from tests.storage.golden_files import count
from tests.storage.kept_recordings import DAY, NOON, add_windows, day_file, windows, writing
from tests.storage.support import attempt, breaker, damage, recording, until


def silent(_name: str, _copied: int, _size: int) -> None:
    """Nobody listens."""


async def test_a_backup_beside_a_live_writer_holds_what_was_committed(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "copy"
    async with recording(data) as taking:
        for number in range(50):
            taking.record(breaker(number))
        await until(lambda: taking.view().recorded == 50)

        done = back_up(data, target, has_requests=False, told=silent)
        taking.record(attempt(51))

    async with SqliteStore.open(target) as store:
        events = await store.events(Wanted())
    assert damage(target) == []
    assert len(events) == 50
    assert done.files == (DATABASE_NAME,)
    assert target.stat().st_mode & 0o777 == 0o700
    assert (target / DATABASE_NAME).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "data"]


async def test_a_backup_is_a_data_folder_with_its_days_and_anchors(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "copy"
    data.mkdir()
    sealed = day_file(data, NOON - DAY)
    today = day_file(data, NOON)
    today.chmod(0o600)
    (data / ANCHOR_NAME).write_text("1 abc\n")
    heard: list[tuple[str, int, int]] = []
    async with writing(data) as connection:
        await add_windows(connection, "r60", windows(60, 1, NOON - 6_000, NOON))
        await connection.execute("ATTACH ? AS day", (str(today),))
        await connection.execute_fetchall("PRAGMA day.journal_mode = WAL")
        await connection.execute("DELETE FROM day.request WHERE seq % 2")

        done = back_up(data, target, has_requests=True, told=lambda *told: heard.append(told))

    assert done.files == (DATABASE_NAME, f"raw/{sealed.name}", f"raw/{today.name}", ANCHOR_NAME)
    assert count(target / "raw" / sealed.name, "request") == 50
    assert count(target / "raw" / today.name, "request") == 25
    assert (target / "raw" / sealed.name).read_bytes() == sealed.read_bytes()
    assert count(target / DATABASE_NAME, "r60") == 100
    assert (target / ANCHOR_NAME).read_text() == "1 abc\n"
    assert {path.stat().st_mode & 0o777 for path in target.rglob("*") if path.is_file()} == {0o600}
    whole = dict.fromkeys(name for name, copied, size in heard if copied == size)
    assert list(whole) == [DATABASE_NAME, sealed.name, today.name]
    async with writing(target) as connection:
        assert [tuple(row) for row in await connection.execute_fetchall("PRAGMA user_version")] == [
            (sql.SCHEMA_VERSION,)
        ]


def test_a_target_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).touch()
    target = tmp_path / "copy"
    target.mkdir()

    with pytest.raises(HiveError, match="exists already"):
        back_up(tmp_path, target, has_requests=False, told=silent)

    assert list(target.iterdir()) == []


def test_no_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(HiveError, match="there is no recording at"):
        back_up(tmp_path / "none", tmp_path / "copy", has_requests=False, told=silent)


async def test_without_room_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with writing(tmp_path):
        monkeypatch.setattr(migration_copy, "space_of", lambda _folder: Space(100 * 1024**2, 1024**2))

        with pytest.raises(HiveError, match=r"has 1 MiB free, and the copy may take 1\d MiB"):
            back_up(tmp_path, tmp_path / "copy", has_requests=False, told=silent)

    assert not (tmp_path / "copy").exists()


def test_whatever_ends_it_nothing_half_made_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    asyncio.run(_written(data))

    def breaks(_name: str, copied: int, _size: int) -> None:
        if copied:
            raise BrokenPipeError

    with pytest.raises(HiveError):
        back_up(data, tmp_path / "copy", has_requests=False, told=breaks)

    assert list(tmp_path.iterdir()) == [data]


def test_a_signal_in_the_middle_of_the_copy_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_PAGES_A_STEP", 1)
    data = tmp_path / "data"
    data.mkdir()
    asyncio.run(_written(data))

    def interrupts(_name: str, copied: int, _size: int) -> None:
        if copied:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        back_up(data, tmp_path / "copy", has_requests=False, told=interrupts)

    assert list(tmp_path.iterdir()) == [data]


async def _written(data: Path) -> None:
    async with writing(data) as connection:
        await add_windows(connection, "r60", windows(60, 1, NOON - 600_000, NOON))


async def test_a_damaged_recording_is_not_copied_as_if_it_were_whole(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    damaged = day_file(data, NOON - DAY, plain=5_000)
    async with writing(data):
        pass
    damaged.chmod(0o600)
    body = bytearray(damaged.read_bytes())
    body[4096 * 3 : 4096 * 6] = bytes(4096 * 3)
    damaged.write_bytes(body)
    damaged.chmod(0o400)

    with pytest.raises(HiveError, match="is not sound"):
        back_up(data, tmp_path / "copy", has_requests=True, told=silent)

    assert list(tmp_path.iterdir()) == [data]
