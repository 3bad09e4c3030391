"""What consoles on a running engine cost it, and how soon they are there: 500 models on a real 30 s probe load.

`python -m tests.bench.attach` prints: milliseconds that writing one update takes, the engine's CPU with none, one
and four consoles, its worst lag meanwhile, and the time from `attach` to its first frame.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from hive_console.adapters.control_socket import attach_to
from hive_console.core.console_wire import Line, Request, encoded
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.snapshot_delta import Assembly, slices_between
from hive_console.version import VERSION
from tests.core.samples import fleet_view, model_view
from tests.system.program import COMMAND, Headless, Provider, Terminal, environment, eventually

MODELS = 500

CHANGED = 20
"""Models that are others from one snapshot to the next at a real probe load: 17 checks a second."""

SECONDS = 30.0
"""Seconds of each measurement: the checks of all models come once in them."""

STARTS = 5

TARGET_CORE, TARGET_LAG, TARGET_PAINT = 0.005, 0.05, 0.5


def settings_file(folder: Path, endpoint: str) -> Path:
    """500 models of one simulated provider, checked every 30 s."""
    lines = ["gateway: {port: 0}", "models:"]
    lines += [f"  m{number}: {{provider: sim, endpoint: '{endpoint}'}}" for number in range(MODELS)]
    path = folder / "hive.yaml"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def fleet() -> FleetSnapshot:
    """500 models with half an hour of figures."""
    series = tuple(0.1 + number / 1000 for number in range(180))
    rates = (0.0,) * 180
    return fleet_view(
        *(model_view(f"m{number}", response_times=series, error_rates=rates) for number in range(MODELS))
    )


def moved(old: FleetSnapshot, count: int) -> FleetSnapshot:
    """The next snapshot, in which so many models are others; all are made anew, as the publisher does."""
    models = tuple(
        replace(
            model,
            breaker=replace(model.breaker),
            requests=model.requests + (number < count),
            p95=old.at if number < count else model.p95,
            response_times=(*model.response_times[:-1], 0.5) if number < count else model.response_times,
        )
        for number, model in enumerate(old.models)
    )
    return replace(old, sequence=old.sequence + 1, at=old.at + 0.25, models=models)


def writing(old: FleetSnapshot | None, new: FleetSnapshot) -> float:
    """CPU seconds that one update takes."""
    began = time.process_time()
    for part in slices_between(old, new):
        encoded(Line(news=part))
    return time.process_time() - began


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watch(data: Path, lags: list[float]) -> None:
    """One console that reads everything, until it is cancelled."""
    link = await attach_to(data, version=VERSION)
    assembly = Assembly()
    try:
        link.send(Request(op="watch"))
        while True:
            line = await link.receive()
            shown = None if line.news is None else assembly.take(line.news)
            if shown is not None:
                lags.append(shown.loop_lag)
    finally:
        await link.close()


async def watched(engine: Headless, consoles: int) -> tuple[float, float, int]:
    """Share of a core that the engine takes with so many consoles, its worst lag, and snapshots that each saw."""
    lags: list[float] = [0.0]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch(engine.data, lags)) for _ in range(consoles)]
        await asyncio.sleep(2)  # each has its first, whole snapshot
        seen, used, began = len(lags), cpu_seconds(engine.process.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        share = (cpu_seconds(engine.process.pid) - used) / (time.monotonic() - began)
        for task in tasks:
            task.cancel()
    return share, max(lags), (len(lags) - seen) // max(1, consoles)


def first_paint(engine: Headless, folder: Path) -> float:
    """Seconds from the command to its first frame."""
    terminal = Terminal((*COMMAND, "attach", "--data", str(engine.data)), environment(folder))
    try:
        eventually(lambda: terminal.first_paint_at is not None)
        return (terminal.first_paint_at or 0.0) - terminal.started_at
    finally:
        terminal.kill()


def main() -> None:
    whole = fleet()
    for name, old, new in (
        ("the whole fleet", None, whole),
        ("nothing changed", whole, moved(whole, 0)),
        (f"{CHANGED} models changed", whole, moved(whole, CHANGED)),
        ("all models changed", whole, moved(whole, MODELS)),
    ):
        took = statistics.median(writing(old, new) for _ in range(21))
        print(f"writing, {name:24} {took * 1000:6.2f} ms   {took * 400:5.2f} % of a core at 4 Hz")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        provider = Provider(folder, *(f"m{number}" for number in range(MODELS)))
        stack.callback(provider.kill)
        engine = Headless(folder, str(settings_file(folder, provider.endpoint)))
        stack.callback(engine.stop)
        engine.gateway()
        time.sleep(10)  # the first checks of all come at once
        alone = 0.0
        for consoles in (0, 1, 4):
            share, lag, seen = asyncio.run(watched(engine, consoles))
            alone = share if not consoles else alone
            more = (
                ""
                if not consoles
                else f"   {(share - alone) * 100 / consoles:+.2f} % each, {seen / SECONDS:.1f} Hz"
            )
            print(
                f"engine, {consoles} consoles {share * 100:23.1f} % of a core   worst lag {lag * 1000:.0f} ms{more}"
            )
        paints = [first_paint(engine, folder) for _ in range(STARTS)]
        print(
            f"attach, first frame {statistics.median(paints) * 1000:26.0f} ms   at most {max(paints) * 1000:.0f} ms"
        )
    lag, paint = TARGET_LAG * 1000, TARGET_PAINT * 1000
    print(f"goals: {TARGET_CORE:.1%} of a core at 4 Hz, lag {lag:.0f} ms, first frame {paint:.0f} ms")


if __name__ == "__main__":
    main()
