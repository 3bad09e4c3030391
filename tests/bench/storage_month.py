"""What a month of fifty models takes on the disk and to ask: `python -m tests.bench.storage_month [--folder DIR]`.

Each question is one that a screen asks, through the store, on a connection of its own. Cold: every file was dropped
from the page cache and the recording opened anew; the time is the question's, with what opening left unread.
Baseline: one minute's row of each model, read by plain sqlite3 in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from hive_console.core.rollup import Tier
from hive_console.core.store import Wanted
from hive_console.engine.review_reading import log_at, reading_at
from hive_storage.database import open_writer
from hive_storage.days import days_in
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.names import Names
from hive_storage.recorder import Recorder
from hive_storage.rolled_rows import KEEP_ROLLED
from hive_storage.sql import MIGRATIONS, PREPARE, ROLL_UP_TABLES, SCHEMA
from hive_storage.store import SqliteStore
from tests.bench.recorded_month import ACTS, BEGIN, DAYS, END, FINAL, MODELS, REQUESTS, drawn_rows, make_month

_MIB = 1024**2
_WARM, _COLD = 0.150, 0.500
_STATE_WARM, _STATE_COLD = 0.020, 0.100
_START = 0.050
_VERIFIED = 100_000
_ROW = 300
_WHOLE = 1.2e9
_ROUNDS, _COLD_ROUNDS = 7, 3
_FEW = 20_000
_HOUR, _DAY = 3_600, 86_400

Ask = Callable[
    [SqliteStore, random.Random], Awaitable[Any]
]  # what a question answers with is nobody's business here


def _some_time(rng: random.Random) -> float:
    return rng.uniform(BEGIN + _DAY, END)


def _spark(store: SqliteStore, _: random.Random) -> Awaitable[Any]:
    return store.series(MODELS, FINAL - _HOUR, FINAL, step=60, with_latency=False)


async def _cursor_move(store: SqliteStore, at: float) -> None:
    """All that `ReviewClient` asks to show the fleet at an instant."""
    line = at - at % _HOUR
    await store.transitions(Wanted(begin=line, end=line + _HOUR))
    await store.gaps(line, line + _HOUR)
    await reading_at(store, at)
    await log_at(store, at)


async def _week(store: SqliteStore, _: random.Random) -> None:
    begin = END - END % _DAY - 7 * _DAY
    await store.transitions(Wanted(begin=begin, end=begin + 7 * _DAY))
    await store.gaps(begin, begin + 7 * _DAY)


async def _story(store: SqliteStore, rng: random.Random) -> None:
    at = _some_time(rng)
    (alert,) = await store.alerts(Wanted(end=at, limit=1))
    assert len(await store.story(alert.alert_id, raised_at=alert.raised_at)) > 10


_ONE = (MODELS[7],)
_MONTH = (float(BEGIN), float(FINAL))

STATE = "fleet at an instant"

QUESTIONS: dict[str, Ask] = {
    "holdings": lambda store, _: store.holdings(),
    "last hour, minutes, 50 models": _spark,
    "last half hour, ten seconds, 50 models": lambda store, _: store.series(
        MODELS, FINAL - 1_800, FINAL, step=10, with_latency=False
    ),
    "24 h, minutes with latency, 1 model": lambda store, _: store.series(_ONE, FINAL - _DAY, FINAL, step=60),
    "24 h, ten minutes with latency, 1 model": lambda store, _: store.series(_ONE, FINAL - _DAY, FINAL, step=600),
    "30 d, hours with latency, 1 model": lambda store, _: store.series(_ONE, *_MONTH, step=_HOUR),
    "30 d, 6 hours, 50 models": lambda store, _: store.series(MODELS, *_MONTH, step=6 * _HOUR, with_latency=False),
    "30 d, days with latency, 50 models": lambda store, _: store.series(MODELS, *_MONTH, step=_DAY),
    "30 d, p50 p95 p99, 50 models": lambda store, _: store.sketch(MODELS, *_MONTH),
    "29.3 d, odd bounds, p50 p95 p99, 50 models": lambda store, _: store.sketch(
        MODELS, BEGIN + 51_234.0, END - 7_777.0
    ),
    STATE: lambda store, rng: store.state_at(_some_time(rng)),
    "next event": lambda store, rng: store.neighbour(_some_time(rng), is_later=True),
    "event before, of one model": lambda store, rng: store.neighbour(_some_time(rng), is_later=False, models=_ONE),
    "transitions of an hour": lambda store, rng: _hour(store, _some_time(rng)),
    "transitions and gaps of a week": _week,
    "alerts of a day": lambda store, rng: _alerts(store, _some_time(rng)),
    "alerts of a month by text": lambda store, _: store.alerts(Wanted(text="model-07", limit=200)),
    "delivery log, newest 200": lambda store, _: store.notices(Wanted(limit=200)),
    "delivery log of a channel, a day": lambda store, rng: _delivered(store, _some_time(rng)),
    "delivery log, text over all": lambda store, _: store.notices(Wanted(text="no such text")),
    "story of an alert": _story,
    "audit, newest 200": lambda store, _: store.audit(Wanted(limit=200)),
    "audit, text over all": lambda store, _: store.audit(Wanted(text="model-07", limit=200)),
    "gaps of the month": lambda store, _: store.gaps(*_MONTH),
    "requests of a minute": lambda store, _: store.requests(Wanted(begin=END - 120, end=END - 60)),
    "failed requests, newest 200": lambda store, _: store.requests(Wanted(is_bad=True, limit=200)),
    "one move of a review's cursor, newest": lambda store, _: _cursor_move(store, END - 30.0),
    "one move of a review's cursor, anywhere": lambda store, rng: _cursor_move(store, _some_time(rng)),
    "has anything changed": lambda store, _: store.changed(),
}


def _hour(store: SqliteStore, at: float) -> Awaitable[Any]:
    return store.transitions(Wanted(begin=at, end=at + _HOUR))


def _alerts(store: SqliteStore, at: float) -> Awaitable[Any]:
    return store.alerts(Wanted(begin=at - _DAY, end=at))


def _delivered(store: SqliteStore, at: float) -> Awaitable[Any]:
    return store.notices(Wanted(begin=at - _DAY, end=at, limit=200), channel="mail")


def drop_from_cache(folder: Path) -> None:
    """Makes the disk, and not the page cache, answer next; no privilege is needed for one's own files."""
    for path in (*folder.glob("*.db*"), *folder.glob("raw/*")):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


async def _warm(store: SqliteStore, ask: Ask) -> tuple[float, float]:
    """Median seconds, and those of the processor: what it would take on a machine that does nothing else."""
    rng = random.Random("warm")
    await ask(store, rng)
    spent, worked = [], []
    for _ in range(_ROUNDS):
        begin, busy = time.perf_counter(), time.process_time()
        await ask(store, rng)
        spent.append(time.perf_counter() - begin)
        worked.append(time.process_time() - busy)
    return statistics.median(spent), statistics.median(worked)


async def _cold(folder: Path, ask: Ask) -> float:
    """The median of some."""
    rng = random.Random("cold")
    spent = []
    for _ in range(_COLD_ROUNDS):
        drop_from_cache(folder)
        begin = time.perf_counter()
        async with SqliteStore.open(folder) as store:
            await ask(store, rng)
            spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def _mark(*, is_met: bool) -> str:
    return "" if is_met else "  MISSED"


async def _questions(folder: Path, baseline: float) -> None:
    print(
        f"{'question':<44} {'warm ms':>8} {'cpu ms':>8} {'goal':>5} {'cold ms':>8} {'goal':>5} {'x baseline':>11}"
    )
    async with SqliteStore.open(folder) as store:
        for words, ask in QUESTIONS.items():
            goal, cold_goal = (_STATE_WARM, _STATE_COLD) if words == STATE else (_WARM, _COLD)
            warm, worked = await _warm(store, ask)
            cold = await _cold(folder, ask)
            mark = _mark(is_met=warm <= goal and cold <= cold_goal)
            print(
                f"{words:<44} {warm * 1e3:>8.1f} {worked * 1e3:>8.1f} {goal * 1e3:>5.0f} {cold * 1e3:>8.1f}"
                f" {cold_goal * 1e3:>5.0f} {warm / baseline:>11.1f}{mark}",
                flush=True,
            )


def _baseline(folder: Path) -> float:
    """Seconds of plain sqlite3 for an hour of minutes of fifty models, without a store around it."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as file:
        ids = [row[0] for row in file.execute("SELECT DISTINCT model FROM r86400")]
        spent = []
        for _ in range(_ROUNDS):
            begin = time.perf_counter()
            for number in ids:
                file.execute("SELECT * FROM r60 WHERE model = ? AND t >= ?", (number, FINAL - _HOUR)).fetchall()
            spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def _sizes(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as file:
        rows = file.execute(
            "SELECT name, sum(pgsize) FROM dbstat WHERE aggregate = 0 GROUP BY name ORDER BY 2 DESC"
        ).fetchall()
        indices = dict(file.execute("SELECT name, tbl_name FROM sqlite_master WHERE rootpage > 0").fetchall())
        counts = {
            table: file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own tables
            for table in ("r10", "r60", "r3600", "r86400", "probe", "event", "audit", "alert", "about")
        }
    sizes: dict[str, int] = {}
    for name, size in rows:
        sizes[indices.get(name, name)] = sizes.get(indices.get(name, name), 0) + size
    for table, count in counts.items():
        each = sizes[table] / count
        goal = f"  goal {_ROW}{_mark(is_met=each <= _ROW)}" if table == "r60" else ""
        print(f"{table:<8} {count:>10,} rows {sizes[table] / _MIB:>8.1f} MiB {each:>8.1f} B a row{goal}")
    whole = (folder / DATABASE_NAME).stat().st_size
    mark = _mark(is_met=whole <= _WHOLE)
    print(
        f"{DAYS} days of {len(MODELS)} models, without raw: {whole / 1e6:,.0f} MB  goal {_WHOLE / 1e6:,.0f}{mark}"
    )
    raw = sum(path.stat().st_size for _, path in days_in(folder))
    print(f"raw: {raw / REQUESTS:.1f} B a request, one in fifty of them retried")


def _size_with_first_tokens() -> float:
    """Bytes of a minute's row when every answer is a stream whose first token was timed."""
    names, rng = Names(), random.Random("streams")
    drawn = drawn_rows(names, rng, Tier.MINUTE, has_first_tokens=True)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / DATABASE_NAME
        with closing(sqlite3.connect(path)) as file:
            file.executescript(PREPARE + SCHEMA)
            table = ROLL_UP_TABLES[Tier.MINUTE]
            empty = file.execute("PRAGMA page_count").fetchone()[0]
            rows = ((model, t, *rng.choice(drawn)) for t in range(0, _FEW * 60 // 50, 60) for model in range(1, 51))
            file.executemany(KEEP_ROLLED[Tier.MINUTE], rows)
            file.commit()
            count = file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own table
            pages = file.execute("PRAGMA page_count").fetchone()[0]
    return float((pages - empty) * 4096 / count)


async def _opening(path: Path, at: float) -> float:
    """Seconds from opening a recorder to its being there."""
    folder = DataFolder.open(path, started=at)
    try:
        begin = time.perf_counter()
        async with Recorder.open(folder, now=lambda: at):
            return time.perf_counter() - begin
    finally:
        folder.release()


def _start_up(folder: Path) -> None:
    """Each opening finds a killed recording, and puts open windows together from seven seconds of requests."""
    spent: dict[str, list[float]] = {"empty": [], "warm": [], "cold": []}
    for _ in range(_COLD_ROUNDS):
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            spent["empty"].append(asyncio.run(_opening(Path(place), END + 2.0)))
            for how in ("warm", "cold"):
                copy = Path(place) / how
                shutil.copytree(folder, copy)
                if how == "cold":
                    drop_from_cache(copy)
                spent[how].append(asyncio.run(_opening(copy, END + 2.0)))
    empty = statistics.median(spent["empty"])
    for how in ("warm", "cold"):
        added = statistics.median(spent[how]) - empty
        told = f"adds {added * 1e3:.0f} ms to {empty * 1e3:.0f} ms, {1 + added / empty:.1f} times as long"
        print(f"start-up, {how}: {told}  goal {_START * 1e3:.0f} ms{_mark(is_met=added <= _START)}")


async def _verification(folder: Path) -> None:
    async with SqliteStore.open(folder) as store:
        begin = time.perf_counter()
        found = await store.verify()
        spent = time.perf_counter() - begin
    rate = found.rows / spent
    if found.problem or found.rows != ACTS:
        raise RuntimeError(f"{found}")
    print(f"audit trail verified: {rate:,.0f} rows/s  goal {_VERIFIED:,}{_mark(is_met=rate >= _VERIFIED)}")


_AS_OF_VERSION_4 = """
DROP TABLE about;
DROP INDEX alert_of;
ALTER TABLE alert DROP COLUMN body;
ALTER TABLE alert DROP COLUMN changed_us;
CREATE INDEX alert_firing ON alert (alert_id) WHERE resolved_us IS NULL;
PRAGMA user_version = 4;
"""


async def _brought_over(folder: Path) -> None:
    """What an older file of this size costs the next start: its copy, and its tables."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        path = Path(shutil.copy(folder / DATABASE_NAME, place))
        with closing(sqlite3.connect(path)) as file:
            file.executescript(_AS_OF_VERSION_4)
        begin = time.perf_counter()
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[3]} ROLLBACK;")
        tables = time.perf_counter() - begin
        begin = time.perf_counter()
        await (await open_writer(path)).close()
        whole = time.perf_counter() - begin
    print(f"brought over from version 4: {whole:.1f} s, of which its tables take {tables * 1e3:.0f} ms")


def _measure(folder: Path) -> None:
    if not (folder / DATABASE_NAME).exists():
        begin = time.perf_counter()
        make_month(folder)
        print(f"made in {time.perf_counter() - begin:.0f} s")
    _sizes(folder)
    print(f"a minute's row with first tokens of every call: {_size_with_first_tokens():.0f} B")
    baseline = _baseline(folder)
    print(f"baseline, plain sqlite3, an hour of minutes of 50 models: {baseline * 1e3:.1f} ms")
    asyncio.run(_questions(folder, baseline))
    asyncio.run(_verification(folder))
    asyncio.run(_brought_over(folder))
    _start_up(folder)


def main(arguments: list[str] | None = None) -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description="what a month of fifty models takes")
    parser.add_argument("--folder", type=Path, help="where the month is, or is made and left for the next run")
    folder = parser.parse_args(arguments if arguments is not None else []).folder
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        _measure(folder)
        return
    with tempfile.TemporaryDirectory() as place:
        _measure(Path(place) / "month")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
