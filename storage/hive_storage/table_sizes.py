"""How many bytes the rows of a table take, told from samples: to read a table to its end would take seconds.

Good to about a tenth where rows are alike over time, which is what a bound on a size needs, and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import aiosqlite

from hive_console.core.rollup import Tier
from hive_storage import retention_sql as sql

_LOOKS = 60
"""Places a table is looked at: each is a page or two that the disk may have to seek."""

_WINDOWS_A_LOOK = 16

_PART_OF_TIME = 4_000
"""A look at health checks covers one part of so many: of five million it reads 1,250."""

Row = tuple[Any, ...]


async def rows_of(connection: aiosqlite.Connection, statement: str, parameters: Iterable[object] = ()) -> list[Row]:
    """All rows of an answer that is known to be small."""
    return [tuple(row) for row in await connection.execute_fetchall(statement, parameters)]


async def number_of(connection: aiosqlite.Connection, statement: str) -> int:
    """The one number that a statement answers with."""
    return int((await rows_of(connection, statement))[0][0])


async def used_bytes(connection: aiosqlite.Connection) -> int:
    """Bytes of the main file that hold something: no table in it is larger."""
    pages = await number_of(connection, sql.PAGE_COUNT) - await number_of(connection, sql.FREE_PAGES)
    return pages * await number_of(connection, sql.PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class Weight:
    """What the rows of one stretch of time take, as far as a look tells.

    Attributes:
        begin: where it begins, in the table's own measure of time.
        end: where it ends.
        size: bytes.
    """

    begin: int
    end: int
    size: float

    def after(self, moment: int) -> float:
        """Bytes of what comes at that moment or later, as if rows were spread evenly."""
        share = (self.end - moment) / (self.end - self.begin)
        return self.size * max(0.0, min(share, 1.0))


def total(weights: Iterable[Weight]) -> float:
    """Bytes of all of them."""
    return sum(weight.size for weight in weights)


def cut_for(weights: Collection[Weight], most: float) -> int | None:
    """Before which moment rows have to go so that the rest takes at most `most` bytes; `None` where none has to.

    Stretches may overlap: those of many models lie side by side.
    """
    if total(weights) <= most:
        return None
    low, high = min(weight.begin for weight in weights), max(weight.end for weight in weights)
    while high - low > 1:
        middle = (low + high) // 2
        if sum(weight.after(middle) for weight in weights) > most:
            low = middle
        else:
            high = middle
    return high


async def weigh_windows(connection: aiosqlite.Connection, tier: Tier) -> tuple[Weight, ...]:
    """What the windows of one length take: times are Unix seconds."""
    spans = await rows_of(connection, sql.SPANS_OF[tier])
    slots = [(int(last) - int(first)) // tier + 1 for _, first, last in spans]
    stride = max(1, -(-sum(slots) // _LOOKS))
    weights = []
    place = 0
    for (model, first, _), count in zip(spans, slots, strict=True):
        while place < count:
            begin, end = first + place * tier, first + min(place + stride, count) * tier
            seen = min(begin + _WINDOWS_A_LOOK * tier, end)
            answer = await rows_of(connection, sql.MEASURE_WINDOWS[tier], (model, begin, seen))
            weights.append(Weight(begin, end, float(answer[0][1]) * stride * tier / (seen - begin)))
            place += stride
        place -= count
    return tuple(weights)


async def weigh_probes(connection: aiosqlite.Connection) -> tuple[Weight, ...]:
    """What health checks take: times are microseconds."""
    first, last = (await rows_of(connection, sql.PROBE_SPAN))[0]
    if first is None:
        return ()
    span = int(last) - int(first) + 1
    stretch = -(-span // _LOOKS)
    seen = max(1, span // _PART_OF_TIME)
    weights = []
    for begin in range(int(first), int(last) + 1, stretch):
        answer = await rows_of(connection, sql.MEASURE_PROBES, (begin, begin + seen))
        weights.append(Weight(begin, begin + stretch, float(answer[0][1]) * stretch / seen))
    return tuple(weights)
