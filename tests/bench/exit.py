"""Seconds from the signal to the end of the process, against the goal of 3 (the drain of 1 s included).

`python -m tests.bench.exit` prints the median and the slowest of several ends of each kind.
"""

from __future__ import annotations

import signal
import statistics
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.system.endings import (
    CONSOLE_ENDS,
    Asked,
    console_end,
    locked,
    on_a_hanging_disk,
    seconds_to_end,
    settings_file,
    under_way,
)
from tests.system.program import Headless, Provider, eventually, set_fault

ENDS = 5

GOAL = 3.0


def idle(folder: Path) -> float:
    engine = Headless(folder, str(settings_file(folder)))
    engine.gateway()
    return seconds_to_end(engine.process)


def starting(folder: Path) -> float:
    engine = Headless(folder, str(settings_file(folder)))
    eventually((engine.data / "hive.lock").exists)
    return seconds_to_end(engine.process)


def under_traffic(folder: Path, signals: tuple[int, ...] = (signal.SIGTERM,)) -> float:
    """A request that is never answered, and a stream that stops in its middle."""
    with ExitStack() as stack:
        providers = [Provider(folder, name) for name in ("m0", "m1")]
        for provider, fault in zip(providers, ("hang", "stall:3"), strict=True):
            stack.callback(provider.kill)
            set_fault(provider, "*", fault)
        engine = Headless(folder, str(settings_file(folder, *(provider.endpoint for provider in providers))))
        gateway = engine.gateway()
        asked = [Asked(gateway, "m0", is_stream=False), Asked(gateway, "m1", is_stream=True)]
        under_way(engine, 2)
        seconds = seconds_to_end(engine.process, *signals)
        for one in asked:
            one.join()
        return seconds


def with_a_lock(folder: Path) -> float:
    engine = Headless(folder, str(settings_file(folder)))
    engine.gateway()
    with locked(engine.data / "hive.db"):
        return seconds_to_end(engine.process)


def with_a_hanging_disk(folder: Path) -> float:
    with on_a_hanging_disk(folder, settings_file(folder)) as engine:
        return seconds_to_end(engine.process)


def of_the_console(how: str, folder: Path) -> float:
    return console_end(folder, settings_file(folder), how)[0]


KINDS: dict[str, Callable[[Path], float]] = {
    "serve, idle": idle,
    "serve, starting": starting,
    "serve, a request and a stream that hang": under_traffic,
    "the same, SIGTERM and SIGINT": partial(under_traffic, signals=(signal.SIGTERM, signal.SIGINT)),
    "serve, the recording locked by another": with_a_lock,
    "serve, the disk hangs": with_a_hanging_disk,
    **{f"console, {how}": partial(of_the_console, how) for how in CONSOLE_ENDS},
}


def main() -> None:
    for name, end in KINDS.items():
        figures: list[float] = []
        for _ in range(ENDS):
            with tempfile.TemporaryDirectory() as folder:
                figures.append(end(Path(folder)))
        verdict = "kept" if max(figures) <= GOAL else "MISSED"
        print(f"{name:42} {statistics.median(figures):5.2f} s   at most {max(figures):5.2f} s   {verdict}")


if __name__ == "__main__":
    main()
