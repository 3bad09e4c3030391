"""`hive-console export`: what was recorded, as CSV or JSON lines, however much it is, in little memory."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TextIO

import click

from hive_console.adapters.folders import default_data_folder
from hive_console.cli.cells import columns_of, csv_line, event_line, event_row, sums_columns, sums_values
from hive_console.cli.moments import FORMS, Moment
from hive_console.cli.options import plain_errors, recording_options
from hive_console.cli.output import quiet_ends, written
from hive_console.core.events import Event, event_types
from hive_console.core.rollup import Tier
from hive_console.core.store import Store, Wanted
from hive_storage.store import SqliteStore

SUMS = {"sums-10s": Tier.TEN_SECONDS, "sums-60s": Tier.MINUTE, "sums-1h": Tier.HOUR, "sums-1d": Tier.DAY}
"""What is asked for in place of events: the sums of each model by windows of a length."""

STEPS_AT_ONCE = 720
"""Windows of one model that are asked for at once: a screenful of memory whatever the span."""

_KINDS = {kind.__name__: kind for kind in event_types()}


@click.command("export")
@click.option("--from", "begin", type=Moment(), help=f"From when: {FORMS}.")
@click.option("--to", "end", type=Moment(), help="Until when, not included.")
@click.option("--format", "shape", type=click.Choice(("csv", "jsonl")), default="jsonl", show_default=True)
@click.option(
    "--kind",
    "names",
    multiple=True,
    metavar="KIND",
    help=f"Only these: a kind of event such as BreakerChanged, or one of {', '.join(SUMS)}; may be repeated.",
)
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Only what is about this model.")
@recording_options
def command(
    *,
    begin: float | None,
    end: float | None,
    shape: str,
    names: tuple[str, ...],
    models: tuple[str, ...],
    data: Path | None,
    output: Path | None,
) -> None:
    """Print what was recorded, oldest first, beside a running engine or long after it.

    Times are ISO 8601 in UTC. In CSV a text that a spreadsheet would take for a formula begins with an apostrophe.
    Exit status: 0 all is there; 1 it could not be read or written; 2 the question made no sense.
    """
    wanted = Wanted(
        begin=float("-inf") if begin is None else begin,
        end=float("inf") if end is None else end,
        models=models or None,
    )
    kinds, tier = _asked(names)
    path = data or default_data_folder(os.environ)
    with plain_errors(), quiet_ends(), written(output) as out:
        skipped = asyncio.run(_export(path, out, wanted, kinds=kinds, tier=tier, is_csv=shape == "csv"))
        out.flush()
        if skipped:
            click.echo(f"hive-console: {skipped} rows are left out: this version does not know them", err=True)


async def _export(
    path: Path, out: TextIO, wanted: Wanted, *, kinds: tuple[type[Event], ...], tier: Tier | None, is_csv: bool
) -> int:
    """Writes what is asked for; returns how many rows this version does not know."""
    async with SqliteStore.open(path) as store:
        if tier is None:
            await export_events(store, out.write, wanted, kinds, is_csv=is_csv)
        else:
            await export_sums(store, out.write, wanted, tier, is_csv=is_csv)
        return store.skipped


async def export_events(
    store: Store, write: Callable[[str], object], wanted: Wanted, kinds: Sequence[type[Event]], *, is_csv: bool
) -> None:
    """Writes the events of the window, line by line; all kinds where none is named."""
    columns = columns_of(kinds or event_types())
    if is_csv:
        write(csv_line(columns) + "\n")
    async with aclosing(store.export(wanted, kinds or None)) as events:
        async for event in events:
            write((event_row(event, columns) if is_csv else event_line(event)) + "\n")


async def export_sums(
    store: Store, write: Callable[[str], object], wanted: Wanted, tier: Tier, *, is_csv: bool
) -> None:
    """Writes the sums of each model of the window, model by model, without windows in which nothing is known."""
    if is_csv:
        write(csv_line(sums_columns()) + "\n")
    async with aclosing(_sums(store, wanted, tier)) as rows:
        async for values in rows:
            write((csv_line(values.values()) if is_csv else json.dumps(values, separators=(",", ":"))) + "\n")


async def _sums(store: Store, wanted: Wanted, tier: Tier) -> AsyncGenerator[dict[str, object], None]:
    holdings = await store.holdings()
    if holdings.begin is None or holdings.end is None:
        return
    first = int(max(wanted.begin, holdings.begin) // tier) * tier
    last = min(wanted.end, holdings.end + tier)
    for model in holdings.models if wanted.models is None else wanted.models:
        for begin in range(first, _whole(last), STEPS_AT_ONCE * tier):
            end = min(float(begin + STEPS_AT_ONCE * tier), last)
            found = await store.series((model,), begin, end, step=float(tier))
            for index, sums in enumerate(found[model].points if model in found else ()):
                if sums is not None:
                    yield {**sums_values(begin + index * float(tier), model, sums)}


def _whole(moment: float) -> int:
    return int(-(-moment // 1))


def _asked(names: Iterable[str]) -> tuple[tuple[type[Event], ...], Tier | None]:
    """The kinds that were named, or the length of the windows; refuses what is neither, and both at once."""
    chosen = tuple(dict.fromkeys(names))
    if len(chosen) == 1 and chosen[0] in SUMS:
        return (), SUMS[chosen[0]]
    for name in chosen:
        if name in SUMS:
            raise click.UsageError(f"{name} is a table of its own: name it alone")
        if name not in _KINDS:
            raise click.UsageError(f"{name} is no kind; known are {', '.join((*SUMS, *_KINDS))}")
    return tuple(_KINDS[name] for name in chosen), None
