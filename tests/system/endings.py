"""How the program is brought to its end, and how long that takes: tests bound it, `tests.bench.exit` measures."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from tests.system.program import Headless, Terminal, console, eventually, status

HANGING_DISK = (sys.executable, "-m", "tests.system.hanging_disk")

CONSOLE_ENDS = ("q", "SIGTERM at the start", "SIGTERM", "SIGINT", "SIGHUP, then SIGTERM")


def settings_file(folder: Path, *endpoints: str, drain: str = "1s") -> Path:
    """Patient models `m0`, `m1`, … for the endpoints; without any, one model that nobody serves."""
    lines = [f"gateway: {{port: 0, drain: {drain}}}", "models:"]
    lines += [
        f"  m{number}: {{provider: p{number}, endpoint: '{endpoint}', timeout: 60s, idleTimeout: 60s, probe: none}}"
        for number, endpoint in enumerate(endpoints or ("http://127.0.0.1:9/v1",))
    ]
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def seconds_to_end(process: subprocess.Popen[bytes], *signals: int) -> float:
    """Seconds from the first signal to the end."""
    began = time.monotonic()
    for number in signals or (signal.SIGTERM,):
        process.send_signal(number)
    process.wait(30)
    return time.monotonic() - began


class Asked(threading.Thread):
    """One request to the gateway: what came of it, in bytes as they came."""

    def __init__(self, gateway: str, model: str, *, is_stream: bool) -> None:
        super().__init__(daemon=True)
        self._url, self._model, self._is_stream = f"{gateway}/chat/completions", model, is_stream
        self.status = 0
        self.body = b""
        self.start()

    def run(self) -> None:
        body = {"model": self._model, "messages": [{"role": "user", "content": "hello"}], "stream": self._is_stream}
        with httpx.stream("POST", self._url, json=body, timeout=60, trust_env=False) as answer:
            self.status = answer.status_code
            for piece in answer.iter_raw():
                self.body += piece


def _connected(recording: Path) -> sqlite3.Connection:
    return sqlite3.connect(recording, isolation_level=None, timeout=30, check_same_thread=False)


@contextmanager
def locked(recording: Path) -> Iterator[None]:
    """Holds SQLite's lock on the recording, as another program would."""
    with closing(_connected(recording)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def under_way(engine: Headless, count: int) -> None:
    """Returns once so many requests are in flight."""

    def in_flight() -> int:
        return sum(model["in_flight"] for model in status(engine.data).get("models", ()))

    eventually(lambda: in_flight() == count, what=f"{count} requests are under way")


@contextmanager
def on_a_hanging_disk(folder: Path, config: Path) -> Iterator[Headless]:
    """A service that is up, and whose next write never returns."""
    engine = Headless(folder, str(config), command=HANGING_DISK)
    try:
        engine.gateway()
        (folder / "hangs").touch()
        yield engine
    finally:
        engine.kill()


def console_end(folder: Path, config: Path, how: str) -> tuple[float, int, bytes]:
    """Seconds from the key or the last signal to the end, the exit code, and what was drawn."""
    with console(folder, str(config)) as terminal:
        if how == "SIGTERM at the start":
            eventually(lambda: b"HIVE" in terminal.drawn, what="its first frame is drawn")
            return _seconds_to_end(terminal, signal.SIGTERM), terminal.ended(), terminal.drawn
        eventually(lambda: status(folder / "data").get("gateway"), what="the gateway listens")
        if how == "q":
            terminal.press("q")
            eventually(lambda: "Stop the engine" in terminal.text(), what="it asks before it quits")
            terminal.press("jj")  # from "Stay" to "Stop the engine"
            began = time.monotonic()
            eventually(lambda: _has_ended_after_enter(terminal), what="it ends")
            seconds = time.monotonic() - began
        else:
            *before, last = how.split(", then ")
            for name in before:
                terminal.signal(signal.Signals[name])
                eventually(lambda: _is_detached(folder / "data"), what="the recording says that the screen is gone")
            seconds = _seconds_to_end(terminal, signal.Signals[last])
        return seconds, terminal.ended(), terminal.drawn


def _seconds_to_end(terminal: Terminal, number: int) -> float:
    began = time.monotonic()
    terminal.signal(number)
    eventually(lambda: not terminal.is_alive(), what="it ends")
    return time.monotonic() - began


def _is_detached(data: Path) -> bool:
    with closing(sqlite3.connect(f"file:{data / 'hive.db'}?mode=ro", uri=True)) as recording:
        return bool(recording.execute("SELECT count(*) FROM event WHERE kind = 'ConsoleDetached'").fetchone()[0])


def _has_ended_after_enter(terminal: Terminal) -> bool:
    """Presses enter again and again: the dialog ignores keys that come before it was painted."""
    if terminal.is_alive():
        terminal.press("\r")
    return not terminal.is_alive()
