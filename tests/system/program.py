"""The installed program in processes of its own: headless, and in a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from hive_console.core.events import ServiceFailed

Result = TypeVar("Result")

PATIENCE = 30.0
"""Seconds anything may take on a busy machine before a test gives up."""

LOOK = 0.02
"""Seconds between two looks at a condition."""

COMMAND = (sys.executable, "-m", "hive_console")

_ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_\]].*?(?:\x07|\x1b\\)|\x1b[@-Z\\-_]", re.DOTALL)


def eventually(
    condition: Callable[[], Result], *, within: float = PATIENCE, every: float = LOOK, what: str = ""
) -> Result:
    """Looks until the condition gives something true; fails with `what` when it never does."""
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise AssertionError(f"never happened within {within:g} s: {what or condition}")
        threading.Event().wait(every)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A bare environment, so that the machine's own settings and keys play no part."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(folder), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **more}


class Provider:
    """A simulated provider in a process of its own, which can be killed and brought back on its port."""

    def __init__(self, folder: Path, *models: str, dialect: str = "openai", latency: str = "20ms") -> None:
        self._folder = folder
        self._models = models
        self._options = ("--dialect", dialect, "--latency", latency)
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self.endpoint = ""
        self.control = ""
        self.start()

    def start(self) -> None:
        command = (*COMMAND, "simulate-provider", "--models", ",".join(self._models), *self._options)
        self._process = subprocess.Popen(
            (*command, "--port", str(self.port)),
            stdout=subprocess.PIPE,
            text=True,
            env=environment(self._folder),
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        assert self.endpoint.startswith("http"), self.endpoint
        self.control = self._process.stdout.readline().strip().removeprefix("control ")
        self.port = int(self.endpoint.split(":")[2].split("/")[0])

    def kill(self) -> None:
        """kill -9: connections are reset, new ones refused."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def set_fault(provider: Provider, model: str, fault: str) -> None:
    """Sets (`none` ends) the fault of a model, or of `*`."""
    httpx.post(provider.control, json={"model": model, "fault": fault}, trust_env=False).raise_for_status()


def traffic_of(provider: Provider) -> dict[str, Any]:  # JSON
    """What came to a provider: `in_flight`, `taken`, and `asked` of each model."""
    answer = httpx.get(provider.control.replace("/__fault__", "/__traffic__"), trust_env=False)
    return dict(answer.raise_for_status().json())


class Headless:
    """`hive-console serve` in a process of its own; `command` is what starts the program."""

    def __init__(self, folder: Path, *arguments: str, command: tuple[str, ...] = COMMAND) -> None:
        self.folder = folder
        self.data = folder / "data"
        with (folder / "serve.log").open("w") as log:
            self.process = subprocess.Popen(
                (*command, "serve", *arguments, "--data", str(self.data)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(folder, PYTHONPATH=os.pathsep.join(sys.path)),
            )

    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    def gateway(self) -> str:
        """The gateway's address, once it listens."""

        def look() -> str:
            assert self.process.poll() is None, self.log()
            found = re.search(r"gateway (http\S+)", self.log())
            return found.group(1) if found else ""

        return eventually(look, what="the gateway listens")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


def status(data: Path) -> dict[str, Any]:  # JSON
    """What `hive-console status --json` says."""
    command = (*COMMAND, "status", "--json", "--data", str(data))
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(data))
    return dict(json.loads(ran.stdout)) if ran.stdout.startswith("{") else {}


def failed_services(data: Path) -> list[str]:
    """Errors nobody expected, as the recording has them."""
    with closing(sqlite3.connect(f"file:{data / 'hive.db'}?mode=ro", uri=True)) as recording:
        rows = recording.execute("SELECT * FROM event").fetchall()
    return [str(row) for row in rows if ServiceFailed.__name__ in row]


def plain_text(drawn: bytes) -> str:
    """What was drawn without its escapes, each run of blanks as one."""
    return " ".join(_ESCAPES.sub(b" ", drawn).decode("utf-8", "replace").split())


class Terminal:
    """A program in a pseudo-terminal: what it drew, keys to press, a hang-up, a terminal that stops reading."""

    def __init__(self, command: tuple[str, ...], env: dict[str, str], *, columns: int = 80, rows: int = 24) -> None:
        self.started_at = time.monotonic()
        self.first_paint_at: float | None = None
        self.exit_code: int | None = None
        self.drawn = b""
        self._is_reading = threading.Event()
        self._is_reading.set()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, env)  # noqa: S606 - our own program
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._is_open = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while self._is_open:
            self._is_reading.wait()
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            self.drawn += data
            if self.first_paint_at is None and b"HIVE" in self.drawn:
                self.first_paint_at = time.monotonic()

    def text(self) -> str:
        """All that was ever drawn, without escapes: enough to find words, not a screen."""
        return plain_text(self.drawn)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def stall(self) -> None:
        """Stops reading, as a frozen link does."""
        self._is_reading.clear()

    def resume(self) -> None:
        self._is_reading.set()

    def hang_up(self) -> None:
        """Closes the terminal: SIGHUP, then end of file."""
        self._is_open = False
        self._is_reading.set()
        os.close(self._master)

    def is_alive(self) -> bool:
        if self.exit_code is None:
            pid, ended = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(ended)
        return self.exit_code is None

    def ended(self) -> int:
        """Waits for the program's own end, and for the last of what it drew; its exit code."""
        eventually(lambda: not self.is_alive(), what="the program ends")
        self._reader.join(PATIENCE)
        assert self.exit_code is not None
        return self.exit_code

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        if self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def cpu_seconds(self) -> float:
        """CPU the program has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def console(folder: Path, *arguments: str, columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    """The console in a pseudo-terminal, recording into `folder/data`; killed at the end."""
    command = (*COMMAND, *arguments, "--data", str(folder / "data"))
    terminal = Terminal(command, environment(folder), columns=columns, rows=rows)
    try:
        yield terminal
    finally:
        terminal.kill()


def settings_for(folder: Path, primary: Provider, *others: Provider, recovery: str = "3s") -> Path:
    """Three models in a chain, on loopback providers."""
    endpoints = [primary.endpoint, *(other.endpoint for other in others)]
    names = ["alpha", "beta", "gamma"][: len(endpoints)]
    lines = ["resilience: {healthCheckInterval: 5s, operationDeadline: 20s}", "gateway: {port: 0}", "models:"]
    for name, endpoint in zip(names, endpoints, strict=True):
        fallbacks = ", ".join(other for other in names if other != name)
        lines += [
            f"  {name}:",
            f"    provider: {name}-inc",
            f"    endpoint: {endpoint}",
            "    timeout: 5s",
            f"    recoveryTimeout: {recovery}",
            f"    fallbacks: [{fallbacks}]",
        ]
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path
