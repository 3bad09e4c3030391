"""Recording for a long time: `python -m tests.bench.storage_sustained [--seconds 600] [--rate 5000]`.

Half of the events are attempts, half operations, of fifty models; one request in fifty fails first; checks of
every model. The same paced loop runs with a recorder that keeps nothing, for as long at most a minute, and the
difference of their CPU time is the recorder's. In the second half another process asks for charts once a second.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hive_console.core import events as e
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import ModelStatus
from hive_console.engine.ports import NoRecorder
from hive_storage.days import days_in
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.log_cap import LARGE
from hive_storage.recorder import FLUSH_INTERVAL, Recorder
from hive_storage.store import SqliteStore
from tests.recordings.requests import streamed

MODELS = tuple(f"model-{number:02}" for number in range(50))
_SECONDS, _RATE = 600.0, 5_000.0
_BASELINE_SECONDS = 60.0
_TICK = 0.002
_CHECKS_A_SECOND = len(MODELS) / 30
_MIB = 1024**2

_SHARE = 0.05
_FLUSHES = 2
_LATE = 0.001
_REQUEST = 48


@dataclass(slots=True)
class Run:
    """What a run of the loop took.

    Attributes:
        events: taken in.
        wall: seconds.
        busy: of them, seconds of the processor, all threads.
        late: how much later each tick came than it was due, in seconds.
        queued: most events that waited.
        log: most bytes of both logs.
    """

    events: int = 0
    wall: float = 0.0
    busy: float = 0.0
    late: list[float] = field(default_factory=list)
    queued: int = 0
    log: int = 0


def _events() -> Iterator[e.Event]:
    """Requests for ever, with a check now and then; times are those at which they are taken."""
    checks = itertools.cycle(MODELS)
    every = int(_RATE / 2 / _CHECKS_A_SECOND)
    for number in itertools.count():
        at = time.time()
        model = MODELS[number % len(MODELS)]
        latency = 0.123456 + number % 977 * 1.7e-3
        yield from streamed(
            number,
            at,
            model=model,
            latency=latency,
            first_token=latency / 3,
            tokens=(300 + number % 4000, 20 + number % 700),
            failed=OutcomeKind.SERVER_ERROR if number % 50 == 0 else None,
        )
        if number % every == 0:
            yield e.ProbeFinished(at=at, model=next(checks), kind=OutcomeKind.SUCCESS, latency=0.2)


def _beginning() -> Iterator[e.Event]:
    at = time.time()
    yield e.EngineStarted(at=at, version="1", models=MODELS)
    for model in MODELS:
        yield e.StatusChanged(
            at=at, model=model, old=ModelStatus.UNKNOWN, new=ModelStatus.AVAILABLE, cause="checked"
        )


async def _paced(recorder: Recorder | NoRecorder, folder: Path, *, seconds: float, rate: float) -> Run:
    """Takes `rate` events a second in, in steps of 2 ms, and measures how late each step is."""
    run = Run()
    for event in _beginning():
        recorder.record(event)
    loop = asyncio.get_running_loop()
    made = _events()
    began, busy = loop.time(), time.process_time()
    looked = began
    for tick in itertools.count(1):
        due = began + tick * _TICK
        await asyncio.sleep(max(0.0, due - loop.time()))
        now = loop.time()
        run.late.append(max(0.0, now - due))
        for _ in range(int((now - began) * rate) - run.events):
            recorder.record(next(made))
            run.events += 1
        run.queued = max(run.queued, recorder.view().queued)
        if now - looked >= 1.0:
            looked = now
            run.log = max(run.log, _logs(folder))
        if now - began >= seconds:
            break
    run.wall, run.busy = loop.time() - began, time.process_time() - busy
    return run


def _logs(folder: Path) -> int:
    return sum(path.stat().st_size for path in (*folder.glob("*-wal"), *folder.glob("raw/*-wal")))


@asynccontextmanager
async def _watched(folder: Path, after: float) -> AsyncGenerator[None, None]:
    """A process that asks for charts once a second, from so many seconds on."""
    command = (sys.executable, "-m", "tests.bench.storage_sustained", "--watch", str(folder), str(after))
    watcher = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    try:
        yield
    finally:
        await watcher.communicate(b"")  # closes its standard input


async def _watch(folder: Path, after: float) -> None:
    """Asks until standard input ends."""
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait((ended,), timeout=after)
    spent: list[float] = []
    async with SqliteStore.open(folder) as store:
        while not ended.done():
            await store.changed()
            end = int(time.time()) // 10 * 10
            begin = time.perf_counter()
            await store.series(MODELS, end - 1_800, end, step=10, with_latency=False)
            spent.append(time.perf_counter() - begin)
            await asyncio.wait((ended,), timeout=1.0)
    if spent:
        told = f"median {statistics.median(spent) * 1e3:.0f} ms, worst {max(spent) * 1e3:.0f} ms"
        print(f"a viewer asked {len(spent)} times for half an hour of all models: {told}", flush=True)


async def _recorded(seconds: float, rate: float) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        bare = await _paced(NoRecorder(), path, seconds=min(seconds, _BASELINE_SECONDS), rate=rate)
        folder = DataFolder.open(path, started=time.time())
        try:
            async with Recorder.open(folder, now=time.time) as recorder, _watched(path, seconds / 2):
                run = await _paced(recorder, path, seconds=seconds, rate=rate)
                view = recorder.view()
        finally:
            folder.release()
        raw = sum(file.stat().st_size for _, file in days_in(path))
        whole = (path / DATABASE_NAME).stat().st_size
    _tell(run, bare, dropped=view.dropped, raw=raw, whole=whole)


def _tell(run: Run, bare: Run, *, dropped: int, raw: int, whole: int) -> None:
    rate = run.events / run.wall
    load, bare_load = run.busy / run.wall, bare.busy / bare.wall
    share = load - bare_load
    late, bare_late = (sorted(each.late)[int(len(each.late) * 0.99)] for each in (run, bare))
    room = _FLUSHES * FLUSH_INTERVAL * rate
    print(f"{run.events:,} events in {run.wall:.0f} s: {rate:,.0f} a second; then without a recorder")
    _line("dropped", f"{dropped:,}", "", "0", is_met=dropped == 0)
    _line("most in the queue", f"{run.queued:,}", "", f"{room:,.0f}", is_met=run.queued <= room)
    _line("CPU, of a core", f"{load:.1%}", f"{bare_load:.1%}", f"+{_SHARE:.0%}", is_met=share <= _SHARE)
    _line("CPU of recording an event", f"{share / rate * 1e6:.2f} µs")
    late_words, bare_words = f"{late * 1e3:.2f} ms", f"{bare_late * 1e3:.2f} ms"
    _line("lateness of 2 ms, p99", late_words, bare_words, "+1 ms", is_met=late - bare_late <= _LATE)
    _line("lateness of 2 ms, worst", f"{max(run.late) * 1e3:.1f} ms", f"{max(bare.late) * 1e3:.1f} ms")
    _line("most of the logs", f"{run.log / _MIB:.1f} MiB", "", f"{LARGE / _MIB:.0f} MiB", is_met=run.log <= LARGE)
    _line("raw, a request", f"{raw / run.events * 2:.1f} B", "", "48 B", is_met=raw / run.events * 2 <= _REQUEST)
    _line("everything else", f"{whole / _MIB:.1f} MiB")


def _line(words: str, told: str, bare: str = "", goal: str = "", *, is_met: bool = True) -> None:
    print(f"{words:<26} {told:>10} {bare:>10} {goal and 'goal ' + goal:>14}{'' if is_met else '  MISSED'}")


def main(arguments: list[str] | None = None) -> None:
    """Prints what it took."""
    parser = argparse.ArgumentParser(description="recording for a long time")
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    parser.add_argument("--rate", type=float, default=_RATE, help="events a second")
    parser.add_argument("--watch", nargs=2, help=argparse.SUPPRESS)
    told = parser.parse_args(arguments if arguments is not None else [])
    if told.watch is not None:
        asyncio.run(_watch(Path(told.watch[0]), float(told.watch[1])))
    else:
        asyncio.run(_recorded(told.seconds, told.rate))


if __name__ == "__main__":
    main(sys.argv[1:])
