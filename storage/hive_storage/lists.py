"""Lists of events out of the recording and its days: the newest of a window, the next one, or all of them in order.

A day's file is looked into only when what came after it does not fill the list.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from hive_console.core.events import Event
from hive_console.core.journal import UnknownEvent
from hive_console.core.store import ROW_LIMIT, AuditRow, Wanted
from hive_storage import sql
from hive_storage.asking import MOST_ATTACHED, Asker, View
from hive_storage.audit_chain import audit_row_of
from hive_storage.days_read import Days
from hive_storage.micros import clamped_microseconds
from hive_storage.request_rows import Row
from hive_storage.tables import ACTS, EVENTS, IN_DAY, IN_MAIN, OF_DAYS, Placed, Sieve, Table

EXPORT_PAGE = 1_000
"""Rows of one page of an export: a moment of one core, and a reader that stops between two pins no log."""

_FIRST_LOOK = 20  # rows of the first page where one is wanted; the next page is a large one

Kinds = frozenset[type[Event]] | None

UNREADABLE = (UnknownEvent, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What a row raises that holds what this version does not know, or what no row can hold."""


class Lists:
    """Answers with events.

    Attributes:
        skipped: rows left out because they hold what this version does not know, or what no row can hold.
    """

    def __init__(self, asker: Asker, days: Days) -> None:
        self._asker = asker
        self._days = days
        self.skipped = 0

    async def newest(self, wanted: Wanted, kinds: Kinds = None) -> tuple[Event, ...]:
        """The newest events of the window, oldest first."""
        limit = max(0, min(wanted.limit, ROW_LIMIT))
        if not limit or (kinds is not None and not kinds):
            return ()
        needs_days = kinds is None or not kinds.isdisjoint(OF_DAYS)
        async with self._asker.view() as view:
            sieve = await self._sieve(view, wanted, kinds)
        paths = self._days.within(sieve.first, sieve.last) if needs_days else []
        found: list[Placed] = []
        async with self._asker.view(paths[:MOST_ATTACHED]) as view:
            found += await self._newest_in(view, "", view.names, tables=IN_MAIN, sieve=sieve, limit=limit)
            days = await self._newest_of_days(view, sieve, limit)
        for begin in range(MOST_ATTACHED, len(paths), MOST_ATTACHED):
            if len(days) >= limit:
                break
            async with self._asker.view(paths[begin : begin + MOST_ATTACHED]) as view:
                days += await self._newest_of_days(view, sieve, limit - len(days))
        found = sorted([*found, *days], key=_key)
        return tuple(event for _, event in found[-limit:])

    async def acts(self, wanted: Wanted) -> tuple[AuditRow, ...]:
        """The newest rows of the audit trail, oldest first."""
        limit = max(0, min(wanted.limit, ROW_LIMIT))
        found: list[AuditRow] = []
        async with self._asker.view() as view:
            sieve = await self._sieve(view, wanted, frozenset(ACTS.kinds))
            async with aclosing(_rows(view, "", view.names, table=ACTS, sieve=sieve, least=limit)) as rows:
                async for row in rows:
                    if len(found) >= limit:
                        break
                    found += self._act(row, sieve)
        return tuple(reversed(found))

    async def neighbour(
        self, at: float, *, is_later: bool, models: Sequence[str] | None, kinds: Kinds
    ) -> float | None:
        """When the nearest event of these kinds after (or before) an instant was; none of those in days' files."""
        at_us = clamped_microseconds(at)
        async with self._asker.view() as view:
            wanted = Wanted(models=None if models is None else tuple(models))
            sieve = await self._sieve(view, wanted, kinds)
            skew = sieve.last - sieve.end
            if is_later:
                sieve = replace(sieve, first=at_us + 1, begin=at_us + 1)
            else:
                sieve = replace(sieve, last=at_us + skew, end=at_us)
            found = await self._nearest(view, sieve, is_later=is_later)
            if found is None:
                return None
            # Keys run ahead of an event's own time where a clock went back: one with another key may be nearer.
            seq, event = found
            own = clamped_microseconds(event.at)
            if is_later:
                between = replace(sieve, first=seq + 1, last=min(sieve.last, own + skew), end=own)
            else:
                between = replace(sieve, first=own + 1, last=seq, begin=own + 1)
            others = [event.at]
            if between.first < between.last:
                rows = _rows(view, "", view.names, table=EVENTS, sieve=between, least=_FIRST_LOOK)
                async with aclosing(rows):
                    async for row in rows:
                        near = self._decoded(row, view.names, table=EVENTS, sieve=between)
                        others += [other.at for _, other in near]
            return min(others) if is_later else max(others)

    async def all(self, wanted: Wanted, kinds: Kinds = None) -> AsyncGenerator[Event, None]:
        """Every event of the window in order, in the memory of a few pages; a question for each page."""
        async with self._asker.view() as view:
            sieve = await self._sieve(view, wanted, kinds)
        streams = [self._stream(None, table, sieve) for table in IN_MAIN if table.holds_any(kinds)]
        if kinds is None or not kinds.isdisjoint(OF_DAYS):
            streams.append(self._all_of_days(sieve))
        async with aclosing(_merged(streams)) as merged:
            async for _, event in merged:
                yield event

    # --- how -------------------------------------------------------------------------------------------

    async def _sieve(self, view: View, wanted: Wanted, kinds: Kinds) -> Sieve:
        """Keys run ahead of an event's own time by at most the skew that `meta` names; a lone day has no `meta`."""
        skew = int(await view.value(sql.MAX_SKEW) or 0)
        sieve = Sieve.of(wanted, kinds, skew=skew)
        return replace(sieve, last=clamped_microseconds(float("inf"))) if self._days.is_alone else sieve

    async def _newest_of_days(self, view: View, sieve: Sieve, limit: int) -> list[Placed]:
        found: list[Placed] = []
        for path, (schema, names) in view.days.items():
            if len(found) >= limit:
                break
            with self._asker.noting(path):
                found += await self._newest_in(
                    view, f"{schema}.", names, tables=IN_DAY, sieve=sieve, limit=limit - len(found)
                )
        return found

    async def _newest_in(
        self,
        view: View,
        schema: str,
        names: Mapping[int, str],
        *,
        tables: Iterable[Table],
        sieve: Sieve,
        limit: int,
    ) -> list[Placed]:
        found: list[Placed] = []
        for table in tables:
            if not table.holds_any(sieve.kinds):
                continue
            of_table: list[Placed] = []
            lowest = 0
            async with aclosing(_rows(view, schema, names, table=table, sieve=sieve, least=limit)) as rows:
                async for row in rows:
                    of_table += self._decoded(row, names, table=table, sieve=sieve)
                    lowest = row[table.key]
                    if len(of_table) >= limit:
                        break
            if table.reach and len(of_table) >= limit:  # earlier rows may hold something later than what was found
                reached = heapq.nlargest(limit, (seq for seq, _ in of_table))[-1]
                rest = replace(sieve, first=max(reached, sieve.first), last=lowest)
                async with aclosing(_rows(view, schema, names, table=table, sieve=rest, least=limit)) as rows:
                    async for row in rows:
                        of_table += self._decoded(row, names, table=table, sieve=sieve)
            found += of_table
        return sorted(found, key=_key)[-limit:]

    async def _nearest(self, view: View, sieve: Sieve, *, is_later: bool) -> Placed | None:
        rows = _rows(view, "", view.names, table=EVENTS, sieve=sieve, least=_FIRST_LOOK, is_ascending=is_later)
        async with aclosing(rows):
            async for row in rows:
                for placed in self._decoded(row, view.names, table=EVENTS, sieve=sieve):
                    return placed
        return None

    async def _all_of_days(self, sieve: Sieve) -> AsyncGenerator[Placed, None]:
        for path in reversed(self._days.within(sieve.first, sieve.last)):
            streams = [self._stream(path, table, sieve) for table in IN_DAY if table.holds_any(sieve.kinds)]
            async with aclosing(_merged(streams)) as merged:
                async for placed in merged:
                    yield placed

    async def _stream(self, path: Path | None, table: Table, sieve: Sieve) -> AsyncGenerator[Placed, None]:
        """One table from its first wanted row to its last, page by page."""
        late: list[tuple[int, int, Event]] = []
        first, count = sieve.first - table.reach, 0
        while True:
            rows, names = await self._page(path, table, sieve, first=first)
            for row in rows:
                for seq, event in self._decoded(row, names, table=table, sieve=sieve):
                    count += 1
                    heapq.heappush(late, (seq, count, event))
                while late and late[0][0] <= row[table.key]:
                    yield _placed(heapq.heappop(late))
            if len(rows) < EXPORT_PAGE:
                break
            first = rows[-1][table.key] + 1
        while late:
            yield _placed(heapq.heappop(late))

    async def _page(
        self, path: Path | None, table: Table, sieve: Sieve, *, first: int
    ) -> tuple[list[Row], Mapping[int, str]]:
        async with self._asker.view(() if path is None else (path,), wait=None) as view:
            if path is None:
                schema, names = "", view.names
            elif path in view.days:
                schema, names = f"{view.days[path][0]}.", view.days[path][1]
            else:
                return [], {}
            parameters = table.parameters(sieve, first=first, last=sieve.last, limit=EXPORT_PAGE)
            statement = table.statement(schema, sieve, names, is_ascending=True)
            if path is None:
                return await view.rows(statement, parameters), names
            rows: list[Row] = []
            with self._asker.noting(path):
                rows = await view.rows(statement, parameters)
            return rows, names

    def _act(self, row: Row, sieve: Sieve) -> list[AuditRow]:
        try:
            act = audit_row_of(row)
        except UNREADABLE:
            self.skipped += 1
            return []
        return [act] if sieve.admits(act.act) else []

    def _decoded(self, row: Row, names: Any, *, table: Table, sieve: Sieve) -> list[Placed]:
        try:
            return [placed for placed in table.decode(row, names) if sieve.admits(placed[1])]
        except UNREADABLE:
            self.skipped += 1
            return []


async def _rows(
    view: View,
    schema: str,
    names: Mapping[int, str],
    *,
    table: Table,
    sieve: Sieve,
    least: int,
    is_ascending: bool = False,
) -> AsyncGenerator[Row, None]:
    """Rows of one table, newest (or oldest) first, in pages of one view."""
    statement = table.statement(schema, sieve, names, is_ascending=is_ascending)
    first, last = sieve.first - table.reach, sieve.last
    size = min(max(least, 1), ROW_LIMIT)
    while True:
        rows = await view.rows(statement, table.parameters(sieve, first=first, last=last, limit=size))
        for row in rows:
            yield row
        if len(rows) < size:
            return
        if is_ascending:
            first = rows[-1][table.key] + 1
        else:
            last = rows[-1][table.key]
        size = ROW_LIMIT


async def _merged(streams: Sequence[AsyncGenerator[Placed, None]]) -> AsyncGenerator[Placed, None]:
    """Several streams in the order of their keys."""
    heads: list[tuple[int, int, Event]] = []
    try:
        for number, stream in enumerate(streams):
            await _push_next(heads, number, stream)
        while heads:
            seq, number, event = heapq.heappop(heads)
            yield seq, event
            await _push_next(heads, number, streams[number])
    finally:
        for stream in streams:
            await stream.aclose()


async def _push_next(
    heads: list[tuple[int, int, Event]], number: int, stream: AsyncGenerator[Placed, None]
) -> None:
    placed = await anext(stream, None)
    if placed is not None:
        heapq.heappush(heads, (placed[0], number, placed[1]))


def _key(placed: Placed) -> int:
    return placed[0]


def _placed(late: tuple[int, int, Event]) -> Placed:
    return late[0], late[2]
