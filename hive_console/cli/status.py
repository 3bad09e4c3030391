"""`hive-console status`: the fleet of a running engine in plain text, for scripts and plain terminals."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import click

from hive_console.adapters.control_socket import fetch_snapshot
from hive_console.adapters.folders import default_data_folder
from hive_console.core.errors import HiveError
from hive_console.core.headline import headline
from hive_console.core.snapshot import AlertView, FleetSnapshot, ModelView
from hive_console.core.states import AlertState, DegradationLevel, ModelStatus
from hive_console.core.text import clean
from hive_console.core.wire import status_to_data
from hive_console.core.wording import latency, percent, span, whole_percent
from hive_widgets.breaker_words import breaker_short
from hive_widgets.glyphs import ACKNOWLEDGED, SEVERITY_MARKS, STATUS_MARKS, Mark

ALL_WELL = 0
SOMETHING_WRONG = 1
NOT_REACHABLE = 2

WIDTH = 79
"""Columns of every line: 80 less one, because some terminals wrap after the 80th."""

ALERTS_SHOWN = 10
"""Firing alerts listed; the rest are counted."""

_LINE_LIMIT = 1000
"""Characters of a line before it is cut to the width: more than any line has."""

_TROUBLE = frozenset({ModelStatus.DEGRADED, ModelStatus.UNAVAILABLE})
_GAP = "-"
_INDENT = "    "

_HEADINGS = ("", "MODEL", "STATUS", "BREAKER", "P95", "ERRORS", "CHECKED", "SERVED BY")

_COLUMNS = ((1, True), (21, True), (8, True), (13, True), (5, False), (6, False), (7, False), (11, True))
"""Width of each column, and whether it starts left; with a space between them they add up to `WIDTH`."""


@click.command("status")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The engine's data folder; default: $XDG_DATA_HOME/hive-console or ~/.local/share/hive-console.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def command(folder: Path | None, *, as_json: bool) -> None:
    """Print the fleet of a running engine.

    Exit status: 0 all is well; 1 something is wrong (a model is degraded or unavailable or wants a person, an
    alert fires, degraded mode, the recorder fails); 2 no engine answers.
    """
    try:
        fleet = asyncio.run(fetch_snapshot(folder or default_data_folder(os.environ)))
    except HiveError as exc:
        click.echo(_harmless(str(exc)), err=True)
        sys.exit(NOT_REACHABLE)
    if as_json:
        click.echo(json.dumps(status_to_data(fleet), indent=2))  # ASCII only: no control character gets out
    else:
        for line in status_lines(fleet, uses_ascii=not _can_show(sys.stdout.encoding)):
            click.echo(line)
    sys.exit(exit_status(fleet))


def exit_status(fleet: FleetSnapshot) -> int:
    """What a script wants to know: 0 all is well, 1 something is wrong."""
    is_wrong = (
        fleet.is_degraded
        or bool(fleet.recorder.error)
        or any(model.status in _TROUBLE or model.fault for model in fleet.models)
        or bool(_firing(fleet))
    )
    return SOMETHING_WRONG if is_wrong else ALL_WELL


def status_lines(fleet: FleetSnapshot, *, uses_ascii: bool = False) -> Iterator[str]:
    """The fleet in lines of at most 79 columns; ages count up to the snapshot's own time."""
    for line in _lines(fleet, uses_ascii=uses_ascii):
        shown = _fitted(_harmless(line), WIDTH).rstrip()
        yield shown.encode("ascii", "replace").decode("ascii") if uses_ascii else shown


def _lines(fleet: FleetSnapshot, *, uses_ascii: bool) -> Iterator[str]:
    yield _title(fleet)
    yield from textwrap.wrap(_harmless(headline(fleet, fleet.at)), WIDTH)
    yield ""
    yield _counts(fleet)
    if fleet.is_degraded:
        yield _degraded(fleet)
    yield ""
    yield _row(_HEADINGS)
    for model in fleet.models:
        yield _model_row(model, fleet.at, uses_ascii=uses_ascii)
        notes = _harmless("; ".join(_notes(model, fleet.at)))
        yield from textwrap.wrap(notes, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    for route in fleet.routes:
        yield f"route {route.name} ({route.strategy.value}): served by {route.serving or 'NOBODY'}"
    yield ""
    yield from _alert_lines(fleet, uses_ascii=uses_ascii)
    yield _recorder_line(fleet)


def _title(fleet: FleetSnapshot) -> str:
    parts = [
        "hive-console",
        fleet.environment,
        fleet.gateway or "no gateway",
        f"up {span(fleet.at - fleet.started_at)}",
    ]
    return "  ".join(part for part in parts if part)


def _counts(fleet: FleetSnapshot) -> str:
    counted = [
        f"{sum(1 for model in fleet.models if model.status is status)} {status.value}"
        for status in (ModelStatus.AVAILABLE, ModelStatus.DEGRADED, ModelStatus.UNAVAILABLE, ModelStatus.UNKNOWN)
    ]
    return f"{len(fleet.models)} models: {', '.join(counted)}"


def _degraded(fleet: FleetSnapshot) -> str:
    since = "" if fleet.degraded_since is None else f" for {span(fleet.at - fleet.degraded_since)}"
    level = "" if fleet.level is DegradationLevel.FULL else f", level {fleet.level.value}"
    return f"DEGRADED MODE{since}{level}, {percent(fleet.available_share)} % of models available"


def _row(cells: tuple[str, ...]) -> str:
    """One line of the table."""
    return " ".join(
        _fitted(cell, width) if starts_left else _fitted(cell, width).rstrip().rjust(width)
        for cell, (width, starts_left) in zip(cells, _COLUMNS, strict=True)
    )


def _model_row(model: ModelView, now: float, *, uses_ascii: bool) -> str:
    mark = STATUS_MARKS[model.status]
    cells = (
        _glyph(mark, uses_ascii=uses_ascii),
        model.model_id,
        mark.word,
        breaker_short(model, now)[0],
        _GAP if model.p95 is None else latency(model.p95),
        _GAP if model.error_rate is None else f"{percent(model.error_rate)}%",
        _GAP if model.last_health_check is None else span(now - model.last_health_check),
        model.serving or "NOBODY",
    )
    return _row(cells)


def _notes(model: ModelView, now: float) -> list[str]:
    """What the row has no room for."""
    notes = [model.fault] if model.fault else []
    if model.ejected_until is not None:
        notes.append(f"left alone as an outlier for {span(model.ejected_until - now)} more")
    if model.ramp is not None:
        notes.append(f"recovering, {whole_percent(model.ramp)} % of its traffic")
    if model.breaker.is_frozen:
        until = model.breaker.frozen_until
        notes.append(f"frozen by hand{'' if until is None else f' for {span(until - now)} more'}")
    if model.pinned_to is not None:
        notes.append(f"traffic sent to {model.pinned_to} by hand")
    if model.breaker.trips:
        times = "once" if model.breaker.trips == 1 else f"{model.breaker.trips} times"
        notes.append(f"its breaker tripped {times}")
    return notes


def _firing(fleet: FleetSnapshot) -> list[AlertView]:
    return [alert for alert in fleet.alerts if alert.state is AlertState.FIRING]


def _alert_lines(fleet: FleetSnapshot, *, uses_ascii: bool) -> Iterator[str]:
    firing = _firing(fleet)
    if not firing:
        yield "Alerts: none fires"
        return
    yield f"Alerts: {len(firing)} firing, {sum(1 for alert in firing if alert.wants_attention)} nobody has"
    for alert in firing[:ALERTS_SHOWN]:
        mark = SEVERITY_MARKS[alert.severity]
        glyph = _glyph(mark, uses_ascii=uses_ascii)
        held = (
            f" ({_glyph(ACKNOWLEDGED, uses_ascii=uses_ascii)} {alert.acknowledged_by})"
            if alert.acknowledged_by
            else ""
        )
        yield f"{glyph} {mark.word} {span(fleet.at - alert.raised_at)}{held}: {alert.text}"
    if len(firing) > ALERTS_SHOWN:
        yield f"  and {len(firing) - ALERTS_SHOWN} more"


def _recorder_line(fleet: FleetSnapshot) -> str:
    recorder = fleet.recorder
    if recorder.error:
        return f"Recorder: FAILS: {recorder.error}"
    caution = f"; {recorder.caution}" if recorder.caution else ""
    return f"Recorder: {recorder.recorded} recorded, {recorder.queued} queued, {recorder.dropped} dropped{caution}"


def _glyph(mark: Mark, *, uses_ascii: bool) -> str:
    return mark.ascii_glyph if uses_ascii else mark.glyph


def _can_show(encoding: str | None) -> bool:
    try:
        "".join(mark.glyph for mark in STATUS_MARKS.values()).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _harmless(text: str) -> str:
    """Texts were cleaned where they came in; an engine of another version may have missed one."""
    return clean(text, _LINE_LIMIT)


def _fitted(text: str, width: int) -> str:
    """`text` in exactly `width` columns, wide characters counted as two."""
    used = 0
    kept: list[str] = []
    for character in text:
        columns = _columns(character)
        if used + columns > width:
            while used + 1 > width:
                used -= _columns(kept.pop())
            return "".join(kept) + "…" + " " * (width - used - 1)
        kept.append(character)
        used += columns
    return text + " " * (width - used)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
