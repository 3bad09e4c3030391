"""`hive-console review PATH`: a recording in the console, without engine or network."""

from __future__ import annotations

import os
import sys
import time
from datetime import tzinfo
from pathlib import Path
from typing import NoReturn

import click

from hive_console.core.errors import HiveError

NOTHING_TO_SHOW = 2
"""The exit code where there is no recording, no terminal, or no such time."""


@click.command("review")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--at",
    "text",
    metavar="TIME",
    help="Where to begin: 14:05, '2026-11-26 14:05', or -2h from the end; the end when left out.",
)
def command(*, path: Path, text: str | None) -> None:
    """Show the recording at PATH: a data folder, its hive.db, or a copy; the fleet as it was at any time."""
    from hive_console.core.moments import moment
    from hive_console.ui.terminal import terminal_problem
    from hive_console.wiring.review import recording_at, show

    here: tzinfo | None = None
    try:
        if text is not None:
            moment(text, now=time.time(), zone=here)  # said before the screen covers it
        file = recording_at(path)
        problem = terminal_problem(os.environ, sys.stdin.isatty() and sys.stdout.isatty())
        if problem is not None:
            _end(problem.partition(";")[0])
        code = show(
            file, first=None if text is None else lambda end: moment(text, now=end, zone=here, is_of_this_day=True)
        )
    except HiveError as error:
        _end(str(error))
    sys.exit(code)


def _end(problem: str) -> NoReturn:
    click.echo(f"hive-console: {problem}", err=True)
    sys.exit(NOTHING_TO_SHOW)
