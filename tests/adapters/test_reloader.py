"""The settings file of a running engine: what is read when, what is applied, what is only told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hive_console.core.events import Event, SettingsNoticed, SettingsRefused, SettingsReloaded
from hive_console.engine.clock import SystemClock
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.wiring import reloading
from hive_console.wiring.reloading import NO_FILE, Reloader, told_in_public
from hive_console.wiring.settings_file import SettingsFile
from tests.engine.scripted import ListRecorder, ScriptedProvider

SOON = 10.0

TOLD = (SettingsNoticed, SettingsRefused, SettingsReloaded)


def text(*models: str, timeout: str = "5s", reload: str = "manual") -> str:
    endpoint = "{endpoint: 'http://127.0.0.1:9/v1', probe: none, timeout: %s}"
    lines = [f"reload: {reload}", "models:", *(f"  {name}: {endpoint % timeout}" for name in models)]
    return "\n".join(lines) + "\n"


@dataclass
class Bench:
    """A running engine, its settings file and the reloader between them."""

    path: Path
    engine: ResilienceEngine
    recorder: ListRecorder
    reloader: Reloader
    log: list[str] = field(default_factory=list)
    applied: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, content: str) -> None:
        """Replaces the file as a careful editor does: a new one under the old name."""
        other = self.path.with_suffix(".new")
        other.write_text(content)
        other.chmod(0o600)
        other.replace(self.path)

    async def looks(self, times: int = 2) -> None:
        for _ in range(times):
            await self.reloader._look()

    def told(self) -> list[Event]:
        return [event for event in self.recorder.events if isinstance(event, TOLD)]

    def models(self) -> list[str]:
        return [model.id for model in self.engine.settings.models]


@asynccontextmanager
async def benched(folder: Path, reload: str = "manual") -> AsyncIterator[Bench]:
    path = folder / "hive.yaml"
    path.write_text(text("a", "b", reload=reload))
    path.chmod(0o600)
    file = SettingsFile(path, {}, port=0)
    settings = file.load().settings
    recorder = ListRecorder()
    log: list[str] = []
    engine = ResilienceEngine(settings, provider=ScriptedProvider(), clock=SystemClock(), recorder=recorder)
    async with engine:
        bench = Bench(path, engine, recorder, Reloader(engine, file, say=log.append), log)
        engine.follow(lambda _settings: bench.applied.set())
        yield bench


async def test_a_reload_applies_the_file_and_reports_the_difference(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a", "c"))

        report = await bench.reloader.reload(actor="uid 7")

        assert (report.is_good, report.message) == (True, "applied: 2 changes")
        assert report.changes == ("models.c: added", "models.b: removed")
        assert report.action_id
        assert bench.models() == ["a", "c"]
        assert bench.log == ["settings applied: 2 changes", *report.changes]


async def test_a_dry_run_reports_the_difference_and_applies_nothing(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a", "c"))

        report = await bench.reloader.reload(actor="uid 7", dry_run=True)

        assert report.changes == ("models.c: added", "models.b: removed")
        assert bench.models() == ["a", "b"]
        assert (bench.recorder.durable, bench.told(), bench.log) == ([], [], [])


async def test_a_broken_file_is_refused_with_every_problem_and_the_last_good_stays(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a", timeout="7") + "resilence: {}\n")

        for dry_run in (True, False):
            report = await bench.reloader.reload(dry_run=dry_run)
            assert not report.is_good
            assert [problem.split(": ")[0] for problem in report.problems] == [f"{bench.path}:3", f"{bench.path}:4"]

        assert bench.models() == ["a", "b"]
        (refused,) = bench.told()
        assert isinstance(refused, SettingsRefused)
        assert refused.count == 2


async def test_nobody_agrees_to_a_file_and_gets_another(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a"))
        shown = await bench.reloader.reload(dry_run=True)
        bench.write(text("c"))

        late = await bench.reloader.reload(actor="uid 7", expected=shown.digest)
        assert (late.is_good, bench.models()) == (False, ["a", "b"])

        again = await bench.reloader.reload(dry_run=True)
        assert (await bench.reloader.reload(actor="uid 7", expected=again.digest)).is_good
        assert bench.models() == ["c"]


async def test_what_the_command_line_said_of_the_port_is_no_change(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a", "b") + "gateway: {port: 9000}\n")

        assert (await bench.reloader.reload()).changes == ()


async def test_an_unchanged_file_is_never_read_again(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        await bench.looks(5)

        assert bench.told() == []


async def test_a_changed_file_is_told_and_waits_for_a_person(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a", "c"))
        await bench.looks(5)

        (noticed,) = bench.told()
        assert isinstance(noticed, SettingsNoticed)
        assert noticed.changes == ("models.c: added", "models.b: removed")
        assert bench.models() == ["a", "b"]
        assert (await bench.reloader.reload()).is_good
        assert bench.models() == ["a", "c"]


async def test_a_changed_file_is_applied_where_the_settings_in_force_say_so(tmp_path: Path) -> None:
    async with benched(tmp_path, "auto") as automatic:
        automatic.write(text("a", "c"))
        await automatic.looks()
        assert automatic.models() == ["a", "c"]

        automatic.write(text("a", "d"))
        await automatic.looks()
        assert automatic.models() == ["a", "c"]  # the file that was applied says manual


async def test_a_file_that_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    async with benched(tmp_path, "auto") as automatic:
        for number in range(4):
            automatic.write(text("a", f"b{number}", reload="auto"))
            await automatic.looks(1)
            assert automatic.told() == []

        await automatic.looks(1)
        assert automatic.models() == ["a", "b3"]


@pytest.mark.parametrize("mode", ["manual", "auto"])
async def test_a_broken_file_is_told_once_and_a_good_one_ends_the_alert(tmp_path: Path, mode: str) -> None:
    async with benched(tmp_path, mode) as bench:
        good = bench.path.read_text()
        for _ in range(3):
            bench.write("models: {a: [}")  # the same content under a new inode is no news
            await bench.looks()
        assert [type(event) for event in bench.told()] == [SettingsRefused]
        assert bench.models() == ["a", "b"]

        bench.write(good)
        await bench.looks()
        assert [type(event) for event in bench.told()] == [SettingsRefused, SettingsReloaded]
        assert bench.engine._publisher.publish().alerts[0].resolved_at is not None


async def test_a_file_that_is_gone_is_told_and_the_last_good_stays(tmp_path: Path) -> None:
    async with benched(tmp_path, "auto") as automatic:
        automatic.path.unlink()
        await automatic.looks(4)

        (refused,) = automatic.told()
        assert isinstance(refused, SettingsRefused)
        assert "no such file" in refused.problem
        assert automatic.models() == ["a", "b"]


@pytest.mark.parametrize("trap", ["world-writable", "folder", "pipe", "link to a device"])
async def test_c3_a_file_swapped_for_a_trap_is_refused_and_nothing_hangs(tmp_path: Path, trap: str) -> None:
    async with benched(tmp_path, "auto") as automatic:
        path = automatic.path
        path.unlink()
        match trap:
            case "world-writable":
                path.write_text(text("evil"))
                path.chmod(0o666)
            case "folder":
                path.mkdir()
            case "pipe":
                os.mkfifo(path, 0o600)
            case _:
                path.symlink_to("/dev/zero")

        async with asyncio.timeout(10):
            await automatic.looks(3)
            report = await automatic.reloader.reload()

        assert not report.is_good
        assert automatic.models() == ["a", "b"]


async def test_c3_what_was_checked_is_what_is_applied_whoever_swaps_the_file_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a", "c"))
        check = SettingsFile._loaded

        def swapped(file: SettingsFile, content: bytes) -> object:
            bench.write(text("evil"))
            return check(file, content)

        monkeypatch.setattr(SettingsFile, "_loaded", swapped)
        await bench.reloader.reload()

        assert bench.models() == ["a", "c"]


async def test_a_signal_applies_the_file_also_where_changes_wait_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with benched(tmp_path) as bench:
        monkeypatch.setattr(reloading, "LOOK", 0.01)
        bench.write(text("a", "c"))
        bench.engine.serve("watch", bench.reloader.watch)
        bench.reloader.asked.set()

        await asyncio.wait_for(bench.applied.wait(), SOON)

        assert [event.source for event in bench.told() if isinstance(event, SettingsReloaded)] == ["signal"]
        assert bench.recorder.durable == []


async def test_the_watch_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with benched(tmp_path, "auto") as automatic:
        monkeypatch.setattr(reloading, "LOOK", 0.01)
        automatic.engine.serve("watch", automatic.reloader.watch)
        automatic.write(text("a", "c", reload="auto"))

        await asyncio.wait_for(automatic.applied.wait(), SOON)


async def test_two_who_ask_at_once_are_served_one_after_the_other(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        bench.write(text("a", "c"))

        reports = await asyncio.gather(*(bench.reloader.reload(actor=f"uid {number}") for number in range(5)))

        assert [len(report.changes) for report in reports] == [2, 0, 0, 0, 0]
        assert all(report.is_good for report in reports)


async def test_nothing_changes_while_the_engine_stops(tmp_path: Path) -> None:
    async with benched(tmp_path, "auto") as automatic:
        automatic.reloader.end()
        automatic.write(text("a", "c"))

        await automatic.looks(3)
        report = await automatic.reloader.reload()

        assert (report.is_good, report.message) == (False, "the engine is stopping")
        assert automatic.models() == ["a", "b"]


async def test_an_engine_without_a_file_says_so(tmp_path: Path) -> None:
    async with benched(tmp_path) as bench:
        reloader = Reloader(bench.engine, None)

        await reloader._look()

        assert (await reloader.reload()).message == NO_FILE


def test_a_problem_that_may_name_a_providers_address_is_told_without_it() -> None:
    with_address = "hive.yaml:4: models.a.endpoint: is plain http to llm.internal, where anybody could read keys"

    said = told_in_public(with_address)

    assert said.startswith("hive.yaml:4: models.a.endpoint: ")
    assert "internal" not in said
    assert told_in_public("hive.yaml:3: models.a.timeout: 30 has no unit").endswith("no unit")
