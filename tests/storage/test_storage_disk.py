"""A disk that fills up: what it means, the ballast, making room; on a real small disk, and with errors put in."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import aiosqlite
import pytest

from hive_storage import ballast, full_disk
from hive_storage.ballast import BALLAST_NAME, LARGEST, ballast_size, drop_ballast, keep_ballast
from hive_storage.disk import Room, Space, critical_below, room_in, space_of, tight_below
from hive_storage.full_disk import CHUNK, CHUNKS, KEPT_WINDOWS, DiskWatch, make_room
from tests.storage.kept_recordings import DAY, NOON, add_windows, day_file, names_in, windows, writing

MIB = 1024**2
GIB = 1024**3
ROOMY = Space(total=100 * GIB, free=50 * GIB)
SMALL = 32 * MIB


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB; only root may mount one."""
    place, mount = tmp_path / "disk", shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("mounting a small disk needs root")
    place.mkdir()
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=32m,mode=0700", "tmpfs", place], check=False)
    if made.returncode:
        pytest.skip("this root may not mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize(
    ("total", "free", "meant"),
    [
        (1000 * GIB, 3 * GIB, Room.WELL),
        (1000 * GIB, 2 * GIB - 1, Room.TIGHT),
        (1000 * GIB, 512 * MIB - 1, Room.CRITICAL),
        (10 * GIB, GIB + 1, Room.WELL),
        (10 * GIB, GIB - 2, Room.TIGHT),
        (32 * MIB, 4 * MIB, Room.WELL),
        (32 * MIB, 3 * MIB, Room.TIGHT),
        (32 * MIB, MIB, Room.CRITICAL),
        (0, 0, Room.WELL),
    ],
)
def test_free_space_is_judged_by_bytes_on_a_large_disk_and_by_shares_on_a_small_one(
    total: int, free: int, meant: Room
) -> None:
    assert room_in(Space(total, free)) is meant


@pytest.mark.parametrize(
    ("before", "share_of_threshold", "meant"),
    [
        (Room.CRITICAL, 1.2, Room.CRITICAL),
        (Room.CRITICAL, 1.3, Room.TIGHT),
        (Room.WELL, 1.2, Room.TIGHT),
    ],
)
def test_a_critical_disk_stays_so_until_there_is_some_more(
    before: Room, share_of_threshold: float, meant: Room
) -> None:
    space = Space(100 * GIB, int(critical_below(100 * GIB) * share_of_threshold))

    assert room_in(space, before) is meant


def test_a_tight_disk_stays_so_until_there_is_some_more() -> None:
    threshold = tight_below(100 * GIB)

    assert room_in(Space(100 * GIB, int(threshold * 1.2)), Room.TIGHT) is Room.TIGHT
    assert room_in(Space(100 * GIB, int(threshold * 1.3)), Room.TIGHT) is Room.WELL


@pytest.mark.parametrize(
    ("total", "log", "size"),
    [
        (1000 * GIB, 4 * MIB, LARGEST),
        (GIB, 4 * MIB, GIB // 20),
        (100 * MIB, 4 * MIB, 8 * MIB),
        (32 * MIB, 4 * MIB, 8 * MIB),
        (8 * MIB, 4 * MIB, 2 * MIB),
        (1000 * GIB, 300 * MIB, LARGEST),
    ],
)
def test_ballast_is_twice_the_log_where_that_fits_and_never_much_of_the_disk(
    total: int, log: int, size: int
) -> None:
    assert ballast_size(total, log) == size


def test_space_is_what_the_system_says(tmp_path: Path) -> None:
    told, asked = os.statvfs(tmp_path), space_of(tmp_path)

    assert asked.total == told.f_blocks * told.f_frsize
    assert 0 < asked.free <= asked.total


def test_ballast_takes_its_bytes_and_is_the_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballast, "space_of", lambda _folder: Space(200 * MIB, 100 * MIB))

    made = keep_ballast(tmp_path)
    file = tmp_path / BALLAST_NAME
    status = file.stat()
    given = drop_ballast(tmp_path)

    assert made
    assert (status.st_size, status.st_mode & 0o777) == (10 * MIB, 0o600)
    assert given >= 10 * MIB
    assert not file.exists()
    assert drop_ballast(tmp_path) == 0


def test_ballast_is_not_made_on_a_disk_that_would_be_tight_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ballast, "space_of", lambda _folder: Space(200 * MIB, 30 * MIB))

    assert not keep_ballast(tmp_path)
    assert not (tmp_path / BALLAST_NAME).exists()


def test_ballast_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ballast, "space_of", lambda _folder: Space(200 * MIB, 100 * MIB))
    monkeypatch.setattr(os, "posix_fallocate", refuse)

    with pytest.raises(OSError, match="No space"):
        keep_ballast(tmp_path)
    assert not (tmp_path / BALLAST_NAME).exists()


async def test_a_tight_disk_loses_its_oldest_day_at_each_look_and_never_todays(tmp_path: Path) -> None:
    for age in (2, 1, 0):
        day_file(tmp_path, NOON - age * DAY)
    watch = DiskWatch(tmp_path, space=lambda _folder: Space(100 * GIB, GIB))
    async with writing(tmp_path) as connection:
        left = []
        for _ in range(3):
            assert await watch.look(connection, NOON) is Room.TIGHT
            left.append(names_in(tmp_path))

    assert left == [["req-20261125.db", "req-20261126.db"], ["req-20261126.db"], ["req-20261126.db"]]
    assert watch.detail == ""


async def test_a_disk_that_does_not_answer_is_told_and_changes_nothing(tmp_path: Path) -> None:
    def refuse(_folder: Path) -> Space:
        raise OSError(5, "Input/output error")

    watch = DiskWatch(tmp_path, space=refuse)
    async with writing(tmp_path) as connection:
        room = await watch.look(connection, NOON)

    assert (room, watch.detail) == (Room.WELL, "cannot look after the disk: Input/output error")


async def test_making_room_takes_ballast_then_days_until_it_is_enough_then_old_windows(tmp_path: Path) -> None:
    (tmp_path / BALLAST_NAME).write_bytes(bytes(MIB))
    for age in (3, 2, 1):
        day_file(tmp_path, NOON - age * DAY)
    free = iter((0, 0, GIB))
    async with writing(tmp_path) as connection:
        for model in (1, 2):
            await add_windows(connection, "r10", windows(10, model, NOON - KEPT_WINDOWS - 20_000, NOON))

        freed = await make_room(connection, tmp_path, NOON, space=lambda _folder: Space(10 * GIB, next(free)))
        left = next(iter(await connection.execute_fetchall("SELECT count(*), max(t) FROM r10")))

    assert names_in(tmp_path) == ["req-20261125.db"]
    assert not (tmp_path / BALLAST_NAME).exists()
    assert freed.size > MIB
    assert freed.windows == 4_000
    assert tuple(left) == (2 * KEPT_WINDOWS // 10, NOON - 10)
    assert "ballast" in freed.detail
    assert "4000 windows" in freed.detail


async def test_making_room_removes_a_bounded_number_of_windows(tmp_path: Path) -> None:
    async with writing(tmp_path) as connection:
        await add_windows(connection, "r10", windows(10, 1, NOON - 500_000, NOON, b""))

        freed = await make_room(connection, tmp_path, NOON, space=lambda _folder: ROOMY)

    assert freed.windows == CHUNK * CHUNKS


async def test_a_disk_that_refuses_everything_makes_no_error(tmp_path: Path) -> None:
    """A stand-in for SQLITE_FULL that needs no full disk: the file may not take one page more."""
    async with writing(tmp_path) as connection:
        await add_windows(connection, "r10", windows(10, 1, NOON - 50_000, NOON))
        await connection.execute(
            "CREATE TEMP TRIGGER full BEFORE DELETE ON main.r10 BEGIN SELECT RAISE(ABORT, ''); END"
        )

        freed = await make_room(connection, tmp_path, NOON, space=lambda _folder: ROOMY)

        assert (freed.size, freed.windows, freed.detail) == (0, 0, "")
        assert not connection.in_transaction


async def _fill(connection: aiosqlite.Connection, begin: float) -> sqlite3.Error:
    """Writes windows until the disk is full; the error that says so."""
    for chunk in range(1_000):
        at = begin + chunk * 5_000
        try:
            await add_windows(connection, "r10", windows(10, 1, at, at + 5_000))
        except sqlite3.Error as error:
            return error
    raise AssertionError("the disk is never full")


async def test_a_full_disk_is_written_to_again_once_room_is_made(small_disk: Path) -> None:
    async with writing(small_disk) as connection:
        is_kept = keep_ballast(small_disk)
        error = await _fill(connection, NOON - 9_000_000)
        was_full = space_of(small_disk).free

        freed = await make_room(connection, small_disk, NOON)
        await add_windows(connection, "r10", windows(10, 2, NOON, NOON + 1_000))

        assert is_kept
        assert error.sqlite_errorname.startswith(("SQLITE_FULL", "SQLITE_IOERR"))
        assert was_full < MIB
        assert freed.size >= 7 * MIB
        assert freed.windows > 0
        assert next(iter(await connection.execute_fetchall("PRAGMA quick_check")))[0] == "ok"


async def test_ballast_comes_back_when_somebody_elses_bytes_are_gone(small_disk: Path) -> None:
    watch = DiskWatch(small_disk)
    async with writing(small_disk) as connection:
        rooms = [await watch.look(connection, NOON)]
        (small_disk / "foreign").write_bytes(bytes(space_of(small_disk).free - MIB))
        rooms.append(await watch.look(connection, NOON))
        await make_room(connection, small_disk, NOON)
        (small_disk / "foreign").unlink()
        rooms.append(await watch.look(connection, NOON))

    assert rooms == [Room.WELL, Room.CRITICAL, Room.WELL]
    assert (small_disk / BALLAST_NAME).stat().st_size == 8 * MIB


async def test_looking_leaves_the_loop_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allocating the ballast may take a slow disk seconds: the loop goes on meanwhile."""
    loop, turns = asyncio.get_running_loop(), asyncio.Event()

    def allocate(_folder: Path, _log: int) -> bool:
        asyncio.run_coroutine_threadsafe(_set(turns), loop).result(10)
        return True

    monkeypatch.setattr(full_disk, "keep_ballast", allocate)
    async with writing(tmp_path) as connection:
        await DiskWatch(tmp_path, space=lambda _folder: ROOMY).look(connection, NOON)

    assert turns.is_set()


async def _set(event: asyncio.Event) -> None:
    event.set()
