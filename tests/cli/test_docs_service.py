"""docs/service.md and its systemd unit are true: commands, options, times, and what brings an engine back."""

from __future__ import annotations

import re
import shlex
import signal
from configparser import RawConfigParser
from pathlib import Path

import click
import pytest

from hive_console.adapters.control_socket import MAX_CONNECTIONS, SOCKET_NAME
from hive_console.cli import main
from hive_console.core.gateway_settings import GatewaySettings
from hive_console.ui.stop_dialog import WORD
from hive_console.wiring.last_exit import AFTER_DRAIN, ENDING_SIGNALS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "service.md").read_text()


@pytest.fixture
def unit() -> RawConfigParser:
    parser = RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # how the library says: keep the case
    parser.read_string((DOCS / "hive-console.service").read_text())
    return parser


def is_command(line: str) -> bool:
    """Whether the program has this command, and the command these options."""
    _, *words = shlex.split(line, comments=True)
    command: click.Command | None = main
    while isinstance(command, click.Group) and words:
        command = command.get_command(click.Context(command), words.pop(0))
    assert command is not None, line
    known = {option for parameter in command.params for option in parameter.opts}
    return {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("line", re.findall(r"^(?:sudo -u \S+ )?(hive-console \w.*)$", PAGE, re.MULTILINE))
def test_every_command_of_the_page_is_one(line: str) -> None:
    assert is_command(line)


@pytest.mark.parametrize("line", re.findall(r"`(hive-console \w[^`]*)`", PAGE))
def test_every_command_in_the_text_is_one(line: str) -> None:
    assert is_command(line)


def test_the_unit_starts_a_command_that_there_is(unit: RawConfigParser) -> None:
    program, _, rest = unit["Service"]["ExecStart"].partition(" ")

    assert is_command(f"{Path(program).name} {rest}")


def test_the_unit_reads_settings_again_by_the_signal_that_does_so(unit: RawConfigParser) -> None:
    assert unit["Service"]["ExecReload"] == f"/bin/kill -{signal.SIGHUP.name.removeprefix('SIG')} $MAINPID"


def test_the_unit_waits_longer_than_an_end_takes(unit: RawConfigParser) -> None:
    wait = float(unit["Service"]["TimeoutStopSec"])
    longest_drain = int(re.findall(r"`gateway\.drain` above (\d+) s", PAGE)[0])

    assert wait > GatewaySettings().drain + AFTER_DRAIN
    assert longest_drain + AFTER_DRAIN < wait
    assert signal.SIGTERM in ENDING_SIGNALS


def test_a_deliberate_stop_stays_and_a_crash_comes_back(unit: RawConfigParser) -> None:
    assert unit["Service"]["Restart"] == "on-failure"  # a console's stop ends with 0: tests/system/test_attach.py


def test_the_unit_writes_where_its_engine_records(unit: RawConfigParser) -> None:
    service = unit["Service"]

    assert f"/var/lib/{service['StateDirectory']}" in shlex.split(service["ExecStart"])
    assert service["ProtectSystem"] == "strict"


def test_the_pages_names_and_numbers_are_the_programs() -> None:
    assert f"`{SOCKET_NAME}`" in PAGE
    assert f"Up to {MAX_CONNECTIONS} connections" in PAGE
    assert f"has `{WORD}` typed" in PAGE
