"""The timeline in words: its rows, the story of one moment, what a filter can say; pure."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, tzinfo
from enum import Enum

from hive_console.core.chronicle import Kind, Moment
from hive_console.core.events import Event
from hive_console.core.lanes import Cell
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import Severity
from hive_console.core.wording import ago, latency, percent, span
from hive_console.ui.formatting import day_and_time, time_of_day
from hive_console.ui.labeled import LABEL, labeled
from hive_console.ui.list_filter import Grammar
from hive_console.ui.model_story import status_words
from hive_widgets.fleet_cells import short_span
from hive_widgets.glyphs import SEVERITY_MARKS, STATUS_MARKS, Mark, Role
from hive_widgets.lane_strip import LANE_MARKS
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of

HINT = "model:x kind:breaker since:15m by:maria !word word"
"""The grammar by example."""

BY_HAND = Mark("◇", "*", "by hand", Role.HELD)
GAP = LANE_MARKS[Cell.GAP]

AGE_FROM = 60
"""Columns from which the age stands beside the time."""

AGE_STEP = 5
"""Ages below a minute move in steps of so many seconds, so that a quiet list is not sent anew each second."""

DAY_FROM = 72_000.0
"""Seconds (20 hours) of what is shown from which each time is told with its day."""

_KIND, _AGE, _MINUTE = 9, 5, 60

_QUIET = frozenset({"at", "operation", "action_id", "alert_id", "models", "model_setups", "route_setups"})
"""Fields that details leave out: they stand above already, or tell a person nothing."""

_SPANS = frozenset({"down_for", "took", "ramp", "lasted"})
_MOMENTS = frozenset({"open_until", "until"})
_SHARES = frozenset({"share", "available_share", "threshold"})


def _actors(moment: Moment) -> tuple[str, ...]:
    return tuple(str(getattr(moment.event, name, "")) for name in ("actor", "origin"))


GRAMMAR: Grammar[Moment] = Grammar(
    named={
        "model": lambda moment: tuple(moment.models),
        "kind": lambda moment: (moment.kind.value,),
        "by": _actors,
        "severity": lambda moment: (moment.severity.value,),
    },
    told=lambda moment: " ".join((moment.kind.value, moment.severity.value, moment.text, *_actors(moment))),
    at=lambda moment: (moment.at, moment.last),
)
"""What a filter of the timeline can say."""


def mark_of(moment: Moment) -> Mark:
    """How a moment is shown: hands and gaps by their own sign, the rest by how loud it is."""
    if moment.kind is Kind.GAP:
        return GAP
    if moment.kind is Kind.HAND:
        return BY_HAND
    return SEVERITY_MARKS[moment.severity]


def row_pieces(
    moment: Moment,
    *,
    before: Moment | None,
    now: float,
    zone: tzinfo | None,
    width: int,
    with_day: bool,
    plain: bool,
) -> Pieces:
    """A moment as one line.

    Args:
        moment: what happened.
        before: the moment in the line above, to which a cause may point.
        now: Unix seconds, for the age.
        zone: of the times shown.
        width: columns there are.
        with_day: whether the day is told with the time.
        plain: draws without Unicode.
    """
    mark = mark_of(moment)
    pieces = [Piece(f"{_time(moment.at, zone, with_day=with_day)} ", Role.MUTED)]
    if width >= AGE_FROM:
        pieces.append(Piece(f"{_age(now - moment.last):>{_AGE - 1}} ", Role.MUTED))
    told = Role.MUTED if moment.severity is Severity.INFO and moment.kind is not Kind.HAND else Role.PLAIN
    pieces += [
        Piece(f"{mark.ascii_glyph if plain else mark.glyph} ", mark.role),
        Piece(fit(moment.kind.value, _KIND), mark.role),
    ]
    if moment.cause is not None and before is not None and moment.cause in {before.number, before.cause}:
        pieces.append(Piece("+ " if plain else "└ ", Role.MUTED))
    if moment.count > 1:
        pieces.append(Piece(f"{'x' if plain else '×'}{moment.count} ", Role.ACCENT))
    room = width - sum(width_of(piece.text) for piece in pieces)
    return (*pieces, Piece(fit(moment.text, max(0, room)), told))


def needs_day(first: float, now: float) -> bool:
    """Whether a time of day does not tell which day it is of: what is shown begins too long ago."""
    return now - first >= DAY_FROM


def _time(at: float, zone: tzinfo | None, *, with_day: bool) -> str:
    clock = time_of_day(at, zone).removesuffix("Z")
    return f"{datetime.fromtimestamp(at, zone):%m-%d} {clock}" if with_day else clock


def _age(seconds: float) -> str:
    return short_span(seconds - seconds % AGE_STEP if 0 < seconds < _MINUTE else seconds)


def subject_of(moment: Moment, fleet: FleetSnapshot) -> ModelView | None:
    """The model at hand: the one that it happened to, else the only one it names."""
    for name in ("model", "subject", "target", "requested"):
        model = fleet.model(str(getattr(moment.event, name, "")))
        if model is not None:
            return model
    named = [model for model in map(fleet.model, sorted(moment.models)) if model is not None]
    return named[0] if len(named) == 1 else None


def detail_lines(
    moment: Moment,
    story: tuple[Moment, ...],
    fleet: FleetSnapshot,
    *,
    now: float,
    zone: tzinfo | None,
    width: int,
    plain: bool,
) -> tuple[Pieces, ...]:
    """All there is to know of a moment, the most telling first."""
    mark = mark_of(moment)
    model = subject_of(moment, fleet)
    lines = [
        *labeled("What", f"{moment.kind.value}: {moment.text}", width, role=mark.role, lines=2),
        *labeled("When", _when(moment, now, zone), width),
        *labeled("Story", story_words(story, moment, plain=plain), width, lines=4),
    ]
    if model is not None and past_of(fleet) is None:
        lines += labeled(
            "Now", status_words(model, now, plain=plain), width, role=STATUS_MARKS[model.status].role, lines=1
        )
    for label, text in fields_of(moment.event, zone):
        if text not in moment.text:
            lines += labeled(label, text, width)
    return tuple(lines)


def _when(moment: Moment, now: float, zone: tzinfo | None) -> str:
    when = f"{day_and_time(moment.at, zone)}, {ago(now - moment.at)}"
    if moment.last <= moment.at:
        return when
    lasted = f"until {time_of_day(moment.last, zone)}, {span(moment.last - moment.at)}"
    return f"{when}; {moment.count} times {lasted}" if moment.count > 1 else f"{when}; {lasted}"


def story_words(story: tuple[Moment, ...], moment: Moment, *, plain: bool = False) -> str:
    """The chain from the first cause on, each with how much later it came; empty where nothing is linked."""
    if len(story) < 2:
        return ""
    begin = story[0].at
    arrow = " -> " if plain else " → "
    parts: list[str] = []
    for one in story:
        later = one.at - begin
        after = f" +{latency(later) if later < 1 else span(later)}" if later > 0 else ""
        here = "[" if one is moment else ""
        parts.append(f"{here}{one.kind.value} {one.text}{after}{']' if here else ''}")
    return arrow.join(parts)


def fields_of(event: Event | None, zone: tzinfo | None) -> tuple[tuple[str, str], ...]:
    """What an event holds besides its sentence, as labels and texts; they were sanitised where they came in."""
    if event is None:
        return ()
    found = ((field.name, getattr(event, field.name)) for field in fields(event) if field.name not in _QUIET)
    return tuple(
        (name.replace("_", " ")[: LABEL - 1], text) for name, value in found if (text := _text(name, value, zone))
    )


def _text(name: str, value: object, zone: tzinfo | None) -> str:
    match value:
        case None | False | "" | ():
            return ""
        case True:
            return "yes"
        case Enum():
            return str(value.value)
        case tuple():
            return ", ".join(map(str, value))
        case float() | int() if name in _SPANS:
            return span(value) if value else ""
        case float() if name in _MOMENTS:
            return time_of_day(value, zone)
        case float() if name in _SHARES:
            return f"{percent(value)} %"
        case _:
            return str(value) if value else ""


def calm_words(fleet: FleetSnapshot, now: float, begins_at: float | None) -> str:
    """What is said while nothing is in the list."""
    if past_of(fleet) is not None:
        return "nothing is recorded until then"
    if begins_at is None:
        return "nothing has happened yet"
    return f"nothing happened in the last {span(now - begins_at)}"
