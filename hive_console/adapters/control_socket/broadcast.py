"""Snapshots as lines for every console that watches: written once, however many there are."""

from __future__ import annotations

import asyncio

from hive_console.core.console_wire import Line, encoded
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.snapshot_delta import slices_between

MOST_WAYS = 8
"""Ways to one snapshot that are kept: consoles that keep pace share one, each slow one has its own."""


class Broadcast:
    """Turns (what a console has, what is there now) into lines, a slice at a time: the loop is never held."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, int], tuple[bytes, ...]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def lines(self, old: FleetSnapshot | None, new: FleetSnapshot) -> tuple[bytes, ...]:
        """What makes `new` of `old`. Both are of one run, so their sequences name them."""
        way = (0 if old is None else old.sequence, new.sequence)
        async with self._one_at_a_time:
            found = self._lines.get(way)
            if found is None:
                found = await self._written(old, new)
                # Nobody goes to an older snapshot any more.
                self._lines = {known: lines for known, lines in self._lines.items() if known[1] == new.sequence}
                if len(self._lines) < MOST_WAYS:
                    self._lines[way] = found
        return found

    async def _written(self, old: FleetSnapshot | None, new: FleetSnapshot) -> tuple[bytes, ...]:
        lines: list[bytes] = []
        for part in slices_between(old, new):
            lines.append(encoded(Line(news=part)))
            await asyncio.sleep(0)
        return tuple(lines)
