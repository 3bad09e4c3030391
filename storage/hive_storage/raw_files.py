"""The files of past days: which there are, how large they are, and how one goes. Never the file of today."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path

from hive_storage import day_sql

_NAME = re.compile(r"(req|bad)-(\d{4})(\d{2})(\d{2})\.db(\.damaged-\d+)?")

_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file."""


class RawKind(Enum):
    """What a file of a day holds; values begin its name."""

    DAMAGED = "damaged"  # put aside, because it could not be written; perhaps somebody can save something of it
    REQUESTS = "req"
    FAILED = "bad"  # of a day whose requests are gone: those that failed, were retried or moved


@dataclass(frozen=True, slots=True)
class RawFile:
    """One file of one UTC day.

    Attributes:
        path: where it is.
        kind: what it holds.
        day: which day it tells of.
        size: bytes on the disk, with what stands beside it.
    """

    path: Path
    kind: RawKind
    day: date
    size: int

    @property
    def end(self) -> float:
        """When its day was over, in Unix seconds."""
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=UTC) + timedelta(days=1)
        return midnight.timestamp()


def raw_folder(folder: Path) -> Path:
    """Where the days' files are in a data folder."""
    return folder / day_sql.FOLDER


def raw_path(folder: Path, kind: RawKind, day: date) -> Path:
    """What the file of one day is called."""
    return raw_folder(folder) / f"{kind.value}-{day:%Y%m%d}.db"


def raw_files(folder: Path, kind: RawKind | None = None) -> tuple[RawFile, ...]:
    """The days' files of a data folder, oldest first; of one kind where it is named, else all but damaged ones.

    What does not bear the name of one is no file of ours. A folder that is not there has none.
    """
    try:
        paths = sorted(raw_folder(folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return ()
    found = [file for path in paths if (file := _raw_file(path)) is not None]
    wanted = {RawKind.REQUESTS, RawKind.FAILED} if kind is None else {kind}
    return tuple(sorted((file for file in found if file.kind in wanted), key=lambda file: file.day))


def past(files: Iterable[RawFile], now: float) -> tuple[RawFile, ...]:
    """Those of days that are over at `now`: today's is being written."""
    return tuple(file for file in files if file.end <= now)


def remove(file: RawFile) -> int:
    """Unlinks a file and what stands beside it; returns the bytes. It works on a full disk, too."""
    for suffix in _BESIDE:
        file.path.with_name(f"{file.path.name}{suffix}").unlink(missing_ok=True)
    file.path.unlink(missing_ok=True)
    return file.size


def size_of(path: Path) -> int:
    """Bytes that a file and its log take on the disk; 0 for what is not there."""
    total = 0
    for suffix in ("", *_BESIDE):
        try:
            total += path.with_name(f"{path.name}{suffix}").stat().st_size
        except FileNotFoundError:
            continue
    return total


def size_of_log(path: Path) -> int:
    """Bytes of a file's log; 0 where it has none."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0


def _raw_file(path: Path) -> RawFile | None:
    named = _NAME.fullmatch(path.name)
    if named is None or path.is_symlink() or not path.is_file():
        return None
    try:
        day = date(int(named[2]), int(named[3]), int(named[4]))
    except ValueError:
        return None
    kind = RawKind.DAMAGED if named[5] else RawKind(named[1])
    return RawFile(path, kind, day, size_of(path))
