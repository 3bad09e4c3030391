"""What is well and what is wrong with a recording: files, rows, disk, who holds it. Changes nothing."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from hive_console.core.errors import HiveError
from hive_console.core.keeping import DAY, Keeping
from hive_console.core.text import clean
from hive_storage import day_sql, sql
from hive_storage.ballast import BALLAST_NAME
from hive_storage.database import words_of
from hive_storage.diagnosis import Diagnosis, FileReport, Finding, Forecast, Table, Weight
from hive_storage.disk import Room, Space, room_in, space_of
from hive_storage.file_systems import MOUNTS, network_under
from hive_storage.folder import DATABASE_NAME, LOCK_NAME, Holder, holder_of
from hive_storage.log_cap import LARGE
from hive_storage.opening import reading_address
from hive_storage.raw_files import RawKind, raw_files, size_of, size_of_log

LOOKS_BACK = 30 * DAY
"""Seconds that crashes and gaps are counted over."""

RECENT = DAY
"""Seconds within which a lost event or a crash is something wrong; later it is history."""

SOON = 7
"""Days until the disk is full that are too few."""

FIXED = (3, 51, 3)
"""The first SQLite without the write-ahead log's reset bug (3.7.0 to 3.51.2): two connections that write or
checkpoint at the same instant can damage the file."""

_PROBLEMS = 20
_OTHERS_MAY = 0o077


def examine(
    data: Path, now: float, *, keeping: Keeping, is_quick: bool = False, mounts: Path = MOUNTS
) -> Diagnosis:
    """Looks at the recording in the folder `data` at `now` (Unix seconds).

    Reads every file to its end (about 1 s a gigabyte), or with `is_quick` without comparing indices to tables
    (half of that). Raises `HiveError` where there is no recording, or hive.db cannot be read at all.
    """
    main = data / DATABASE_NAME
    if not main.is_file():
        raise HiveError(f"there is no recording at {main}; name its folder with --data")
    try:
        holder, space = holder_of(data), space_of(data)
    except OSError as error:
        raise HiveError(f"cannot look at {data}: {error.strerror}") from error
    days = tuple(reversed(raw_files(data)))
    files = (
        _file_report(main, DATABASE_NAME, is_quick=is_quick),
        *(_file_report(day.path, f"{day_sql.FOLDER}/{day.path.name}", is_quick=is_quick) for day in days),
    )
    history = _history(main, now, is_held=holder is not None)
    forecast = _forecast(
        files[0].size - files[0].free,
        [day.size for day in days if day.kind is RawKind.REQUESTS and day.end <= now][:7],
        history=history,
        now=now,
        keeping=keeping,
        space=space,
        taken=sum(file.size for file in files),
    )
    findings = (
        *_of_files(files),
        *_of_damaged(len(raw_files(data, RawKind.DAMAGED))),
        *_of_access(data, network_under(data, mounts)),
        *_of_disk(space, forecast),
        *_of_history(history, holder, now),
        *_of_sqlite(),
    )
    return Diagnosis(
        folder=str(data),
        sqlite=sqlite3.sqlite_version,
        holder="" if holder is None else str(holder),
        space=space,
        ballast=size_of(data / BALLAST_NAME),
        files=files,
        runs=history.runs,
        crashes=len(history.crashes),
        gaps=history.gaps,
        dropped=history.dropped,
        forecast=forecast,
        findings=tuple(sorted(findings, key=lambda finding: finding.weight is not Weight.WRONG)),
    )


# --- files -----------------------------------------------------------------------------------------


def _file_report(path: Path, name: str, *, is_quick: bool) -> FileReport:
    size = path.stat().st_size
    log = size_of_log(path)
    try:
        with closing(_reading(path)) as file:
            page, free = _one(file, "PRAGMA page_size"), _one(file, "PRAGMA freelist_count")
            version = _one(file, "PRAGMA user_version")
            check = "quick_check" if is_quick else "integrity_check"
            said = [str(row[0]) for row in file.execute(f"PRAGMA {check}({_PROBLEMS})")]
            problems = tuple(clean(line) for line in said if line != "ok")
            tables = tuple(_tables(file)) if not problems else ()
    except sqlite3.Error as error:
        return FileReport(name, size, log, problems=(words_of(error),))
    return FileReport(name, size, log, version, free * page, tables, problems)


def _tables(file: sqlite3.Connection) -> list[Table]:
    names = [
        str(row[0])
        for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    ]
    sizes = _sizes(file)
    quoted = {name: name.replace('"', '""') for name in names}
    counts = {name: f'SELECT count(*) FROM "{quoted[name]}"' for name in names}  # noqa: S608 - quoted
    tables = [
        Table(clean(name), _one(file, counts[name]), None if sizes is None else sizes.get(name, 0))
        for name in names
    ]
    return sorted(tables, key=lambda table: (-(table.size or 0), -table.rows, table.name))


def _sizes(file: sqlite3.Connection) -> dict[str, int] | None:
    """Bytes by table, its indices included, where this SQLite was built to tell."""
    try:
        rows = file.execute(
            "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat AS d JOIN sqlite_master AS m ON m.name = d.name"
            " WHERE d.aggregate = 1 GROUP BY m.tbl_name"
        ).fetchall()
    except sqlite3.Error:
        return None
    return {str(name): int(size) for name, size in rows}


def _of_files(files: Iterable[FileReport]) -> Iterator[Finding]:
    for file in files:
        for problem in file.problems:
            yield Finding(
                Weight.WRONG, f"{file.name} is damaged: {problem}; copy the folder, then restore a backup"
            )
        if file.log > LARGE:
            yield Finding(
                Weight.WRONG,
                f"the log of {file.name} is large: a program that reads the recording does not end its transaction",
            )
        known = sql.SCHEMA_VERSION if file.name == DATABASE_NAME else day_sql.DAY_VERSION
        if file.version > known:
            yield Finding(Weight.NOTE, f"{file.name} is of a newer hive-console (schema {file.version})")
        elif file.name == DATABASE_NAME and 0 < file.version < known:
            yield Finding(
                Weight.NOTE,
                f"{file.name} is of an older hive-console (schema {file.version}); it is"
                " brought to this one's when it is next recorded into",
            )


def _of_damaged(count: int) -> Iterator[Finding]:
    if count:
        yield Finding(Weight.WRONG, f"damaged files of days were put aside: {count} (raw/*.damaged-*)")


# --- access, disk, version -------------------------------------------------------------------------


def _of_access(data: Path, network: str) -> Iterator[Finding]:
    if network:
        yield Finding(
            Weight.WRONG,
            f"the folder is on a network file system ({network}): a recording there can be"
            " lost or damaged; move it to a disk of this machine",
        )
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o022:
        yield Finding(Weight.WRONG, f"others may put files into the folder (mode {mode:04o}): chmod go-w {data}")
    open_to_others = [
        path.name
        for path in (data / DATABASE_NAME, data / LOCK_NAME, *(file.path for file in raw_files(data)))
        if path.exists() and path.stat().st_mode & _OTHERS_MAY
    ]
    if open_to_others and mode & _OTHERS_MAY:
        yield Finding(
            Weight.WRONG,
            f"others may read {', '.join(open_to_others[:3])}"
            f"{' and more' if len(open_to_others) > 3 else ''}: chmod go-rwx",
        )


def _of_disk(space: Space, forecast: Forecast | None) -> Iterator[Finding]:
    room = room_in(space)
    if room is Room.CRITICAL:
        yield Finding(Weight.WRONG, "the disk is nearly full: requests are not kept; make room")
    elif room is Room.TIGHT:
        yield Finding(Weight.WRONG, "the disk is tight: the oldest days go before their time; make room")
    if forecast is not None and forecast.full_in is not None:
        weight = Weight.WRONG if forecast.full_in < SOON else Weight.NOTE
        yield Finding(
            weight,
            f"at this rate the disk is full in {forecast.full_in:.0f} days; make room, or keep less"
            " (recording: in the settings)",
        )


def _of_sqlite() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info < FIXED:
        yield Finding(
            Weight.NOTE,
            f"SQLite {sqlite3.sqlite_version} has a bug of its log that needs two writers (fixed in"
            f" {'.'.join(map(str, FIXED))}); hive-console has one: let no other program write hive.db",
        )


# --- history ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _History:
    begin: float | None = None
    runs: int = 0
    crashes: tuple[float, ...] = ()
    gaps: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    dropped_lately: int = 0


def _history(main: Path, now: float, *, is_held: bool) -> _History:
    """Lives of engines and gaps of the last 30 days; nothing where they cannot be read."""
    since = int((now - LOOKS_BACK) * 1e6)
    try:
        with closing(_reading(main)) as file:
            begin = file.execute("SELECT min(started_us) FROM run").fetchone()[0]
            last = _one(file, "SELECT coalesce(max(id), 0) FROM run")
            runs = file.execute(
                "SELECT id, coalesce(ended_us, started_us), clean FROM run WHERE coalesce(ended_us, ?) >= ?",
                (since, since),
            ).fetchall()
            gaps = file.execute("SELECT t1_us, cause, dropped FROM gap WHERE t1_us >= ?", (since,)).fetchall()
            lives = file.execute("SELECT ended_us IS NULL FROM run WHERE id = ?", (last,)).fetchone()
    except sqlite3.Error:
        return _History()
    open_run = last if is_held and lives is not None and lives[0] else 0
    causes = sorted({clean(str(cause)) for _, cause, _ in gaps})
    return _History(
        begin=None if begin is None else begin / 1e6,
        runs=len(runs),
        crashes=tuple(at / 1e6 for number, at, is_clean in runs if not is_clean and number != open_run),
        gaps={cause: sum(1 for _, said, _ in gaps if clean(str(said)) == cause) for cause in causes},
        dropped=sum(dropped for _, _, dropped in gaps),
        dropped_lately=sum(dropped for at, _, dropped in gaps if at / 1e6 >= now - RECENT),
    )


def _of_history(history: _History, holder: Holder | None, now: float) -> Iterator[Finding]:
    if history.dropped_lately:
        yield Finding(Weight.WRONG, f"{history.dropped_lately} events were lost within a day; table gap says why")
    elif history.dropped:
        yield Finding(Weight.NOTE, f"{history.dropped} events were lost within 30 days; table gap says why")
    lately = [at for at in history.crashes if at >= now - RECENT]
    if lately:
        yield Finding(
            Weight.WRONG, f"an engine ended without a word {len(lately)} time{'s' * (len(lately) > 1)} within a day"
        )
    if holder is None and history.runs:
        yield Finding(Weight.NOTE, "nobody records into it now")


def _forecast(
    main: int,
    days: list[int],
    *,
    history: _History,
    now: float,
    keeping: Keeping,
    space: Space,
    taken: int,
) -> Forecast | None:
    """From the mean of the last whole days, and of what hive.db holds over the time it tells of."""
    age = 0.0 if history.begin is None else (now - history.begin) / DAY
    if age < 1:
        return None
    main_a_day = int(main / min(age, keeping.roll_up_60s_days))
    raw_a_day = int(sum(days) / len(days)) if days else 0
    main_in_all = max(main, main_a_day * keeping.roll_up_60s_days)
    settles_at = main_in_all + min(raw_a_day * keeping.raw_days, keeping.raw_size)
    grows = main_a_day + raw_a_day
    has_room = settles_at - taken < space.free
    return Forecast(main_a_day, raw_a_day, settles_at, None if has_room or not grows else space.free / grows)


def _reading(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(reading_address(path), uri=True, isolation_level=None)
    file.executescript(sql.READER_PRAGMAS)
    return file


def _one(file: sqlite3.Connection, statement: str) -> int:
    return int(file.execute(statement).fetchone()[0])
