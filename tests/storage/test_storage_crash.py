"""Processes that are killed, that meet a full disk, that end badly: the file opens, and the process goes."""

from __future__ import annotations

import random
import signal
import sqlite3
import statistics
import subprocess
from pathlib import Path

import pytest

from hive_storage.folder import DATABASE_NAME
from hive_storage.reader import Reader
from tests.storage.support import PATIENCE, child, database

_ROUNDS = 5


def _lines_until(process: subprocess.Popen[str], *, bursts: int) -> list[list[str]]:
    assert process.stdout is not None
    said: list[list[str]] = []
    for line in process.stdout:
        said.append(line.split())
        if len(said) >= bursts:
            break
    return said


def _audit_and_attempts(folder: Path) -> tuple[set[int], list[int], float]:
    opened = database(folder)
    assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    actions = {int(row[0]) for row in opened.execute("SELECT action_id FROM audit")}
    numbers = [row[0] for row in opened.execute("SELECT number FROM attempt ORDER BY seq")]
    newest = opened.execute("SELECT max(at_us) / 1e6 FROM attempt").fetchone()[0] or 0.0
    opened.close()
    return actions, numbers, newest


def test_kill_at_any_moment_loses_nothing_acknowledged_and_at_most_the_last_second(tmp_path: Path) -> None:
    rng = random.Random("kills")
    lost_seconds: list[float] = []
    for round_number in range(_ROUNDS):
        folder = tmp_path / str(round_number)
        process = child("record", folder)
        said = _lines_until(process, bursts=rng.randint(30, 160))
        process.send_signal(signal.SIGKILL)
        rest, problems = process.communicate(timeout=PATIENCE)
        said += [line.split() for line in rest.splitlines() if len(line.split()) == 4]
        durable = [line for line in said if line[0] == "durable"]

        actions, numbers, newest = _audit_and_attempts(folder)

        assert durable, problems
        assert {int(line[1]) for line in durable} <= actions
        assert numbers == list(range(len(numbers)))  # no hole: what is missing is the end
        assert len(numbers) > int(durable[-1][2])  # all that came before an acknowledged row is there
        lost_seconds.append(float(said[-1][3]) - newest)
    assert statistics.median(lost_seconds) <= 1.0


async def test_run_after_a_kill_says_when_the_killed_one_was_last_heard_of(tmp_path: Path) -> None:
    for _ in range(2):
        process = child("record", tmp_path)
        _lines_until(process, bursts=20)
        process.kill()
        process.communicate(timeout=PATIENCE)
    async with Reader.open(tmp_path) as reader:
        first, second = await reader.runs()
        events = await reader.events(end=second.started)

    assert not first.is_clean
    assert first.ended == events[-1].at
    assert second.ended is None


def test_disk_that_refuses_to_grow_is_survived_by_a_real_process(tmp_path: Path) -> None:
    process = child("fill", tmp_path)
    said, problems = process.communicate(timeout=PATIENCE)
    lines = {line.split()[0]: line for line in said.splitlines()}

    assert process.returncode == 0, problems
    assert "cannot write the recording" in lines["refused"]
    assert "SQLITE_" in lines["error"]
    assert lines["after"] == "after 3002 0 0 3002"
    opened = sqlite3.connect(tmp_path / DATABASE_NAME)
    gaps = opened.execute("SELECT cause, dropped FROM gap").fetchall()
    (clean,) = opened.execute("SELECT clean FROM run").fetchone()
    opened.close()
    assert gaps == [("write failed", 0)]
    assert clean == 1


@pytest.mark.parametrize(("mode", "code"), [("end", 0), ("raise", 1), ("interrupt", -signal.SIGINT)])
def test_process_ends_and_keeps_what_it_took_however_the_block_ends(tmp_path: Path, mode: str, code: int) -> None:
    process = child(mode, tmp_path)
    _, problems = process.communicate(timeout=PATIENCE)

    _, numbers, _ = _audit_and_attempts(tmp_path)

    assert process.returncode == code, problems
    assert numbers == [1]


def test_process_ends_though_another_program_holds_the_database(tmp_path: Path) -> None:
    first = child("end", tmp_path)
    first.communicate(timeout=PATIENCE)
    blocker = database(tmp_path)
    blocker.execute("BEGIN IMMEDIATE")

    second = child("end", tmp_path)
    _, problems = second.communicate(timeout=PATIENCE)

    blocker.close()
    assert second.returncode == 0, problems
