"""The two lines on top: who is well, in counts, and what is wrong, in a sentence."""

from __future__ import annotations

from datetime import tzinfo

from hive_console.core.headline import headline
from hive_console.core.past import OPENING, Past, past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import AlertState, BreakerState, DegradationLevel, ModelStatus
from hive_console.core.wording import span, whole_span
from hive_console.ui.channel_words import channel_words, failing_channels
from hive_console.ui.company import company_of
from hive_console.ui.formatting import day_and_time, time_of_day
from hive_console.ui.past_words import doubts_of
from hive_widgets.glyphs import BREAKER_MARKS, SEVERITY_MARKS, STATUS_MARKS, Mark, Role
from hive_widgets.pieces import Piece, fit, width_of

LATE_LOOP = 0.25
"""Seconds of lag from which the engine's own lateness is said before anything else."""

OLD_NEWS = 5.0
"""Seconds without a new snapshot from which what is shown is called old: the engine publishes twice a second."""

LONGEST_NAME, SHORTEST_NAME = 24, 6
"""Cells for the name of a recording; with fewer it is left out."""

DEMO = "demo"
"""The environment of the shipped demo fleet, which the screen must name."""

_COUNTED = (ModelStatus.AVAILABLE, ModelStatus.DEGRADED, ModelStatus.UNAVAILABLE, ModelStatus.UNKNOWN)


def title_pieces(
    fleet: FleetSnapshot,
    now: float,
    *,
    width: int,
    paused_since: float | None = None,
    is_read_only: bool = False,
    is_ascii: bool = False,
    is_old: bool = False,
    session: float = 0.0,
    link: str = "",
) -> tuple[Piece, ...]:
    """The title bar, in at most `width` cells where leaving out what the rows say too is enough.

    `is_old` when nothing comes from the engine; `session` is one's own among the fleet's consoles; `link` says that
    the line to the terminal is slow.
    """
    mode = Piece("LIVE", Role.GOOD)
    past = past_of(fleet)
    if past is not None:
        mode = Piece(f"REVIEW {fit(past.name, min(LONGEST_NAME, width_of(past.name)))}", Role.HELD, is_bold=True)
    elif is_old:
        mode = Piece("OLD", Role.BAD, is_bold=True)
    elif not fleet.sequence:
        mode = Piece("STARTING", Role.WARN)
    elif fleet.environment.lower() == DEMO:
        mode = Piece("DEMO", Role.HELD, is_bold=True)
    environment = "" if fleet.environment.lower() == DEMO or not fleet.environment else f" {fleet.environment}"
    paused = []
    if paused_since is not None:
        paused = [Piece(f"PAUSED {whole_span(now - paused_since)}", Role.WARN, is_bold=True)]
    level = _level(fleet)
    breakers = _breaker_counts(fleet, is_ascii=is_ascii)
    parts = [
        Piece(f"HIVE{environment}", Role.ACCENT, is_bold=True),
        *([] if paused and mode.text == "LIVE" else [mode]),
        *paused,
        *([Piece("READ-ONLY", Role.HELD, is_bold=True)] if is_read_only and past is None else []),
        *level,
        *_status_counts(fleet, is_ascii=is_ascii),
        *breakers,
        *_alert_count(fleet, is_ascii=is_ascii),
    ]
    slow = [Piece(link, Role.WARN)] if link else []
    parts += slow
    company = company_of(fleet, session)
    if company is not None:
        at_length, in_short = company
        parts.append(at_length if _width([*parts, at_length]) <= width else in_short)
    # In this order: the rows tell of breakers, nobody misses LIVE, and the sentence tells the level.
    live = [mode] if mode.text == "LIVE" else []
    for spare in (breakers, live, slow, level):
        if _width(parts) > width:
            parts = [part for part in parts if part not in spare]
    if past is not None and _width(parts) > width:
        room = width - _width([part for part in parts if part is not mode]) - len("  REVIEW ")
        name = fit(past.name, room) if room >= SHORTEST_NAME else ""
        shorter = Piece(f"REVIEW {name}".rstrip(), mode.role, is_bold=True)
        parts = [shorter if part is mode else part for part in parts]
    return tuple(_joined(parts))


def clock_piece(fleet: FleetSnapshot, now: float, zone: tzinfo | None) -> Piece:
    """The time at the right end of the title; it ticks alone, so that a calm screen costs a few bytes a second.

    Of a recording it is the time that is shown, with its day.
    """
    if past_of(fleet) is not None:
        return Piece(f"{day_and_time(fleet.at, zone)} " if fleet.sequence else "", Role.HELD, is_bold=True)
    return Piece(f"{time_of_day(now, zone)} ")


def _level(fleet: FleetSnapshot) -> list[Piece]:
    """How much of the service is given, while it is not all."""
    if not fleet.is_degraded:
        return []
    word = "DEGRADED MODE" if fleet.level is DegradationLevel.FULL else fleet.level.value.upper()
    return [Piece(word, Role.WARN if fleet.level is DegradationLevel.REDUCED else Role.BAD, is_bold=True)]


def _status_counts(fleet: FleetSnapshot, *, is_ascii: bool) -> list[Piece]:
    counts = [(status, sum(1 for model in fleet.models if model.status is status)) for status in _COUNTED]
    return [
        _count(STATUS_MARKS[status], count, STATUS_MARKS[status].word.lower(), is_ascii=is_ascii)
        for status, count in counts
        if count or status is ModelStatus.AVAILABLE
    ]


def _breaker_counts(fleet: FleetSnapshot, *, is_ascii: bool) -> list[Piece]:
    count = sum(1 for model in fleet.models if model.breaker.state is BreakerState.OPEN)
    return [_count(BREAKER_MARKS[BreakerState.OPEN], count, "open", is_ascii=is_ascii)] if count else []


def _alert_count(fleet: FleetSnapshot, *, is_ascii: bool) -> list[Piece]:
    """Alerts that fire and that people are told of; the muted ones are named only where there are no others."""
    firing = [alert for alert in fleet.alerts if alert.state is AlertState.FIRING]
    told = [alert for alert in firing if not alert.is_muted]
    if not told:
        return [Piece(f"{len(firing)} muted" if firing else "no alerts", Role.MUTED)]
    waiting = [alert for alert in told if alert.wants_attention]
    word = "alert" if len(told) == 1 else "alerts"
    if not waiting:
        return [Piece(f"{len(told)} {word}, all acknowledged", Role.HELD)]
    worst = max((alert.severity for alert in waiting), key=lambda severity: severity.rank)
    return [_count(SEVERITY_MARKS[worst], len(told), word, is_ascii=is_ascii)]


def _count(mark: Mark, count: int, word: str, *, is_ascii: bool) -> Piece:
    role = mark.role if count else Role.MUTED
    return Piece(f"{mark.ascii_glyph if is_ascii else mark.glyph} {count} {word}", role)


def _width(parts: list[Piece]) -> int:
    return sum(width_of(part.text) + 2 for part in parts)


def _joined(parts: list[Piece]) -> list[Piece]:
    joined = [Piece(" ")]
    for part in parts:
        joined += [part, Piece("  ")]
    return joined[:-1]


def sentence(fleet: FleetSnapshot, now: float, zone: tzinfo | None = None, *, trouble: str = "") -> Piece:
    """What to read first; doubts about the console itself come before news of the models.

    Args:
        fleet: as shown.
        now: Unix seconds.
        zone: of moments that are named.
        trouble: why nothing comes from the engine (`EngineClient.trouble`).
    """
    if trouble:
        return Piece(trouble, Role.BAD, is_bold=True)
    past = past_of(fleet)
    if past is not None:
        return _past_sentence(fleet, past, zone)
    if fleet.sequence and now - fleet.at > OLD_NEWS:
        return Piece(
            f"NO NEWS from the engine for {whole_span(now - fleet.at)}: what stands below is old.",
            Role.BAD,
        )
    doubts: list[str] = []
    if fleet.loop_lag > LATE_LOOP:
        doubts.append(f"The engine is {span(fleet.loop_lag)} late.")
    if fleet.recorder.error:
        doubts.append(f"NOT RECORDING: {fleet.recorder.error}.")
    elif fleet.recorder.caution:
        doubts.append(f"Recording: {fleet.recorder.caution}.")
    if failing_channels(fleet):
        doubts.append(f"{channel_words(fleet)}.")
    return _news(fleet, now, " ".join(doubts))


def _news(fleet: FleetSnapshot, now: float, doubts: str) -> Piece:
    """The doubts, then how the fleet is."""
    said = headline(fleet, now)
    if doubts:
        return Piece(f"{doubts} {said}", Role.BAD)
    if any(model.status is ModelStatus.UNAVAILABLE for model in fleet.models):
        return Piece(said, Role.BAD)
    if fleet.is_degraded or any(model.status is ModelStatus.DEGRADED for model in fleet.models):
        return Piece(said, Role.WARN)
    return Piece(said)


def _past_sentence(fleet: FleetSnapshot, past: Past, zone: tzinfo | None) -> Piece:
    doubts = doubts_of(past, fleet.at if fleet.models else 0.0, zone)
    if not fleet.models and (doubts or past.end is None):
        return Piece(doubts or (OPENING if past.is_loading else "Nothing is recorded yet."))
    if not fleet.models:
        return Piece("No model was known then.")
    return _news(fleet, fleet.at, doubts)
