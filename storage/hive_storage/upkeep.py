"""What the recorder does for its own files between two batches: seals days, anchors the trail, removes what is
over, looks at the disk and at the logs. Each is due now and then, takes milliseconds, and fails alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from hive_console.core.errors import HiveError
from hive_console.core.keeping import Keeping
from hive_console.core.store import GapCause
from hive_storage import log_cap
from hive_storage.anchors import ANCHOR_NAME, AnchorFile
from hive_storage.database import words_of
from hive_storage.days import day_of, seal_before
from hive_storage.disk import Room, space_of
from hive_storage.folder import DATABASE_NAME, DataFolder
from hive_storage.full_disk import LOOK, DiskWatch, make_room
from hive_storage.health import Sizes
from hive_storage.log_cap import LogLook, LogState, look_at_logs
from hive_storage.micros import microseconds
from hive_storage.raw_files import raw_files
from hive_storage.retention import Keeper
from hive_storage.writer import BatchWriter

RETENTION_BUDGET = 0.02
"""Seconds of one turn of retention: four turns a second outrun 20,000 rows a second."""

LEAP = 86_400.0
"""Seconds that the clock may move on between two turns before its word is doubted: it may be wrong by years."""

DOUBT = 3_600.0
"""Seconds that nothing is removed for its age after that: somebody may set the clock right."""

SOON = 2.0
"""Seconds between two looks at a disk that is not well: room that came back is to be used within ten."""

SEAL_INTERVAL = 60.0
"""Seconds between two looks for days to seal; one that a reader was in the way of is sealed at a later look."""


class Upkeep:
    """The recorder's one task calls it between two batches, when no transaction is open.

    Attributes:
        caution: what a person should know; mostly empty.
        withheld: why events of every request are not kept now; `None` when they are.
        sizes: bytes of logs and files, and free ones, as they were last looked at.
    """

    def __init__(
        self, writer: BatchWriter, folder: DataFolder, keeping: Keeping, *, now: float, has_ballast: bool = True
    ) -> None:
        """Raises `HiveError` when the anchors of a trail that is gone cannot be put aside."""
        self._writer = writer
        self._folder = folder.path
        self._keeper = Keeper(folder.path, keeping)
        self._disk = DiskWatch(folder.path, has_ballast=has_ballast)
        self._anchors = AnchorFile(folder.path / ANCHOR_NAME, number=writer.trail.number, now=now)
        self._log = LogLook()
        self._log_peak = 0
        self._due = {"seal": now, "disk": now, "log": now}
        self._seen = writer.last_sign or now
        self._retains_from = now
        self._troubles: dict[str, str] = {}
        self.withheld: GapCause | None = None
        self.sizes = Sizes()

    @property
    def caution(self) -> str:
        """What a person should know, in words."""
        return "; ".join(
            words
            for words in (*self._troubles.values(), self._keeper.trouble, self._log.caution, self._disk.detail)
            if words
        )

    async def step(self, now: float) -> None:
        """Does what is due; an error is told in `caution` and keeps nothing else from being done."""
        for what, period, duty in (
            ("log", log_cap.LOOK, self._look_at_logs),
            ("disk", LOOK if self._disk.room is Room.WELL else min(LOOK, SOON), self._look_at_disk),
            ("seal", SEAL_INTERVAL, self._seal),
        ):
            if not 0 < self._due[what] - now <= period:
                self._due[what] = now + period
                await self._try(what, duty(now))
        if self._anchors.is_due(self._writer.trail.number, now):
            await self._try("anchor", self._anchor(now))
        await self._try("retention", self._retain(now))
        self.withheld = self._judged()

    async def make_room(self, now: float) -> None:
        """Frees what may go, because the disk is full."""
        await self._try("room", self._free(now))

    async def _free(self, now: float) -> None:
        await make_room(self._writer.connection, self._folder, now)

    async def finish(self, now: float) -> None:
        """The last anchor, when all is written."""
        await self._try("anchor", self._anchor(now))

    async def _try(self, what: str, duty: Coroutine[None, None, None]) -> None:
        try:
            await duty
        except HiveError as error:
            self._troubles[what] = f"{what}: {error}"
        except Exception as error:  # noqa: BLE001  # whatever it is, the recording goes on
            self._troubles[what] = f"{what}: {words_of(error)}"
        else:
            self._troubles.pop(what, None)

    async def _look_at_logs(self, _now: float) -> None:
        self._log = await look_at_logs(self._writer.connection, self._log.state)
        self._log_peak = max(self._log_peak, self._log.size)

    async def _look_at_disk(self, now: float) -> None:
        await self._disk.look(self._writer.connection, now, self._log_peak)
        self.sizes = await asyncio.to_thread(self._sizes)

    def _sizes(self) -> Sizes:
        files = sum(file.size for file in raw_files(self._folder))
        with suppress(OSError):
            files += (self._folder / DATABASE_NAME).stat().st_size
        return Sizes(log=self._log.size, files=files, free=space_of(self._folder).free)

    async def _seal(self, now: float) -> None:
        """Seals the days before today's; today's own file is let go first when its day has ended."""
        today = day_of(microseconds(now))
        if self._writer.today.day is not None and self._writer.today.day < today:
            await self._writer.today.let_go()
        await seal_before(self._folder, today)

    async def _anchor(self, now: float) -> None:
        trail = self._writer.trail
        await asyncio.to_thread(self._anchors.keep, trail.number, trail.head, now)

    async def _retain(self, now: float) -> None:
        if now - self._seen > LEAP:
            self._retains_from = now + DOUBT
        self._seen = now
        if now >= self._retains_from:
            await self._keeper.step(self._writer.connection, now, RETENTION_BUDGET)

    def _judged(self) -> GapCause | None:
        if self._disk.room is Room.CRITICAL:
            return GapCause.DISK_FULL
        return GapCause.LOG_PINNED if self._log.state is LogState.PINNED else None
