"""`hive-console audit`: who did what to the fleet, and whether the trail of it is what was written."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from hive_console.adapters.folders import default_data_folder
from hive_console.cli.moments import FORMS, Moment
from hive_console.core.errors import HiveError
from hive_console.core.store import ROW_LIMIT, AuditCheck, Wanted
from hive_console.core.text import clean
from hive_storage import anchors
from hive_storage.audit_file import AuditFile
from hive_storage.audit_lines import LINE_LIMIT, fields_of, line_of, verify_lines

DAMAGED = 1
CANNOT_TELL = 2

SHOWN = 100
"""Rows listed when nobody asks for more."""

_TEXT_LIMIT = 500
"""Characters shown of one text."""

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Data folder or recording; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
)


@click.group("audit")
def command() -> None:
    """Show, verify and export what operators did: of a live, a copied or a sealed recording."""


@command.command("verify")
@_DATA
@click.option(
    "--anchor",
    "files",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A copy of the anchors that was kept elsewhere; the file beside the recording is always compared.",
)
@click.option(
    "--lines",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Verify an export (`-` reads it from a pipe) in place of a recording.",
)
def verify(data: Path | None, files: tuple[Path, ...], lines: Path | None) -> None:
    """Verify that the trail is what was written.

    Exit status: 0 it is; 1 it is not, and the first bad row is named; 2 nobody can tell.
    """
    if data is not None and lines is not None:
        raise click.UsageError("--data and --lines name two trails; name one")
    with _errors():
        pairs = list(_pairs(files))
        if lines is not None:
            found = verify_lines(_lines_of(lines), pairs)
        else:
            with AuditFile.open(data or default_data_folder(os.environ)) as trail:
                if trail.anchors_beside.exists():
                    pairs += _pairs((trail.anchors_beside,))
                found = trail.verify(pairs)
    is_bad = bool(found.problem)
    for line in _verdict(found):
        click.echo(clean(line, _TEXT_LIMIT), err=is_bad)
    sys.exit(0 if not is_bad else CANNOT_TELL if found.first_bad is None else DAMAGED)


@command.command("list")
@_DATA
@click.option("--since", type=Moment(), help=f"From when: {FORMS}.")
@click.option("--actor", default="", help="Only rows whose actor or origin holds this, whatever its case.")
@click.option("--target", default="", help="Only rows whose target holds this, whatever its case.")
@click.option("--limit", type=click.IntRange(1, ROW_LIMIT), default=SHOWN, help=f"Newest rows; {SHOWN}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def listing(data: Path | None, since: float | None, *, actor: str, target: str, limit: int, as_json: bool) -> None:
    """List the newest rows, oldest first."""
    wanted = Wanted(begin=-math.inf if since is None else since, limit=limit)
    with _errors(), AuditFile.open(data or default_data_folder(os.environ)) as trail:
        rows = trail.newest(wanted, actor=actor, target=target)
    for row in rows:
        fields = fields_of(row)
        click.echo(json.dumps(fields) if as_json else _told(fields))
    if not rows and not as_json:
        click.echo("nothing was done by hand" if since is None and not actor + target else "no row is like that")


@command.command("export")
@_DATA
@click.option("--from", "begin", type=Moment(), help=f"From when: {FORMS}.")
@click.option("--to", "end", type=Moment(), help="Until when, not included.")
def export(data: Path | None, begin: float | None, end: float | None) -> None:
    """Write the trail as JSON lines with digests, which `audit verify --lines` verifies wherever they go."""
    wanted = Wanted(begin=-math.inf if begin is None else begin, end=math.inf if end is None else end)
    with _errors(), AuditFile.open(data or default_data_folder(os.environ)) as trail:
        for row, previous in trail.rows(wanted):
            click.echo(line_of(row, previous))


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except HiveError as error:
        click.echo(f"hive-console: {clean(str(error), _TEXT_LIMIT)}", err=True)
        sys.exit(CANNOT_TELL)


def _pairs(files: tuple[Path, ...]) -> Iterator[tuple[int, str]]:
    for file in files:
        found = anchors.read(file)
        for bad in found.bad_lines:
            click.echo(clean(f"{file}: {bad}", _TEXT_LIMIT), err=True)
        yield from found.pairs


def _lines_of(file: Path) -> Iterator[bytes]:
    try:
        with click.open_file(str(file), "rb") as opened:
            while line := opened.readline(LINE_LIMIT):
                yield line
    except OSError as error:
        raise HiveError(f"cannot read {file}: {error.strerror}") from error


def _verdict(found: AuditCheck) -> Iterator[str]:
    if found.first_bad is not None:
        yield f"DAMAGED at row {found.first_bad}: {found.problem}"
    elif found.problem:
        yield f"cannot tell: {found.problem}"
    else:
        yield f"good: rows {found.rows}, head {found.head or 'none'}, anchors that agree {found.anchors}"
        since = "the last anchor" if found.anchors else "the beginning, for no anchor was compared"
        yield f"not seen would be rows cut off, or all written anew, since {since}"


def _told(fields: dict[str, object]) -> str:
    """One row in one line: place, time, who, what, why, what came of it."""
    said = {name: clean(str(value), _TEXT_LIMIT) for name, value in fields.items() if value is not None}
    who = f"{said['actor']} ({said['origin']})" if said["origin"] else said["actor"]
    to = f" -> {said['parameter']}" if said["parameter"] else ""
    why = f' "{said["reason"]}"' if said["reason"] else ""
    more = f": {said['detail']}" if said["detail"] else ""
    changed = f" [{said['before']} -> {said['after']}]" if said["after"] else ""
    place, utc = said.get("number", "-"), said["utc"][:19].replace("T", " ")
    return f"{place} {utc} {who}: {said['action']} {said['target']}{to}{why}, {said['phase']}{more}{changed}"
