"""The recorder on a disk that somebody else fills: it goes on, says what is missing, and is well again later."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hive_console.core.events import AttemptFinished, BreakerChanged
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import BreakerState
from hive_console.core.store import GapCause, Wanted
from hive_storage import upkeep
from hive_storage.ballast import BALLAST_NAME
from hive_storage.disk import space_of
from hive_storage.recorder import Recorder
from hive_storage.store import SqliteStore
from tests.storage.support import balances, damage, recording, until
from tests.storage.test_storage_disk import small_disk

__all__ = ["small_disk"]  # the fixture


MOST_MOVES = 300
"""Rounds of 2,000 requests: several times what the disk has room for."""


def _requests(recorder: Recorder, count: int) -> None:
    for number in range(count):
        recorder.record(
            AttemptFinished(
                at=time.time(),
                operation=f"op-{number}",
                model="alpha",
                number=1,
                kind=OutcomeKind.TIMED_OUT,
                latency=0.25,
                message="no answer within 4 s, and a long story about it",
            )
        )


def _move(recorder: Recorder, cause: str) -> None:
    recorder.record(
        BreakerChanged(at=time.time(), model="alpha", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause=cause)
    )


async def test_a_disk_that_somebody_fills_costs_requests_of_the_record_and_nothing_else(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LOOK", 0.05)
    data, foreign = small_disk / "data", small_disk / "foreign"
    async with recording(data) as recorder:
        _move(recorder, "before")
        await until(lambda: (data / BALLAST_NAME).exists() and recorder.view().recorded == 1)
        foreign.write_bytes(bytes(space_of(small_disk).free))

        moves = 0
        while recorder._upkeep.withheld is None and moves < MOST_MOVES:
            _requests(recorder, 2_000)
            _move(recorder, f"while it is full {moves}")
            moves += 1
            await until(lambda: recorder.view().queued == 0 or recorder._upkeep.withheld is not None)
        was_withheld = recorder._upkeep.withheld
        _requests(recorder, 10)
        while_full = recorder.view()

        foreign.unlink()
        await until(lambda: recorder._upkeep.withheld is None and not recorder.view().error)
        _move(recorder, "after")
        _requests(recorder, 10)
        await until(lambda: recorder.view().queued == 0)
        after = recorder.view()
        assert balances(recorder)

    assert was_withheld is GapCause.DISK_FULL
    assert while_full.dropped > 0
    assert after.error == ""
    async with SqliteStore.open(data) as store:
        moved = [
            event.cause
            for event in await store.events(Wanted(), (BreakerChanged,))
            if isinstance(event, BreakerChanged)
        ]
        gaps = await store.gaps()
    assert damage(data) == []
    assert moved == ["before", *(f"while it is full {number}" for number in range(moves)), "after"]
    assert GapCause.DISK_FULL in {gap.cause for gap in gaps}
    assert sum(gap.dropped for gap in gaps) == after.dropped
