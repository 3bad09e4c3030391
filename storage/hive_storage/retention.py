"""Removes what is older or more than what shall be kept, in steps so small that no batch waits for them.

Rows go in transactions of a few milliseconds, days by unlinking their file. The audit trail never goes, an alert
that fires and an engine's life that lasts never go, nor does the newest event of a kind and model: what was true at
the edge of what is kept is told by it. There is no VACUUM: it would need the disk once more, and stop everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiosqlite

from hive_console.core.keeping import DAY, Keeping
from hive_console.core.rollup import Tier
from hive_console.core.store import Retention
from hive_storage import retention_sql as sql
from hive_storage.failures import forget_halves, keep_failures
from hive_storage.micros import MICROSECONDS
from hive_storage.raw_files import RawKind, past, raw_files, raw_folder, remove
from hive_storage.sql import ROLL_UP_TABLES
from hive_storage.table_sizes import cut_for, number_of, rows_of, total, used_bytes, weigh_probes, weigh_windows
from hive_storage.transaction import transaction

LOOK = 60.0
"""Seconds of rest when nothing more was due: what is kept for days may be a minute over."""

WEIGH = 3_600.0
"""Seconds between two looks at how large a table is, which costs a few dozen pages."""

MOST_ROWS = 5_000
"""Rows of one transaction at most."""

FEWEST_ROWS = 250
"""And at least, however slow the disk is: retention must outrun what comes in."""

PACE = 0.010
"""Seconds that one transaction may take; the number of its rows follows what the last one took."""

SPARE_PAGES = 512
"""Free pages (2 MiB) that stay in the file, for what comes next: giving back and taking again would move pages."""

PAGES_A_STEP = 256
"""Pages given back at once (1 MiB)."""

TRIM = 0.95
"""What a table that is too large is brought down to, so that it is not trimmed again at once."""

_STILL_FOLDED = {Tier.TEN_SECONDS: 2 * 3_600, Tier.MINUTE: DAY, Tier.HOUR: 2 * DAY, Tier.DAY: 31 * DAY}
"""Seconds of each tier that stay whatever their size: the sums of longer windows are made of them."""


Duty = Callable[[], Awaitable[int | None]]
"""Removes a little and tells how much; `None` when nothing of its kind is due."""


class Keeper:
    """Retention of one data folder, for the one connection that writes. Remembers only where it stopped.

    Attributes:
        trouble: why a file that is over cannot be removed; mostly empty.
    """

    def __init__(self, folder: Path, keeping: Keeping) -> None:
        """Takes what it needs.

        Args:
            folder: the data folder.
            keeping: what shall be kept.
        """
        self._folder = folder
        self._keeping = keeping
        self._rows = 1_000
        self._rested_at: float | None = None
        self._weighed_at: dict[str, float] = {}
        self._cuts: dict[str, int] = {}
        self._after_event = -1
        self.trouble = ""

    async def step(self, connection: aiosqlite.Connection, now: float, budget: float) -> Retention:
        """Removes, for about `budget` seconds (one transaction more), what is due at `now` (Unix seconds).

        Nothing else may use the connection meanwhile, and no transaction may be open. Raises `sqlite3.Error`
        where the disk refuses; what was removed until then stays removed, and the next step goes on.
        """
        if self._rested_at is not None and 0 <= now - self._rested_at < LOOK:
            return Retention()
        clock = asyncio.get_running_loop().time
        until = clock() + budget
        told: dict[str, int] = {}
        for what, duty in await self._duties(connection, now):
            while (removed := await duty()) is not None:
                told[what] = told.get(what, 0) + removed
                if clock() >= until:
                    return _told(told, self.trouble, is_done=False)
        self._rested_at = now
        return _told(told, self.trouble, is_done=True)

    async def _duties(self, connection: aiosqlite.Connection, now: float) -> list[tuple[str, Duty]]:
        """What may be due, and who does one small thing of it: each tells what it removed."""
        attached = {Path(row[2]) for row in await rows_of(connection, sql.FILES) if row[2]}
        return [
            ("files of days", partial(self._one_file, now, attached)),
            *((ROLL_UP_TABLES[tier], partial(self._windows, connection, tier, now)) for tier in Tier),
            *((table, partial(self._by_seq, connection, table, now)) for table in sql.BY_SEQ),
            ("event", partial(self._events, connection, now)),
            *((table, partial(self._small, connection, table, now)) for table in sql.REMOVE_SMALL),
            ("pages", partial(self._gives_back, connection)),
        ]

    # --- days ------------------------------------------------------------------------------------------

    async def _one_file(self, now: float, attached: set[Path]) -> int | None:
        self.trouble = ""
        try:
            return await asyncio.to_thread(self._one_file_now, now, attached)
        except OSError as error:  # the tables have their own turn all the same
            self.trouble = f"cannot remove a file of {raw_folder(self._folder)}: {error.strerror}"
            return None

    def _one_file_now(self, now: float, attached: set[Path]) -> int | None:
        """Removes the oldest file that is due, or copies a part of what outlives it (0)."""
        keeping = self._keeping
        forget_halves(self._folder)
        for kind, days, most in (
            (RawKind.DAMAGED, keeping.raw_days, keeping.raw_size),
            (RawKind.REQUESTS, keeping.raw_days, keeping.raw_size),
            (RawKind.FAILED, keeping.failed_days, keeping.failed_size),
        ):
            files = raw_files(self._folder, kind)
            free = [file for file in past(files, now) if file.path not in attached]
            if not free:
                continue
            oldest, is_old = free[0], free[0].end + days * DAY <= now
            outlives = kind is RawKind.REQUESTS and oldest.end + keeping.failed_days * DAY > now
            if is_old and outlives and not keep_failures(self._folder, oldest, MOST_ROWS):
                return 0
            if is_old or sum(file.size for file in files) > most:
                remove(oldest)
                return 1
        return None

    # --- windows ---------------------------------------------------------------------------------------

    async def _windows(self, connection: aiosqlite.Connection, tier: Tier, now: float) -> int | None:
        """Removes the oldest windows that are too old, or too many, model by model."""
        await self._weigh(connection, tier, now)
        cut = max(int(now) - self._keeping.days_of(tier) * DAY, self._cuts.get(tier.name, 0))
        left, parts = self._rows, []
        for model, first, _ in await rows_of(connection, sql.SPANS_OF[tier]):
            if first >= cut or left <= 0:
                continue
            upto = min(cut, first + left * tier)
            left -= (upto - first + tier - 1) // tier
            parts.append((model, upto))
        if not parts:
            return None
        async with self._transaction(connection):
            cursor = await connection.executemany(sql.REMOVE_WINDOWS[tier], parts)
        return cursor.rowcount

    async def _weigh(self, connection: aiosqlite.Connection, tier: Tier, now: float) -> None:
        """Where windows of this length take more than they may: until when they have to go."""
        most = self._keeping.size_of(tier)
        if most is None or not await self._is_due(connection, tier.name, now, most=most):
            return
        weights = await weigh_windows(connection, tier)
        if total(weights) > most:
            cut = cut_for(weights, most * TRIM) or 0
            self._cuts[tier.name] = min(cut, int(now) - _STILL_FOLDED[tier])

    async def _weigh_probes(self, connection: aiosqlite.Connection, now: float) -> None:
        most = self._keeping.probe_size
        if not await self._is_due(connection, "probe", now, most=most):
            return
        weights = await weigh_probes(connection)
        if total(weights) > most:
            self._cuts["probe"] = cut_for(weights, most * TRIM) or 0

    async def _is_due(self, connection: aiosqlite.Connection, what: str, now: float, *, most: int) -> bool:
        weighed = self._weighed_at.get(what)
        if weighed is not None and 0 <= now - weighed < WEIGH:
            return False
        self._weighed_at[what] = now
        return await used_bytes(connection) > most

    # --- rows ------------------------------------------------------------------------------------------

    async def _by_seq(self, connection: aiosqlite.Connection, table: str, now: float) -> int | None:
        """Removes the oldest rows of a table whose rows go by their age alone."""
        days = self._keeping.probe_days if table == "probe" else self._keeping.raw_days
        cut = _micros(now - days * DAY)
        if table == "probe":
            await self._weigh_probes(connection, now)
            cut = max(cut, self._cuts.get(table, 0))
        upto = await self._upto(connection, table, cut, after=-1)
        if upto is None:
            return None
        async with self._transaction(connection):
            cursor = await connection.execute(sql.REMOVE_BY_SEQ[table], {"upto": upto})
        return cursor.rowcount

    async def _events(self, connection: aiosqlite.Connection, now: float) -> int | None:
        """Goes through the events that are too old once a round, from where the last step stopped."""
        cut, after = _micros(now - self._keeping.event_days * DAY), self._after_event
        upto = await self._upto(connection, "event", cut, after=after)
        if upto is None:
            self._after_event = -1
            return None
        async with self._transaction(connection):
            cursor = await connection.execute(sql.REMOVE_EVENTS, {"after": after, "upto": upto, "cut": cut})
            await connection.execute(sql.REMOVE_ABOUT, {"after": after, "upto": upto})
        self._after_event = upto
        return cursor.rowcount

    async def _small(self, connection: aiosqlite.Connection, table: str, now: float) -> int | None:
        place = {"cut": _micros(now - self._keeping.event_days * DAY), "rows": self._rows}
        async with self._transaction(connection):
            cursor = await connection.execute(sql.REMOVE_SMALL[table], place)
        return cursor.rowcount or None

    async def _upto(self, connection: aiosqlite.Connection, table: str, cut: int, *, after: int) -> int | None:
        """The key of the last row that one transaction takes."""
        place = {"after": after, "cut": cut, "rows": self._rows}
        upto: int | None = (await rows_of(connection, sql.UP_TO[table], place))[0][0]
        return upto

    # --- space -----------------------------------------------------------------------------------------

    async def _gives_back(self, connection: aiosqlite.Connection) -> int | None:
        """Gives some free pages back to the disk, where there are more than shall stay."""
        free = await number_of(connection, sql.FREE_PAGES)
        spare = max(SPARE_PAGES, await number_of(connection, sql.PAGE_COUNT) // 50)
        if free <= spare:
            return None
        pages = min(PAGES_A_STEP, free - spare)
        # As a script: the statement moves one page a step, and only a script is stepped to its end.
        await connection.executescript(sql.GIVE_BACK.format(pages=pages))
        return 0 if await number_of(connection, sql.FREE_PAGES) < free else None

    @asynccontextmanager
    async def _transaction(self, connection: aiosqlite.Connection) -> AsyncGenerator[None, None]:
        """One transaction, after which the next one is made as large as this disk can do in `PACE`."""
        clock = asyncio.get_running_loop().time
        began = clock()
        async with transaction(connection):
            yield
        took = clock() - began
        if took > PACE:
            self._rows = max(FEWEST_ROWS, self._rows // 2)
        elif took < PACE / 2:
            self._rows = min(MOST_ROWS, self._rows * 2)


def _micros(moment: float) -> int:
    return int(moment * MICROSECONDS)


def _told(removed: dict[str, int], trouble: str, *, is_done: bool) -> Retention:
    words = [f"{count} {what}" for what, count in removed.items() if count]
    return Retention(
        removed=sum(removed.values()), is_done=is_done, detail=", ".join((*words, trouble) if trouble else words)
    )
