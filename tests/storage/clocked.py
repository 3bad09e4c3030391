"""A recorder on a clock that the test moves, and the sums it leaves behind, asked in plain SQL."""

# ruff: noqa: S608  # statements are put together from constants of the house

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from hive_console.core.events import (
    AttemptFinished,
    EngineStarted,
    OperationFinished,
    StatusChanged,
)
from hive_console.core.outcome import OutcomeKind
from hive_console.core.rollup import Tier
from hive_console.core.states import ModelStatus, OperationResult
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.intake import Bounds
from hive_storage.recorder import DEFAULT_BOUNDS, Recorder
from hive_storage.sql import ROLL_UP_TABLES
from tests.storage.support import action

NOON = 1_790_078_400.0
"""12:00 UTC of 2026-09-22: the first second of a window of every length but a day."""

DAY = 86_400.0


class Clock:
    """Unix seconds that only the test moves."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Session:
    """What one engine records: it starts, its model answers, an operator acts so that all of it is on disk."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self.recorder = recorder
        self.clock = clock
        self._number = 0

    def start(self, *models: str) -> None:
        self.recorder.record(EngineStarted(at=self.clock.now, version="1.2.3", models=models))
        for model in models:
            self.recorder.record(
                StatusChanged(
                    at=self.clock.now,
                    model=model,
                    old=ModelStatus.UNKNOWN,
                    new=ModelStatus.AVAILABLE,
                    cause="it answers",
                )
            )

    def request(self, model: str = "alpha", *, latency: float = 0.25, read_tokens: int = 100) -> None:
        self._number += 1
        operation = f"6ab1e200-{self._number}"
        self.recorder.record(
            AttemptFinished(
                at=self.clock.now,
                operation=operation,
                model=model,
                number=1,
                kind=OutcomeKind.SUCCESS,
                latency=latency,
                status=200,
                read_tokens=read_tokens,
            )
        )
        self.recorder.record(
            OperationFinished(
                at=self.clock.now,
                operation=operation,
                requested=model,
                result=OperationResult.ANSWERED,
                latency=latency,
                attempts=1,
                served_by=model,
            )
        )

    async def durable(self) -> None:
        """Everything until now is on disk."""
        self._number += 1
        await self.recorder.record_durably(action(self._number))


@asynccontextmanager
async def session(path: Path, clock: Clock, *, bounds: Bounds = DEFAULT_BOUNDS) -> AsyncGenerator[Session, None]:
    folder = DataFolder.open(path, started=clock.now)
    try:
        async with Recorder.open(folder, now=clock, version="1.2.3", bounds=bounds) as recorder:
            yield Session(recorder, clock)
    finally:
        folder.release()


def crashed_copy(folder: Path, to: Path) -> Path:
    """The folder as a kill would leave it now: what is committed, nothing closed."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("*-shm", "ballast"))
    return to


Calls = dict[tuple[str, int], tuple[int, int, int]]
"""By model and beginning: calls, sum of latencies in microseconds, milliseconds available."""


def sums(folder: Path, tier: Tier) -> Calls:
    statement = (
        "SELECT n.text, r.t, r.calls, r.latency_us, r.available_ms"
        f" FROM {ROLL_UP_TABLES[tier]} r JOIN name n ON n.id = r.model"
    )
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as shell:
        return {(model, t): (calls, latency, up) for model, t, calls, latency, up in shell.execute(statement)}


def total(found: Calls) -> tuple[int, int, int]:
    calls, latency, up = (sum(column) for column in zip(*found.values(), strict=True)) if found else (0, 0, 0)
    return calls, latency, up
