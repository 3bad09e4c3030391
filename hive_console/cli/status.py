"""`hive-console status`: the fleet of a running engine in plain text, for scripts and plain terminals."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from pathlib import Path

import click

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.adapters.folders import default_data_folder
from hive_console.cli.output import can_show, in_encoding
from hive_console.cli.status_page import WIDTH, exit_status, harmless, status_lines
from hive_console.core.errors import HiveError
from hive_console.core.wire import status_to_data
from hive_widgets.glyphs import STATUS_MARKS

NOT_REACHABLE = 2

_SIGNS = "".join(mark.glyph for mark in STATUS_MARKS.values())


@click.command("status")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The engine's data folder; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option("--since-last", "tells_missed", is_flag=True, help="First what happened since you last looked.")
def command(folder: Path | None, *, as_json: bool, tells_missed: bool) -> None:
    """Print the fleet of a running engine, without colour, as wide as the terminal (or $COLUMNS).

    Exit status: 0 all is well; 1 something is wrong (a model is degraded or unavailable or wants a person, an
    alert fires, degraded mode, the recorder fails, the engine tells nothing new); 2 no engine answers.
    """
    data = folder or default_data_folder(os.environ)
    missed: tuple[str, ...] = ()
    if tells_missed:
        from hive_console.cli.missed import missed_since_last  # the recording costs 100 ms to load

        missed = missed_since_last(data, os.environ)
        if not as_json:
            for line in missed:
                click.echo(in_encoding(line, sys.stdout.encoding))
            click.echo("")
    try:
        fleet = asyncio.run(fetch_snapshot(data))
    except HiveError as exc:
        click.echo(harmless(str(exc)), err=True)
        sys.exit(NOT_REACHABLE)
    now = time.time()
    if as_json:
        told = status_to_data(fleet) | {"age": max(0.0, now - fleet.at)}
        if tells_missed:
            told["missed"] = missed
        click.echo(json.dumps(told, indent=2))  # ASCII only: no control character gets out
    else:
        width = shutil.get_terminal_size((WIDTH + 1, 24)).columns - 1
        is_ascii = not can_show(_SIGNS, sys.stdout.encoding)
        for line in status_lines(fleet, now=now, width=width, uses_ascii=is_ascii):
            click.echo(line)
    sys.exit(exit_status(fleet, now))
