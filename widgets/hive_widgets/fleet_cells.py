"""One model as the words of its row; pure, so that every cell can be tested without a screen."""

from __future__ import annotations

from hive_console.core.snapshot import ModelView
from hive_console.core.states import ModelStatus
from hive_console.core.wording import countdown, latency, percent
from hive_widgets.breaker_words import breaker_short
from hive_widgets.glyphs import FROZEN, STATUS_MARKS, Role
from hive_widgets.pieces import Piece

STALE_AGE = 75.0
"""Seconds since the last check after which the age is bold: 2.5 probe intervals of 30 s. Is the monitor dead?"""

AGE_STEP = 5
"""Ages below a minute move in steps of this many seconds, so that a quiet table is not sent anew each second."""

NOTHING = "—"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def short_span(seconds: float) -> str:
    """A duration in at most three or four cells: `42s`, `14m`, `5h`, `12d`."""
    whole = max(0, int(seconds))
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if whole >= unit:
            return f"{whole // unit}{name}"
    return f"{whole}s"


def state_cell(model: ModelView, now: float) -> Piece:
    """The status as a word, and for how long: `DOWN     14m`."""
    mark = STATUS_MARKS[model.status]
    if model.status is ModelStatus.UNKNOWN:
        return Piece(mark.word, mark.role)  # nothing began: there is no time to tell
    return Piece(f"{mark.word:<8} {short_span(now - model.status_since):>3}", mark.role)


def breaker_cell(model: ModelView, now: float) -> Piece:
    """The breaker with what comes next; see `breaker_words`."""
    return Piece(*breaker_short(model, now))


def p95_cell(model: ModelView) -> Piece:
    """The 95th percentile of good answers, or a dash."""
    return Piece(NOTHING, Role.MUTED) if model.p95 is None else Piece(latency(model.p95))


def error_cell(model: ModelView) -> Piece:
    """The error rate in percent, or a dash while nothing was judged."""
    if model.error_rate is None:
        return Piece(NOTHING, Role.MUTED)
    return Piece(percent(model.error_rate), Role.BAD if model.error_rate >= _ALARMING else Role.PLAIN)


_ALARMING = 0.05
"""BIP-03's default bound for a degraded model: 5 % of calls."""


def age_cell(model: ModelView, now: float) -> Piece:
    """How old the last check is; bold when so old that the monitor itself may be at fault."""
    if model.last_health_check is None:
        return Piece("never", Role.MUTED)
    age = max(0.0, now - model.last_health_check)
    shown = age - age % AGE_STEP if age < _MINUTE else age
    is_stale = age > STALE_AGE
    return Piece(short_span(shown), Role.WARN if is_stale else Role.PLAIN, is_bold=is_stale)


def badge_of(model: ModelView, now: float) -> Piece:
    """One letter that says "there is more to this row", the gravest; blank for none.

    F a fault, T throttled, E ejected as an outlier, Z frozen, P pinned.
    """
    if model.fault:
        return Piece("F", Role.BAD)
    if model.throttled_until is not None and model.throttled_until > now:
        return Piece("T", Role.WARN)
    if model.ejected_until is not None:
        return Piece("E", Role.WARN)
    if model.breaker.is_frozen:
        return Piece(FROZEN.glyph, FROZEN.role)
    if model.pinned_to is not None:
        return Piece("P", Role.HELD)
    return Piece(" ")


def notes_of(model: ModelView, now: float) -> tuple[Piece, ...]:
    """The same in words, all that apply."""
    notes: list[Piece] = []
    if model.fault:
        notes.append(Piece(f"FAULT {model.fault}", Role.BAD))
    if model.throttled_until is not None and model.throttled_until > now:
        notes.append(Piece(f"throttled {countdown(model.throttled_until - now)}", Role.WARN))
    if model.ejected_until is not None:
        notes.append(Piece(f"ejected {countdown(model.ejected_until - now)}", Role.WARN))
    if model.breaker.is_frozen:
        until = model.breaker.frozen_until
        left = "" if until is None else f" {countdown(until - now)}"
        notes.append(Piece(f"frozen{left}", FROZEN.role))
    if model.pinned_to is not None:
        notes.append(Piece(f"pinned → {model.pinned_to}", Role.HELD))
    return tuple(notes)


def served_cell(model: ModelView) -> Piece:
    """Who answers this model's requests now."""
    if model.serving is None and model.status is ModelStatus.UNKNOWN:
        return Piece(NOTHING, Role.MUTED)
    if model.serving is None:
        return Piece("NOBODY", Role.BAD)
    if model.serving == model.model_id:
        return Piece("itself", Role.MUTED)
    return Piece(f"→ {model.serving}", Role.HELD if model.pinned_to else Role.WARN)
