"""From observations to BIP-03's availability status, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.settings import ModelSettings
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.window import Window
from hive_console.core.wording import percent, whole_percent

MIN_CALLS_FOR_RATE = 10
"""Judged calls before an error rate says anything: one failure of two is no 50 %."""

MIN_CALLS_FOR_LATENCY = 5
"""Judged calls before a p95 says anything."""

FAILURES_IN_A_ROW = 2
"""One failure is a blip; two in a row are a sign."""


WELL = "answers in time"
"""The cause of a status that needs none."""

EXIT = 0.8
"""Share of a limit below which a degraded model must come before it is well again, so that it does not flicker."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A status and why; `is_by_hand` says that a person keeps the model from being called."""

    status: ModelStatus
    cause: str
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Signs:
    """What the judgement looks at, beside the window.

    Attributes:
        breaker: the breaker's state.
        consecutive_failures: failures in a row.
        last_failure_cause: what the last one was.
        fault: what only a person can mend, or empty.
        is_throttled: whether the provider asked us to stay away.
        was_checked: whether anything was ever observed.
        was_degraded: whether it is degraded now: the way out is longer than the way in.
        ejection: why it is left alone as an outlier, or empty.
        share: what part of its traffic it gets back, 0..1.
        killed: why a kill switch keeps everything off it, or empty.
    """

    breaker: BreakerState
    consecutive_failures: int
    last_failure_cause: str
    fault: str
    is_throttled: bool
    was_checked: bool
    was_degraded: bool = False
    ejection: str = ""
    share: float = 1.0
    killed: str = ""


def standing_of(settings: ModelSettings, window: Window, signs: Signs) -> Standing:
    """The model's status now. Nothing is known before the first observation, and that is said."""
    if signs.killed:
        return Standing(ModelStatus.UNAVAILABLE, signs.killed, is_by_hand=True)
    if signs.breaker is BreakerState.ISOLATED:
        return Standing(ModelStatus.UNAVAILABLE, "deactivated by hand", is_by_hand=True)
    if signs.fault:
        return Standing(ModelStatus.UNAVAILABLE, signs.fault)
    if signs.breaker is BreakerState.OPEN or signs.breaker is BreakerState.HALF_OPEN:
        return Standing(ModelStatus.UNAVAILABLE, signs.last_failure_cause or "breaker not closed")
    if signs.ejection:
        return Standing(ModelStatus.UNAVAILABLE, signs.ejection)
    if not signs.was_checked:
        return Standing(ModelStatus.UNKNOWN, "not checked yet")
    return _standing_of_closed(settings, window, signs)


def _standing_of_closed(settings: ModelSettings, window: Window, signs: Signs) -> Standing:
    if signs.consecutive_failures >= FAILURES_IN_A_ROW:
        is_hopeless = window.failures == window.calls
        status = ModelStatus.UNAVAILABLE if is_hopeless else ModelStatus.DEGRADED
        return Standing(status, f"{signs.consecutive_failures} failures in a row: {signs.last_failure_cause}")
    if signs.is_throttled:
        return Standing(ModelStatus.DEGRADED, "rate limited by the provider")
    exit_share = EXIT if signs.was_degraded else 1.0
    rate = window.error_rate
    rate_limit = settings.degraded_error_rate * exit_share
    if rate is not None and window.calls >= MIN_CALLS_FOR_RATE and rate >= rate_limit > 0:
        return Standing(ModelStatus.DEGRADED, f"{percent(rate)} % of calls fail")
    p95 = window.p95
    if p95 is not None and window.calls >= MIN_CALLS_FOR_LATENCY and p95 > settings.slow_above * exit_share:
        return Standing(ModelStatus.DEGRADED, f"slow: p95 {p95:.1f} s, limit {settings.slow_above:g} s")
    if signs.share < 1:
        return Standing(ModelStatus.AVAILABLE, f"recovered, gets {whole_percent(signs.share)} % of its traffic")
    return Standing(ModelStatus.AVAILABLE, WELL)
