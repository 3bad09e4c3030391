"""Killed at any moment: the recording opens, holds all but the last second, and the folder is free again."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hive_console.core.events import OperationFinished, ProbeFinished
from hive_console.core.store import Wanted
from hive_storage.store import SqliteStore
from tests.storage.support import damage
from tests.system.program import COMMAND, Headless, Provider, environment, eventually, settings_for
from tests.system.traffic import Load


async def test_kill_leaves_a_recording_that_opens_and_misses_a_second_at_most(
    tmp_path: Path, provider: Callable[[str], Provider], headless: Callable[..., Headless]
) -> None:
    config = str(settings_for(tmp_path, provider("alpha"), provider("beta"), provider("gamma")))
    engine = headless(config)
    with Load(engine.gateway(), "alpha", rate=50) as load:
        eventually(lambda: len(load.results) > 200)
        killed_at = time.time()
        engine.kill()

    async with SqliteStore.open(engine.data) as recording:
        events = await recording.events(Wanted())
    operations = [event for event in events if isinstance(event, OperationFinished)]
    assert damage(engine.data) == []
    assert any(isinstance(event, ProbeFinished) for event in events)
    answered = [result for result in load.results if result.served_by]
    assert max(event.at for event in operations) > killed_at - 1.0
    before = sum(1 for result in answered if result.began < time.monotonic() - (time.time() - killed_at) - 1.5)
    assert len(operations) >= before


def test_second_start_says_who_holds_the_folder(
    tmp_path: Path, provider: Callable[[str], Provider], headless: Callable[..., Headless]
) -> None:
    config = str(settings_for(tmp_path, provider("alpha"), provider("beta")))
    engine = headless(config)
    gateway = engine.gateway()

    second = subprocess.run(
        (*COMMAND, "serve", config, "--data", str(engine.data)),
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )

    assert second.returncode == 1
    assert f"process {engine.process.pid}" in second.stderr
    assert gateway in second.stderr
    assert "Traceback" not in second.stderr


def test_killed_engine_leaves_a_folder_that_the_next_one_takes(
    tmp_path: Path, provider: Callable[[str], Provider], headless: Callable[..., Headless]
) -> None:
    config = str(settings_for(tmp_path, provider("alpha"), provider("beta")))
    first = headless(config)
    first.gateway()
    eventually(lambda: runs_of(first.data), what="its run is on the disk")
    first.kill()

    again = headless(config)
    again.gateway()
    assert again.stop() == 0

    assert runs_of(again.data) == [(0,), (1,)]


def runs_of(data: Path) -> list[tuple[int]]:
    """Of each run in the recording, whether it ended in order; empty while there is no recording."""
    try:
        with closing(sqlite3.connect(f"file:{data / 'hive.db'}?mode=ro", uri=True)) as recording:
            return recording.execute("SELECT clean FROM run ORDER BY id").fetchall()
    except sqlite3.OperationalError:
        return []


def test_sigterm_ends_headless_within_seconds(
    tmp_path: Path, provider: Callable[[str], Provider], headless: Callable[..., Headless]
) -> None:
    engine = headless(str(settings_for(tmp_path, provider("alpha"), provider("beta"))))
    engine.gateway()
    began = time.monotonic()

    assert engine.stop() == 0

    assert time.monotonic() - began < 5
