"""Killed with -9 in the middle of everything it does: nothing acknowledged is lost, and every sum is exact.

`python -m tests.bench.storage_kill` does the same fifty times.
"""

from __future__ import annotations

import random
import stat
import time
from pathlib import Path

import pytest

from hive_console.core.rollup import Tier
from hive_storage import sql
from hive_storage.days import days_in
from hive_storage.store import SqliteStore
from tests.storage import kills

MIDNIGHT = 1_795_737_600.0
"""Of the 27th of November 2026, in UTC."""

LOST = 0.5
"""Seconds of requests that a kill may cost."""

FAST = 30.0
"""How much faster the clock of a process runs that shall live through a minute, or into another day."""


def test_kill_under_load_costs_half_a_second_of_requests_and_no_sum(tmp_path: Path) -> None:
    folder, rng = tmp_path / "data", random.Random("kills")
    lost: list[float] = []
    for number in range(3):
        killed, problems, seconds = kills.one_kill(folder, rng, begin=time.time(), in_place=number == 1)
        lost.append(seconds)

        assert killed.durable
        assert problems == []

    assert sorted(lost)[1] <= LOST  # the median: a machine may stand still between an event and what tells of it


def test_kill_around_midnight_leaves_both_days_whole_and_every_window_exact(tmp_path: Path) -> None:
    folder, rng = tmp_path / "data", random.Random("midnight")
    begin = MIDNIGHT - 20.0
    for number in range(3):
        killed, problems, _ = kills.one_kill(folder, rng, begin=begin, speed=FAST, in_place=number == 2)
        begin = killed.at + 1.0

        assert problems == []

    kills.reopen(folder, begin + Tier.DAY)
    yesterday, *_ = (path for _, path in days_in(folder))
    assert stat.S_IMODE(yesterday.stat().st_mode) == 0o400
    assert kills.problems_of(folder, kills.Killed()) == []


def test_kill_while_old_rows_are_removed_costs_nothing_that_is_kept(tmp_path: Path) -> None:
    kills.kept_too_long(tmp_path, MIDNIGHT)
    before = kills.old_windows(tmp_path)

    process = kills.started(tmp_path, begin=MIDNIGHT + 60, speed=FAST, days=1)
    killed = kills.killed_after(process, 1, when=lambda: kills.old_windows(tmp_path) < before)
    problems = kills.problems_of(tmp_path, killed)
    left = kills.old_windows(tmp_path)
    kills.reopen(tmp_path, killed.at + 1.0)

    assert problems == []
    assert 0 < left < before
    assert kills.differences(tmp_path, since=MIDNIGHT) == []


@pytest.mark.parametrize("seconds", [0.05, 0.25])
async def test_kill_while_an_older_recording_is_brought_over_leaves_all_of_it(
    tmp_path: Path, seconds: float
) -> None:
    rows = kills.older_recording(tmp_path, acts=20_000)

    kills.kill_while_migrating(tmp_path, seconds, begin=MIDNIGHT)
    at_once = kills.problems_of(tmp_path, kills.Killed())

    kills.killed_after(kills.started(tmp_path, begin=MIDNIGHT + 10), 3)
    async with SqliteStore.open(tmp_path) as store:
        check = await store.verify()
    assert at_once == []
    assert kills.version_of(tmp_path) == sql.SCHEMA_VERSION
    assert check.problem == ""
    assert check.rows >= rows
