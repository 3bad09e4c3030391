"""One file a UTC day: requests find theirs, days that are over are sealed, and a bad file stops nobody."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from hive_storage.days import date_of, day_of, days_in, end_of, kept_in, number_of, seal_before
from tests.storage.clocked import DAY, NOON, Clock, session
from tests.storage.golden_files import count
from tests.storage.support import until

FIRST, SECOND = "req-20260922.db", "req-20260923.db"
MIDNIGHT = NOON + DAY / 2


def requests_in(path: Path) -> int:
    return count(path, "request")


def is_read_only(path: Path) -> bool:
    """The last step of sealing, to be waited for: who opens the file to look is in the way of the seal."""
    return path.stat().st_mode & 0o777 == 0o400


def is_sealed(path: Path) -> bool:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as shell:
        (mode,) = shell.execute("PRAGMA journal_mode").fetchone()
    return is_read_only(path) and bool(mode == "delete")


@pytest.mark.parametrize(
    ("seq", "day"),
    [
        (-1, date(1970, 1, 1)),
        (0, date(1970, 1, 1)),
        (round(MIDNIGHT * 1e6) - 1, date(2026, 9, 22)),
        (round(MIDNIGHT * 1e6), date(2026, 9, 23)),
        (2**62, date(9999, 12, 31)),
    ],
)
def test_every_key_has_a_day_whose_end_is_after_it(seq: int, day: date) -> None:
    assert date_of(day_of(seq)) == day
    assert number_of(day) == day_of(seq)
    assert end_of(day_of(seq)) > seq


async def test_requests_go_to_the_file_of_their_day_and_the_day_before_is_sealed(tmp_path: Path) -> None:
    clock = Clock(MIDNIGHT - 2)
    async with session(tmp_path, clock) as one:
        for _ in range(4):  # two before midnight, two after it, and all in one batch
            one.request()
            clock.now += 1
        await one.durable()
        first, second = tmp_path / "raw" / FIRST, tmp_path / "raw" / SECOND
        await until(lambda: is_read_only(first))

        assert is_sealed(first)
        assert (requests_in(first), requests_in(second)) == (2, 2)
        assert not is_sealed(second)
        assert not first.with_name(f"{FIRST}-wal").exists()


async def test_a_day_without_requests_after_it_is_sealed_too(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.request()
        await one.durable()
        clock.now += DAY
        await until(lambda: is_read_only(tmp_path / "raw" / FIRST))
        one.request()
        await one.durable()

    assert [path.name for _, path in days_in(tmp_path)] == [FIRST, SECOND]


async def test_a_day_that_is_being_read_is_sealed_when_the_reader_has_gone(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.request()
        await one.durable()
        (day, path), *_ = days_in(tmp_path)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM request").fetchone() == (1,)
            clock.now += DAY
            one.request()
            await one.durable()
            assert await seal_before(tmp_path, day + 1) == 1
            assert not is_sealed(path)

        assert await seal_before(tmp_path, day + 1) == 0
        assert is_sealed(path)


@pytest.mark.parametrize("damage", ["no database", "newer"])
async def test_a_days_file_that_cannot_be_written_is_put_aside_and_nothing_is_lost(
    tmp_path: Path, damage: str
) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.request()
    path = tmp_path / "raw" / FIRST
    if damage == "newer":
        with closing(sqlite3.connect(path)) as shell:
            shell.execute("PRAGMA user_version = 99")
    else:
        path.write_bytes(b"a shopping list" * 1_000)
    before = path.read_bytes()

    async with session(tmp_path, clock) as two:
        two.request()
        await two.durable()
        assert (two.recorder.view().error, two.recorder.view().dropped) == ("", 0)

    assert requests_in(path) == 1
    assert path.with_name(f"{FIRST}.damaged-1").read_bytes() == before


def test_days_are_told_in_order_and_what_outlived_a_day_stands_for_it(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    assert (days_in(tmp_path), kept_in(tmp_path)) == ([], [])
    raw.mkdir()
    for name in ("req-20260923.db", "bad-20260922.db", "bad-20260923.db", "req-2026.db", "notes.txt"):
        (raw / name).touch()

    assert [path.name for _, path in days_in(tmp_path)] == ["req-20260923.db"]
    assert [path.name for _, path in kept_in(tmp_path)] == ["bad-20260922.db", "req-20260923.db"]
