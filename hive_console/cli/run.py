"""`hive-console [SETTINGS]`: the console with the engine inside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from hive_console.cli.options import launch_options, one_file, plain_errors

CANNOT_DRAW = 2


@click.command("run")
@launch_options
@click.option("--read-only", "is_read_only", is_flag=True, help="Look, but act on nothing.")
def command(
    *,
    settings: Path | None,
    config: Path | None,
    data: Path | None,
    port: int | None,
    is_demo: bool,
    is_read_only: bool,
) -> None:
    """Show the console and run the engine, with the fleet of SETTINGS (hive.yaml when left out)."""
    from hive_console.ui.terminal import terminal_problem

    problem = terminal_problem(os.environ, sys.stdin.isatty() and sys.stdout.isatty())
    if problem is not None:
        click.echo(f"hive-console: {problem}", err=True)
        sys.exit(CANNOT_DRAW)
    path = one_file(settings, config)
    with plain_errors():
        from hive_console.wiring.launch import Choice, prepared

        choice = Choice(config=path, data=data, port=port, is_demo=is_demo)
        with prepared(choice) as launch:
            for warning in launch.warnings:
                click.echo(warning, err=True)
            from hive_console.wiring.console import show  # Textual: not before the settings are known to be good

            code = show(launch, _say, is_read_only=is_read_only)
    sys.exit(code)


def _say(line: str) -> None:
    click.echo(f"hive-console: {line}", err=True)
