"""What the console costs the machine, the line and a person's patience, in a real pseudo-terminal.

`python -m tests.bench.console [--only PART] [--seconds 5] [--stall 60]`. Parts: `idle`, `busy`, `keys`,
`memory`, `harm`. Each figure stands with its goal and, where there is one, as a ratio to that of a plain table of
the same library with the same rows in the same run (`tests/bench/console_child.py`). Bytes are exact; CPU and times
are the machine's.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tests.bench.pty_link import PtyLink
from tests.system.program import COMMAND, Headless, Provider, environment, eventually

SIZES = ((80, 24), (120, 40), (200, 60))
MIDDLE = (120, 40)
SETTLE = 2.0
"""Seconds after the first picture that belong to the start."""

SLOW_LINK = 20_000
KEYS = 60
HARMS = 1_000_000
"""Bytes of keys."""

FEEDING = 10.0
"""Seconds for which keys are pressed as fast as they are taken."""

MEGABYTE = 1_000_000


class Child:
    """The console (or the plain table) on made-up readings, and the ticker beside it."""

    def __init__(
        self,
        kind: str,
        count: int,
        rate: float,
        what: str,
        size: tuple[int, int],
        *,
        link: int = 0,
        has_ticker: bool = False,
    ) -> None:
        self._reports, report = os.pipe()
        os.set_blocking(self._reports, False)
        path = os.pathsep.join(entry for entry in sys.path if entry)
        env = environment(Path(tempfile.gettempdir()), PYTHONPATH=path, COLORTERM="truecolor")
        program = (sys.executable, "-m", "tests.bench.console_child")
        command = (*program, kind, str(count), str(rate), what, str(report if has_ticker else -1))
        self.pty = PtyLink(command, env, columns=size[0], lines=size[1], bytes_a_second=link, pass_fds=(report,))
        os.close(report)
        self.pty.wait_for(b"model-00")
        time.sleep(SETTLE)
        self.lateness()

    def cost(self, seconds: float) -> tuple[float, float]:
        """CPU in percent of a core, and bytes a second, over some seconds."""
        cpu, received, began = self.pty.cpu_seconds(), self.pty.received, time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        return 100 * (self.pty.cpu_seconds() - cpu) / took, (self.pty.received - received) / took

    def key(self, key: bytes, answer: bytes) -> float:
        """Seconds from a key to the first of its picture that came through."""
        before, began = self.pty.received, time.monotonic()
        self.pty.press(key)
        return self.pty.wait_for(answer, since=before) - began

    def lateness(self) -> float:
        """The worst lateness of the ticker since it was last asked, in milliseconds."""
        data = b""
        with suppress(BlockingIOError):
            while more := os.read(self._reports, 65536):
                data += more
        return max(map(float, data.split()), default=0.0)


@contextmanager
def child(
    kind: str, count: int, rate: float, what: str, size: tuple[int, int], *, link: int = 0, has_ticker: bool = False
) -> Iterator[Child]:
    running = Child(kind, count, rate, what, size, link=link, has_ticker=has_ticker)
    try:
        yield running
    finally:
        running.pty.kill()


def say(
    name: str, figure: float, unit: str, goal: float | None, *, plain: float | None = None, note: str = ""
) -> None:
    """One figure, its goal, and its ratio to the plain table's."""
    verdict = "" if goal is None else f"goal {goal:g}: {'kept' if figure <= goal else 'MISSED'}"
    ratio = f"{figure / plain:.2f} of a plain table's {plain:.1f}" if plain else ""
    print(f"{name:52} {figure:8.2f} {unit:4} {verdict:18} {ratio} {note}", flush=True)


def ticker_alone() -> float:
    """Worst lateness of the ticker in a process that does nothing else: what the machine itself costs."""
    reports, report = os.pipe()
    code = f"from tests.bench.console_child import Ticker; Ticker({report}).start(); import time; time.sleep(60)"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    link = PtyLink((sys.executable, "-c", code), env, columns=80, lines=24, pass_fds=(report,))
    try:
        time.sleep(5)
        return max(map(float, os.read(reports, 65536).split()[2:]))
    finally:
        link.kill()
        os.close(reports)
        os.close(report)


def costs(
    name: str, setting: tuple[int, float, str], seconds: float, goals: tuple[float | None, float | None]
) -> None:
    """CPU and bytes at each size, against a plain table at the middle one."""
    with child("plain", *setting, MIDDLE) as beside:
        plain = beside.cost(seconds)
    for size in SIZES:
        is_middle = size == MIDDLE
        with child("hive", *setting, size) as running:
            cpu, sent = running.cost(seconds)
        label = f"{name}, {size[0]}x{size[1]}"
        say(f"{label}: CPU", cpu, "%", goals[0], plain=plain[0] if is_middle else None)
        say(f"{label}: line", sent, "B/s", goals[1], plain=plain[1] if is_middle else None)


def idle(seconds: float, _: float) -> None:
    costs("12 models, nothing changes but the clock", (12, 1.0, "none"), seconds, (1.0, 200))
    costs("500 models, each checked every 30 s, 1 Hz", (500, 1.0, "probes"), seconds, (None, 600))


def busy(seconds: float, _: float) -> None:
    costs("500 models all changing at 1 Hz", (500, 1.0, "all"), seconds, (5.0, 8_000))
    costs("2,000 models all changing at 4 Hz", (2000, 4.0, "all"), seconds, (8.0, 30_000))


def keys(_: float, __: float) -> None:
    """The cursor moves by a line; a plain table, which sends all of itself anyway, jumps between its ends."""
    cursor, ends = "›".encode(), (b"model-0499", b"model-0000")
    for name, link, goal in (("local", 0, 40.0), ("link of 20 kB/s", SLOW_LINK, 300.0)):
        with child("hive", 500, 1.0, "all", MIDDLE, link=link) as running:
            mine = [_timed(running, (b"j", b"j", b"k", b"k")[number % 4], cursor, number) for number in range(KEYS)]
        with child("plain", 500, 1.0, "all", MIDDLE, link=link) as running:
            jumps = ((b"\x1b[1;5F", ends[0]), (b"\x1b[1;5H", ends[1]))
            plain = [_timed(running, *jumps[number % 2], number) for number in range(KEYS // 6)]
        for of in (50, 95):
            limit = goal if of == 95 else None
            say(
                f"key to its picture, {name}: p{of}",
                _percentile(mine, of),
                "ms",
                limit,
                plain=_percentile(plain, of),
            )


def _timed(running: Child, key: bytes, answer: bytes, number: int) -> float:
    """Milliseconds from a key to its picture, at another moment of the second each time."""
    time.sleep(0.03 + number * 37 % 100 / 1000)
    return 1000 * running.key(key, answer)


def _percentile(values: list[float], of: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[of - 1]


def memory(_: float, __: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        provider = Provider(folder, *(f"m{number}" for number in range(500)))
        settings = settings_of(folder, provider.endpoint, 500)
        try:
            engine = Headless(folder, str(settings))
            engine.gateway()
            time.sleep(2 * SETTLE)
            pages = int(Path(f"/proc/{engine.process.pid}/statm").read_text().split()[1])
            alone = pages * os.sysconf("SC_PAGE_SIZE")
            engine.stop()
            command = (*COMMAND, str(settings), "--data", str(folder / "other"))
            env = environment(folder)
            pty = PtyLink(command, env, columns=MIDDLE[0], lines=MIDDLE[1])
            try:
                pty.wait_for(b" ok")
                for keys_pressed in (b"jjj", b"2", b"1", b"3", b"1", b"\r", b"\x1b"):
                    time.sleep(0.7)
                    pty.press(keys_pressed)
                time.sleep(SETTLE)
                whole = pty.memory()
            finally:
                pty.kill()
        finally:
            provider.kill()
    note = f"{whole / MEGABYTE:.0f} MB with the engine of 500 models, {alone / MEGABYTE:.0f} without a screen"
    say("memory beyond the engine", (whole - alone) / MEGABYTE, "MB", 60.0, note=note)


def settings_of(folder: Path, endpoint: str, count: int) -> Path:
    """So many models on one provider."""
    lines = ["resilience: {healthCheckInterval: 30s}", "gateway: {port: 0}", "models:"]
    for number in range(count):
        lines += [f"  m{number}:", "    provider: acme", f"    endpoint: {endpoint}"]
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def harm(_: float, stall: float) -> None:
    alone = ticker_alone()
    say("lateness of an idle loop on this machine, worst", alone, "ms", None)

    def stalls(running: Child) -> None:
        running.pty.stall()
        time.sleep(stall)
        running.pty.go_on()

    def hangs_up(running: Child) -> None:
        running.pty.hang_up()
        time.sleep(3)

    def is_resized(running: Child) -> None:
        for size in ((1, 1), (400, 200), (1, 200), (400, 1), (80, 24), (1, 1), (400, 200), (2, 2), MIDDLE):
            running.pty.resize(*size)
            time.sleep(0.3)

    def is_fed(running: Child) -> None:
        taken = running.pty.press_for(b"jk" * (HARMS // 2), FEEDING)
        print(f"    {taken:,} bytes of keys were taken in {FEEDING:g} s; the rest waits in the terminal")

    def is_pasted(running: Child) -> None:
        running.pty.press_for(b"\x1b[200~" + b"x" * HARMS + b"\x1b[201~", FEEDING)
        time.sleep(1)

    deeds: dict[str, Callable[[Child], None]] = {
        "nothing": lambda _: time.sleep(5),
        f"stalled for {stall:g} s": stalls,
        "resized, 1x1 to 400x200": is_resized,
        "1 MB of keys": is_fed,
        "1 MB pasted": is_pasted,
        "hung up": hangs_up,
    }
    for name, deed in deeds.items():
        with child("hive", 500, 1.0, "all", MIDDLE, has_ticker=True) as running:
            deed(running)
            worst = running.lateness()
            is_alive = running.pty.process.poll() is None
            if name != "hung up":
                is_alive = is_alive and eventually(partial(answers, running), within=60)
            say(
                f"{name}: worst delay of the engine's loop", worst, "ms", 50.0, note="alive" if is_alive else "DEAD"
            )


def answers(running: Child) -> bool:
    """Whether the console still answers a key."""
    try:
        running.key(b"j", b"\xe2\x80\xba")
    except (TimeoutError, OSError):
        return False
    return True


PARTS: dict[str, Callable[[float, float], None]] = {
    "idle": idle,
    "busy": busy,
    "keys": keys,
    "memory": memory,
    "harm": harm,
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement of CPU and line")
    parser.add_argument("--stall", type=float, default=60.0, help="seconds for which the terminal reads nothing")
    given = parser.parse_args(arguments if arguments is not None else [])
    for name, part in PARTS.items():
        if given.only in {None, name}:
            part(given.seconds, given.stall)


if __name__ == "__main__":
    main(sys.argv[1:])
