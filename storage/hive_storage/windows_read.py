"""Windows of roll-ups out of the file: always a range of one model after the other, never one over all models."""

# ruff: noqa: S608  # statements are put together from constants and numbers, never from what comes from outside

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hive_console.core.histogram import Histogram
from hive_console.core.quiet import filled
from hive_console.core.rollup import Sums, Tier
from hive_console.core.store import ROW_LIMIT
from hive_storage import sql
from hive_storage.asking import View
from hive_storage.micros import MICROSECONDS
from hive_storage.request_rows import Row
from hive_storage.rolled_rows import COUNTS, PLAIN_SUMS, SUMS, sums_of
from hive_storage.sql import ROLL_UP_TABLES

Windows = dict[int, dict[int, Sums]]
"""By model and by when they begin, in Unix seconds, ascending."""

_EXTREMES = {"latency_min_us": "min", "latency_max_us": "max"}
_SUMMED = ", ".join(f"{_EXTREMES.get(column, 'sum')}(r.{column})" for column in COUNTS)

_NAME_BITS = 14
_NAME = (1 << _NAME_BITS) - 1  # more than `names.MAX_NAMES`
_NEWEST = f"max((r.t << {2 * _NAME_BITS}) | (coalesce(r.status, 0) << {_NAME_BITS}) | coalesce(r.breaker, 0))"
"""When the newest row begins, and its status and breaker, as one number: beside several min() and max(), SQLite
takes a plain column from the row of any of them."""


def _of_models(ids: Sequence[int]) -> str:
    return f"WITH m(id) AS (VALUES {', '.join(f'({number})' for number in ids)})"


async def windows(
    view: View, tier: Tier, ids: Sequence[int], begin: int, *, end: int, with_latency: bool
) -> Windows:
    """The windows that begin within `[begin, end)`, as they were written."""
    found: Windows = {number: {} for number in ids}
    columns = SUMS if with_latency else PLAIN_SUMS
    for part in _parts(ids, (end - begin) // tier):
        rows = await view.rows(
            f"{_of_models(part)} SELECT r.model, r.t, {columns}"
            f" FROM m CROSS JOIN {ROLL_UP_TABLES[tier]} AS r WHERE r.model = m.id AND r.t >= ? AND r.t < ?",
            (begin, end),
        )
        for row in rows:
            found[row[0]][row[1]] = sums_of(row[2:], view.names)
    return found


async def tens(view: View, ids: Sequence[int], begin: int, *, end: int, with_latency: bool) -> Windows:
    """The windows of ten seconds, quiet ones too."""
    start = begin - begin % Tier.MINUTE
    written = await windows(view, Tier.TEN_SECONDS, ids, start, end=end, with_latency=with_latency)
    minutes = await windows(view, Tier.MINUTE, ids, start - Tier.MINUTE, end=end, with_latency=False)
    final = await final_until(view)
    return {number: filled(written[number], minutes[number], begin, end=end, final_until=final) for number in ids}


async def stepped(
    view: View, tier: Tier, ids: Sequence[int], begin: int, *, end: int, step: int, with_latency: bool
) -> Windows:
    """The windows of one length within `[begin, end)`, added up to steps from `begin` on, by when those begin."""
    found: Windows = {number: {} for number in ids}
    where = f"FROM m CROSS JOIN {ROLL_UP_TABLES[tier]} AS r WHERE r.model = m.id AND r.t >= :begin AND r.t < :end"
    key = f"r.model, :begin + (r.t - :begin) / {step} * {step} AS began"
    asked = {"begin": begin, "end": end}
    for part in _parts(ids, (end - begin) // step):
        for model, began, *counts, newest in await view.rows(
            f"{_of_models(part)} SELECT {key}, {_SUMMED}, {_NEWEST} {where} GROUP BY r.model, began", asked
        ):
            words = (newest >> _NAME_BITS & _NAME, newest & _NAME)
            found[model][began] = sums_of((*counts, *words, None, None), view.names)
    if with_latency:
        sketches: dict[tuple[int, int], Sketches] = {}
        for part in _parts(ids, (end - begin) // tier):
            rows = await view.rows(f"{_of_models(part)} SELECT {key}, r.latency, r.first_token {where}", asked)
            for model, began, latency, first_token in rows:
                sketches.setdefault((model, began), Sketches()).take(latency, first_token)
        for (model, began), blobs in sketches.items():
            blobs.give(found[model][began])
    return found


@dataclass(slots=True)
class Sketches:
    """Encoded histograms that are added up at once, which takes half the time of one after the other."""

    latency: list[bytes] = field(default_factory=list)
    first_token: list[bytes] = field(default_factory=list)

    def take(self, latency: bytes | None, first_token: bytes | None) -> None:
        """Takes those of a window."""
        if latency is not None:
            self.latency.append(latency)
        if first_token is not None:
            self.first_token.append(first_token)

    def give(self, sums: Sums) -> None:
        """Puts their sum into `sums`; raises `ValueError` for what is none."""
        sums.latency = Histogram.merged(self.latency)
        sums.first_token = Histogram.merged(self.first_token)


async def sketches(view: View, tier: Tier, ids: Sequence[int], begin: int, *, end: int) -> list[Row]:
    """Model, latency and first token of all windows of one length within `[begin, end)`."""
    found: list[Row] = []
    for part in _parts(ids, (end - begin) // tier):
        found += await view.rows(
            f"{_of_models(part)} SELECT r.model, r.latency, r.first_token FROM m"
            f" CROSS JOIN {ROLL_UP_TABLES[tier]} AS r WHERE r.model = m.id AND r.t >= ? AND r.t < ?",
            (begin, end),
        )
    return found


def _parts(ids: Sequence[int], rows: int) -> Iterator[Sequence[int]]:
    """Models in parts, so that no statement brings many more than `ROW_LIMIT` rows."""
    at_once = max(1, ROW_LIMIT // max(1, rows))
    for first in range(0, len(ids), at_once):
        yield ids[first : first + at_once]


async def final_until(view: View) -> float:
    """The Unix second up to which windows of ten seconds are whole."""
    return int(await view.value(sql.ROLLED_UNTIL) or 0) / MICROSECONDS


async def oldest(view: View, tier: Tier, ids: Sequence[int]) -> int | None:
    """When the oldest window of some models begins; `None` without any."""
    return await _extreme(view, tier, ids, "min")


async def newest_end(view: View, tier: Tier, ids: Sequence[int]) -> int | None:
    """When the newest window of some models ends; `None` without any."""
    found = await _extreme(view, tier, ids, "max")
    return None if found is None else found + tier


async def _extreme(view: View, tier: Tier, ids: Sequence[int], word: str) -> int | None:
    found = await view.value(
        f"{_of_models(ids)} SELECT {word}((SELECT {word}(t) FROM {ROLL_UP_TABLES[tier]} WHERE model = m.id)) FROM m"
    )
    return None if found is None else int(found)
