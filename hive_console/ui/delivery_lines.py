"""Notices as lines: how each ended, over which channel, what it told, and what the other side answered; pure."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import NoticeEnd, NoticeKind
from hive_console.core.wording import latency, span, whole_span
from hive_console.ui.alert_feed import Attempt, Delivery
from hive_console.ui.formatting import day_and_time, time_of_day
from hive_console.ui.labeled import labeled
from hive_widgets.glyphs import Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of

END_MARKS = {
    NoticeEnd.DELIVERED: Mark("✔", "v", "delivered", Role.GOOD),
    NoticeEnd.DEAD: Mark("✖", "X", "DEAD", Role.BAD),
    NoticeEnd.SUPERSEDED: Mark("·", ".", "superseded", Role.MUTED),
    NoticeEnd.DROPPED: Mark("▼", "-", "DROPPED", Role.BAD),
}
"""How a notice ended."""

QUEUED = Mark("…", "~", "waiting", Role.MUTED)
SENDING = Mark("►", ">", "sending", Role.PLAIN)
RETRYING = Mark("↻", "r", "RETRYING", Role.WARN)
"""How one stands that has not ended."""

KIND_WORDS = {
    NoticeKind.FIRING: "firing",
    NoticeKind.REPEAT: "still firing",
    NoticeKind.ESCALATION: "escalation",
    NoticeKind.FLAPPING: "flapping",
    NoticeKind.DIGEST: "digest",
    NoticeKind.RESOLVED: "resolved",
    NoticeKind.PASSED: "fired and over",
    NoticeKind.ACKNOWLEDGED: "acknowledged",
    NoticeKind.TEST: "test",
}

_CLOCK, _WORD, _CHANNEL, _KIND, _TRIES = 10, 11, 12, 15, 4
"""Columns, with the air behind them."""

_ALERT_FROM = 74
"""Columns from which the alert has one of its own."""


def mark_of(delivery: Delivery) -> Mark:
    """How the notice ended, or how it stands."""
    if delivery.end is not None:
        return END_MARKS[delivery.end]
    last = delivery.last
    if last is None:
        return QUEUED
    return SENDING if last.took is None else RETRYING


def answer_words(attempt: Attempt) -> str:
    """What came back, with its status and the time it took."""
    if attempt.took is None:
        return "under way"
    status = "" if attempt.status is None else f"{attempt.status} "
    said = f"{status}{attempt.answer}".strip() or ("taken" if attempt.is_delivered else "no answer")
    return f"{said} in {latency(attempt.took)}"


def about_words(delivery: Delivery, fleet: FleetSnapshot) -> str:
    """Of which alerts it tells, in a few words."""
    if delivery.kind is NoticeKind.TEST:
        return "a test"
    if not delivery.alert_ids:
        return ""
    alert = fleet.alert(delivery.alert_ids[0])
    first = delivery.alert_ids[0] if alert is None else f"{alert.rule_id} {alert.subject}".rstrip()
    return first if delivery.count <= 1 else f"{first} +{delivery.count - 1}"


def next_words(delivery: Delivery, now: float) -> str:
    """When something happens next, or the answer that counts."""
    last = delivery.last
    if delivery.end is None and last is None:
        due = delivery.due
        return "" if due is None or due <= now else f"due in {whole_span(due - now)}"
    if delivery.end is None and last is not None and last.next_at is not None:
        return f"again in {whole_span(last.next_at - now)}; {answer_words(last)}"
    if last is None:
        return delivery.cause
    return answer_words(last) if delivery.end is NoticeEnd.DELIVERED else delivery.cause or answer_words(last)


def row_pieces(
    delivery: Delivery, fleet: FleetSnapshot, *, now: float, zone: tzinfo | None, width: int, plain: bool
) -> Pieces:
    """One notice in one line."""
    mark = mark_of(delivery)
    tries = len(delivery.attempts)
    is_quiet = mark.role is Role.MUTED
    pieces = [
        Piece(fit(time_of_day(delivery.at, zone).removesuffix("Z"), _CLOCK), Role.MUTED),
        Piece(f"{mark.ascii_glyph if plain else mark.glyph} {fit(mark.word, _WORD)}", mark.role),
        Piece(fit(fit(delivery.channel, _CHANNEL - 1), _CHANNEL)),
        Piece(fit(_kind(delivery), _KIND), Role.MUTED if is_quiet else Role.PLAIN),
        Piece(fit(f"{tries}x" if tries > 1 else "", _TRIES), Role.WARN),
    ]
    left = width - sum(width_of(piece.text) for piece in pieces)
    about, comes = about_words(delivery, fleet), next_words(delivery, now)
    if width >= _ALERT_FROM and comes:
        half = max(left // 2, left - width_of(comes) - 1)
        pieces += [Piece(fit(fit(about, half - 1), half)), Piece(fit(comes, left - half), Role.MUTED)]
    else:
        pieces.append(Piece(fit(about or comes, left)))
    return tuple(pieces)


def detail_lines(
    delivery: Delivery, fleet: FleetSnapshot, *, now: float, zone: tzinfo | None, width: int
) -> tuple[Pieces, ...]:
    """All of one notice, each of its attempts with its answer."""
    mark = mark_of(delivery)
    alert = fleet.alert(delivery.alert_ids[0]) if delivery.alert_ids else None
    ended = "" if delivery.ended_at is None else f", {span(delivery.ended_at - delivery.at)} after it was queued"
    step = f", step {delivery.step + 1} of the escalation" if delivery.kind is NoticeKind.ESCALATION else ""
    cause = f": {delivery.cause}" if delivery.cause else ""
    return (
        *labeled("Notice", f"{_kind(delivery)} over {delivery.channel}{step}", width, lines=2),
        *labeled("Alert", about_words(delivery, fleet) if alert is None else alert.text, width, lines=2),
        *labeled("Outcome", f"{mark.word}{ended}{cause}", width, role=mark.role, lines=3),
        *(
            line
            for number in sorted(delivery.attempts, reverse=True)
            for line in _attempt(number, delivery.attempts[number], now=now, zone=zone, width=width)
        ),
        *labeled("Queued", day_and_time(delivery.at, zone), width),
        *labeled("Id", delivery.notice_id, width),
    )


def _attempt(number: int, attempt: Attempt, *, now: float, zone: tzinfo | None, width: int) -> tuple[Pieces, ...]:
    again = ""
    if attempt.next_at is not None and attempt.next_at > now:
        again = f"; again in {whole_span(attempt.next_at - now)}"
    role = Role.PLAIN if attempt.is_delivered or attempt.took is None else Role.WARN
    said = f"{time_of_day(attempt.at, zone)} {answer_words(attempt)}{again}"
    return labeled(f"Try {number}", said, width, role=role, lines=3)


def _kind(delivery: Delivery) -> str:
    return "a notice" if delivery.kind is None else KIND_WORDS[delivery.kind]
