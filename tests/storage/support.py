"""What the storage tests share: events, a clock, waiting for a fact, a child process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from hive_console.core.events import AttemptFinished, BreakerChanged, OperatorActed
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import Action, ActionPhase, BreakerState
from hive_storage.days import days_in, kept_in
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.intake import Bounds
from hive_storage.recorder import DEFAULT_BOUNDS, Recorder

T0 = 1_790_000_000.0
"""A moment all tests begin at; a whole number of seconds."""

PATIENCE = 30.0
"""Seconds before a fact that should come counts as missing: a busy machine is no failure."""

_CHILD = Path(__file__).with_name("recording_child.py")


def attempt(number: int, *, at: float | None = None, kind: OutcomeKind = OutcomeKind.SUCCESS) -> AttemptFinished:
    return AttemptFinished(
        at=T0 + number if at is None else at,
        operation=f"op-{number}",
        model="alpha",
        number=number,
        kind=kind,
        latency=0.25,
    )


def breaker(number: int) -> BreakerChanged:
    return BreakerChanged(
        at=T0 + number, model="alpha", old=BreakerState.CLOSED, new=BreakerState.OPEN, cause=f"cause {number}"
    )


def action(number: int) -> OperatorActed:
    return OperatorActed(
        at=T0 + number,
        action_id=f"a{number}",
        actor="ann",
        action=Action.TRIP,
        phase=ActionPhase.INTENDED,
        target="alpha",
        reason="it lies",
    )


@asynccontextmanager
async def recording(path: Path, *, bounds: Bounds = DEFAULT_BOUNDS) -> AsyncGenerator[Recorder, None]:
    folder = DataFolder.open(path, started=T0)
    try:
        async with Recorder.open(folder, now=time.time, version="1.2.3", bounds=bounds) as recorder:
            yield recorder
    finally:
        folder.release()


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not fact():  # noqa: ASYNC110  # a view tells, it does not call
            await asyncio.sleep(0.005)


def balances(recorder: Recorder) -> bool:
    view = recorder.view()
    return view.recorded + view.dropped + view.queued == recorder.taken


def kept_attempts(path: Path) -> int:
    """Attempts on disk that are no part of a plain request, in every day's file."""
    found = 0
    for _, day in days_in(path):
        with closing(sqlite3.connect(day)) as shell:
            found += int(shell.execute("SELECT count(*) FROM attempt").fetchone()[0])
    return found


def damage(path: Path) -> list[str]:
    """What SQLite finds wrong with the recording and its days, a line each."""
    found: list[str] = []
    for file in (path / DATABASE_NAME, *(day for _, day in kept_in(path))):
        with closing(sqlite3.connect(file)) as shell:
            lines = [str(row[0]) for row in shell.execute("PRAGMA integrity_check")]
        found += [f"{file.name}: {line}" for line in lines if line != "ok"]
    return found


def database(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path / DATABASE_NAME, isolation_level=None)


def child(mode: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, str(_CHILD), mode, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
