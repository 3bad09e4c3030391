"""Which days' files a question needs, as they are listed now: days come and go while a recording is read."""

from __future__ import annotations

import os
from pathlib import Path

from hive_storage.days import day_of, kept_in
from hive_storage.micros import MICROSECONDS
from hive_storage.opening import Opened
from hive_storage.request_rows import MAX_LATER

DAY_US = 86_400 * MICROSECONDS
"""Microseconds of a UTC day."""


class Days:
    """The days of a recording, or the one that was opened alone."""

    def __init__(self, opened: Opened) -> None:
        self._folder = opened.file.parent
        self._alone = opened.day_alone

    @property
    def is_alone(self) -> bool:
        """Whether there is one day and nothing else."""
        return self._alone is not None

    def all(self) -> list[tuple[int, Path]]:
        """Every day, in days since 1970, with its file; oldest first."""
        if self._alone is not None:
            return [(0, self._alone)]
        return kept_in(self._folder)

    def within(self, first: int, last: int) -> list[Path]:
        """The files that may hold keys of `[first, last)`, newest first."""
        if self._alone is not None:
            return [self._alone]
        begin, end = day_of(first - MAX_LATER), day_of(last)
        return [path for day, path in reversed(self.all()) if begin <= day <= end]

    def fingerprint(self) -> tuple[object, ...]:
        """What differs after the newest day was written to, or a day came or went; two looks at the disk."""
        days = self.all()
        newest = [path for _, path in days[-1:]]
        logs = [path.with_name(f"{path.name}-wal") for path in newest]
        return (len(days), *newest, *(_state_of(path) for path in (*newest, *logs)))


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # one call, each second
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
