"""What models must remember over a restart: kept with the batch, read at the next opening, and never a crash."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hive_console.core.alerting import saved as saved_alerts
from hive_console.core.alerting.saved import SavedAlert, SavedSlot
from hive_console.core.errors import HiveError
from hive_console.core.events import EngineStarted, EventsDropped, OperationFinished, ProbeFinished
from hive_console.core.states import DegradationLevel, OperationResult, Priority
from hive_console.core.store import Wanted
from hive_storage import sql, states
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.intake import Bounds
from hive_storage.recorder import DEFAULT_BOUNDS, Recorder
from hive_storage.states import MAX_STATES, STATE_LIMIT, States
from hive_storage.store import SqliteStore
from tests.core.samples import alert_view
from tests.storage.golden_files import GOLDEN, golden
from tests.storage.support import PATIENCE, T0, action, attempt, breaker, child, damage, database, recording, until

OPEN: dict[str, Any] = {"breaker": {"state": "open", "open_until": T0 + 60.25}, "pinned_to": None}


def schema(path: Path) -> set[tuple[str, str, str]]:
    opened = sqlite3.connect(path)
    rows = opened.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
    opened.close()
    return {(kind, name, " ".join(str(text).split())) for kind, name, text in rows}


async def saved(folder: Path) -> dict[str, Any]:
    async with recording(folder) as recorder:
        return dict(recorder.saved_state())


# --- kept and read ---------------------------------------------------------------------------------


async def test_new_recording_remembers_nothing(tmp_path: Path) -> None:
    assert await saved(tmp_path) == {}


async def test_newest_state_of_each_model_comes_back(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.keep_state("alpha", {"n": 1})
        recorder.keep_state("beta", {"n": 2})
        recorder.keep_state("alpha", OPEN)
    async with recording(tmp_path) as recorder:
        assert recorder.saved_state() == {"alpha": OPEN, "beta": {"n": 2}}
        recorder.keep_state("beta", {"n": 3})
        assert recorder.saved_state() == {"alpha": OPEN, "beta": {"n": 2}}  # what was before this run

    assert await saved(tmp_path) == {"alpha": OPEN, "beta": {"n": 3}}


async def test_state_is_on_disk_with_the_event_that_changed_it_or_neither_is(tmp_path: Path) -> None:
    """What one statement of another connection sees is what a kill at that moment leaves."""
    looks: set[tuple[int, int]] = set()
    async with recording(tmp_path) as recorder, asyncio.TaskGroup() as tasks:
        await recorder.record_durably(action(0))
        with closing(database(tmp_path)) as beside:
            for number in itertools.count(1):
                recorder.keep_state("alpha", {"n": number})
                recorder.record(breaker(number))
                if number % 5 == 0:
                    tasks.create_task(recorder.flush())
                await asyncio.sleep(0)  # some of the pairs come in the middle of a writing
                if recorder.view().queued > DEFAULT_BOUNDS.batch // 2:  # what no batch holds comes in parts
                    await recorder.flush()
                question = "SELECT (SELECT count(*) FROM event), (SELECT body FROM state)"
                events, body = beside.execute(question).fetchone()
                looks.add((events, 0 if body is None else json.loads(body)["n"]))
                if len(looks) == 20:
                    break

    assert all(events == state for events, state in looks)


async def test_state_is_taken_as_it_is_now_and_reaches_the_disk_without_any_event(tmp_path: Path) -> None:
    state = {"n": 1}
    async with recording(tmp_path) as recorder:
        recorder.keep_state("alpha", state)
        state["n"] = 2
        shell = database(tmp_path)
        await until(lambda: shell.execute("SELECT count(*) FROM state").fetchone() == (1,))
        (model, at_us, body) = shell.execute("SELECT model, at_us, body FROM state").fetchone()
        shell.close()

    assert (model, json.loads(body)) == ("alpha", {"n": 1})
    assert abs(at_us / 1e6 - time.time()) < PATIENCE


async def test_state_is_on_disk_when_a_durable_event_after_it_is(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.keep_state("alpha", OPEN)
        await recorder.record_durably(action(1))
        shell = database(tmp_path)
        rows = shell.execute("SELECT model FROM state").fetchall()
        shell.close()

    assert rows == [("alpha",)]


async def test_rows_of_the_fleet_are_kept_like_those_of_models(tmp_path: Path) -> None:
    book = {"numbers": 9, "alerts": [{"number": 9, "text": "\u2192"}]}
    async with recording(tmp_path) as recorder:
        recorder.keep_state("alpha", OPEN)
        recorder.keep_state("!alerts/9", book)

    assert await saved(tmp_path) == {"alpha": OPEN, "!alerts/9": book}


async def test_largest_part_of_the_alert_book_is_taken(tmp_path: Path) -> None:
    views = [
        alert_view("A1", subject=f"m{number}", text="\u00e9" * saved_alerts.TEXT_LIMIT) for number in range(20)
    ]
    slot = SavedSlot(2**40, tuple(SavedAlert(2**40, view) for view in views))
    async with recording(tmp_path) as recorder:
        recorder.keep_state("!alerts/0", saved_alerts.record_of_slot(slot))

    kept = (await saved(tmp_path))["!alerts/0"]["alerts"]
    assert 3 < len(kept) < 20


async def test_state_and_batch_are_written_both_or_neither(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(0))
        recorder.keep_state("alpha", {"n": 1})
        await recorder.record_durably(action(1))
        shell = database(tmp_path)
        with shell:  # a lock from the start: a read that turns into a write gives way to the recorder at once
            shell.execute("BEGIN IMMEDIATE")
            shell.execute("CREATE TRIGGER broken BEFORE INSERT ON state BEGIN SELECT RAISE(FAIL, 'no room'); END")
        recorder.record(breaker(2))
        recorder.keep_state("alpha", {"n": 2})
        await until(lambda: bool(recorder.view().error) or recorder.view().dropped > 0)
        events = shell.execute("SELECT count(*) FROM event").fetchone()
        bodies = shell.execute("SELECT body FROM state").fetchall()
        with shell:
            shell.execute("BEGIN IMMEDIATE")
            shell.execute("DROP TRIGGER broken")
        shell.close()

    assert (events, bodies) == ((0,), [('{"n":1}',)])
    assert await saved(tmp_path) == {"alpha": {"n": 2}}


async def test_state_waits_while_the_disk_fails_and_the_newest_is_written_when_it_works(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        await recorder.record_durably(action(0))
        blocker = database(tmp_path)
        blocker.execute("BEGIN IMMEDIATE")
        recorder.keep_state("alpha", {"n": 1})
        await until(lambda: bool(recorder.view().error))
        recorder.keep_state("alpha", {"n": 2})
        blocker.rollback()
        blocker.close()
        await until(lambda: not recorder.view().error)

    assert await saved(tmp_path) == {"alpha": {"n": 2}}


async def test_row_that_no_file_can_hold_costs_no_state(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.record(attempt(1))
        recorder.record(EventsDropped(at=T0, reader="fine", count=2**70))
        recorder.keep_state("alpha", OPEN)
        recorder.keep_state("\u03b1\n", {"n": 1})

    assert await saved(tmp_path) == {"alpha": OPEN, "\u03b1\n": {"n": 1}}


def test_what_was_taken_while_a_batch_was_written_still_waits() -> None:
    waiting = States()
    waiting.take("alpha", {"n": 1}, T0)
    waiting.take("beta", {"n": 1}, T0)
    written = waiting.rows()
    waiting.take("alpha", {"n": 2}, T0)

    waiting.settle(written)

    assert [row[2] for row in waiting.rows()] == ['{"n":2}']


async def test_nothing_is_kept_or_taken_where_nothing_shall_be(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        recorder.keep_state("alpha", OPEN)
    folder = DataFolder.open(tmp_path, started=T0)
    async with Recorder.open(folder, now=time.time, keeps_states=False) as show:
        assert show.saved_state() == {}
        show.keep_state("alpha", {})
    folder.release()

    assert await saved(tmp_path) == {"alpha": OPEN}


async def test_state_kept_after_the_end_is_let_go(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        pass
    recorder.keep_state("alpha", OPEN)

    assert await saved(tmp_path) == {}


def test_killed_process_leaves_the_state_of_its_last_confirmed_action(tmp_path: Path) -> None:
    process = child("keep", tmp_path)
    assert process.stdout is not None
    said = [process.stdout.readline().split() for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    rest, problems = process.communicate(timeout=PATIENCE)
    last = int([*said, *(line.split() for line in rest.splitlines() if line.endswith("."))][-1][1])

    kept = asyncio.run(saved(tmp_path))

    assert kept["alpha"]["number"] >= last, problems


# --- bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "state"),
    [
        ("\ud800", {}),
        ("alpha", {"at": math.inf}),
        ("alpha", {"what": object()}),
        ("alpha", {"much": "x" * STATE_LIMIT}),
    ],
)
async def test_what_no_file_can_hold_is_refused_and_the_older_state_stands(
    tmp_path: Path, model: str, state: dict[str, Any]
) -> None:
    async with recording(tmp_path) as recorder:
        recorder.keep_state("alpha", OPEN)
        with pytest.raises(ValueError):
            recorder.keep_state(model, state)

    assert await saved(tmp_path) == {"alpha": OPEN}


def test_no_more_models_wait_than_a_recording_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "MAX_STATES", 2)
    waiting = States()
    for model in ("a", "b", "a"):
        waiting.take(model, {}, T0)

    with pytest.raises(ValueError, match="2 models"):
        waiting.take("c", {}, T0)


async def test_oldest_states_make_room_when_a_run_begins(tmp_path: Path) -> None:
    async with recording(tmp_path):
        pass
    shell = database(tmp_path)
    shell.executemany(
        "INSERT INTO state VALUES (?, ?, '{}')", [(f"m{number}", number) for number in range(MAX_STATES + 5)]
    )
    shell.close()

    kept = await saved(tmp_path)

    shell = database(tmp_path)
    (rows, oldest) = shell.execute("SELECT count(*), min(at_us) FROM state").fetchone()
    shell.close()
    assert (len(kept), rows, oldest) == (MAX_STATES, MAX_STATES, 5)


@pytest.mark.parametrize(
    "body",
    [
        "CAST('{\"n\":' AS TEXT)",
        "CAST(x'fffe00ff' AS TEXT)",
        "''",
        "printf('%.*c', 200000, '[')",
        "printf('%.*c', 60000, '[')",
        "printf('{\"n\":%.*c}', 9000, '9')",
    ],
)
async def test_body_that_cannot_be_read_is_none_and_keeps_no_file_from_opening(tmp_path: Path, body: str) -> None:
    async with recording(tmp_path) as recorder:
        recorder.keep_state("beta", OPEN)
    shell = database(tmp_path)
    shell.execute(f"INSERT INTO state VALUES (CAST(x'61ff' AS TEXT), 1, {body})")  # noqa: S608 - of this file
    shell.close()

    assert await saved(tmp_path) == {"beta": OPEN, "a\ufffd": None}


async def test_keeping_costs_the_caller_no_wait(tmp_path: Path) -> None:
    last = {f"m{number}": OPEN | {"number": 950 + number} for number in range(50)}
    async with recording(tmp_path, bounds=Bounds()) as recorder:
        with closing(database(tmp_path)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            for number in range(1_000):  # who waited for the lock here would wait for ever
                recorder.keep_state(f"m{number % 50}", OPEN | {"number": number})
            assert blocker.execute("SELECT count(*) FROM state").fetchone() == (0,)
            blocker.rollback()

    assert await saved(tmp_path) == last


# --- migration -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(1, sql.SCHEMA_VERSION))
async def test_file_of_an_earlier_version_is_brought_to_the_present_one_and_keeps_every_row(
    tmp_path: Path, version: int
) -> None:
    path = golden(tmp_path, version)
    async with SqliteStore.open(path) as reader:
        before = await reader.events(Wanted())

    async with recording(tmp_path) as recorder:
        assert recorder.saved_state() == {}
        recorder.keep_state("alpha", OPEN)
        recorder.record(breaker(1))
    async with SqliteStore.open(path) as reader:
        events = await reader.events(Wanted())
        runs = await reader.runs()

    assert damage(tmp_path) == []
    assert {type(event) for event in before} >= {EngineStarted, ProbeFinished, OperationFinished}
    assert len(before) == 6
    assert events[:6] == before
    assert [run.version for run in runs] == ["0.1.0", "1.2.3"]
    assert await saved(tmp_path) == {"alpha": OPEN}


@pytest.mark.parametrize("version", range(1, sql.SCHEMA_VERSION))
async def test_migrated_file_has_the_schema_of_a_new_one(tmp_path: Path, version: int) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    golden(old, version)
    for folder in (old, new):
        async with recording(folder):
            pass

    assert schema(old / DATABASE_NAME) == schema(new / DATABASE_NAME)
    shell = database(old)
    assert shell.execute("PRAGMA user_version").fetchone() == (sql.SCHEMA_VERSION,)
    shell.close()


@pytest.mark.parametrize("version", range(1, sql.SCHEMA_VERSION))
async def test_reading_a_file_of_an_earlier_version_changes_nothing(tmp_path: Path, version: int) -> None:
    path = golden(tmp_path, version)
    os.chmod(path, 0o400)  # noqa: PTH101
    before = path.read_bytes()

    async with SqliteStore.open(path) as reader:
        assert len(await reader.events(Wanted())) == 6

    assert path.read_bytes() == before


@pytest.mark.parametrize("version", range(1, sql.SCHEMA_VERSION))
async def test_reader_of_an_earlier_file_goes_on_when_it_is_brought_to_the_present_version(
    tmp_path: Path, version: int
) -> None:
    path = golden(tmp_path, version)
    late = OperationFinished(
        at=T0 + 99,
        operation="late",
        requested="alpha",
        result=OperationResult.SHED,
        latency=0.5,
        attempts=0,
        priority=Priority.BACKGROUND,
        level=DegradationLevel.CRITICAL,
        route="smart",
    )
    async with SqliteStore.open(path) as reader:
        async with recording(tmp_path) as recorder:
            recorder.record(late)

        assert (await reader.events(Wanted()))[-1] == late


async def test_step_that_fails_leaves_the_file_at_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden(tmp_path, 1)
    monkeypatch.setattr(sql, "MIGRATIONS", ("CREATE TABLE half (x); CREATE TABLE event (x);",))

    with pytest.raises(HiveError, match="cannot record into"):
        await saved(tmp_path)

    monkeypatch.undo()
    shell = database(tmp_path)
    assert shell.execute("PRAGMA user_version").fetchone() == (1,)
    assert shell.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    shell.close()
    assert await saved(tmp_path) == {}


async def test_recording_that_says_no_version_is_refused(tmp_path: Path) -> None:
    path = golden(tmp_path, 1)
    shell = database(tmp_path)
    shell.execute("PRAGMA user_version = 0")
    shell.close()
    before = path.read_bytes()

    with pytest.raises(HiveError, match="says no version"):
        await saved(tmp_path)

    assert path.read_bytes() == before


def test_every_version_has_its_step_and_its_golden_file() -> None:
    assert len(sql.MIGRATIONS) == len(sql.SHOWN_AS_NEWER) == sql.SCHEMA_VERSION - 1
    assert {path.name for path in GOLDEN.iterdir()} == {
        f"version-{version}.db.gz" for version in range(1, sql.SCHEMA_VERSION)
    }
