"""Anchors: how long the audit trail was and which digest it had, written down where the trail itself is not.

One line each, `number digest utc`, in a file that only grows. Beside the recording it finds accidents and hasty
hands; a copy that somebody else keeps finds everything. All of it blocks: the event loop calls it by a thread.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hive_console.core.errors import HiveError
from hive_console.core.text import clean

ANCHOR_NAME = "audit.anchor"
"""The file beside the recording."""

ANCHOR_INTERVAL = 3600.0
"""Seconds between two anchors of a trail that grows: what somebody could cut off unseen, at most."""

READ_LIMIT = 4 * 1024 * 1024
"""Bytes read of a file, from its end: 40,000 anchors, or four years. The newest vouch for all rows before."""

_PRIVATE_FILE = 0o600
_LINE = re.compile(r"([1-9][0-9]{0,18}) ([0-9a-f]{64})(?: [0-9TZ:.-]{1,40})?")
_BAD_LINES_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """What an anchor file holds.

    Attributes:
        pairs: (number, digest) in the order they were written.
        bad_lines: what cannot be read, in words, the first few.
    """

    pairs: tuple[tuple[int, str], ...] = ()
    bad_lines: tuple[str, ...] = ()


class AnchorFile:
    """The anchor file of a recording: knows when the next one is due."""

    def __init__(self, path: Path, *, number: int, now: float) -> None:
        """`number` rows stand in the trail `now`, as it is opened; a file beside an empty trail is another's."""
        self._path = path
        self._number = number
        self._at = now
        if number == 0:
            set_aside(path, now)

    def is_due(self, number: int, now: float) -> bool:
        """Whether the trail has grown to `number` rows and the last anchor is an hour old, or lies ahead."""
        return number > self._number and not 0 <= now - self._at < ANCHOR_INTERVAL

    def keep(self, number: int, digest: bytes, now: float) -> None:
        """Writes an anchor where the trail has grown since the last one; raises `HiveError` when it cannot.

        Call it when one is due and at the end, with what is committed, never with what is on its way.
        """
        if number > self._number:
            self._at = now  # a disk that refuses is asked again in an hour, and at the end
            append(self._path, number, digest, now)
            self._number = number


def append(path: Path, number: int, digest: bytes, at: float) -> None:
    """Adds one anchor, durably; makes the file, for its owner alone, where there is none.

    `at` is Unix seconds. Raises `HiveError` when the file cannot be written.
    """
    line = f"{number} {digest.hex()} {datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode()
    is_new = not path.exists()
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE_FILE)
        try:
            os.fchmod(handle, _PRIVATE_FILE)
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line  # a line that a power cut tore stays a line of its own
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            _sync_folder(path.parent)
    except OSError as error:
        raise HiveError(f"cannot write the anchor {path}: {error.strerror}") from error


def read(path: Path) -> Anchors:
    """The anchors of a file, its newest `READ_LIMIT` bytes; raises `HiveError` when it cannot be read.

    Lines that are none are named: nobody but a power cut, or somebody with bad intentions, writes such.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            size = os.fstat(handle).st_size
            start = max(0, size - READ_LIMIT)
            text = os.pread(handle, READ_LIMIT, start).decode("ascii", "replace")
        finally:
            os.close(handle)
    except OSError as error:
        raise HiveError(f"cannot read the anchors {path}: {error.strerror}") from error
    lines = text.split("\n")
    if start:
        lines = lines[1:]  # cut in the middle by the limit
    pairs: list[tuple[int, str]] = []
    bad: list[str] = []
    for place, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match:
            pairs.append((int(match[1]), match[2]))
        elif line.strip() and len(bad) < _BAD_LINES_TOLD:
            bad.append(f"line {place}{' of those read' if start else ''} is no anchor: {clean(line, 40)}")
    return Anchors(pairs=tuple(pairs), bad_lines=tuple(bad))


def set_aside(path: Path, at: float) -> Path | None:
    """Renames the anchors of a trail that is gone, so that they do not judge the next; where they are now.

    `None` where there are none. Nothing is deleted: they still tell of the trail that was there. Raises
    `HiveError` when the file cannot be renamed.
    """
    if not path.exists():
        return None
    aside = path.with_name(f"{path.name}.{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%S}")
    try:
        path.rename(aside)
    except OSError as error:
        raise HiveError(f"cannot put the anchors {path} aside: {error.strerror}") from error
    return aside


def _sync_folder(folder: Path) -> None:
    """Makes a new name in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
