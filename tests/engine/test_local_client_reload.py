"""The console's way to a reload: in the name of who sits there, and honest while nothing runs."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import cast

from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import before_start
from hive_console.engine.local_client import STARTING, LocalClient, RunningEngine
from tests.core.samples import NOW, fleet_settings


async def test_it_is_asked_for_in_the_name_of_who_sits_there() -> None:
    asked: list[tuple[str, str, bool, str]] = []

    async def reload(*, actor: str, origin: str, dry_run: bool, expected: str, is_watcher: bool) -> ReloadReport:
        assert not is_watcher
        asked.append((actor, origin, dry_run, expected))
        return ReloadReport(is_good=True, message="applied")

    client = LocalClient(before_start(fleet_settings(), NOW), actor="ann", origin="tty pts/3")
    client.attach(cast("RunningEngine", None), asyncio.get_running_loop(), reload=reload)
    report = await asyncio.wrap_future(client.reload(dry_run=False, expected="d1"))

    assert report.message == "applied"
    assert asked == [("ann", "tty pts/3", False, "d1")]


def test_before_the_engine_runs_it_says_so() -> None:
    client = LocalClient(before_start(fleet_settings(), NOW), actor="ann")

    future: Future[ReloadReport] = client.reload(dry_run=True)

    assert future.result(timeout=0) == ReloadReport(is_good=False, message=STARTING)


async def test_the_engine_is_told_that_one_may_only_look() -> None:
    asked: list[tuple[bool, bool]] = []

    async def reload(*, actor: str, origin: str, dry_run: bool, expected: str, is_watcher: bool) -> ReloadReport:
        asked.append((dry_run, is_watcher))
        return ReloadReport(is_good=True, message=f"{actor} {origin} {expected}")

    client = LocalClient(before_start(fleet_settings(), NOW), actor="eve", origin="tty pts/3", is_read_only=True)
    client.attach(cast("RunningEngine", object()), asyncio.get_running_loop(), reload=reload)
    await asyncio.wrap_future(client.reload(dry_run=False))

    assert asked == [(False, True)]
