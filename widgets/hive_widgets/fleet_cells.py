"""One model as the words of its row; pure, so that every cell can be tested without a screen."""

from __future__ import annotations

from hive_console.core.holding import hold_words, time_left
from hive_console.core.snapshot import HoldView, ModelView
from hive_console.core.states import BreakerState, HoldKind, ModelStatus
from hive_console.core.wording import countdown, latency, percent
from hive_widgets.breaker_words import breaker_short
from hive_widgets.glyphs import STATUS_MARKS, Role
from hive_widgets.pieces import Piece

STALE_AGE = 75.0
"""Seconds since the last check after which an age is doubtful where nobody tells how often checks come: 2.5 times
BIP-03's 30 s."""

LATE_CHECKS = 2.0
"""Intervals between checks after which an age is doubtful. Is the monitor dead?"""

Holds = tuple[HoldView, ...]
"""What hands keep of one model, the gravest first (`core.holding.holds_of`)."""

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


def breaker_cell(model: ModelView, now: float, holds: Holds = ()) -> Piece:
    """The breaker with what comes next, see `breaker_words`; a kill switch that is on comes before it."""
    killed = next((hold for hold in holds if hold.kind is HoldKind.KILLED), None)
    if killed is not None:
        return Piece(f"KILLED {time_left(killed, now)}".rstrip(), Role.HELD, is_bold=True)
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


def is_stale(model: ModelView, now: float) -> bool:
    """Whether the last check is so old that the monitor itself may be at fault."""
    interval = model.limits.check_interval
    limit = max(LATE_CHECKS * interval, AGE_STEP) if interval else STALE_AGE
    return model.last_health_check is not None and now - model.last_health_check > limit


def age_cell(model: ModelView, now: float) -> Piece:
    """How old the last check is; bold and with a `!` when doubtful, muted where a hand keeps checks away."""
    if model.last_health_check is None:
        return Piece("never", Role.MUTED)
    age = max(0.0, now - model.last_health_check)
    if model.breaker.state is BreakerState.ISOLATED:
        return Piece(short_span(age), Role.MUTED)
    if is_stale(model, now):
        return Piece(f"{short_span(age)}!", Role.WARN, is_bold=True)
    return Piece(short_span(age - age % AGE_STEP if age < _MINUTE else age))


def in_flight_cell(model: ModelView) -> Piece:
    """Calls under way of the places there are, and those that wait: `8/10+3`."""
    if not model.max_in_flight:
        return Piece(NOTHING, Role.MUTED)
    waiting = f"+{model.waiting}" if model.waiting else ""
    is_full = model.in_flight >= _FULL * model.max_in_flight
    role = Role.WARN if is_full else Role.PLAIN if model.in_flight else Role.MUTED
    return Piece(f"{model.in_flight}/{model.max_in_flight}{waiting}", role)


_FULL = 0.8
"""Share of the bulkhead from which its load is shown as a warning: the next burst waits."""


_HOLD_LETTERS = {HoldKind.FROZEN: "Z", HoldKind.PINNED: "P", HoldKind.WEIGHTED: "W", HoldKind.SAFE_MODE: "S"}


def badge_of(model: ModelView, now: float, holds: Holds = ()) -> Piece:
    """One letter that says "there is more to this row", the gravest; blank for none.

    K killed, F a fault, T throttled, E ejected as an outlier, Z frozen, P pinned, W weighted, S in safe mode.
    """
    kinds = [hold.kind for hold in holds]
    if HoldKind.KILLED in kinds:
        return Piece("K", Role.HELD, is_bold=True)
    if model.fault:
        return Piece("F", Role.BAD)
    if model.throttled_until is not None and model.throttled_until > now:
        return Piece("T", Role.WARN)
    if model.ejected_until is not None:
        return Piece("E", Role.WARN)
    return next((Piece(letter, Role.HELD) for kind, letter in _HOLD_LETTERS.items() if kind in kinds), Piece(" "))


def notes_of(model: ModelView, now: float, holds: Holds = ()) -> tuple[Piece, ...]:
    """The same in words, all that apply; holds with their owner and their countdown."""
    notes: list[Piece] = []
    if model.fault:
        notes.append(Piece(f"FAULT {model.fault}", Role.BAD))
    if model.throttled_until is not None and model.throttled_until > now:
        notes.append(Piece(f"throttled {countdown(model.throttled_until - now)}", Role.WARN))
    if model.ejected_until is not None:
        notes.append(Piece(f"ejected {countdown(model.ejected_until - now)}", Role.WARN))
    notes += [Piece(hold_words(hold, now), Role.HELD) for hold in holds]
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
