"""Processes that are killed, that meet a full disk, that end badly: the file opens, and the process goes."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from hive_console.core.store import Wanted
from hive_storage.folder import DATABASE_NAME
from hive_storage.store import SqliteStore
from tests.storage.support import PATIENCE, child, database, kept_attempts


def _lines_until(process: subprocess.Popen[str], *, bursts: int) -> list[list[str]]:
    assert process.stdout is not None
    said: list[list[str]] = []
    for line in process.stdout:
        said.append(line.split())
        if len(said) >= bursts:
            break
    return said


async def test_run_after_a_kill_says_when_the_killed_one_was_last_heard_of(tmp_path: Path) -> None:
    for _ in range(2):
        process = child("record", tmp_path)
        _lines_until(process, bursts=20)
        process.kill()
        process.communicate(timeout=PATIENCE)
    async with SqliteStore.open(tmp_path) as reader:
        first, second = await reader.runs()
        events = await reader.events(Wanted(end=second.started))

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

    assert process.returncode == code, problems
    assert kept_attempts(tmp_path) == 1


def test_process_ends_though_another_program_holds_the_database(tmp_path: Path) -> None:
    first = child("end", tmp_path)
    first.communicate(timeout=PATIENCE)
    blocker = database(tmp_path)
    blocker.execute("BEGIN IMMEDIATE")

    second = child("end", tmp_path)
    _, problems = second.communicate(timeout=PATIENCE)

    blocker.close()
    assert second.returncode == 0, problems
