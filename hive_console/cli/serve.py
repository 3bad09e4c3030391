"""`hive-console serve`: engine, gateway and recorder without a screen."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hive_console.cli.options import launch_options, one_file, plain_errors


@click.command("serve")
@launch_options
def command(
    *, settings: Path | None, config: Path | None, data: Path | None, port: int | None, is_demo: bool
) -> None:
    """Run the fleet of SETTINGS without a screen until SIGTERM; `hive-console status` shows it."""
    path = one_file(settings, config)
    with plain_errors():
        from hive_console.wiring.launch import Choice, prepared
        from hive_console.wiring.serve import serve

        choice = Choice(config=path, data=data, port=port, is_demo=is_demo)
        with prepared(choice) as launch:
            for warning in launch.warnings:
                click.echo(warning, err=True)
            serve(launch, _say)


def _say(line: str) -> None:
    """Says a line at once: whoever started the service may wait for it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
