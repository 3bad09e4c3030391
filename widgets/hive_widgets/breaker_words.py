"""A breaker in at most twelve cells, for tables; loads no drawing library, so that plain text can use it too."""

from __future__ import annotations

from typing import assert_never

from hive_console.core.snapshot import BreakerView, ModelView
from hive_console.core.states import BreakerState
from hive_console.core.wording import countdown, whole_percent
from hive_widgets.glyphs import BREAKER_MARKS, FROZEN, RAMP, Role

NOT_KNOWN = "—"
"""A breaker of which a recording does not tell: it never moved, and may be set to count only."""


def breaker_short(model: ModelView, now: float) -> tuple[str, Role]:
    """The breaker with what comes next: a countdown, a count, a share of the traffic, or a trial under way.

    A frozen one does not count down: nothing comes next.
    """
    breaker = model.breaker
    if not breaker.is_known:
        return NOT_KNOWN, Role.MUTED
    word, role = _short(breaker, model.ramp, now)
    is_set_aside = breaker.state in {BreakerState.ISOLATED, BreakerState.METRICS_ONLY, BreakerState.DISABLED}
    if not breaker.is_frozen or is_set_aside:
        return word, role
    return f"{FROZEN.word} {_frozen_state(breaker, model.ramp)}".rstrip(), FROZEN.role


def _short(breaker: BreakerView, ramp: float | None, now: float) -> tuple[str, Role]:
    mark = BREAKER_MARKS[breaker.state]
    match breaker.state:
        case BreakerState.OPEN:
            left = "" if breaker.open_until is None else f" {countdown(breaker.open_until - now)}"
            return mark.word + left, mark.role
        case BreakerState.HALF_OPEN:
            return f"{mark.word} {_trials(breaker)}", mark.role
        case BreakerState.CLOSED if ramp is not None:
            return f"{RAMP.word} {whole_percent(ramp)}%", RAMP.role
        case BreakerState.CLOSED if breaker.consecutive_failures:
            return f"{mark.word} {_count(breaker)}", Role.WARN
        case BreakerState.CLOSED | BreakerState.ISOLATED | BreakerState.METRICS_ONLY | BreakerState.DISABLED:
            return mark.word, mark.role
        case _:
            assert_never(breaker.state)


def _frozen_state(breaker: BreakerView, ramp: float | None) -> str:
    if breaker.state is BreakerState.CLOSED:
        if ramp is not None:
            return f"{whole_percent(ramp)}%"
        return _count(breaker) if breaker.is_count_known else ""
    return BREAKER_MARKS[breaker.state].word.lower()


def _trials(breaker: BreakerView) -> str:
    """Good trials of those needed; where nobody tells them, that trials are under way."""
    return f"{breaker.trials_passed}/{breaker.trials_needed}" if breaker.trials_needed else "probing"


def _count(breaker: BreakerView) -> str:
    return f"{breaker.consecutive_failures}/{breaker.failure_threshold}"
