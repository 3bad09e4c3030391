"""`hive-console db`: backups of the recording, and a look at its health."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from enum import Enum
from pathlib import Path

import click

from hive_console.adapters.folders import default_data_folder
from hive_console.cli.doctor_page import amount, doctor_lines
from hive_console.cli.options import plain_errors
from hive_console.core.errors import HiveError
from hive_console.core.keeping import Keeping
from hive_storage.backup import back_up
from hive_storage.doctor import examine

ALL_WELL = 0
SOMETHING_WRONG = 1
NOT_READABLE = 2

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

_SAID_EACH = 1.0
"""Seconds between two words of progress on a terminal."""

data_option = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The data folder; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
)


@click.group("db")
def command() -> None:
    """Back up the recording, or look whether it is well."""


@command.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@data_option
@click.option("--with-requests", "has_requests", is_flag=True, help="Copy the days' files of requests as well.")
def backup_command(target: Path, folder: Path | None, *, has_requests: bool) -> None:
    """Copy the recording into the new folder TARGET, beside a running engine or without one.

    TARGET must not exist; it is then a data folder itself, for --data and for a review. The copy is verified.
    Whatever ends the command early, nothing half-made stays behind.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it cleans up as it does at Ctrl-C
    progress = _Progress(is_shown=sys.stderr.isatty())
    with plain_errors():
        try:
            done = back_up(
                folder or default_data_folder(os.environ), target, has_requests=has_requests, told=progress.hear
            )
        except KeyboardInterrupt:
            click.echo("hive-console: stopped; nothing was kept", err=True)
            sys.exit(INTERRUPTED)
    count = len(done.files)
    click.echo(f"{target}: {count} file{'s' if count > 1 else ''}, {amount(done.size)}, verified")


@command.command("doctor")
@data_option
@click.option("--quick", "is_quick", is_flag=True, help="Do not compare indices to tables: half the time.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def doctor_command(folder: Path | None, *, is_quick: bool, as_json: bool) -> None:
    """Look at every file of the recording, at the disk, and at what is kept and lost. Changes nothing.

    Exit status: 0 all is well; 1 something is wrong; 2 there is no recording, or it cannot be read. It reads every
    file to its end: about a second a gigabyte.
    """
    try:
        found = examine(
            folder or default_data_folder(os.environ), time.time(), keeping=Keeping(), is_quick=is_quick
        )
    except HiveError as error:
        click.echo(f"hive-console: {error}", err=True)
        sys.exit(NOT_READABLE)
    if as_json:
        data = {"is_well": found.is_well, **asdict(found)}
        click.echo(json.dumps(data, indent=2, default=_plain))  # ASCII: no control character gets out
    else:
        for line in doctor_lines(found):
            click.echo(line)
    if any(file.name == "hive.db" and file.problems and not file.version for file in found.files):
        sys.exit(NOT_READABLE)
    sys.exit(ALL_WELL if found.is_well else SOMETHING_WRONG)


class _Progress:
    """Says on a terminal how far a copy is."""

    def __init__(self, *, is_shown: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_shown = is_shown
        self._clock = clock
        self._said_at = -_SAID_EACH

    def hear(self, name: str, copied: int, size: int) -> None:
        now = self._clock()
        if not self._is_shown or (now - self._said_at < _SAID_EACH and 0 < copied < size):
            return
        self._said_at = now
        click.echo(f"{name}: {amount(copied)} of {amount(size)}", err=True)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(type(value).__name__)
