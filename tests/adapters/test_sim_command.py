"""`simulate-provider` as a process: its first line, its control address, its end."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click.testing
import httpx
import pytest

from hive_console.cli.simulate_provider import command
from hive_console.sim.demo_settings import DEGRADED_BELOW, HEALTH_CHECK_INTERVAL, TIMEOUT
from hive_console.sim.fault_words import FORMS
from hive_console.sim.incidents import DEMO_SCRIPT
from hive_console.sim.traffic import RATE

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loopback speaks plain HTTP; loading certificates takes longer than the requests."""

PROGRAM = "from hive_console.cli.simulate_provider import command; command()"


class Running:
    """A started command and the lines it prints."""

    def __init__(self, process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
        self.process = process
        self._lines = lines
        self.url = self.line()
        self.control = self.line().removeprefix("control ")

    def line(self) -> str:
        return self._lines.get(timeout=30)

    def set_fault(self, body: object, **headers: str) -> httpx.Response:
        with httpx.Client(trust_env=False, verify=NO_TLS) as client:
            sent = {"content-type": "application/json", **headers}
            return client.post(self.control, content=json.dumps(body), headers=sent)

    def status(self, path: str = "/models") -> int:
        with httpx.Client(trust_env=False, verify=NO_TLS, timeout=10) as client:
            return client.get(self.url + path).status_code


@contextmanager
def started(*arguments: str) -> Iterator[Running]:
    lines: queue.Queue[str] = queue.Queue()

    def read(stream: IO[str]) -> None:
        for line in stream:
            lines.put(line.rstrip("\n"))

    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    reader = threading.Thread(target=read, args=(process.stdout,))
    reader.start()
    try:
        yield Running(process, lines)
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with started("--models", "m", "--latency", "1ms") as running:
        assert running.status("/models/m") == 200

        running.process.send_signal(number)

        assert running.process.wait(10) == 0
        assert running.process.stderr is not None
        assert running.process.stderr.read() == ""


def test_faults_are_set_over_http_even_during_an_outage_and_each_change_is_printed() -> None:
    with started("--models", "m,n") as running:
        answer = running.set_fault({"model": "*", "fault": "outage"})
        assert answer.json() == {"faults": {"*": "outage"}}
        assert running.line() == "fault *: outage"
        with pytest.raises(httpx.ConnectError):
            running.status()
        running.set_fault({"fault": "none"})
        assert running.line() == "fault *: none"
        assert running.status() == 200
        running.set_fault({"model": "n", "fault": "http:503"})
        assert running.line() == "fault n: http:503"
        assert [running.status("/models/m"), running.status("/models/n")] == [200, 503]
        with httpx.Client(trust_env=False, verify=NO_TLS) as client:
            on_its_own_port = client.get(running.url.removesuffix("/v1") + "/__fault__")
        assert on_its_own_port.json() == {"faults": {"n": "http:503"}}


def test_the_control_address_tells_how_many_requests_came_and_are_under_way() -> None:
    with started("--models", "m", "--fault", "m=hang") as running:
        with httpx.Client(trust_env=False, verify=NO_TLS, timeout=0.2) as client:
            body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
            with pytest.raises(httpx.ReadTimeout):
                client.post(running.url + "/chat/completions", json=body)
        with httpx.Client(trust_env=False, verify=NO_TLS) as client:
            told = client.get(running.control.replace("/__fault__", "/__traffic__")).json()
            stranger = client.get(
                running.control.replace("/__fault__", "/__traffic__"), headers={"host": "evil.example"}
            )

    assert (told["taken"], told["asked"]) == (1, {"m": 1})
    assert told["in_flight"] in {0, 1}
    assert stranger.status_code == 403


def test_wrong_control_requests_say_what_is_wrong_and_change_nothing() -> None:
    with started("--models", "m") as running:
        wrong: list[object] = [
            {"fault": "fire"},
            {"model": "x", "fault": "hang"},
            {"model": 7, "fault": "hang"},
            [],
            5,
        ]
        for body in wrong:
            answer = running.set_fault(body)
            assert answer.status_code == 400
            assert answer.json()["error"]
        assert running.set_fault({"fault": "hang", "x": "y" * 5000}).status_code == 413
        assert running.set_fault({"fault": "hang"}, host="evil.example:80").status_code == 403
        plain = {"content-type": "text/plain"}
        assert running.set_fault({"fault": "hang"}, **plain).status_code == 415
        assert running.status() == 200


def test_faults_and_dialect_of_the_command_line_hold_from_the_first_line() -> None:
    with started("--dialect", "anthropic", "--models", "m,n", "--fault", "m=http:529", "--seed", "7") as running:
        assert running.line() == "fault m: http:529"
        with httpx.Client(trust_env=False, verify=NO_TLS) as client:
            body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}
            answer = client.post(running.url + "/messages", json=body, headers={"anthropic-version": "2023-06-01"})
        assert answer.status_code == 529
        assert answer.json()["error"]["type"] == "overloaded_error"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--latency", "300"], "latency"),
        (["--fault", "fire"], "flapping"),
        (["--fault", "x=hang"], "not one of the models"),
        (["--models", "a,,b"], "models"),
        (["--latency", "60m"], "firstToken"),
        (["--dialect", "french"], "dialect"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(arguments: list[str], complaint: str) -> None:
    result = click.testing.CliRunner().invoke(command, arguments)

    assert result.exit_code == 2
    assert complaint in result.output


def test_a_taken_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        for option in ("--port", "--control-port"):
            result = click.testing.CliRunner().invoke(command, [option, str(number)])
            assert result.exit_code == 1
            assert str(number) in result.output


# --- what the documentation says -----------------------------------------------------------------


def documentation() -> str:
    return (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")


def test_the_documentation_names_every_fault_and_every_option() -> None:
    text = documentation()

    assert [form.shown for form in FORMS if f"| `{form.shown}` |" not in text] == []
    options = [option for parameter in command.params for option in parameter.opts]
    assert [option for option in options if f"`{option} " not in text] == []


def test_the_documentation_tells_the_demos_script_and_numbers() -> None:
    text = documentation()

    rows = [f"| {incident.start:g} to {incident.end:g} |" for incident in DEMO_SCRIPT.incidents]
    assert [row for row in rows if row not in text] == []
    numbers = (
        f"repeats every {DEMO_SCRIPT.cycle:g} seconds",
        f"({RATE:g} requests a second",
        f"probes every {HEALTH_CHECK_INTERVAL:g} s",
        f"timeout {TIMEOUT:g} s",
        f"fewer than {DEGRADED_BELOW:.0%}".replace("%", " %"),
    )
    assert [number for number in numbers if number not in text] == []
