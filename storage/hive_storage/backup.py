"""Copies of a recording that open anywhere, made beside a live writer without holding it up.

SQLite's own online backup from a connection that only reads, inside one transaction: one consistent view, without
the log. Not `VACUUM INTO`, which refuses tables with generated columns from such a connection (seen with 3.40).
Never a copy of the bytes of a file that is written: it would miss every row that is still in its log.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from hive_console.core.errors import HiveError
from hive_storage.anchors import ANCHOR_NAME
from hive_storage.database import words_of
from hive_storage.folder import DATABASE_NAME
from hive_storage.migration_copy import check_room, make_private, sync
from hive_storage.opening import reading_address
from hive_storage.raw_files import raw_files, raw_folder, size_of

_PAGES_A_STEP = 2_048
"""Pages copied between two looks (8 MiB): Ctrl-C is heard within a fraction of a second."""

_HEADER = 20
_ROLLBACK_FORMAT = b"\x01\x01"  # bytes 18 and 19 of the header: the file needs no log
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600

Told = Callable[[str, int, int], None]
"""Hears which file is being copied, and how many bytes of how many there are by now."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds.

    Attributes:
        files: their names in it, in the order they were copied.
        size: bytes of all of them.
    """

    files: tuple[str, ...]
    size: int


def back_up(data: Path, target: Path, *, has_requests: bool, told: Told) -> BackedUp:
    """Copies the recording in the folder `data` into a new folder `target`, which then is a data folder itself.

    With `has_requests` the days' files as well. Each copy is verified. Whatever ends it early, nothing half-made
    stays behind. Raises `HiveError` where there is no recording, the target exists, there is no room, a file cannot
    be read or a copy is not sound.
    """
    source = data / DATABASE_NAME
    if not source.is_file():
        raise HiveError(f"there is no recording at {source}; name its folder with --data")
    if target.exists() or target.is_symlink():
        raise HiveError(f"{target} exists already; name a folder that does not")
    days = [file.path for file in raw_files(data)] if has_requests else []
    check_room(target.parent, size_of(source) + sum(map(size_of, days)))
    with _whole_or_nothing(target) as part:
        copied = [_copy(source, part / DATABASE_NAME, told)]
        if days:
            raw_folder(part).mkdir(mode=_PRIVATE_FOLDER)
        for path in days:
            try:
                copied.append(_copy(path, raw_folder(part) / path.name, told))
            except FileNotFoundError:  # its time was over meanwhile
                continue
        anchors = data / ANCHOR_NAME
        if anchors.is_file():
            shutil.copyfile(anchors, part / ANCHOR_NAME)
            (part / ANCHOR_NAME).chmod(_PRIVATE_FILE)
            copied.append(part / ANCHOR_NAME)
        names = tuple(str(path.relative_to(part)) for path in copied)
        size = sum(path.stat().st_size for path in copied)
    return BackedUp(names, size)


@contextmanager
def _whole_or_nothing(target: Path) -> Iterator[Path]:
    """A folder beside the target that bears its name in the end, or is gone."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir(mode=_PRIVATE_FOLDER)
        yield part
        sync(part)
        part.rename(target)
        sync(target.parent)
    except OSError as error:
        raise HiveError(f"cannot write {target}: {error.strerror or type(error).__name__}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _copy(source: Path, copy: Path, told: Told) -> Path:
    size = size_of(source)
    told(source.name, 0, size)
    try:
        if _is_sealed(source):
            shutil.copyfile(source, copy)
        else:
            _snapshot(source, copy, lambda done, pages: told(source.name, size * done // max(pages, 1), size))
    except PermissionError as error:
        raise HiveError(f"cannot copy {source}: {error.strerror}") from error
    copy.chmod(_PRIVATE_FILE)
    problem = _problem_of(copy)
    if problem:
        raise HiveError(f"the copy of {source} is not sound: {problem}; look at it with hive-console db doctor")
    sync(copy)
    told(source.name, size, size)
    return copy


def _snapshot(source: Path, copy: Path, look: Callable[[int, int], None]) -> None:
    """One consistent view of a file that may be written meanwhile; what `look` raises ends it."""
    if not source.exists():
        raise FileNotFoundError(source)
    make_private(copy)

    def after_step(_status: int, remaining: int, pages: int) -> None:
        look(pages - remaining, pages)

    try:
        with (
            closing(sqlite3.connect(reading_address(source), uri=True, isolation_level=None)) as reader,
            closing(sqlite3.connect(copy, isolation_level=None)) as writer,
        ):
            # Held open over all steps: otherwise each batch of the writer would begin the copy anew.
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            reader.backup(writer, pages=_PAGES_A_STEP, progress=after_step)
            writer.execute("PRAGMA journal_mode = DELETE").fetchone()  # so that it opens anywhere
    except sqlite3.Error as error:
        raise HiveError(f"cannot copy {source}: {words_of(error)}") from error


def _is_sealed(path: Path) -> bool:
    """Whether nobody writes the file and nothing of it is in a log: then its bytes are the recording."""
    with path.open("rb") as opened:
        needs_no_log = opened.read(_HEADER)[18:] == _ROLLBACK_FORMAT
    return needs_no_log and not path.stat().st_mode & 0o222 and size_of(path) == path.stat().st_size


def _problem_of(copy: Path) -> str:
    try:
        with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as reader:
            answer = reader.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return words_of(error)
    return "" if answer == ("ok",) else str(answer[0])
