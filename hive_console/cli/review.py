"""`hive-console review PATH`: a recording in the console, without engine or network."""

from __future__ import annotations

import os
import sys
import time
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from hive_console.cli.options import look_options
from hive_console.core.errors import ConfigurationError, HiveError

if TYPE_CHECKING:  # loaded with the flags
    from hive_console.ui.look import Flags

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
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file whose console: section counts; no other does."
)
@look_options
def command(*, path: Path, text: str | None, config: Path | None, look: Flags) -> None:
    """Show the recording at PATH: a data folder, its hive.db, or a copy; the fleet as it was at any time."""
    from hive_console.core.moments import moment
    from hive_console.ui.look import look_of
    from hive_console.ui.terminal import terminal_problem
    from hive_console.wiring.remapped import console_settings
    from hive_console.wiring.review import recording_at, show

    here: tzinfo | None = None
    try:
        if text is not None:
            moment(text, now=time.time(), zone=here)  # said before the screen covers it
        file = recording_at(path)
        problem = terminal_problem(os.environ, sys.stdin.isatty() and sys.stdout.isatty())
        if problem is not None:
            _end(problem.partition(";")[0])
        settings = console_settings(config)
        code = show(
            file,
            look_of(settings, look, os.environ),
            first=None if text is None else lambda end: moment(text, now=end, zone=here, is_of_this_day=True),
        )
    except ConfigurationError as error:
        _end("\n".join(error.problems))
    except HiveError as error:
        _end(str(error))
    sys.exit(code)


def _end(problem: str) -> NoReturn:
    click.echo(f"hive-console: {problem}", err=True)
    sys.exit(NOTHING_TO_SHOW)
