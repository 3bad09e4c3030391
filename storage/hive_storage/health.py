"""How the recorder itself fares, one row a minute: what it took, what it lost, how long the disk made it wait."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hive_storage.intake import Intake
from hive_storage.micros import MICROSECONDS
from hive_storage.request_rows import Row

PERIOD = 60
"""Seconds that a row tells of."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the write-ahead logs, of all files together, and free on their disk."""

    log: int = 0
    files: int = 0
    free: int = 0


class Health:
    """Counts of the minute under way.

    Attributes:
        sizes: as they were last looked at.
        queued_max: most events that waited at the beginning of a write.
    """

    def __init__(self, now: float) -> None:
        self.sizes = Sizes()
        self.queued_max = 0
        self._minute = int(now // PERIOD)
        self._commits = 0
        self._commit_us = 0
        self._commit_max_us = 0

    def begin(self, queued: int) -> float:
        """A write begins; what it returns goes to `committed`."""
        self.queued_max = max(self.queued_max, queued)
        return time.perf_counter()

    def committed(self, began: float) -> None:
        """The write that began then is on disk."""
        took = round((time.perf_counter() - began) * MICROSECONDS)
        self._commits += 1
        self._commit_us += took
        self._commit_max_us = max(self._commit_max_us, took)

    def due(self, now: float, intake: Intake) -> Row | None:
        """The row of the minute that has ended; the same minute again until `settle`."""
        if int(now // PERIOD) <= self._minute:
            return None
        return (
            self._minute * PERIOD,
            intake.taken,
            intake.recorded,
            intake.dropped,
            self.queued_max,
            self._commits,
            self._commit_us,
            self._commit_max_us,
            self.sizes.log,
            self.sizes.files,
            self.sizes.free,
        )

    def settle(self, now: float) -> None:
        """That row is on disk: the next minute begins."""
        self._minute = int(now // PERIOD)
        self.queued_max = self._commits = self._commit_us = self._commit_max_us = 0
