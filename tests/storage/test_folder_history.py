"""A live console's past out of a real recording: beside its writer, verified, and closed before it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hive_console.core import events as e
from hive_console.core.chronicle import TOLD
from hive_console.core.errors import HiveError
from hive_console.core.states import Action, ActionPhase
from hive_console.core.store import Wanted
from hive_console.wiring.history import open_history
from hive_storage import anchors
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.recorder import Recorder

BEGIN = 1_700_000_000.0
PATIENCE = 10.0


def act(place: int) -> e.OperatorActed:
    return e.OperatorActed(
        at=BEGIN + place,
        action_id=f"a-{place}",
        actor="maria",
        action=Action.TRIP,
        phase=ActionPhase.DONE,
        target="a",
    )


async def test_the_past_is_read_beside_whoever_records_it(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path, started=BEGIN)
    history = open_history(tmp_path)
    try:
        async with Recorder.open(folder, now=time.time) as recorder:
            recorder.record(e.EngineStarted(at=BEGIN, version="1", models=("a",)))
            recorder.record(act(1))
            await recorder.record_durably(e.OutlierReturned(at=BEGIN + 2, model="a"))

            told = history.events(Wanted(), TOLD).result(PATIENCE)
            (row,) = history.audit(Wanted()).result(PATIENCE)
            check = history.verify().result(PATIENCE)
            assert history.gaps(BEGIN, BEGIN + 9).result(PATIENCE) == ()
            assert history.close()
    finally:
        folder.release()

    assert [type(event) for event in told] == [e.EngineStarted, e.OperatorActed, e.OutlierReturned]
    assert (row.number, row.act, check.rows, check.problem) == (1, act(1), 1, "")
    assert not (tmp_path / f"{DATABASE_NAME}-wal").exists()


async def test_anchors_beside_the_recording_are_compared(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path, started=BEGIN)
    try:
        async with Recorder.open(folder, now=time.time) as recorder:
            recorder.record(act(1))
    finally:
        folder.release()
    (tmp_path / anchors.ANCHOR_NAME).write_text(f"7 {'ab' * 32}\n")
    history = open_history(tmp_path)
    check = history.verify().result(PATIENCE)
    history.close()

    assert check.first_bad == 2
    assert "the tail was cut off" in check.problem


def test_a_folder_without_a_recording_says_so(tmp_path: Path) -> None:
    history = open_history(tmp_path)

    with pytest.raises(HiveError, match="there is no recording"):
        history.audit(Wanted()).result(PATIENCE)

    assert history.close()
