"""`hive-console report`: what happened in a window, as a page of markdown, from the recording."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import click

from hive_console.adapters.folders import default_data_folder
from hive_console.adapters.last_look import LastLook
from hive_console.cli.moments import FORMS, Moment
from hive_console.cli.options import plain_errors, recording_options
from hive_console.cli.output import can_show, in_encoding, quiet_ends, written
from hive_console.core.block_chart import BLOCKS
from hive_console.core.errors import HiveError
from hive_console.core.report import Report, report_of
from hive_console.core.report_page import page
from hive_console.engine.report_reading import findings_of
from hive_storage.store import SqliteStore

SINCE = 7_200.0
"""Seconds that are told of when nobody says since when."""


LAST = -1.0
"""No time, but the word for when this user last looked."""


class MomentOrLast(Moment):
    """A time, or `last`."""

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """`LAST` for the word; else as a `Moment`."""
        is_word = isinstance(value, str) and value.strip().lower() == "last"
        return LAST if is_word else super().convert(value, param, ctx)


@click.command("report")
@click.option("--since", "begin", type=MomentOrLast(), help=f"From when: {FORMS}; last, when you looked; 2 hours.")
@click.option("--until", "end", type=Moment(), help="Until when; now.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Only about this model; may be repeated.")
@click.option("--exact", "is_exact", is_flag=True, help="Look at each request, however long that takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object in place of the page.")
@recording_options
def command(
    *,
    begin: float | None,
    end: float | None,
    models: tuple[str, ...],
    is_exact: bool,
    as_json: bool,
    data: Path | None,
    output: Path | None,
) -> None:
    """Write an incident report: what was down, for how long, who served, what failed, who did what.

    It reads the recording, so that it needs no running engine. Times are UTC.
    Exit status: 0 it is there; 1 it could not be read or written; 2 the question made no sense.
    """
    until = time.time() if end is None else end
    path = data or default_data_folder(os.environ)
    if begin == LAST:
        begin = LastLook(path, os.environ).at()
        if begin is None:
            raise click.UsageError("you have not looked at this engine before: name a time")
    since = until - SINCE if begin is None else begin
    if since >= until:
        raise click.UsageError("the window has no length: --since must be before --until")
    with plain_errors(), quiet_ends():
        report = asyncio.run(_report(path, since, until, models=models, is_exact=is_exact))
        with written(output) as out:
            encoding = getattr(out, "encoding", None)
            if as_json:
                out.write(json_of(report) + "\n")
            else:
                for line in page(report, is_ascii=not can_show(BLOCKS, encoding)):
                    out.write(f"{in_encoding(line, encoding)}\n")
            out.flush()


def json_of(report: Report) -> str:
    """The report as one JSON object, in ASCII: no control character gets out."""
    import msgspec  # 10 ms that a page does not need

    return json.dumps(msgspec.to_builtins(report), indent=2)


async def _report(path: Path, begin: float, end: float, *, models: tuple[str, ...], is_exact: bool) -> Report:
    async with SqliteStore.open(path) as store:
        holdings = await store.holdings()
        if holdings.begin is None or holdings.end is None:
            raise HiveError(f"nothing is recorded in {path} yet")
        unknown = [model for model in models if model not in holdings.models]
        if unknown:
            known = ", ".join(holdings.models[:20])
            raise HiveError(f"{unknown[0]!r} is no model of this recording; it knows {known or 'none'}")
        found = await findings_of(store, begin, end, models=models, is_exact=is_exact)
        return report_of(replace(found, skipped=store.skipped))
