"""The link breaks, freezes or ends; the engine does not care."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.program import COMMAND, Provider, Terminal, console, environment, eventually, settings_for, status
from tests.system.traffic import Load

STALL = 30.0
"""Seconds the terminal reads nothing: a Textual app on the engine's own loop stops serving after six."""

SLOWEST = 5.0
"""Seconds a request may take while the terminal is gone or frozen, on a busy machine (the provider answers in
50 ms). An engine that a terminal can hold up lets them time out at thirty."""


@pytest.fixture
def config(tmp_path: Path, provider: Callable[[str], Provider]) -> str:
    return str(settings_for(tmp_path, provider("alpha"), provider("beta"), provider("gamma")))


def gateway_of(data: Path) -> str:
    return eventually(lambda: str(status(data).get("gateway", "")), what="the gateway listens")


def pressed_enter_until_gone(terminal: Terminal) -> bool:
    """Presses enter again and again: the dialog ignores keys that come before it was painted."""
    if terminal.is_alive():
        terminal.press("\r")
        return False
    return True


@pytest.mark.parametrize("loss", ["hang-up", "SIGHUP"])
def test_engine_serves_on_when_the_terminal_goes_away(tmp_path: Path, config: str, loss: str) -> None:
    with console(tmp_path, config) as terminal, Load(gateway_of(tmp_path / "data"), "alpha") as load:
        eventually(lambda: len(load.results) > 5)

        lost_at = time.monotonic()
        if loss == "hang-up":
            terminal.hang_up()
        else:
            terminal.signal(signal.SIGHUP)
        eventually(lambda: len(load.served_since(lost_at)) > 30, what="requests are served after the loss")

        assert terminal.is_alive()
        assert load.errors() == []
        assert max(result.seconds for result in load.results) < SLOWEST
        used = terminal.cpu_seconds()
        seen = len(load.results)
        began = time.monotonic()
        eventually(lambda: len(load.results) > seen + 30)
        assert (terminal.cpu_seconds() - used) / (time.monotonic() - began) < 0.5  # it does not spin

        terminal.signal(signal.SIGTERM)
        eventually(lambda: not terminal.is_alive(), what="SIGTERM ends it")


@pytest.mark.timeout(180)
def test_requests_are_served_while_the_terminal_is_frozen(tmp_path: Path, config: str) -> None:
    large = console(tmp_path, config, columns=120, rows=40)
    with large as terminal, Load(gateway_of(tmp_path / "data"), "alpha") as load:
        eventually(lambda: len(load.results) > 5)
        terminal.stall()
        frozen_at = time.monotonic()
        wanted = int(STALL * load.rate)
        eventually(lambda: len(load.served_since(frozen_at)) >= wanted, within=STALL * 2)

        assert load.errors() == []
        assert max(result.seconds for result in load.results) < SLOWEST
        drawn = len(terminal.drawn)
        terminal.resume()
        eventually(lambda: len(terminal.drawn) > drawn, what="it draws again")


def test_quitting_restores_the_terminal(tmp_path: Path, config: str) -> None:
    with console(tmp_path, config) as terminal:
        gateway_of(tmp_path / "data")
        terminal.press("q")
        eventually(lambda: "Stop the engine" in terminal.text(), what="it asks before it quits")
        terminal.press("jj")  # from "Stay", where a careless enter does no harm, to "Stop the engine"
        eventually(lambda: pressed_enter_until_gone(terminal), what="it ends")
        assert b"\x1b[?1049l" in terminal.drawn


def test_console_in_a_pipe_is_refused_with_what_to_use_instead(tmp_path: Path) -> None:
    ran = subprocess.run(
        (*COMMAND, "--demo"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )

    assert ran.returncode == 2
    assert "hive-console serve" in ran.stderr
