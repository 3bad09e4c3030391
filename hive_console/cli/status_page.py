"""The fleet of a running engine in plain lines of any width: no colour, no cursor, ASCII where there is no more."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hive_console.core.headline import headline
from hive_console.core.holding import hold_words
from hive_console.core.holds import target_words
from hive_console.core.plain_words import utc_time
from hive_console.core.snapshot import AlertView, ConsoleView, FleetSnapshot, HoldView, ModelView
from hive_console.core.states import AlertState, DegradationLevel, HoldKind, ModelStatus
from hive_console.core.text import clean
from hive_console.core.window import WINDOW_SECONDS
from hive_console.core.wording import ago, latency, percent, span, whole_percent
from hive_widgets.breaker_words import breaker_short
from hive_widgets.glyphs import ACKNOWLEDGED, SEVERITY_MARKS, STATUS_MARKS, Mark

ALL_WELL = 0
SOMETHING_WRONG = 1

WIDTH = 79
"""Columns of every line when nobody says how wide the terminal is: 80 less one, as some wrap after the 80th."""

NARROWEST, WIDEST = 20, 200
"""Columns that lines are fitted to at least and at most."""

ALERTS_SHOWN = 10
"""Firing alerts listed; the rest are counted. Holds and consoles likewise."""

OLD_AFTER = 10.0
"""Seconds after which a snapshot is told as old: an engine that is well publishes several a second."""

_LINE_LIMIT = 1000
"""Characters of a line before it is cut to the width: more than any line has."""

_TROUBLE = frozenset({ModelStatus.DEGRADED, ModelStatus.UNAVAILABLE})
_GAP = "-"
_INDENT = "    "
_LEAST_NAME = 6  # columns of a name that still tells one model from another

_IN_ASCII = str.maketrans({"→": "->", "✔": "+"})
_AFTER_CUT = str.maketrans({"…": "~"})  # one column, as what it stands for


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the table.

    Attributes:
        heading: its name.
        width: columns.
        starts_left: whether its cells do.
        least: columns that still tell something.
        need: who goes first where there is no room; 0 stays.
        grows: what part of the room that is left it takes.
    """

    heading: str
    width: int
    starts_left: bool = True
    least: int = 0
    need: int = 0
    grows: int = 0


_COLUMNS = (
    _Column("", 1),
    _Column("MODEL", 21, least=12, grows=2),
    _Column("STATUS", 8),
    _Column("BREAKER", 13, need=1),
    _Column("P95", 5, starts_left=False, need=3),
    _Column("ERRORS", 6, starts_left=False, need=2),
    _Column("CHECKED", 7, starts_left=False, need=4),
    _Column("SERVED BY", 11, least=9, grows=1),
)
"""With a space between them they add up to `WIDTH`."""


def exit_status(fleet: FleetSnapshot, now: float | None = None) -> int:
    """What a script wants to know: 0 all is well, 1 something is wrong."""
    is_wrong = (
        fleet.is_degraded
        or bool(fleet.recorder.error)
        or any(model.status in _TROUBLE or model.fault for model in fleet.models)
        or bool(_firing(fleet))
        or _is_old(fleet, now)
    )
    return SOMETHING_WRONG if is_wrong else ALL_WELL


def status_lines(
    fleet: FleetSnapshot, *, now: float | None = None, width: int = WIDTH, uses_ascii: bool = False
) -> Iterator[str]:
    """The fleet in lines of at most `width` columns (20 to 200); ages count up to the snapshot's own time.

    Args:
        fleet: the snapshot.
        now: Unix seconds, by which the snapshot's own age is told; its own time when not given.
        width: columns.
        uses_ascii: whether nothing else can be shown.
    """
    room = max(NARROWEST, min(WIDEST, width))
    for line in _lines(fleet, now, room, uses_ascii=uses_ascii):
        shown = _fitted(harmless(_in_ascii(line) if uses_ascii else line), room).rstrip()
        yield shown.translate(_AFTER_CUT).encode("ascii", "replace").decode("ascii") if uses_ascii else shown


def _lines(fleet: FleetSnapshot, now: float | None, width: int, *, uses_ascii: bool) -> Iterator[str]:
    yield _title(fleet)
    said = headline(fleet, fleet.at)
    yield from textwrap.wrap(harmless(_in_ascii(said) if uses_ascii else said), width)
    yield ""
    for told in (_counts(fleet), _age(fleet, now), _degraded(fleet) if fleet.is_degraded else ""):
        yield from textwrap.wrap(told, width)
    yield ""
    columns = _columns_for(width)
    yield _row([column.heading for column in _COLUMNS], columns)
    for model in fleet.models:
        yield _row(_cells(model, fleet.at, uses_ascii=uses_ascii), columns)
        notes = harmless("; ".join(_notes(model, fleet)))
        yield from textwrap.wrap(notes, width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    for route in fleet.routes:
        yield f"route {route.name} ({route.strategy.value}): served by {route.serving or 'NOBODY'}"
    yield ""
    for told in (*_hold_lines(fleet), *_alert_lines(fleet, uses_ascii=uses_ascii)):
        yield from textwrap.wrap(harmless(told), width, subsequent_indent=_INDENT)
    yield from _console_lines(fleet)
    yield _recorder_line(fleet)


def _in_ascii(text: str) -> str:
    return text.translate(_IN_ASCII)


def _is_old(fleet: FleetSnapshot, now: float | None) -> bool:
    return now is not None and now - fleet.at > OLD_AFTER


def _age(fleet: FleetSnapshot, now: float | None) -> str:
    """When all of this was so, and of how long the rates are."""
    if now is not None and _is_old(fleet, now):
        return f"OLD: the engine has told nothing new for {span(now - fleet.at)}, since {utc_time(fleet.at)}"
    aged = "" if now is None else f", {ago(now - fleet.at)}"
    return f"as of {utc_time(fleet.at)}{aged}; p95 and errors of the last {span(WINDOW_SECONDS)}"


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


def _columns_for(width: int) -> list[_Column | None]:
    """The columns as they fit: names shrink, then the least needed go; what is left, names take."""
    shown: list[_Column | None] = list(_COLUMNS)
    for place in sorted(range(len(_COLUMNS)), key=lambda place: -_COLUMNS[place].need):
        if _least(shown) <= width or not _COLUMNS[place].need:
            break
        shown[place] = None
    rest = width - sum(column.width + 1 for column in shown if column is not None) + 1
    parts = sum(column.grows for column in _COLUMNS)
    for place, column in enumerate(_COLUMNS):
        if column.grows:
            more = min(rest * column.grows // parts, 2 * column.width)
            shown[place] = replace(column, width=max(_LEAST_NAME, column.width + more))
    return shown


def _least(columns: list[_Column | None]) -> int:
    """The width that these columns need."""
    return sum((column.least or column.width) + 1 for column in columns if column is not None) - 1


def _row(cells: list[str], columns: list[_Column | None]) -> str:
    """One line of the table."""
    return " ".join(
        _fitted(cell, column.width)
        if column.starts_left
        else _fitted(cell, column.width).rstrip().rjust(column.width)
        for cell, column in zip(cells, columns, strict=True)
        if column is not None
    )


def _cells(model: ModelView, now: float, *, uses_ascii: bool) -> list[str]:
    mark = STATUS_MARKS[model.status]
    return [
        _glyph(mark, uses_ascii=uses_ascii),
        model.model_id,
        mark.word,
        breaker_short(model, now)[0],
        _GAP if model.p95 is None else latency(model.p95),
        _GAP if model.error_rate is None else f"{percent(model.error_rate)}%",
        _GAP if model.last_health_check is None else span(now - model.last_health_check),
        model.serving or "NOBODY",
    ]


def _notes(model: ModelView, fleet: FleetSnapshot) -> list[str]:
    """What the row has no room for; what holds tell with their owners is not said twice."""
    now = fleet.at
    told = {hold.kind for hold in fleet.holds if hold.target == model.model_id}
    notes = [model.fault] if model.fault else []
    if model.ejected_until is not None:
        notes.append(f"left alone as an outlier for {span(model.ejected_until - now)} more")
    if model.ramp is not None:
        notes.append(f"recovering, {whole_percent(model.ramp)} % of its traffic")
    if model.breaker.is_frozen and HoldKind.FROZEN not in told:
        until = model.breaker.frozen_until
        notes.append(f"frozen by hand{'' if until is None else f' for {span(until - now)} more'}")
    if model.pinned_to is not None and HoldKind.PINNED not in told:
        notes.append(f"traffic sent to {model.pinned_to} by hand")
    if model.breaker.trips:
        times = "once" if model.breaker.trips == 1 else f"{model.breaker.trips} times"
        notes.append(f"its breaker tripped {times}")
    return notes


def _firing(fleet: FleetSnapshot) -> list[AlertView]:
    return [alert for alert in fleet.alerts if alert.state is AlertState.FIRING]


def _hold_lines(fleet: FleetSnapshot) -> Iterator[str]:
    """What persons keep as it is: whose it is, since when, for how much longer, why."""
    if not fleet.holds:
        yield "By hand: nothing is held"
        return
    yield f"By hand: {len(fleet.holds)} held"
    yield from _first_few([f"  {_hold(hold, fleet.at)}" for hold in fleet.holds])


def _hold(hold: HoldView, now: float) -> str:
    lasts = "" if hold.until is not None else ", until a word ends it"
    why = f": {hold.reason}" if hold.reason else ""
    return f"{target_words(hold.target)}: {hold_words(hold, now)}{lasts}, since {span(now - hold.since)}{why}"


def _console_lines(fleet: FleetSnapshot) -> Iterator[str]:
    if not fleet.consoles:
        yield "Consoles: none"
        return
    yield f"Consoles: {len(fleet.consoles)}"
    yield from _first_few([f"  {_console(console, fleet.at)}" for console in fleet.consoles])


def _console(console: ConsoleView, now: float) -> str:
    origin = f" ({console.origin})" if console.origin else ""
    looks = ", read-only" if console.is_read_only else ""
    return f"{console.actor or 'somebody'}{origin} for {span(now - console.since)}{looks}"


def _alert_lines(fleet: FleetSnapshot, *, uses_ascii: bool) -> Iterator[str]:
    firing = _firing(fleet)
    if not firing:
        yield "Alerts: none fires"
        return
    yield f"Alerts: {len(firing)} firing, {sum(1 for alert in firing if alert.wants_attention)} nobody has"
    yield from _first_few([_alert(alert, fleet.at, uses_ascii=uses_ascii) for alert in firing])


def _alert(alert: AlertView, now: float, *, uses_ascii: bool) -> str:
    mark = SEVERITY_MARKS[alert.severity]
    has_it = alert.acknowledged_by
    held = f" ({_glyph(ACKNOWLEDGED, uses_ascii=uses_ascii)} {has_it})" if has_it else ""
    return f"{_glyph(mark, uses_ascii=uses_ascii)} {mark.word} {span(now - alert.raised_at)}{held}: {alert.text}"


def _first_few(lines: list[str]) -> Iterator[str]:
    """As many lines as a page has room for, and how many more there are."""
    yield from lines[:ALERTS_SHOWN]
    if len(lines) > ALERTS_SHOWN:
        yield f"  and {len(lines) - ALERTS_SHOWN} more"


def _recorder_line(fleet: FleetSnapshot) -> str:
    recorder = fleet.recorder
    if recorder.error:
        return f"Recorder: FAILS: {recorder.error}"
    caution = f"; {recorder.caution}" if recorder.caution else ""
    return f"Recorder: {recorder.recorded} recorded, {recorder.queued} queued, {recorder.dropped} dropped{caution}"


def _glyph(mark: Mark, *, uses_ascii: bool) -> str:
    return mark.ascii_glyph if uses_ascii else mark.glyph


def harmless(text: str) -> str:
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
