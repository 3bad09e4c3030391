"""One kill -9 and what is looked at after it, for the tests and for `tests.bench.storage_kill`."""

# ruff: noqa: S608  # statements are put together from constants

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hive_console.core.events import AttemptFinished, Event, OperationFinished, ProbeFinished
from hive_console.core.outcome import OutcomeKind, Verdict
from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.states import OperationResult
from hive_storage import codec
from hive_storage.days import kept_in
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.micros import MICROSECONDS
from hive_storage.names import Names
from hive_storage.recorder import Recorder
from hive_storage.request_rows import REQUEST_COLUMNS, events_of_request
from hive_storage.rolled_rows import COLUMNS, KEEP_ROLLED, rolled_of, row_of
from hive_storage.sql import ATTEMPT_COLUMNS, OPERATION_COLUMNS, PROBE_COLUMNS, ROLL_UP_TABLES
from tests.storage.golden_files import golden
from tests.storage.kept_recordings import day_file
from tests.storage.support import damage

_CHILD = Path(__file__).with_name("traffic_child.py")
_PATIENCE = 30.0
_OLD = 9_000  # from here on names of models that `kept_too_long` made up

Placed = tuple[int, Event]
Counts = dict[tuple[Tier, int, str], Counter[str]]
"""Plain numbers of each window: by its length, when it begins, and its model."""


@dataclass(slots=True)
class Killed:
    """What a killed process had said.

    Attributes:
        durable: ids of the actions that it was told are on disk.
        last: number of the last request that was taken in.
        at: when that was, by its own clock.
    """

    durable: list[str] = field(default_factory=list)
    last: int = 0
    at: float = 0.0


def started(folder: Path, *, begin: float, speed: float = 1.0, days: int = 7) -> subprocess.Popen[str]:
    """A process that records."""
    return subprocess.Popen(
        [sys.executable, str(_CHILD), str(folder), str(speed), str(begin), str(days)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def killed_after(process: subprocess.Popen[str], lines: int, *, when: Callable[[], bool] = lambda: True) -> Killed:
    """Kills it once it has said so many lines, and something is the case, wherever it then is."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if len(said) >= lines and when():
            break
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=_PATIENCE)
    killed = Killed()
    for words in (line.split() for line in [*said, *rest.splitlines()]):
        if len(words) != 3 or words[0] == "opening":
            continue
        killed.last, killed.at = int(words[1]), float(words[2])
        if words[0] == "durable":
            killed.durable.append(words[2])
    return killed


def problems_of(folder: Path, killed: Killed) -> list[str]:
    """What is wrong with what is on disk, before anybody opens it for writing."""
    found = damage(folder)
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as file:
        kept = {row[0] for row in file.execute("SELECT action_id FROM audit")}
    found += [f"action {number} was acknowledged and is lost" for number in killed.durable if number not in kept]
    return found


def lost_seconds(folder: Path, killed: Killed) -> float:
    """From the newest event of a request on disk to the last that was taken in."""
    newest = max((event.at for _, event in requests_in(folder, killed.at - 1.0)), default=0.0)
    return killed.at - newest


def requests_in(folder: Path, since: float = 0.0) -> list[Placed]:
    """Every attempt and operation on disk, with its key; none of days that ended by `since`."""
    found: list[Placed] = []
    for day, path in kept_in(folder):
        if day < since // Tier.DAY:
            continue
        with closing(sqlite3.connect(path)) as file:
            names = dict(file.execute("SELECT id, text FROM name").fetchall())
            for row in file.execute(f"SELECT {REQUEST_COLUMNS} FROM request"):
                found += events_of_request(row, names)
            found += [
                (row[0], codec.attempt_of_row(row, names))
                for row in file.execute(f"SELECT {ATTEMPT_COLUMNS}, cost FROM attempt")
            ]
            found += [
                (row[0], codec.operation_of_row(row, names))
                for row in file.execute(f"SELECT {OPERATION_COLUMNS} FROM operation")
            ]
    return found


def _checks_in(folder: Path) -> list[Placed]:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as file:
        names = dict(file.execute("SELECT id, text FROM name").fetchall())
        return [
            (row[0], codec.probe_of_row(row, names)) for row in file.execute(f"SELECT {PROBE_COLUMNS} FROM probe")
        ]


def counted(events: Iterable[Placed]) -> Counts:
    """Counts of every window by going through every event: nothing of the fold that is tested."""
    found: Counts = {}
    for seq, event in events:
        model, counts = _counts_of(event)
        for tier in Tier:
            begin = seq // MICROSECONDS // tier * tier
            found.setdefault((tier, begin, model), Counter()).update(counts)
    return found


def _counts_of(event: Event) -> tuple[str, dict[str, int]]:
    match event:
        case AttemptFinished():
            is_good = event.kind is OutcomeKind.SUCCESS
            return event.model, {
                "calls": 1,
                "failed": int(event.kind.judgement.verdict is Verdict.FAILURE),
                "retries": int(event.number > 1),
                "latency_us": round(event.latency * MICROSECONDS) if is_good else 0,
                "latencies": int(is_good),
                "read_tokens": event.read_tokens or 0,
            }
        case OperationFinished():
            is_answered = event.result is OperationResult.ANSWERED
            return event.requested, {"operations": 1, "answered": int(is_answered)}
        case ProbeFinished():
            return event.model, {"probes": 1}
        case _:
            raise TypeError(type(event).__name__)


def _told(sums: Sums) -> Counter[str]:
    names = ("calls", "failed", "retries", "latency_us", "read_tokens", "operations", "answered", "probes")
    return Counter({**{name: getattr(sums, name) for name in names}, "latencies": sums.latency.count})


def windows_in(folder: Path) -> Counts:
    """Counts of every window on disk that has any."""
    found: Counts = {}
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as file:
        names = dict(file.execute("SELECT id, text FROM name").fetchall())
        for tier, table in ROLL_UP_TABLES.items():
            for row in file.execute(f"SELECT {', '.join(COLUMNS)} FROM {table}"):
                rolled = rolled_of(tier, row, names)
                if told := +_told(rolled.sums):
                    found[tier, rolled.begin, rolled.model] = told
    return found


def differences(folder: Path, since: float = 0.0) -> list[str]:
    """Windows that are not what their events on disk add up to; none that ended by `since`."""
    true = {key: +counts for key, counts in counted([*requests_in(folder, since), *_checks_in(folder)]).items()}
    told = windows_in(folder)
    return [
        f"{tier.name} at {begin} of {model}: told {dict(told.get(key, {}))}, true {dict(true.get(key, {}))}"
        for key in sorted(true.keys() | told.keys(), key=str)
        for tier, begin, model in (key,)
        if begin + tier > since and true.get(key, Counter()) != told.get(key, Counter())
    ]


async def _reopened(folder: Path, at: float) -> None:
    held = DataFolder.open(folder, started=at)
    try:
        async with Recorder.open(held, now=lambda: at):
            pass
    finally:
        held.release()


def reopen(folder: Path, at: float) -> None:
    """Opens it for writing, puts together what was open, and ends in order."""
    asyncio.run(_reopened(folder, at))


def one_kill(
    folder: Path,
    rng: random.Random,
    *,
    begin: float,
    speed: float = 1.0,
    days: int = 7,
    since: float = 0.0,
    in_place: bool = False,
) -> tuple[Killed, list[str], float]:
    """Records on in `folder`, kills, and looks: what was killed, all problems, seconds of requests lost.

    Without `in_place` a copy is opened for writing, so that the next kill meets what this one left.
    """
    killed = killed_after(started(folder, begin=begin, speed=speed, days=days), rng.randint(30, 330))
    problems = problems_of(folder, killed)
    lost = lost_seconds(folder, killed) / speed
    opened = folder
    if not in_place:
        opened = folder.with_name(f"{folder.name}-opened")
        shutil.rmtree(opened, ignore_errors=True)
        shutil.copytree(folder, opened)
    reopen(opened, max(killed.at, begin) + 1.0)
    return killed, [*problems, *differences(opened, since)], lost


def kept_too_long(folder: Path, begin: float) -> None:
    """Makes a recording whose windows and days of the week before are due to be removed at once."""
    reopen(folder, begin - 1.0)
    today = int(begin) // Tier.DAY * Tier.DAY
    old = range(today - 7 * Tier.DAY, today - 3 * Tier.DAY)
    with closing(sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)) as file:
        file.execute("BEGIN")
        file.executemany("INSERT INTO name (id, text) VALUES (?, ?)", [(_OLD + n, f"old-{n}") for n in range(5)])
        names = Names(file.execute("SELECT id, text FROM name").fetchall())
        for tier, step in ((Tier.TEN_SECONDS, 20), (Tier.MINUTE, 60)):
            row = row_of(Rolled(tier=tier, begin=0, model="old-0", sums=Sums(calls=3, probes=1)), names)[2:]
            rows = ((_OLD + n, t, *row) for t in old[::step] for n in range(5))
            file.executemany(KEEP_ROLLED[tier], rows)
        file.execute("COMMIT")
    for number in range(2, 7):
        day_file(folder, begin - number * Tier.DAY, failed=("lost-1", "lost-2"))


def old_windows(folder: Path) -> int:
    """How many of the windows that `kept_too_long` made are left."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as file:
        are_old = f"WHERE model BETWEEN {_OLD} AND {_OLD + 4}"
        counts = [f"(SELECT count(*) FROM {table} {are_old})" for table in ("r10", "r60")]
        return int(file.execute(f"SELECT {' + '.join(counts)}").fetchone()[0])


def older_recording(folder: Path, *, acts: int) -> int:
    """Makes a recording of version 3 with so many more acts than the golden one; rows of its audit trail."""
    folder.mkdir(parents=True, exist_ok=True)
    path = golden(folder, 3)
    path.chmod(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        last = file.execute("SELECT coalesce(max(seq), 1) FROM event").fetchone()[0]
        columns = [row[1] for row in file.execute("PRAGMA table_info(audit)") if row[1] not in {"seq", "skew"}]
        file.execute("BEGIN")
        file.executemany(
            f"INSERT INTO audit (seq, skew, {', '.join(columns)}) VALUES (?, 0{', ?' * len(columns)})",
            ((last + 1 + number, *(f"{column} {number}" for column in columns)) for number in range(acts)),
        )
        file.execute("COMMIT")
        (rows,) = file.execute("SELECT count(*) FROM audit").fetchone()
    return int(rows)


def kill_while_migrating(folder: Path, seconds: float, *, begin: float) -> None:
    """Opens it for writing in another process and kills that so many seconds after it began to open it."""
    process = started(folder, begin=begin)
    assert process.stdout is not None
    process.stdout.readline()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.communicate(timeout=_PATIENCE)


def version_of(folder: Path) -> int:
    """The schema of the recording."""
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as file:
        return int(file.execute("PRAGMA user_version").fetchone()[0])
