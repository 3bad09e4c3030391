"""One model in words: the lines on top of its screen and in the dialogs about it; pure."""

from __future__ import annotations

from hive_console.core.holding import holds_of
from hive_console.core.past import past_of
from hive_console.core.playback import NOT_RECORDED
from hive_console.core.settings import Strategy
from hive_console.core.snapshot import BreakerView, FleetSnapshot, ModelView
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.wording import ago, countdown, latency, percent, span, whole_percent, whole_span
from hive_widgets.fleet_cells import NOTHING, is_stale, notes_of
from hive_widgets.glyphs import BREAKER_MARKS, FROZEN, RAMP, STATUS_MARKS, Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece, fit, width_of

LABEL = 9
"""Columns of a line's label."""

NEVER_MOVED = "no move of it is recorded"
"""Said of a breaker of which a recording does not tell."""

GONE = "this model is not in the fleet any more"


def glyph_of(mark: Mark, *, plain: bool) -> str:
    """The mark's glyph for this terminal."""
    return mark.ascii_glyph if plain else mark.glyph


def status_words(model: ModelView, now: float, *, plain: bool) -> str:
    """The status, for how long and why."""
    mark = STATUS_MARKS[model.status]
    if model.status_cause == NOT_RECORDED:
        return f"{glyph_of(mark, plain=plain)} {mark.word}: {NOT_RECORDED}"
    cause = f": {model.status_cause}" if model.status_cause else ""
    return f"{glyph_of(mark, plain=plain)} {mark.word} for {whole_span(now - model.status_since)}{cause}"


def breaker_words(breaker: BreakerView, now: float, *, ramp: float | None = None) -> str:
    """The breaker's state, for how long, and what comes next; `ramp` is the share of traffic that came back."""
    word = f"{breaker.state.value.upper()} for {whole_span(now - breaker.since)}"
    if breaker.is_frozen:
        until = breaker.frozen_until
        lasts = "until thawed" if until is None else f"for {whole_span(until - now)} more"
        share = "" if ramp is None else f" at {whole_percent(ramp)} % of traffic"
        return f"{word}, FROZEN {lasts}{share}"
    match breaker.state:
        case BreakerState.OPEN if breaker.open_until is not None and breaker.open_until > now:
            return f"{word}, next probe in {countdown(breaker.open_until - now)}"
        case BreakerState.OPEN:
            return f"{word}, the next probe is due"
        case BreakerState.HALF_OPEN:
            return f"{word}, its trial decides"
        case BreakerState.ISOLATED:
            return f"{word}, until somebody activates it"
        case BreakerState.METRICS_ONLY:
            return f"{word}, it counts and never refuses"
        case BreakerState.DISABLED:
            return f"{word}, it admits everything"
        case BreakerState.CLOSED if ramp is not None:
            return f"{word}, {whole_percent(ramp)} % of traffic"
        case BreakerState.CLOSED:
            return word


def traffic_words(model: ModelView, fleet: FleetSnapshot, *, plain: bool) -> str:
    """Who answers the model's requests now."""
    if model.serving is None:
        return "not known yet" if _is_unknown(model) else "NOBODY serves: its requests fail"
    if model.serving == model.model_id:
        return "it serves its own traffic"
    other = fleet.model(model.serving)
    glyph = "" if other is None else f" {glyph_of(STATUS_MARKS[other.status], plain=plain)}"
    by_hand = ", sent there by hand" if model.pinned_to == model.serving else ""
    return f"{model.serving}{glyph} serves{by_hand}"


def story_lines(
    model: ModelView, fleet: FleetSnapshot, now: float, *, width: int, plain: bool
) -> tuple[Pieces, ...]:
    """Status, breaker, last failure, chain and figures, one line each, at most `width` columns."""
    lines = (
        _status_line(model, fleet, now, plain=plain),
        breaker_line(model, now),
        _failure_line(model, now) if past_of(fleet) is None else _recorded_failure_line(model),
        _chain_line(model, fleet, plain=plain),
        *_figure_lines(model, now, width=width, is_past=past_of(fleet) is not None),
    )
    return tuple(_within(line, width) for line in lines)


def _is_unknown(model: ModelView) -> bool:
    """Whether nothing is known of the model yet: then nobody serving is no news."""
    return model.status is ModelStatus.UNKNOWN


def _labeled(label: str, *pieces: Piece) -> Pieces:
    return (Piece(f" {label:<{LABEL}}", Role.MUTED), *pieces)


def _within(line: Pieces, width: int) -> Pieces:
    """The line with an ellipsis where the screen ends."""
    kept: list[Piece] = []
    room = width
    for piece in line:
        taken = width_of(piece.text)
        if taken > room:
            kept.append(Piece(fit(piece.text, room), piece.role, is_bold=piece.is_bold))
            break
        kept.append(piece)
        room -= taken
    return tuple(kept)


def _status_line(model: ModelView, fleet: FleetSnapshot, now: float, *, plain: bool) -> Pieces:
    notes = [Piece(f"  {note.text}", note.role) for note in notes_of(model, now, holds_of(model, fleet))]
    mark = STATUS_MARKS[model.status]
    return _labeled("Status", Piece(status_words(model, now, plain=plain), mark.role), *notes)


def breaker_line(model: ModelView, now: float) -> Pieces:
    """The breaker's state and what comes next, how often it tripped, and what it counts."""
    breaker = model.breaker
    if not breaker.is_known:
        return _labeled("Breaker", Piece(NEVER_MOVED, Role.MUTED))
    role = FROZEN.role if breaker.is_frozen else BREAKER_MARKS[breaker.state].role
    if model.ramp is not None and not breaker.is_frozen:
        role = RAMP.role
    # A threshold counts towards opening; once it is open, trials go on adding to the row past it.
    bound = f"/{breaker.failure_threshold}" if breaker.state is BreakerState.CLOSED else ""
    count = f"{breaker.consecutive_failures}{bound} failures in a row"
    counting = Role.WARN if breaker.consecutive_failures else Role.MUTED
    trips = [Piece(f"  tripped {breaker.trips}×", Role.WARN)] if breaker.trips else []
    said = breaker_words(breaker, now, ramp=model.ramp)
    if bound and not breaker.is_count_known:  # a recording counts up to the last move only
        known = f"  opens at {breaker.failure_threshold} failures in a row" if breaker.failure_threshold else ""
        return _labeled("Breaker", Piece(said, role), *trips, Piece(known, Role.MUTED))
    return _labeled("Breaker", Piece(said, role), *trips, Piece(f"  {count}", counting))


def limit_lines(model: ModelView) -> tuple[Pieces, ...]:
    """By which rules the breaker moves, as far as they are known."""
    breaker = model.breaker
    rules = [f"{breaker.failure_threshold} failures in a row"] if breaker.failure_threshold else []
    if model.limits.trip_error_rate:
        rules.append(f"{percent(model.limits.trip_error_rate)} % of calls failing")
    if not rules:
        return ()
    waits = f"; its first trial after {span(breaker.recovery_timeout)}" if breaker.recovery_timeout else ""
    trials = f"; {breaker.trials_needed} good trials close it" if breaker.trials_needed else ""
    return (_labeled("Opens", Piece(f"at {' or '.join(rules)}{waits}{trials}", Role.MUTED)),)


def _failure_line(model: ModelView, now: float) -> Pieces:
    breaker = model.breaker
    if breaker.last_failure is None:
        return _labeled("Failure", Piece("none seen", Role.MUTED))
    said = breaker.last_failure_cause
    if model.last_error and model.last_error != said:
        said = f"{said}: {model.last_error}" if said else model.last_error
    return _labeled("Failure", Piece(f"{ago(now - breaker.last_failure)}  "), Piece(said))


def _recorded_failure_line(model: ModelView) -> Pieces:
    """What failed last, without its time: a recording keeps the message with the fleet's states."""
    if not model.last_error:
        return _labeled("Failure", Piece("none recorded", Role.MUTED))
    return _labeled("Failure", Piece(model.last_error))


def _chain_line(model: ModelView, fleet: FleetSnapshot, *, plain: bool) -> Pieces:
    pieces = [*_link(model, model.model_id, model.serving, plain=plain)]
    is_past = past_of(fleet) is not None
    order = list(model.fallbacks)
    if is_past and model.serving not in {None, model.model_id, model.pinned_to, *order}:
        order.append(str(model.serving))  # by a request's own wish, or where the recording tells no chain
    if model.pinned_to and model.pinned_to in order:
        order.remove(model.pinned_to)
    if model.pinned_to:
        order.insert(0, model.pinned_to)
    for name in order:
        is_used = name == model.serving
        arrow = (" => " if is_used else " -> ") if plain else (" ═► " if is_used else " ─► ")
        pieces.append(Piece(arrow, Role.ACCENT if is_used else Role.MUTED))
        pieces += _link(fleet.model(name), name, model.serving, plain=plain)
    if not model.is_setup_known:
        pieces.append(Piece("  its other fallbacks are not recorded", Role.MUTED))
    elif not order:
        pieces.append(Piece("  no fallback", Role.WARN))
    if model.serving is None and not _is_unknown(model):
        pieces.append(Piece("  NOBODY serves", Role.BAD))
    if model.strategy is not Strategy.SEQUENTIAL:
        pieces.append(Piece(f"  {model.strategy.value}", Role.MUTED))
    return _labeled("Chain", *pieces)


def _link(model: ModelView | None, name: str, serving: str | None, *, plain: bool) -> list[Piece]:
    if model is None:
        return [Piece(f"{name} ?", Role.MUTED)]
    is_serving = name == serving
    held = BREAKER_MARKS[model.breaker.state] if model.breaker.state is BreakerState.ISOLATED else None
    mark = held or STATUS_MARKS[model.status]
    pieces = [Piece(f"{name} ", is_bold=is_serving), Piece(glyph_of(mark, plain=plain), mark.role)]
    return [*pieces, Piece(" serving", Role.ACCENT, is_bold=True)] if is_serving else pieces


def _figure_lines(model: ModelView, now: float, *, width: int, is_past: bool) -> tuple[Pieces, ...]:
    checked = NOTHING if model.last_health_check is None else ago(now - model.last_health_check)
    errors = NOTHING if model.error_rate is None else f"{percent(model.error_rate)} %"
    figures = [
        ("p95", _latency(model.p95), Role.PLAIN),
        ("last answer", _latency(model.response_time), Role.PLAIN),
        ("errors", errors, Role.BAD if (model.error_rate or 0) >= _ALARMING else Role.PLAIN),
        ("requests", f"{model.requests:,}".replace(",", " "), Role.PLAIN),
        ("in flight", _load(model, is_past=is_past), _load_role(model)),
        ("available", NOTHING if model.availability is None else f"{percent(model.availability)} %", Role.PLAIN),
        ("checked", checked, Role.WARN if is_stale(model, now) else Role.PLAIN),
    ]
    rows: list[list[Piece]] = [[]]
    used = LABEL + 1
    for name, value, role in figures:
        pair = [Piece(f"{name} ", Role.MUTED), Piece(value, role)]
        taken = sum(width_of(piece.text) for piece in (_BETWEEN, *pair))
        if rows[-1] and used + taken > width and len(rows) < _FIGURE_ROWS:
            rows.append([])
            used = LABEL + 1
        rows[-1] += [_BETWEEN, *pair] if rows[-1] else pair
        used += taken
    rows += [[]] * (_FIGURE_ROWS - len(rows)) if width < ROOMY else []
    return tuple(_labeled("" if place else "Figures", *row) for place, row in enumerate(rows))


_BETWEEN = Piece("   ")
_FIGURE_ROWS = 2

ROOMY = 132
"""Columns that hold all figures in one row."""

_ALARMING = 0.05
"""BIP-03's default bound for a degraded model: 5 % of calls."""

_FULL = 0.8
"""Share of the bulkhead from which its load is shown as a warning: the next burst waits."""


def _latency(seconds: float | None) -> str:
    return NOTHING if seconds is None else latency(seconds)


def _load(model: ModelView, *, is_past: bool) -> str:
    """Calls in flight of the places there are; a recording tells the places only."""
    taken = NOTHING if is_past else str(model.in_flight)
    return f"{taken}/{model.max_in_flight}" if model.max_in_flight else NOTHING


def _load_role(model: ModelView) -> Role:
    if not model.max_in_flight:
        return Role.PLAIN
    return Role.WARN if model.in_flight >= _FULL * model.max_in_flight else Role.PLAIN
