"""Consoles on an engine in another process, in real terminals: coming, going, restarts, and what stays."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from hive_console.adapters.control_socket import attach_to
from hive_console.core.console_wire import Request
from hive_console.version import VERSION
from tests.system.endings import settings_file
from tests.system.program import COMMAND, Headless, Terminal, console, environment, eventually, status

SHOWN = "CHECKED"
"""A heading of the fleet's table: the screen is drawn."""


@pytest.fixture
def engine(tmp_path: Path, headless: Callable[..., Headless]) -> Headless:
    """A service that runs."""
    started = headless(str(settings_file(tmp_path)))
    started.gateway()
    return started


def attached(folder: Path, *arguments: str, columns: int = 80) -> AbstractContextManager[Terminal]:
    return console(folder, "attach", *arguments, columns=columns)


def shows(terminal: Terminal, words: str) -> None:
    eventually(lambda: words in terminal.text(), what=f"{words!r} is shown in: {terminal.text()[-2000:]}")


def pressing_enter(terminal: Terminal, until: str) -> None:
    """Presses enter until words are shown: dialogs ignore keys that come before they were read."""

    def pressed() -> bool:
        if until in terminal.text():
            return True
        terminal.press("\r")
        return False

    eventually(pressed, every=0.4, what=f"{until!r} is shown in: {terminal.text()[-2000:]}")


def trail(data: Path) -> list[tuple[str, str, str]]:
    """The audit trail: action, phase, detail."""
    command = (*COMMAND, "audit", "list", "--json", "--data", str(data))
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(data))
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    return [(row["action"], row["phase"], row["detail"]) for row in rows]


def test_a_console_attaches_and_leaves_and_the_engine_goes_on(tmp_path: Path, engine: Headless) -> None:
    with attached(tmp_path) as terminal:
        shows(terminal, SHOWN)
        assert [console["is_read_only"] for console in status(engine.data)["consoles"]] == [False]

        terminal.press("q")

        assert terminal.ended() == 0
        assert "the engine goes on; come back with: hive-console attach --data" in terminal.text()
    assert status(engine.data)["consoles"] == []
    assert engine.process.poll() is None
    eventually(lambda: ("detach", "done", "its screen was left") in trail(engine.data), what="the trail has it")


@pytest.mark.parametrize("loss", ["hang-up", "SIGHUP"])
def test_a_console_whose_terminal_goes_ends_and_the_trail_says_so(
    tmp_path: Path, engine: Headless, loss: str
) -> None:
    with attached(tmp_path) as terminal:
        shows(terminal, SHOWN)
        if loss == "hang-up":
            terminal.hang_up()
        else:
            terminal.signal(signal.SIGHUP)
        eventually(lambda: not terminal.is_alive(), what="it ends")

    def causes() -> list[str]:
        return [detail for action, _, detail in trail(engine.data) if action == "detach"]

    eventually(causes, what="the trail has it")
    assert all("terminal" in cause for cause in causes())
    assert engine.process.poll() is None


def test_two_consoles_know_of_each_other_and_one_may_only_look(tmp_path: Path, engine: Headless) -> None:
    with attached(tmp_path, columns=120) as one, attached(tmp_path, "--read-only", columns=120) as other:
        shows(one, "also: ")
        shows(one, " RO")
        shows(other, "READ-ONLY")
        shows(other, "also: ")


def test_a_console_outlives_a_restart_of_its_engine(tmp_path: Path, headless: Callable[..., Headless]) -> None:
    first = headless(str(settings_file(tmp_path)))
    first.gateway()
    with attached(tmp_path) as terminal:
        shows(terminal, SHOWN)
        first.kill()
        shows(terminal, "NO CONNECTION to the engine")
        drawn = len(terminal.drawn)

        second = headless(str(settings_file(tmp_path)))
        second.gateway()

        eventually(lambda: status(second.data).get("consoles"), what="it attaches again")
        eventually(lambda: b"LIVE" in terminal.drawn[drawn:], what="it is live again")


async def test_an_engine_is_stopped_in_order_by_a_consoles_word(engine: Headless) -> None:
    link = await attach_to(engine.data, version=VERSION)
    link.send(Request(op="stop", id=2, reason="moving house"))
    answer = await link.receive()
    await link.close()

    assert answer.result is not None
    assert answer.result.is_done
    assert await asyncio.to_thread(engine.process.wait, 30) == 0
    assert "stopped" in engine.log()
    assert [phase for action, phase, _ in trail(engine.data) if action == "stop"] == ["intended", "done"]


def test_without_an_engine_it_says_how_to_start_one(tmp_path: Path) -> None:
    with attached(tmp_path) as terminal:
        assert terminal.ended() == 2
        assert "no engine is running on" in terminal.text()
        assert "hive-console serve --data" in terminal.text()


def test_a_second_engine_on_the_folder_offers_the_first_ones_console(tmp_path: Path, engine: Headless) -> None:
    with console(tmp_path, str(settings_file(tmp_path))) as terminal:
        shows(terminal, "Attach to the engine that runs there?")
        terminal.press("y\r")
        shows(terminal, SHOWN)
        terminal.press("q")

        assert terminal.ended() == 0
    assert engine.process.poll() is None


def test_without_a_terminal_it_is_told_how_to_see_the_engine_that_runs(tmp_path: Path, engine: Headless) -> None:
    command = (*COMMAND, "serve", str(settings_file(tmp_path)), "--data", str(engine.data))
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(tmp_path))

    assert ran.returncode == 1
    assert f"hive-console attach --data {engine.data} shows it" in ran.stderr


def test_a_screen_is_left_and_come_back_to_while_its_engine_goes_on(tmp_path: Path) -> None:
    with console(tmp_path, str(settings_file(tmp_path))) as terminal:
        eventually(lambda: status(tmp_path / "data").get("gateway"), what="the engine is up")
        terminal.press("q")
        shows(terminal, "Leave the screen")
        terminal.press("j")

        pressing_enter(terminal, "enter brings the screen back")
        eventually(lambda: status(tmp_path / "data").get("consoles") == [], what="nobody looks")
        with attached(tmp_path) as other:
            shows(other, SHOWN)
            drawn = len(terminal.drawn)
            terminal.press("\r")
            eventually(lambda: SHOWN.encode() in terminal.drawn[drawn:], what="the screen is back")
            shows(other, "also: ")
        terminal.signal(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM
