"""Following a recording that grows: what came after a key, page by page, so that nothing is told twice or left out.

Keys grow with every batch that is committed, but requests are written by a queue of their own and into files of
their own. So the two are followed apart, each with its own key, and each page is one view.
"""

# ruff: noqa: S608  # statements are put together from names of tables, never from what comes from outside

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hive_console.core.events import Event
from hive_console.core.sifting import REQUESTS
from hive_console.core.store import ROW_LIMIT, Followed, Wanted
from hive_storage import sql
from hive_storage.asking import MOST_ATTACHED, Asker, View
from hive_storage.days_read import Days
from hive_storage.lists import UNREADABLE
from hive_storage.tables import ACTS, EVENTS, IN_DAY, IN_MAIN, PROBES, Sieve, Table

_OF_REQUESTS: frozenset[type[Event]] = frozenset(REQUESTS)
_OF_REST = (EVENTS, PROBES, ACTS)


@dataclass(slots=True)
class _Page:
    """What was found so far: (key of the row, key of the event, event), and how far each full table reaches."""

    found: list[tuple[int, int, Event]] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)
    newest: int = 0


class Following:
    """Answers with what is new.

    Attributes:
        skipped: rows left out because they hold what this version does not know, or what no row can hold.
    """

    def __init__(self, asker: Asker, days: Days) -> None:
        self._asker = asker
        self._days = days
        self.skipped = 0

    async def after(self, key: int, wanted: Wanted, *, is_of_requests: bool) -> Followed:
        """See `Store.after`."""
        limit = max(1, min(wanted.limit, ROW_LIMIT))
        page = _Page(newest=key)
        async with self._asker.view() as view:
            skew = int(await view.value(sql.MAX_SKEW) or 0)
        kinds = _OF_REQUESTS if is_of_requests else None  # all: one that this version does not know is counted
        sieve = Sieve.of(wanted, kinds, skew=skew)
        paths = self._days.within(max(sieve.first, key), sieve.last) if is_of_requests else []
        # The newest day first: what is in it came after all that a look at the day before it will find.
        async with self._asker.view(paths[-MOST_ATTACHED:]) as view:
            for path, (schema, names) in view.days.items():
                with self._asker.noting(path):
                    await self._take(
                        page, view, f"{schema}.", names, tables=IN_DAY, sieve=sieve, key=key, limit=limit
                    )
            # Requests that are in the recording itself are of an older version, and no more will come.
            tables = IN_MAIN if is_of_requests else _OF_REST
            await self._take(page, view, "", view.names, tables=tables, sieve=sieve, key=key, limit=limit)
        edge = min(page.edges, default=page.newest)
        events = sorted((own, place) for place, (row, own, _) in enumerate(page.found) if row <= edge)
        return Followed(
            events=tuple(page.found[place][2] for _, place in events),
            key=edge,
            is_all=not page.edges and len(paths) <= MOST_ATTACHED,
        )

    async def _take(
        self,
        page: _Page,
        view: View,
        schema: str,
        names: Mapping[int, str],
        *,
        tables: Iterable[Table],
        sieve: Sieve,
        key: int,
        limit: int,
    ) -> None:
        for table in tables:
            if not table.holds_any(sieve.kinds):
                continue
            statement = table.statement(schema, sieve, names, is_ascending=True)
            first = max(sieve.first - table.reach, key + 1)
            rows = await view.rows(statement, table.parameters(sieve, first=first, last=sieve.last, limit=limit))
            for row in rows:
                try:
                    placed = table.decode(row, names)
                except UNREADABLE:
                    self.skipped += 1
                    continue
                page.found += [
                    (row[table.key], own, event)
                    for own, event in placed
                    if sieve.admits(event) and isinstance(event, REQUESTS) == bool(sieve.kinds)
                ]
            if len(rows) == limit:
                page.edges.append(rows[-1][table.key])
            if sieve.kinds is _OF_REQUESTS and not schema:
                newest = rows[-1][table.key] if rows else 0
            else:  # rows that are not asked for are passed over once, not at every look
                newest = await view.value(f"SELECT max(seq) FROM {schema}{table.name}") or 0
            page.newest = max(page.newest, newest)
