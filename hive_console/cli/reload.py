"""`hive-console reload`: has a running engine read its settings file again, and shows what that changes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from hive_console.adapters.control_socket import ask_to_reload
from hive_console.adapters.folders import default_data_folder
from hive_console.adapters.identity import current_origin, terminal_name
from hive_console.core.errors import HiveError
from hive_console.core.reload_report import ReloadReport
from hive_console.core.text import clean

REFUSED = 1
NOT_REACHABLE = 2

LINE_LIMIT = 1000
"""Characters of one line of the answer; the engine cleaned them, one of another version may not have."""


@click.command("reload")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The engine's data folder; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
)
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only show what would change.")
def command(folder: Path | None, *, is_dry_run: bool) -> None:
    """Apply the settings file of a running engine, and show what changed.

    Exit status: 0 applied, or nothing to change; 1 refused, the settings before stay in force; 2 no engine answers.
    """
    try:
        origin = current_origin(os.environ, terminal_name())
        folder = folder or default_data_folder(os.environ)
        report = asyncio.run(ask_to_reload(folder, dry_run=is_dry_run, origin=origin))
    except HiveError as error:
        click.echo(clean(str(error), LINE_LIMIT), err=True)
        sys.exit(NOT_REACHABLE)
    for line in report_lines(report):
        click.echo(clean(line, LINE_LIMIT), err=not report.is_good)
    for warning in report.warnings:
        click.echo(clean(warning, LINE_LIMIT), err=True)
    sys.exit(0 if report.is_good else REFUSED)


def report_lines(report: ReloadReport) -> Iterator[str]:
    """What changed or is wrong, and what came of it."""
    yield from report.changes
    yield from report.problems
    yield report.message
