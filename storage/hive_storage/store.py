"""A recording in SQLite that answers questions: fits `hive_console.core.store.Store`.

It reads with a connection of its own that cannot write, beside a live engine or long after it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

from hive_console.core.delivery_log import NoticeRow
from hive_console.core.errors import HiveError
from hive_console.core.events import Event
from hive_console.core.rollup import Sums
from hive_console.core.sifting import MOVING, REQUESTS
from hive_console.core.snapshot import AlertView
from hive_console.core.store import (
    ROW_LIMIT,
    AuditCheck,
    AuditRow,
    FleetAt,
    Followed,
    Gap,
    Holdings,
    Retention,
    Run,
    Series,
    Wanted,
)
from hive_storage import sql
from hive_storage.alerts_read import alerts_within
from hive_storage.asking import Asker, View
from hive_storage.audit_chain import Verification
from hive_storage.audit_sql import PAGE, TRAIL_PAGE
from hive_storage.days_read import Days
from hive_storage.following import Following
from hive_storage.held import holdings_of
from hive_storage.lists import Lists
from hive_storage.lives import SELECT_GAPS, SELECT_RUNS, gap_of_row, run_of_row
from hive_storage.micros import clamped_microseconds
from hive_storage.notices_read import notices_within
from hive_storage.opening import Opened, open_reading
from hive_storage.series import Charts
from hive_storage.state_at import PastFleet
from hive_storage.stories import story_of

FOREVER = float("inf")
"""The end of a window that has none."""


class SqliteStore:
    """See `hive_console.core.store.Store` for what each call means."""

    def __init__(self, opened: Opened, asker: Asker, *, closing: AsyncExitStack) -> None:
        self._opened = opened
        self._asker = asker
        self._closing = closing
        self._days = Days(opened)
        self._lists = Lists(asker, self._days)
        self._following = Following(asker, self._days)
        self._charts = Charts(asker)
        self._past = PastFleet(asker, self._days)
        self._seen: tuple[object, ...] = ()
        self._changes = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncGenerator[SqliteStore, None]:
        """Opens a data folder, the recording in it, a copy of that anywhere, or one day's file, for the block.

        Raises `HiveError` where there is none, or where this version cannot read it.
        """
        async with AsyncExitStack() as closing:
            opened = await closing.enter_async_context(open_reading(path))
            asker = Asker(opened.connection)
            await asker.prepare()
            yield cls(opened, asker, closing=closing)

    @property
    def skipped(self) -> int:
        """Rows left out because they hold a kind or a value that this version does not know."""
        return self._lists.skipped + self._following.skipped

    async def holdings(self) -> Holdings:
        """What it holds, and what a person who reads it should know first."""
        return await holdings_of(self._opened, self._asker, self._days)

    async def series(
        self, models: Sequence[str], begin: float, end: float, *, step: float, with_latency: bool = True
    ) -> Mapping[str, Series]:
        """The sums of each model in steps; a third of the work without every latency in them."""
        return await self._charts.series(models, begin, end, step=step, with_latency=with_latency)

    async def sketch(self, models: Sequence[str], begin: float, end: float) -> Mapping[str, Sums]:
        """The sums of each model over the whole window."""
        return await self._charts.sketch(models, begin, end)

    async def state_at(self, at: float) -> FleetAt:
        """The fleet as it was."""
        return await self._past.at(at)

    async def neighbour(self, at: float, *, is_later: bool, models: tuple[str, ...] | None = None) -> float | None:
        """When the next (or the last) thing happened that moved something."""
        return await self._lists.neighbour(at, is_later=is_later, models=models, kinds=frozenset(MOVING))

    async def transitions(self, wanted: Wanted) -> tuple[Event, ...]:
        """Everything that moved something, oldest first."""
        return await self._lists.newest(wanted, frozenset(MOVING))

    async def events(self, wanted: Wanted, kinds: Iterable[type[Event]] | None = None) -> tuple[Event, ...]:
        """All events, oldest first, in the order of the bus."""
        return await self._lists.newest(wanted, None if kinds is None else frozenset(kinds))

    async def alerts(self, wanted: Wanted) -> tuple[AlertView, ...]:
        """Alerts that fired at some time of the window, newest first, as they are by now."""
        async with self._asker.view() as view:
            return await alerts_within(view, wanted)

    async def notices(self, wanted: Wanted, *, alert_id: str = "", channel: str = "") -> tuple[NoticeRow, ...]:
        """The delivery log: notices that were queued in the window, newest first."""
        async with self._asker.view() as view:
            last = clamped_microseconds(wanted.end) + await _skew(view)
            return await notices_within(view, wanted, alert_id=alert_id, channel=channel, last=last)

    async def story(self, name: str, *, raised_at: float | None = None) -> tuple[Event, ...]:
        """All that is about one alert, silence or notice, oldest first."""
        async with self._asker.view() as view:
            return await story_of(view, name, raised_at=raised_at, skew=await _skew(view))

    async def audit(self, wanted: Wanted) -> tuple[AuditRow, ...]:
        """Rows of the audit trail, oldest first."""
        return await self._lists.acts(wanted)

    async def requests(self, wanted: Wanted) -> tuple[Event, ...]:
        """What came with requests, oldest first."""
        return await self._lists.newest(wanted, frozenset(REQUESTS))

    async def gaps(self, begin: float = -FOREVER, end: float = FOREVER) -> tuple[Gap, ...]:
        """The newest stretches that are not whole and touch the window, oldest first."""
        asked = {"first": clamped_microseconds(begin), "end": clamped_microseconds(end), "limit": ROW_LIMIT}
        async with self._asker.view() as view:
            rows = await view.rows(SELECT_GAPS, asked)
        return tuple(gap_of_row(row) for row in reversed(rows))

    async def runs(self, limit: int = ROW_LIMIT) -> tuple[Run, ...]:
        """The newest lives of engines, oldest first."""
        async with self._asker.view() as view:
            rows = await view.rows(SELECT_RUNS, {"limit": max(0, min(limit, ROW_LIMIT))})
        return tuple(run_of_row(row) for row in reversed(rows))

    async def verify(self, anchors: Iterable[tuple[int, str]] = ()) -> AuditCheck:
        """Whether the audit trail is what was written; as long as that takes, page by page."""
        verification = Verification(anchors)
        after = -(2**63)
        while True:
            async with self._asker.view(wait=None) as view:
                rows = await view.rows(TRAIL_PAGE, {"after": after, "limit": PAGE})
            if not verification.take(rows) or len(rows) < PAGE:
                return verification.result()
            after = rows[-1][1]

    async def retain(self, budget: float) -> Retention:
        """Raises `HiveError`: whoever records removes, nobody else."""
        raise HiveError(
            f"nothing is removed from {self._opened.file}: it was opened for reading only ({budget:g} s)"
        )

    async def export(
        self, wanted: Wanted, kinds: Iterable[type[Event]] | None = None
    ) -> AsyncGenerator[Event, None]:
        """All events of the window, oldest first, however many there are, in little memory."""
        chosen = None if kinds is None else frozenset(kinds)
        async with aclosing(self._lists.all(wanted, chosen)) as events:
            async for event in events:
                yield event

    async def after(self, key: int, wanted: Wanted, *, is_of_requests: bool = False) -> Followed:
        """What was recorded after a key, oldest first: of requests, or of everything else."""
        return await self._following.after(key, wanted, is_of_requests=is_of_requests)

    async def changed(self) -> int:
        """A number that grows when something was recorded since the last call."""
        seen = (await self._asker.data_version(), *self._days.fingerprint())
        if seen != self._seen:
            self._seen = seen
            self._changes += 1
        return self._changes

    async def close(self) -> None:
        """Ends it; a further question raises."""
        await self._closing.aclose()


async def _skew(view: View) -> int:
    """How far keys run ahead of an event's own time at most, in microseconds."""
    return int(await view.value(sql.MAX_SKEW) or 0)
