"""Alerts in words: the summary of the inbox, its calm text, and the details of one; pure."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.past import past_of
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import AlertState, ModelStatus
from hive_console.core.wording import span
from hive_console.ui.formatting import time_of_day
from hive_console.ui.model_story import status_words, traffic_words
from hive_widgets.alert_list import mark_of, standing_of
from hive_widgets.glyphs import SEVERITY_MARKS, STATUS_MARKS, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, wrapped

HINT = "words that the alert must hold: a model, critical, firing, resolved, a name …"

_LABEL = 9
_TEXT_LINES = 2


def admits(alert: AlertView, words: str) -> bool:
    """Whether the alert holds all the words, anywhere in what is shown of it."""
    shown = " ".join(
        (
            alert.subject,
            alert.text,
            alert.rule.value,
            alert.severity.value,
            alert.state.value,
            alert.acknowledged_by or "",
            alert.note,
        )
    ).casefold()
    return all(word in shown for word in words.casefold().split())


def summary(fleet: FleetSnapshot, now: float) -> Piece:
    """How many want somebody, in one sentence."""
    firing = [alert for alert in fleet.alerts if alert.state is AlertState.FIRING]
    waiting = [alert for alert in firing if alert.wants_attention]
    if waiting:
        oldest = min(alert.raised_at for alert in waiting)
        count = "1 alert waits" if len(waiting) == 1 else f"{len(waiting)} alerts wait"
        worst = min(
            (alert.severity for alert in waiting), key=lambda severity: -list(SEVERITY_MARKS).index(severity)
        )
        return Piece(f" {count} for somebody, the oldest for {span(now - oldest)}.", SEVERITY_MARKS[worst].role)
    if firing:
        return Piece(" Nothing wants you: all alerts that fire are taken.", Role.HELD)
    ended = [alert.resolved_at for alert in fleet.alerts if alert.resolved_at is not None]
    quiet = f"; the last alert ended {span(now - max(ended))} ago" if ended else ""
    return Piece(f" Nothing wants you: {calm_words(fleet)}{quiet}.", Role.GOOD)


def calm_words(fleet: FleetSnapshot) -> str:
    """What is said while nothing fires."""
    well = sum(1 for model in fleet.models if model.status is ModelStatus.AVAILABLE)
    count = len(fleet.models)
    return f"all {well} models are well" if well == count else f"{well} of {count} models are well"


def empty_words(fleet: FleetSnapshot, now: float) -> str:
    """What stands in an inbox that never held anything."""
    if past_of(fleet) is not None:
        return "no alert is recorded until then"
    return f"no alert since the engine started {span(now - fleet.started_at)} ago"


def detail_lines(
    alert: AlertView | None, fleet: FleetSnapshot, *, now: float, zone: tzinfo | None, width: int, plain: bool
) -> tuple[Pieces, ...]:
    """All there is to know about one alert, and how its model stands now."""
    if alert is None:
        return ()
    mark = mark_of(alert)
    room = width - _LABEL - 2
    lines: list[Pieces] = [
        _labeled("Alert" if not place else "", Piece(row, mark.role))
        for place, row in enumerate(wrapped(alert.text, room, _TEXT_LINES))
    ]
    word = SEVERITY_MARKS[alert.severity].word
    lines.append(_labeled("Rule", Piece(f"{alert.rule.value}, {word}, about {alert.subject or 'the whole fleet'}")))
    lines.append(_labeled("Since", Piece(_since(alert, now, zone))))
    lines.append(_labeled("Taken", _owner(alert, now, plain=plain)))
    model = fleet.model(alert.subject)
    if model is not None:
        role = STATUS_MARKS[model.status].role
        lines.append(_labeled("Now", Piece(status_words(model, now, plain=plain), role)))
        lines.append(_labeled("Traffic", Piece(traffic_words(model, fleet, plain=plain))))
    return tuple(lines)


def _labeled(label: str, piece: Piece) -> Pieces:
    return (Piece(f" {label:<{_LABEL}}", Role.MUTED), piece)


def _since(alert: AlertView, now: float, zone: tzinfo | None) -> str:
    raised = f"{time_of_day(alert.raised_at, zone)}, {span(now - alert.raised_at)} ago"
    if alert.resolved_at is None:
        return raised
    lasted = span(alert.resolved_at - alert.raised_at)
    return f"{raised}; over since {time_of_day(alert.resolved_at, zone)}, lasted {lasted}"


def _owner(alert: AlertView, now: float, *, plain: bool) -> Piece:
    if alert.acknowledged_by is None:
        return Piece("by nobody", Role.BAD if alert.wants_attention else Role.MUTED)
    ago = "" if alert.acknowledged_at is None else f", {span(now - alert.acknowledged_at)} ago"
    note = f": “{alert.note}”" if alert.note else ""
    who = standing_of(alert, is_ascii=plain) if alert.state is AlertState.FIRING else alert.acknowledged_by
    return Piece(f"{who}{ago}{note}", Role.HELD)
