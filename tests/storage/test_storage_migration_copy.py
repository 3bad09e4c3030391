"""The copy that is made before an older recording is changed, and that without it nothing is changed."""

# a test may look at a folder from its loop

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hive_console.core.errors import HiveError
from hive_storage import migration_copy, sql
from hive_storage.database import open_writer
from hive_storage.disk import Space
from hive_storage.folder import DATABASE_NAME
from hive_storage.migration_copy import BACKUPS, backup_before_migration
from tests.storage.golden_files import count, golden
from tests.storage.kept_recordings import NOON, add_windows, windows, writing


async def test_a_recording_is_copied_before_a_migration_and_two_copies_stay(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_NAME
    async with writing(tmp_path) as connection:
        await add_windows(connection, "r60", windows(60, 1, NOON - 6_000, NOON))

        copies = [await backup_before_migration(connection, path, version) for version in (2, 3, 3, 4)]

    assert [copy.name for copy in copies] == ["pre-v2.db", "pre-v3.db", "pre-v3.db", "pre-v4.db"]
    assert sorted(file.name for file in (tmp_path / BACKUPS).iterdir()) == ["pre-v3.db", "pre-v4.db"]
    assert count(copies[-1], "r60") == 100
    assert copies[-1].stat().st_mode & 0o777 == 0o600


async def test_a_migration_without_room_for_its_copy_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration_copy, "space_of", lambda _folder: Space(100 * 1024**2, 1024**2))
    async with writing(tmp_path) as connection:
        with pytest.raises(HiveError, match=r"older version.*make room there.*--data"):
            await backup_before_migration(connection, tmp_path / DATABASE_NAME, 4)

    assert list((tmp_path / BACKUPS).iterdir()) == []


async def test_a_copy_that_sqlite_refuses_is_told_and_gone(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await connection.execute("BEGIN")

        with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
            await backup_before_migration(connection, tmp_path / DATABASE_NAME, 4)

    assert list((tmp_path / BACKUPS).iterdir()) == []


async def test_a_copy_that_the_disk_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / BACKUPS).write_text("in the way")
    async with writing(tmp_path) as connection:
        with pytest.raises(HiveError, match="File exists"):
            await backup_before_migration(connection, tmp_path / DATABASE_NAME, 4)


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_opening_an_older_recording_copies_it_first_as_it_was(tmp_path: Path, version: int) -> None:
    path = golden(tmp_path, version)
    attempts = count(path, "attempt")

    await (await open_writer(path)).close()

    copy = tmp_path / BACKUPS / f"pre-v{sql.SCHEMA_VERSION}.db"
    with closing(sqlite3.connect(copy)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (version,)
    assert count(copy, "attempt") == attempts


async def test_an_older_recording_without_room_for_its_copy_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = golden(tmp_path, 3)
    monkeypatch.setattr(migration_copy, "space_of", lambda _folder: Space(100 * 1024**2, 1024**2))

    with pytest.raises(HiveError, match="make room there"):
        await open_writer(path)

    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (3,)
