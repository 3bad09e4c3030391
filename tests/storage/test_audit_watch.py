"""The watch over the audit trail: whole, changed behind the recorder's back, or not there."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from hive_console.core import events as e
from hive_console.core.states import Action, ActionPhase
from hive_console.wiring.audit_watch import AuditWatch
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.recorder import Recorder

BEGIN = 1_700_000_000.0


def act(place: int) -> e.OperatorActed:
    return e.OperatorActed(
        at=BEGIN + place,
        action_id=f"a-{place}",
        actor="maria",
        action=Action.TRIP,
        phase=ActionPhase.DONE,
        target="a",
    )


async def found_in(folder: Path) -> list[e.Event]:
    found: list[e.Event] = []
    await AuditWatch(folder, publish=found.append, now=lambda: BEGIN + 99).look()
    return found


async def test_a_trail_is_verified_beside_whoever_writes_it_and_a_changed_row_is_told(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path, started=BEGIN)
    try:
        async with Recorder.open(folder, now=time.time) as recorder:
            for place in (1, 2, 3):
                await recorder.record_durably(act(place))
            assert await found_in(tmp_path) == [e.AuditChecked(at=BEGIN + 99, rows=3)]
    finally:
        folder.release()

    with sqlite3.connect(tmp_path / DATABASE_NAME) as file:
        file.execute("DROP TRIGGER audit_no_update")
        file.execute("UPDATE audit SET actor = 'nobody' WHERE number = 2")
    file.close()
    (told,) = await found_in(tmp_path)

    assert isinstance(told, e.AuditChecked)
    assert told.problem.startswith("row 2: it is not what was written")


async def test_where_there_is_no_recording_nothing_is_told(tmp_path: Path) -> None:
    assert await found_in(tmp_path) == []
