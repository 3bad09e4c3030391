"""The log's cap: a reader that pins the log is named, and requests stop before the log eats the disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hive_storage import log_cap
from hive_storage.folder import DATABASE_NAME
from hive_storage.log_cap import LARGE, TOO_LARGE, LogState, judged, look_at_logs
from tests.storage.kept_recordings import NOON, add_windows, windows, writing


@pytest.mark.parametrize(
    ("size", "before", "meant"),
    [
        (LARGE, LogState.WELL, LogState.WELL),
        (LARGE + 1, LogState.WELL, LogState.LARGE),
        (TOO_LARGE, LogState.LARGE, LogState.LARGE),
        (TOO_LARGE + 1, LogState.WELL, LogState.PINNED),
        (LARGE + 1, LogState.PINNED, LogState.PINNED),
        (LARGE, LogState.PINNED, LogState.WELL),
    ],
)
def test_requests_stop_at_the_cap_and_come_back_when_the_log_is_small(
    size: int, before: LogState, meant: LogState
) -> None:
    assert judged(size, before) is meant


async def test_a_reader_that_pins_the_log_is_told_and_no_longer_when_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_cap, "LARGE", 100_000)
    monkeypatch.setattr(log_cap, "TOO_LARGE", 1_000_000)
    async with writing(tmp_path) as connection:
        await connection.execute("PRAGMA main.journal_size_limit = 100000")
        await add_windows(connection, "r60", windows(60, 1, NOON - 6_000, NOON))
        with closing(sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM r60").fetchone()
            await add_windows(connection, "r60", windows(60, 2, NOON - 60_000, NOON))
            large = await look_at_logs(connection)
            await add_windows(connection, "r60", windows(60, 3, NOON - 240_000, NOON))
            pinned = await look_at_logs(connection, large.state)
        ended = await look_at_logs(connection, pinned.state)
        await add_windows(connection, "r60", windows(60, 4, NOON - 60, NOON))
        well = await look_at_logs(connection, ended.state)

    assert (large.state, pinned.state, ended.state, well.state) == (
        LogState.LARGE,
        LogState.PINNED,
        LogState.WELL,
        LogState.WELL,
    )
    assert ended.size == 0
    assert "has not ended its transaction" in large.caution
    assert "requests are not kept" in pinned.caution
    assert "has not ended its transaction" not in ended.caution
    assert well.caution == ""


async def test_the_logs_of_all_attached_files_count(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        alone = (await look_at_logs(connection)).size
        await connection.execute("ATTACH ? AS day", (str(tmp_path / "day.db"),))
        await connection.execute_fetchall("PRAGMA day.journal_mode = WAL")
        await connection.execute("CREATE TABLE day.some (body BLOB)")
        await connection.execute("INSERT INTO day.some VALUES (zeroblob(100000))")

        look = await look_at_logs(connection)

    assert look.size > alone + 100_000
