"""`hive-console tail`: what happens, one line each, from the recording: for pipes, logs and screen readers."""

from __future__ import annotations

import asyncio
import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation
from pathlib import Path
from typing import TextIO

import click

from hive_console.adapters.folders import default_data_folder
from hive_console.cli.moments import FORMS, Moment
from hive_console.cli.options import plain_errors
from hive_console.cli.output import in_encoding, quiet_ends, write_nowhere
from hive_console.cli.tailing import Ends, Tail, Told, follow, tell_all
from hive_console.core.store import Wanted
from hive_console.core.text import clean
from hive_storage.folder import DATABASE_NAME
from hive_storage.store import SqliteStore

SINCE = 600.0
"""Seconds of the past that are told first when nobody says since when."""

PAGE = 1_000
"""Rows of one table read at once: a moment of one core."""

BELL = "\a"

_PROBLEM_LIMIT = 500
_GONE = select.POLLERR | select.POLLHUP


@click.command("tail")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Data folder or recording; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
)
@click.option("--since", type=Moment(), help=f"Tell the past from here on: {FORMS}; 10 minutes.")
@click.option("--model", "models", multiple=True, metavar="MODEL", help="Only what is about this model, or all.")
@click.option("--requests", "with_requests", is_flag=True, help="Each request as well, good or bad.")
@click.option("--all", "with_routine", is_flag=True, help="Good checks and single steps as well; no requests.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as export has them.")
@click.option("--follow/--no-follow", "is_following", default=True, help="Go on when all is told; the default.")
@click.option("--bell", "has_bell", is_flag=True, help="Ring the terminal's bell for what is critical and new.")
def command(
    *,
    data: Path | None,
    since: float | None,
    models: tuple[str, ...],
    with_requests: bool,
    with_routine: bool,
    as_json: bool,
    is_following: bool,
    has_bell: bool,
) -> None:
    """Print what happens, one line each: time (UTC), how loud it is, and a sentence in words.

    Lines are never taken back, and there is no colour and no cursor movement in them: a screen reader can follow.
    It reads the recording, so that it goes on beside any engine and over its restarts. Ctrl-C ends it.
    """
    if sys.stdout is None:  # closed by whoever started this
        sys.exit(0)
    wanted = Wanted(begin=time.time() - SINCE if since is None else since, models=models or None, limit=PAGE)
    tail = Tail(wanted, with_requests=with_requests, with_routine=with_routine, as_json=as_json)
    path = data or default_data_folder(os.environ)
    file = path if path.is_file() else path / DATABASE_NAME
    printer = _Printer(sys.stdout, has_bell=has_bell)
    with plain_errors(), quiet_ends():
        asyncio.run(_tail(path, file, tail, printer, is_following=is_following))


async def _tail(path: Path, file: Path, tail: Tail, printer: _Printer, *, is_following: bool) -> None:
    ends = Ends(tell=printer.tell, pause=printer.pause, say=_say)
    if is_following:
        await follow(file, lambda: SqliteStore.open(path), tail, ends)
        return
    async with SqliteStore.open(path) as store:
        await tell_all(store, tail, ends)
        printer.flush()
        if store.skipped:
            _say(f"{store.skipped} rows are left out: this version does not know them")


class _Printer:
    """Writes lines; notices a reader that went away even while there is nothing to write."""

    def __init__(self, out: TextIO, *, has_bell: bool) -> None:
        self._out = out
        self._has_bell = has_bell and sys.stderr.isatty()
        self._watch: select.poll | None = None
        with suppress(UnsupportedOperation):  # no file of the system's
            watch = select.poll()
            watch.register(out.fileno(), 0)
            self._watch = watch

    def tell(self, told: Told) -> None:
        """Takes a line; it may wait for `pause`."""
        with _writing():
            self._out.write(f"{in_encoding(told.text, self._out.encoding)}\n")
        if self._has_bell and told.is_loud and told.is_new:
            sys.stderr.write(BELL)  # a sound is no part of any line
            sys.stderr.flush()

    def flush(self) -> None:
        """Shows what was told so far."""
        with _writing():
            self._out.flush()

    def pause(self) -> None:
        """Shows what was told so far; raises `BrokenPipeError` when nobody can read it any more."""
        self.flush()
        if self._watch is not None and any(state & _GONE for _, state in self._watch.poll(0)):
            raise BrokenPipeError


@contextmanager
def _writing() -> Iterator[None]:
    """A full disk is no reason to look for the recording again: it ends the command."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        write_nowhere()
        raise click.ClickException(f"cannot write: {error.strerror or type(error).__name__}") from error


def _say(problem: str) -> None:
    click.echo(f"hive-console: {clean(problem, _PROBLEM_LIMIT)}", err=True)
