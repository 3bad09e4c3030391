"""Charts: sums in steps of equal length, and the sums of a whole window, made from as few windows as fit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hive_console.core.errors import HiveError
from hive_console.core.rollup import Sums, Tier
from hive_console.core.store import ROW_LIMIT, Series
from hive_storage.asking import Asker, View
from hive_storage.windows_read import (
    Sketches,
    Windows,
    final_until,
    newest_end,
    oldest,
    sketches,
    stepped,
    tens,
    windows,
)

MOST_POINTS = 100_000
"""Points of all models in one answer: 500 models with 200 each fill any screen."""

_LONGEST_FIRST = tuple(reversed(Tier))
_FARTHEST = 253_402_300_800  # the year 10000


class Charts:
    """Answers with sums."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def series(
        self, models: Sequence[str], begin: float, end: float, *, step: float, with_latency: bool
    ) -> dict[str, Series]:
        """See `Store.series`; raises `HiveError` for a window without an end, and for too many points."""
        first, length, count = _steps(begin, end, step=step, models=len(models))
        tier = next(tier for tier in _LONGEST_FIRST if length % tier == 0)
        last = first + length * count
        async with self._asker.view() as view:
            ids = view.ids(models)
            if tier is Tier.TEN_SECONDS:
                found = await tens(view, ids, first, end=last, with_latency=with_latency)
            elif length > tier:
                found = await stepped(view, tier, ids, first, end=last, step=length, with_latency=with_latency)
            else:
                found = await windows(view, tier, ids, first, end=last, with_latency=with_latency)
            points = {number: _points(found[number], first, step=length, count=count) for number in ids}
            edges = {number: min(found[number], default=last) for number in ids}
            for longer in (longer for longer in Tier if longer > tier):
                await _add_longer(view, longer, points, edges, first=first, step=length, with_latency=with_latency)
            named = {view.names[number]: points[number] for number in ids}
        nothing = (None,) * count
        return {
            model: Series(begin=float(first), step=float(length), points=tuple(named.get(model, nothing)))
            for model in models
        }

    async def sketch(self, models: Sequence[str], begin: float, end: float) -> dict[str, Sums]:
        """See `Store.sketch`."""
        async with self._asker.view() as view:
            ids = view.ids(models)
            found: dict[int, Sums] = {}
            if not ids or not begin < end:
                return {}
            blobs = {number: Sketches() for number in ids}
            for tier, first, last in await _pieces(view, ids, begin, end):
                for number, latency, first_token in await sketches(view, tier, ids, first, end=last):
                    blobs[number].take(latency, first_token)
                for number, parts in (await _plain(view, tier, ids, first, end=last)).items():
                    for sums in parts.values():
                        found.setdefault(number, Sums()).add(sums)
            for number, sums in found.items():
                blobs[number].give(sums)
            return {view.names[number]: sums for number, sums in found.items()}


def _steps(begin: float, end: float, *, step: float, models: int) -> tuple[int, int, int]:
    """When the first step begins, how long one is, and how many there are."""
    if not (math.isfinite(begin) and math.isfinite(end) and begin < end):
        raise HiveError(f"a series needs a window with a beginning and an end: got {begin} to {end}")
    if not (step >= Tier.TEN_SECONDS and step % Tier.TEN_SECONDS == 0 and math.isfinite(step)):
        raise HiveError(f"a series needs a step of whole tens of seconds: got {step}")
    length = int(step)
    first = math.floor(begin / length) * length
    count = math.ceil((end - first) / length)
    if count > ROW_LIMIT or count * models > MOST_POINTS:
        raise HiveError(
            f"a series has at most {ROW_LIMIT} steps, and {MOST_POINTS} of all models: got {count} of {models};"
            " choose a longer step"
        )
    return first, length, count


def _points(found: dict[int, Sums], first: int, *, step: int, count: int) -> list[Sums | None]:
    points: list[Sums | None] = [None] * count
    for t, sums in found.items():
        index = (t - first) // step
        known = points[index]
        if known is None:
            points[index] = sums
        else:
            known.add(sums)
    return points


async def _add_longer(
    view: View,
    tier: Tier,
    points: dict[int, list[Sums | None]],
    edges: dict[int, int],
    *,
    first: int,
    step: int,
    with_latency: bool,
) -> None:
    """Puts longer windows where shorter ones are gone: each to the step it begins in, before what is there."""
    ids = [number for number, edge in edges.items() if edge - tier >= first]
    if not ids:
        return
    last = max(edges[number] for number in ids)
    for number, found in (await windows(view, tier, ids, first, end=last, with_latency=with_latency)).items():
        for t, sums in found.items():
            if t + tier <= edges[number]:
                points[number][(t - first) // step] = sums
        edges[number] = min([edges[number], *found])


async def _pieces(view: View, ids: Sequence[int], begin: float, end: float) -> list[tuple[Tier, int, int]]:
    """Ranges of windows that cover `[begin, end)`, in order of time; longer windows where only those are left."""
    kept = await _kept(view, ids)
    if not kept:
        return []
    first = max(_rounded(begin, kept), kept[Tier.DAY])
    last = -_rounded(-min(end, await _newest(view, ids)), kept, sign=-1)
    return _cover(first, last, list(Tier))


async def _newest(view: View, ids: Sequence[int]) -> int:
    """The end of the newest window; of an open hour or day only where nothing shorter is left."""
    shorter = [await newest_end(view, tier, ids) for tier in (Tier.TEN_SECONDS, Tier.MINUTE)]
    ends = [math.floor(await final_until(view)), *(found for found in shorter if found is not None)]
    longer = [await newest_end(view, tier, ids) for tier in (Tier.HOUR, Tier.DAY)]
    return max(ends) or max((found for found in longer if found is not None), default=0)


async def _kept(view: View, ids: Sequence[int]) -> dict[Tier, int]:
    """Since when windows of each length tell of all there was; empty where nothing is kept.

    Where the next longer ones begin no earlier, none of them were removed, and before them there was nothing.
    """
    kept: dict[Tier, int] = {}
    longer: tuple[Tier, int] | None = None
    for tier in _LONGEST_FIRST:
        # Of ten seconds not every model has windows, so that those of all models tell.
        found = await oldest(view, tier, list(view.names) if tier is Tier.TEN_SECONDS else ids)
        if found is None:
            continue
        if longer is None:
            kept[tier] = found - found % Tier.DAY
        else:
            is_whole = longer[1] >= found - found % longer[0]
            kept[tier] = kept[longer[0]] if is_whole else found
        longer = tier, found
    if kept:
        kept.setdefault(Tier.DAY, min(kept.values()))
    return kept


def _rounded(moment: float, kept: dict[Tier, int], *, sign: int = 1) -> int:
    """An instant, rounded down to the shortest windows that are kept there (of `sign` -1: a negative one)."""
    for tier in Tier:
        if tier in kept and moment * sign >= kept[tier]:
            return math.floor(moment / tier) * tier
    return math.floor(max(moment, -_FARTHEST) / Tier.DAY) * Tier.DAY


def _cover(first: int, last: int, tiers: list[Tier]) -> list[tuple[Tier, int, int]]:
    """The longest windows in the middle, and shorter ones around them."""
    if first >= last:
        return []
    *shorter, tier = tiers
    if not shorter:
        return [(tier, first, last)]
    begin, end = -(-first // tier) * tier, last // tier * tier
    if begin >= end:
        return _cover(first, last, shorter)
    return [*_cover(first, begin, shorter), (tier, begin, end), *_cover(end, last, shorter)]


async def _plain(view: View, tier: Tier, ids: Sequence[int], first: int, *, end: int) -> Windows:
    """The sums of a range without the sketches, in few windows."""
    if tier is Tier.TEN_SECONDS:
        return await tens(view, ids, first, end=end, with_latency=False)
    return await stepped(view, tier, ids, first, end=end, step=end - first, with_latency=False)
