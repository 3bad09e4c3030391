"""`hive-console attach`: the console on an engine that runs already."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hive_console.adapters.folders import default_data_folder
from hive_console.cli.options import look_options
from hive_console.core.errors import HiveError
from hive_console.core.text import clean

if TYPE_CHECKING:  # loaded with the flags
    from hive_console.ui.look import Flags

CANNOT_ATTACH = 2
"""The exit code where no engine answers, or no console can be drawn."""

LINE_LIMIT = 1000
"""Characters of one line of an error."""


@click.command("attach")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The engine's data folder; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
)
@look_options
@click.option("--read-only", "is_read_only", is_flag=True, help="Look, but act on nothing; the engine sees to it.")
def command(folder: Path | None, *, is_read_only: bool, look: Flags) -> None:
    """Show the console on an engine that runs already. Leaving it (q) never stops the engine.

    Exit status: 0 left; 2 no engine answers, or this is no terminal.
    """
    sys.exit(attached(folder or default_data_folder(os.environ), look, is_read_only=is_read_only))


def attached(folder: Path, look: Flags, *, is_read_only: bool) -> int:
    """Shows the console on the engine of this data folder; the exit code."""
    from hive_console.ui.terminal import terminal_problem

    problem = terminal_problem(os.environ, sys.stdin.isatty() and sys.stdout.isatty())
    if problem is not None:
        _say(problem)
        return CANNOT_ATTACH
    from hive_console.wiring.attach import attach

    try:
        return attach(folder, _say, look, is_read_only=is_read_only)
    except HiveError as error:
        _say(str(error))
        return CANNOT_ATTACH


def _say(line: str) -> None:
    click.echo(f"hive-console: {clean(line, LINE_LIMIT)}", err=True)
