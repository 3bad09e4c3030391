"""A soak: providers with faults by dice, a load, and what the engine's process has before, during and after it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.adapters.transport.wire import KEEP_ALIVE
from hive_console.core.settings import Dialect
from tests.soak.engine import END
from tests.soak.load import LASTING, MODELS
from tests.system.program import Headless, Provider, environment, eventually, failed_services, set_fault

FAULTS = "mixed:0.1"
TIMEOUT = 2.0
IDLE_TIMEOUT = 1.0
"""Seconds: short, so that hangs do not fill the places; long enough for three processes on two cores."""

LOOKS_EVERY = 1.0
"""Seconds between two looks at the engine's process."""

HEALTH_CHECKS = KEEP_ALIVE + 5
"""Seconds between two: more than an idle connection is kept, or they would use all kept ones in turn for ever."""

MOST_KEPT = len(MODELS) + len(LASTING)
"""Connections to providers at rest: each model's health check keeps one alive."""

WARM_UP = 50
"""Requests before the first look: modules load, the first connections and tables are made."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the engine's process has at one moment.

    Attributes:
        at: seconds since the load began.
        descriptors: open files and sockets, without the next.
        kept: connections to providers, in use or kept alive.
        resident: bytes of memory.
        in_flight: calls under way, all models together.
        cpu: seconds of CPU used since the start.
    """

    at: float
    descriptors: int
    kept: int
    resident: int
    in_flight: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a soak showed: counts of the load, the looks at the engine, at rest before and after and in between."""

    counts: dict[str, int]
    looks: tuple[Look, ...]
    before: Look
    after: Look
    tasks_before: list[str]
    tasks_after: list[str]
    log: str
    unexpected: list[str]

    @property
    def surprises(self) -> dict[str, int]:
        """What no fault explains: broken connections, streams without an end, answers that never came."""
        known = (
            *("sent", "answered", "gave up on purpose", "streams ended by an error event", "skipped"),
            *("status 5", "status 429 "),
        )
        return {said: count for said, count in self.counts.items() if not said.startswith(known)}

    def growth(self, since: float) -> float:
        """Share by which memory grew from the median of the ten looks after `since` to that of the last ten."""
        early = sorted(look.resident for look in self.looks if look.at >= since)[:10]
        late = sorted(look.resident for look in self.looks[-10:])
        return late[len(late) // 2] / early[len(early) // 2] - 1


def soak(
    folder: Path,
    *,
    rate: float,
    seconds: float,
    dialects: tuple[Dialect, ...] = tuple(Dialect),
    seed: str = "soak",
    told: Callable[[Look], object] = lambda _look: None,
) -> Soaked:
    """Runs one soak; `told` hears of every look."""
    with ExitStack() as stack:
        providers = _providers(folder, stack)
        ports = frozenset(provider.port for provider in providers.values())
        engine = _Engine(folder, _settings(folder, providers), ports)
        stack.callback(engine.kill)
        gateway = engine.program.gateway()
        _load(gateway, rate=WARM_UP, seconds=1.0, seed="warm", dialects=dialects).communicate()
        before = _at_rest(engine)
        tasks_before = engine.tasks()
        for model, provider in providers.items():
            set_fault(provider, model, FAULTS)
        for model, fault in LASTING.items():
            set_fault(providers[MODELS[0]], model, fault)

        load = _load(gateway, rate=rate, seconds=seconds, seed=seed, dialects=dialects)
        stack.callback(load.kill)
        looks: list[Look] = []
        pause = threading.Event()
        began = time.monotonic()
        while load.poll() is None:
            looks.append(engine.look(time.monotonic() - began))
            told(looks[-1])
            pause.wait(LOOKS_EVERY)
        counts = json.loads(load.communicate()[0])

        for model, provider in providers.items():
            set_fault(provider, model, "none")
        after = _at_rest(engine, descriptors=before.descriptors)
        tasks_after = engine.tasks()
        assert engine.program.stop() == 0, engine.program.log()
        log, unexpected = engine.program.log(), failed_services(engine.program.data)
        return Soaked(counts, tuple(looks), before, after, tasks_before, tasks_after, log, unexpected)


def _at_rest(engine: _Engine, descriptors: int | None = None) -> Look:
    """Waits until nothing is in flight and idle connections are given up; the last look, whatever it shows."""
    seen = engine.look(0.0)

    def is_at_rest() -> bool:
        nonlocal seen
        seen = engine.look(0.0)
        is_back = descriptors is None or (seen.descriptors <= descriptors and seen.kept <= MOST_KEPT)
        return seen.in_flight == 0 and is_back

    with contextlib.suppress(AssertionError):  # the caller judges what did not come to rest
        eventually(is_at_rest, within=2 * KEEP_ALIVE + LOOKS_EVERY, every=LOOKS_EVERY / 4)
    return seen


class _Engine:
    """The program, and looks at its process."""

    def __init__(self, folder: Path, settings: str, provider_ports: frozenset[int]) -> None:
        self._provider_ports = provider_ports
        self._told = folder / "tasks"
        self.program = Headless(
            folder, settings, command=(sys.executable, "-m", "tests.soak.engine", str(self._told))
        )
        self._proc = Path(f"/proc/{self.program.process.pid}")

    def look(self, at: float) -> Look:
        stat = (self._proc / "stat").read_text().rsplit(")", 1)[1].split()
        views = asyncio.run(fetch_snapshot(self.program.data)).models
        open_files = self._open_files()
        kept = len(self._to_providers() & open_files)
        return Look(
            at,
            len(open_files) - kept,
            kept,
            int(stat[21]) * os.sysconf("SC_PAGE_SIZE"),
            sum(view.in_flight for view in views),
            (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"),
        )

    def _open_files(self) -> frozenset[str]:
        """What each descriptor leads to; a directory entry that is gone when it is read was no leak."""
        found = []
        for entry in (self._proc / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                target = str(entry.readlink())
                found.append(target if target.startswith("socket:") else f"{entry.name} {target}")
        return frozenset(found)

    def _to_providers(self) -> frozenset[str]:
        """The sockets that are connected to a provider's port, as `_open_files` names them."""
        lines = (self._proc / "net" / "tcp").read_text().splitlines()[1:]
        rows = [line.split() for line in lines]
        return frozenset(
            f"socket:[{row[9]}]" for row in rows if int(row[2].rpartition(":")[2], 16) in self._provider_ports
        )

    def tasks(self) -> list[str]:
        """The names of the tasks of the engine's loop."""
        self._told.unlink(missing_ok=True)
        self.program.process.send_signal(signal.SIGUSR1)

        def look() -> list[str]:
            lines = self._told.read_text().splitlines() if self._told.exists() else []
            return lines[:-1] if lines[-1:] == [END] else []

        return eventually(look, what="the tasks are told")

    def kill(self) -> None:
        self.program.kill()


def _providers(folder: Path, stack: ExitStack) -> dict[str, Provider]:
    """The second model speaks Anthropic's dialect."""
    providers = {}
    for model in MODELS:
        dialect = Dialect.ANTHROPIC if model == MODELS[1] else Dialect.OPENAI
        served = (model, *LASTING) if model == MODELS[0] else (model,)
        providers[model] = Provider(folder, *served, dialect=dialect.value, latency="5ms")
        stack.callback(providers[model].kill)
    return providers


def _settings(folder: Path, providers: dict[str, Provider]) -> str:
    lines = ["gateway: {port: 0}", "resilience: {maxConcurrentRequests: 300}", "models:"]
    for model in (*MODELS, *LASTING):
        provider = providers.get(model, providers[MODELS[0]])
        dialect = Dialect.ANTHROPIC if model == MODELS[1] else Dialect.OPENAI
        others = ", ".join(other for other in MODELS if other != model)
        lines.append(
            f"  {model}: {{provider: {model}-inc, endpoint: '{provider.endpoint}', dialect: {dialect.value},"
            f" timeout: {TIMEOUT}s, idleTimeout: {IDLE_TIMEOUT}s,"
            f" healthCheckInterval: {HEALTH_CHECKS:g}s, fallbacks: [{others}]}}"
        )
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return str(path)


def _load(
    gateway: str, *, rate: float, seconds: float, seed: str, dialects: tuple[Dialect, ...]
) -> subprocess.Popen[str]:
    names = ",".join(dialect.value for dialect in dialects)
    return subprocess.Popen(
        (sys.executable, "-m", "tests.soak.load", gateway, str(rate), str(seconds), seed, names),
        stdout=subprocess.PIPE,
        text=True,
        env={**environment(Path.cwd()), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
