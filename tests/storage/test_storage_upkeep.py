"""What the recorder does for its own files: each thing when it is due, and none at the cost of another."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hive_console.core.store import GapCause
from hive_storage import upkeep as module
from hive_storage.anchors import ANCHOR_NAME, read
from hive_storage.ballast import BALLAST_NAME
from hive_storage.disk import Room, Space
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.log_cap import LogLook, LogState
from hive_storage.recorder import Recorder
from tests.storage.clocked import Clock, session
from tests.storage.support import until


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as shell:
        return shell.execute(statement).fetchall()


async def test_the_trail_is_anchored_each_hour_that_it_grew_and_at_the_end(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        await one.durable()
        assert not (tmp_path / ANCHOR_NAME).exists()
        clock.now += 3_700
        await one.durable()
        await until((tmp_path / ANCHOR_NAME).exists)
        clock.now += 7_200  # nothing new to anchor
        one.request()
        await until(lambda: one.recorder.view().queued == 0)
        await one.durable()

    numbers = [number for number, _ in read(tmp_path / ANCHOR_NAME).pairs]
    assert numbers in ([2, 3], [1, 2, 3])
    assert read(tmp_path / ANCHOR_NAME).bad_lines == ()


@pytest.mark.parametrize("keeps_states", [True, False])
async def test_a_fleet_on_show_takes_no_room_for_a_full_disk(tmp_path: Path, *, keeps_states: bool) -> None:
    folder = DataFolder.open(tmp_path, started=0.0)
    async with Recorder.open(folder, now=Clock(), keeps_states=keeps_states) as recorder:
        await until(lambda: recorder._upkeep.sizes.free > 0)
    folder.release()

    assert (tmp_path / BALLAST_NAME).exists() is keeps_states


async def test_how_the_recorder_fares_is_a_row_a_minute(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.request()
        await one.durable()
        clock.now += 61
        await one.durable()
        clock.now += 61
        await one.durable()

    found = rows(
        tmp_path, "SELECT t, taken, recorded + dropped <= taken, commits > 0, free_bytes > 0 FROM recorder"
    )
    assert [row[0] for row in found] == [int(clock.now) - 122, int(clock.now) - 61 - 1]
    assert found[0][1:] == (4, 1, 1, 1)


async def test_trouble_is_told_and_keeps_nothing_else_from_being_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> int:
        raise PermissionError(13, "no")

    monkeypatch.setattr(module, "seal_before", fails)
    clock = Clock()
    async with session(tmp_path, clock) as one:
        clock.now += 3_700
        await one.durable()
        await until(lambda: "seal" in one.recorder.view().caution)
        await until((tmp_path / ANCHOR_NAME).exists)
        monkeypatch.undo()
        clock.now += 61
        await until(lambda: one.recorder.view().caution == "")


@pytest.mark.parametrize(
    ("room", "log", "cause"),
    [
        (Room.CRITICAL, LogState.WELL, GapCause.DISK_FULL),
        (Room.WELL, LogState.PINNED, GapCause.LOG_PINNED),
    ],
)
async def test_requests_are_not_kept_while_there_is_no_room_for_them_but_all_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: Room, *, log: LogState, cause: GapCause
) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.start("alpha")
        await one.durable()
        upkeep = one.recorder._upkeep

        async def look(*_: object) -> Room:
            upkeep._disk.room = room
            return room

        async def look_at_logs(*_: object) -> LogLook:
            return LogLook(state=log)

        monkeypatch.setattr(upkeep._disk, "look", look)
        monkeypatch.setattr(module, "look_at_logs", look_at_logs)
        clock.now += 11
        await until(lambda: upkeep.withheld is cause)
        for _ in range(5):
            one.request()
        await one.durable()
        assert one.recorder.view().dropped == 10

        monkeypatch.undo()
        clock.now += 11
        await until(lambda: upkeep.withheld is None)
        one.request()
        await one.durable()

    assert rows(tmp_path, "SELECT cause, dropped FROM gap") == [(cause.value, 10)]
    assert rows(tmp_path, "SELECT sum(calls) FROM r86400") == [(6,)]


async def test_a_clock_that_leaps_removes_nothing_for_an_hour(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        one.start("alpha")
        one.request()
        await one.durable()
        (day,) = (tmp_path / "raw").glob("req-*.db")
        clock.now += 3_000 * 86_400
        for _ in range(3):
            await one.durable()
            clock.now += 60
        assert day.exists()

        clock.now += 3_600
        await one.durable()
        await until(lambda: not day.exists())


async def test_room_that_comes_back_is_used_within_seconds(tmp_path: Path) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        await one.durable()
        upkeep = one.recorder._upkeep
        there, upkeep._disk._space = upkeep._disk._space, lambda _: Space(total=100, free=0)
        clock.now += 10.5
        await until(lambda: upkeep.withheld is GapCause.DISK_FULL)
        upkeep._disk._space = there

        clock.now += module.SOON + 0.5
        await until(lambda: upkeep.withheld is None)

        one.request()
        await one.durable()

    assert rows(tmp_path, "SELECT sum(calls) FROM r86400") == [(1,)]
    assert module.SOON + 5.0 <= 10.0


async def test_room_that_cannot_be_made_stops_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(module, "make_room", fails)
    async with session(tmp_path, Clock()) as one:
        one.recorder._is_full = True
        await one.durable()
        await until(lambda: one.recorder.view().caution == "room: RuntimeError: a bug")
        await one.durable()
        assert one.recorder.view().error == ""


async def test_losses_that_go_on_are_one_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    async with session(tmp_path, clock) as one:
        await one.durable()
        one.recorder._losses.withheld = one.recorder._upkeep.withheld = GapCause.DISK_FULL
        one.recorder._intake.takes_requests = False
        monkeypatch.setattr(one.recorder._upkeep, "_judged", lambda: GapCause.DISK_FULL)
        for _ in range(5):
            one.request()
            await one.durable()
            clock.now += 1

    (gap,) = rows(tmp_path, "SELECT (t1_us - t0_us) / 1000000, dropped FROM gap")
    assert gap == (4, 10)
