"""What a storm of alerts costs the recorder: `python -m tests.bench.alert_storm`.

A thousand alerts fire within a minute, each with two notices that fail once, and all end a minute later. The same
events are written once more without what an alert's own rows cost, and the recording is asked in the middle.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiosqlite

from hive_console.core import events as e
from hive_console.core.states import AlertRule, NoticeEnd, NoticeKind, Severity
from hive_console.core.store import Wanted
from hive_storage import writer
from hive_storage.batch import Batch
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.micros import microseconds
from hive_storage.request_rows import Taken
from hive_storage.store import SqliteStore
from hive_storage.writer import BatchWriter

EPISODES = 1_000
CHANNELS = ("ops-slack", "mail")
BATCH = 250
"""Events of one commit: what comes in a quarter of a second of such a storm."""

T0 = 1_795_000_000.0
ROUNDS = 3
ASKED = 7


def episode(rng: random.Random, number: int) -> Iterator[e.Event]:
    """One alert from when it fires until it is over, with its notices: 18 events."""
    alert_id, begin = f"A{number}", T0 + 60 * rng.random()
    about: dict[str, Any] = {"alert_id": alert_id, "rule": AlertRule.MODEL_ERRORS, "subject": f"model-{number}"}
    labels = (f"model=model-{number}", f"provider=provider-{number % 5}")
    said = f"12 % of the calls of model-{number} fail"
    yield e.AlertRaised(at=begin, severity=Severity.ERROR, text=said, labels=labels, **about)
    yield e.AlertMuted(at=begin + 1, by_alert="A0", **about)
    yield e.AlertMuted(at=begin + 2, **about)
    yield e.AlertAcknowledged(at=begin + 30, actor="ann", until=begin + 14_400, **about)
    end = begin + 60 + 10 * rng.random()
    for place, channel in enumerate(CHANNELS):
        of: dict[str, Any] = {"channel": channel, "notice_id": f"N{number * 2 + place}"}
        told: dict[str, Any] = {"kind": NoticeKind.FIRING, "alert_ids": (alert_id,)}
        at = begin + 10 + place
        yield e.NoticeQueued(at=at, count=1, due=at, key=f"{alert_id}/{channel}", **told, **of)
        yield e.NoticeTried(at=at + 0.1, number=1, **of)
        yield e.NoticeTried(at=at + 0.4, number=1, took=0.3, status=429, answer="slow down", next_at=at + 4, **of)
        yield e.NoticeTried(at=at + 4, number=2, **of)
        yield e.NoticeTried(at=at + 4.3, number=2, took=0.3, is_delivered=True, status=200, answer="ok", **of)
        yield e.NoticeSettled(at=at + 4.31, end=NoticeEnd.DELIVERED, attempts=2, **told, **of)
    yield e.AlertChanged(at=end - 1, old=Severity.ERROR, new=Severity.WARNING, text=said, **about)
    yield e.AlertResolved(at=end, lasted=end - begin, cause="good for 5 m", **about)


def storm() -> list[Taken]:
    """All of it in the order of the bus."""
    rng = random.Random("storm")
    events = sorted((event for number in range(EPISODES) for event in episode(rng, number)), key=lambda one: one.at)
    taken: list[Taken] = []
    last = 0
    for event in events:
        last = max(last + 1, microseconds(event.at))
        taken.append((last, last - microseconds(event.at), event))
    return taken


async def _no_rows(_: aiosqlite.Connection, __: Sequence[Taken]) -> None:
    """As a recorder of which an alert's own rows and links were left out."""


async def written(place: Path, taken: Sequence[Taken]) -> tuple[float, float]:
    """Seconds of commits, and those of the processor."""
    folder = DataFolder.open(place, started=T0)
    try:
        async with BatchWriter.open(folder, now=lambda: T0, version="1.0") as batches:
            begin, busy = time.perf_counter(), time.process_time()
            for first in range(0, len(taken), BATCH):
                await batches.write(Batch(events=taken[first : first + BATCH]))
            return time.perf_counter() - begin, time.process_time() - busy
    finally:
        folder.release()


async def asked(ask: Callable[[], Awaitable[Any]]) -> float:
    """The median of some, warm."""
    await ask()
    spent = []
    for _ in range(ASKED):
        begin = time.perf_counter()
        await ask()
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


async def measure() -> None:
    """Prints what it costs to write, and to ask."""
    taken = storm()
    found: dict[str, list[tuple[float, float]]] = {"with": [], "without": []}
    with tempfile.TemporaryDirectory() as place:
        for number in range(ROUNDS):
            found["with"].append(await written(Path(place) / f"with-{number}", taken))
            with patch.object(writer, "keep_alerts", _no_rows):
                found["without"].append(await written(Path(place) / f"without-{number}", taken))
        for how, spent in found.items():
            wall, busy = min(spent)
            size = (Path(place) / f"{how}-0" / DATABASE_NAME).stat().st_size
            each = f"{busy / len(taken) * 1e6:.0f} us and {size / len(taken):.0f} B an event"
            print(f"{how:>7} rows and links of alerts: {wall:.2f} s, {busy:.2f} s of CPU, {each} ({len(taken):,})")
        async with SqliteStore.open(Path(place) / "with-0") as store:
            questions: dict[str, Callable[[], Awaitable[Any]]] = {
                "the fleet in the middle of the storm": lambda: store.state_at(T0 + 60),
                "the fleet after it": lambda: store.state_at(T0 + 3_600),
                "delivery log, newest 200": lambda: store.notices(Wanted(limit=200)),
                "delivery log of one alert": lambda: store.notices(Wanted(), alert_id="A500"),
                "story of one alert": lambda: store.story("A500"),
                "all alerts": lambda: store.alerts(Wanted()),
            }
            for words, ask in questions.items():
                print(f"{words:<40} {await asked(ask) * 1e3:>7.1f} ms")


def main() -> None:
    """Runs it."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
