"""`hive-console [SETTINGS]`: the console with the engine inside."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hive_console.cli.options import FAILED, launch_options, look_options, one_file, plain_errors
from hive_console.core.errors import DataFolderBusy

if TYPE_CHECKING:  # loaded with the flags
    from hive_console.ui.look import Flags

CANNOT_DRAW = 2


@click.command("run")
@launch_options
@look_options
@click.option("--read-only", "is_read_only", is_flag=True, help="Look, but act on nothing.")
def command(
    *,
    settings: Path | None,
    config: Path | None,
    data: Path | None,
    port: int | None,
    is_demo: bool,
    is_read_only: bool,
    look: Flags,
) -> None:
    """Show the console and run the engine, with the fleet of SETTINGS (hive.yaml when left out)."""
    from hive_console.ui.terminal import terminal_problem

    problem = terminal_problem(os.environ, sys.stdin.isatty() and sys.stdout.isatty())
    if problem is not None:
        click.echo(f"hive-console: {problem}", err=True)
        sys.exit(CANNOT_DRAW)
    path = one_file(settings, config)
    with plain_errors(), _offering_to_attach(look, is_read_only=is_read_only):
        from hive_console.wiring.launch import Choice, prepared

        choice = Choice(config=path, data=data, port=port, is_demo=is_demo)
        with prepared(choice) as launch:
            from hive_console.ui.look import look_of
            from hive_console.wiring.remapped import check_keys

            check_keys(launch.settings.console.keys, launch.key_lines, launch.name)
            for warning in launch.warnings:
                click.echo(warning, err=True)
            from hive_console.wiring.console import show  # Textual: not before the settings are known to be good

            terminal = look_of(launch.settings.console, look, os.environ)
            code = show(launch, _say, is_read_only=is_read_only, look=terminal)
    sys.exit(code)


@contextmanager
def _offering_to_attach(look: Flags, *, is_read_only: bool) -> Iterator[None]:
    """Where another process has the engine of this folder, offers its console in place of a second engine."""
    try:
        yield
    except DataFolderBusy as busy:
        click.echo(f"hive-console: {busy}", err=True)
        if not click.confirm("Attach to the engine that runs there?", default=True, err=True):
            sys.exit(FAILED)
        from hive_console.cli.attach import attached

        sys.exit(attached(Path(busy.folder), look, is_read_only=is_read_only))


def _say(line: str) -> None:
    click.echo(f"hive-console: {line}", err=True)
