"""The mode of a breaker as its settings say it: enforcing, only observing, or off. A hold by hand outranks them."""

from __future__ import annotations

from hive_console.core.breaker import Breaker
from hive_console.core.settings import BreakerMode
from hive_console.core.states import BreakerState
from hive_console.core.transitions import Move

_SET_ASIDE = frozenset({BreakerState.METRICS_ONLY, BreakerState.DISABLED})


def set_aside(breaker: Breaker, mode: BreakerMode, now: float) -> Move | None:
    """Brings a breaker that is to observe only, or to be off, there; an enforcing one stays as it is."""
    said = f"its settings say {mode.value}"
    if mode is BreakerMode.METRICS_ONLY:
        return breaker.observe_only(now, said)
    return breaker.disable(now, said) if mode is BreakerMode.DISABLED else None


def follow(breaker: Breaker, mode: BreakerMode, now: float) -> Move | None:
    """Brings a breaker into another mode; only a hold by hand stays whatever the settings say."""
    if breaker.state is BreakerState.ISOLATED:
        return None
    if mode is not BreakerMode.ENFORCING:
        return set_aside(breaker, mode, now)
    return breaker.reset(now, "its settings say enforcing") if breaker.state in _SET_ASIDE else None
