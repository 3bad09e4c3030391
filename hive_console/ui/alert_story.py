"""One alert in words: how it stands, what to do about it, and all that happened to it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import assert_never

from hive_console.core import events as e
from hive_console.core.alerting.rules import RULES, Rule
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import Action, AlertState
from hive_console.core.wording import span, whole_span
from hive_console.ui.alert_feed import AlertEvent, AlertFeed, Delivery
from hive_console.ui.deeds import DEED_KEYS, DEED_WORDS
from hive_console.ui.delivery_lines import KIND_WORDS, answer_words
from hive_console.ui.delivery_lines import mark_of as end_mark_of
from hive_console.ui.formatting import time_of_day
from hive_console.ui.labeled import labeled
from hive_console.ui.model_story import status_words, traffic_words
from hive_widgets.alert_list import mark_of, names_of, standing_of
from hive_widgets.glyphs import (
    ACKNOWLEDGED,
    FLAPPING,
    RESOLVED,
    SEVERITY_MARKS,
    SILENCED,
    STATUS_MARKS,
    Mark,
    Role,
)
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, wrapped

NOTED = Mark("✎", "n", "note", Role.PLAIN)
BY_HAND = Mark("►", ">", "by hand", Role.HELD)
PAGED = Mark("↑", "^", "escalated", Role.WARN)

StoryEvent = AlertEvent | e.OperatorActed

_CLOCK = 10

HEAD_LINES = 12
"""Alerts of a group that are named below the list: more than there is room for."""

_NONE_TOLD = "nobody but this console"


def rule_of(alert: AlertView) -> Rule | None:
    """What is known of its rule; nothing of one that a settings file adds."""
    return RULES.get(alert.rule)


def detail_lines(
    alert: AlertView | None, fleet: FleetSnapshot, *, now: float, zone: tzinfo | None, width: int, plain: bool
) -> tuple[Pieces, ...]:
    """How one alert and its model stand now, what matters most first; the story tells the rest."""
    if alert is None:
        return ()
    mark = mark_of(alert)
    model = fleet.model(alert.subject)
    word = SEVERITY_MARKS[alert.severity].word
    rule = rule_of(alert)
    now_words = "" if model is None else status_words(model, now, plain=plain)
    advice = "" if rule is None else rule.advice
    role = Role.PLAIN if model is None else STATUS_MARKS[model.status].role
    owner = _owner(alert, now, plain=plain)
    return (
        *labeled("Alert", alert.text, width, role=mark.role, lines=2),
        *labeled("Taken", owner.text, width, role=owner.role, lines=1),
        *labeled("Told", told_words(alert, now), width, role=_told_role(alert), lines=1),
        *labeled("Since", since_words(alert, now, zone), width, lines=1),
        *labeled("Rule", f"{alert.rule_id}, {word}, about {alert.subject or 'the whole fleet'}", width, lines=1),
        *labeled("Now", now_words, width, role=role, lines=1),
        *labeled("Do", advice, width, lines=2),
    )


def head_lines(alerts: tuple[AlertView, ...], *, now: float, width: int, plain: bool) -> tuple[Pieces, ...]:
    """What is folded away below a line, one alert a line, the gravest first."""
    lines: list[Pieces] = []
    for alert in alerts[:HEAD_LINES]:
        mark = mark_of(alert)
        sign = Piece(f" {mark.ascii_glyph if plain else mark.glyph} ", mark.role)
        lines.append(
            (sign, Piece(fit(span(now - alert.raised_at), 8), Role.MUTED), Piece(fit(alert.text, width - 12)))
        )
    return tuple(lines)


def fact_lines(
    alert: AlertView, fleet: FleetSnapshot, *, now: float, zone: tzinfo | None, width: int, plain: bool
) -> tuple[Pieces, ...]:
    """All there is to know of it but its story and its advice."""
    model = fleet.model(alert.subject)
    labels = ", ".join(f"{name}={value}" for name, value in alert.labels)
    return (
        *detail_lines(alert, fleet, now=now, zone=zone, width=width, plain=plain),
        *labeled("Labels", labels, width, lines=2),
        *labeled("Muted", muted_words(alert, fleet, now), width, role=Role.HELD, lines=2),
        *labeled("Traffic", "" if model is None else traffic_words(model, fleet, plain=plain), width, lines=1),
    )


def advice_lines(
    alert: AlertView, keys: Mapping[Action, str], width: int, *, has_model: bool
) -> tuple[Pieces, ...]:
    """When it ends by itself, where to read more, and which keys do what its rule suggests.

    Args:
        alert: the alert.
        keys: of each action, as they are now; those that are missing are in the menu.
        width: columns.
        has_model: whether it is about a model, which keys could act on.
    """
    rule = rule_of(alert)
    if rule is None:
        return labeled("Rule", "it is one of the settings file's own", width)
    offers = [
        f"{keys.get(action) or 'x ' + DEED_KEYS[action]} {DEED_WORDS[action]}"
        for action in (rule.actions if has_model else ())
        if action in DEED_KEYS and action is not Action.ACKNOWLEDGE
    ]
    return (
        *labeled("Keys", "   ".join(offers), width, role=Role.ACCENT, lines=2),
        *labeled("Ends", f"when {rule.ends}" if rule.ends else "", width, lines=2),
        *labeled("Runbook", rule.runbook, width, lines=1),
    )


def told_words(alert: AlertView, now: float) -> str:
    """Who was told, who could not be yet, and who is next."""
    said = [f"NOT YET {names_of(alert.untold, most=4)}"] if alert.untold else []
    said.append(names_of(alert.told, most=6) if alert.told else _NONE_TOLD)
    if alert.state is AlertState.FIRING and alert.next_step_at is not None and not alert.is_muted:
        whom = f"{names_of(alert.next_told, most=3)} " if alert.next_told else "the next step "
        left = alert.next_step_at - now
        said.append(f"then {whom}{f'in {whole_span(left)}' if left > 0 else 'now'}")
    return "; ".join(said)


def _told_role(alert: AlertView) -> Role:
    return Role.BAD if alert.untold else Role.PLAIN


def since_words(alert: AlertView, now: float, zone: tzinfo | None) -> str:
    """Since when, how long it lasted, and how often it came back."""
    said = f"{time_of_day(alert.raised_at, zone)}, {span(now - alert.raised_at)} ago"
    if alert.resolved_at is not None:
        lasted = span(alert.resolved_at - alert.raised_at)
        cause = f" ({alert.cause})" if alert.cause else ""
        said += f"; over since {time_of_day(alert.resolved_at, zone)}, lasted {lasted}{cause}"
    if alert.times:
        said += f"; fired {alert.times + 1} times"
    return f"{said}; FLAPPING: it comes and goes" if alert.is_flapping else said


def muted_words(alert: AlertView, fleet: FleetSnapshot, now: float) -> str:
    """What mutes it, and until when."""
    if alert.silenced_by:
        silence = next((one for one in fleet.silences if one.silence_id == alert.silenced_by), None)
        if silence is None:
            return f"by silence {alert.silenced_by}"
        return f"by {silence.by} for {whole_span(silence.until - now)} more: {silence.reason}"
    if not alert.inhibited_by:
        return ""
    other = fleet.alert(alert.inhibited_by)
    why = alert.inhibited_by if other is None else f"{other.rule_id} {other.subject}: {other.text}"
    return f"explained by {why}"


def _owner(alert: AlertView, now: float, *, plain: bool) -> Piece:
    if alert.acknowledged_by is None:
        if alert.is_muted and alert.state is AlertState.FIRING:
            return Piece(f"by nobody: it is {standing_of(alert)}", Role.HELD)
        return Piece("by nobody", Role.BAD if alert.wants_attention else Role.MUTED)
    ago = "" if alert.acknowledged_at is None else f", {span(now - alert.acknowledged_at)} ago"
    until = ""
    if alert.acknowledged_until is not None and alert.state is AlertState.FIRING:
        until = f", {whole_span(alert.acknowledged_until - now)} left"
    note = f": “{alert.note}”" if alert.note else ""
    who = standing_of(alert, is_ascii=plain) if alert.state is AlertState.FIRING else alert.acknowledged_by
    return Piece(f"{who}{ago}{until}{note}", Role.HELD)


# --- what happened -----------------------------------------------------------------------------------


def story_lines(
    alert: AlertView, feed: AlertFeed, *, zone: tzinfo | None, width: int, plain: bool
) -> tuple[Pieces, ...]:
    """What happened to it and who was told, oldest first; each attempt with its answer."""
    told: list[tuple[float, int, Mark, str]] = [
        (event.at, 0, *change_words(event)) for event in feed.changes_of(alert)
    ]
    told += (moment for delivery in feed.deliveries_of(alert.alert_id) for moment in _delivered(delivery))
    lines: list[Pieces] = []
    for at, _, mark, words in sorted(told, key=lambda one: one[:2]):
        rows = wrapped(words, max(10, width - _CLOCK - 4), 3)
        clock = f" {time_of_day(at, zone).removesuffix('Z')} "
        sign = f"{mark.ascii_glyph if plain else mark.glyph} "
        for place, row in enumerate(rows):
            begin = (
                (Piece(clock, Role.MUTED), Piece(sign, mark.role)) if not place else (Piece(" " * _CLOCK + "  "),)
            )
            lines.append((*begin, Piece(row)))
    return tuple(lines)


def change_words(event: StoryEvent) -> tuple[Mark, str]:  # noqa: C901, PLR0912 - one case per kind is the plainest
    """The change as a sign and a sentence without its alert."""
    match event:
        case e.AlertRaised():
            return SEVERITY_MARKS[event.severity], f"began to fire, {event.severity.value}: {event.text}"
        case e.AlertReopened():
            return SEVERITY_MARKS[event.severity], f"fired again, time {event.times + 1}: {event.text}"
        case e.AlertChanged():
            return SEVERITY_MARKS[event.new], f"{event.old.value} → {event.new.value}: {event.text}"
        case e.AlertResolved():
            by = f" by {event.actor}" if event.actor else ""
            return RESOLVED, f"resolved{by} after {span(event.lasted)}{_with(event.cause)}"
        case e.AlertAcknowledged():
            until = "" if event.until is None else f" for {span(event.until - event.at)}"
            return ACKNOWLEDGED, f"{event.actor} took it{until}{_with(event.note)}"
        case e.AlertUnacknowledged():
            by = f" by {event.actor}" if event.actor else ""
            return PAGED, f"nobody has it any more{by}{_with(event.cause)}"
        case e.AlertNoted():
            return NOTED, f"{event.actor}: {event.note}"
        case e.AlertMuted():
            if event.silence_id:
                return SILENCED, f"silenced by {event.silence_id}"
            return SILENCED, f"explained by {event.by_alert}" if event.by_alert else "people are told again"
        case e.AlertFlapping():
            share = f", changes {event.change:.0%} of the time" if event.change else ""
            return FLAPPING, f"flaps{share}" if event.is_flapping else "flaps no more"
        case e.AlertEscalated():
            return PAGED, f"{event.actor} had the next ones told{_with(event.note)}"
        case e.OperatorActed():
            to = f" → {event.parameter}" if event.parameter else ""
            return BY_HAND, f"{event.actor}: {event.action.value} {event.target}{to}{_with(event.reason)}"
        case _:
            assert_never(event)


def _delivered(delivery: Delivery) -> Iterable[tuple[float, int, Mark, str]]:
    """Each attempt of a notice, and its end where that is no delivery."""
    kind = "a notice" if delivery.kind is None else KIND_WORDS[delivery.kind]
    mark = end_mark_of(delivery)
    name = f"{delivery.channel}: {kind}"
    if not delivery.attempts and delivery.end is None:
        yield delivery.at, 1, mark, f"{name} waits{_with(delivery.cause)}"
    for number, attempt in sorted(delivery.attempts.items()):
        if attempt.is_delivered:
            yield attempt.at, 1, mark, f"{name} delivered: {answer_words(attempt)}"
        else:
            yield attempt.at, 1, mark, f"{name}, try {number}: {answer_words(attempt)}"
    if delivery.end is not None and not any(attempt.is_delivered for attempt in delivery.attempts.values()):
        at = delivery.at if delivery.ended_at is None else delivery.ended_at
        yield at, 2, mark, f"{name} {mark.word}{_with(delivery.cause)}"


def _with(text: str) -> str:
    return f": {text}" if text else ""
