"""What callers' calls say against a model before its breaker has judged, and how much less it gets meanwhile.

A frozen model is never doubted, nor one whose breaker only observes or is off: their operator wants to see no
automatic move.
"""

from __future__ import annotations

from hive_console.core.breaker import Breaker
from hive_console.core.health import FAILURES_IN_A_ROW
from hive_console.core.outcome import OutcomeKind, Verdict
from hive_console.core.settings import ProbeKind
from hive_console.core.states import BreakerState

SUSPECT_TURNS = 4
"""A model that failed twice in a row gets one operation in so many while others are ready: enough to see that it
is well again, and enough to open its breaker soon, without a threshold of slow answers for its callers."""

_WAITED_FOR = frozenset({OutcomeKind.TIMED_OUT, OutcomeKind.STREAM_STALLED})
"""Failures that cost their callers all of their patience."""


def is_suspect(breaker: Breaker) -> bool:
    """Whether its model's last calls failed one after the other and it has not judged yet."""
    return breaker.consecutive_failures >= FAILURES_IN_A_ROW and _is_to_judge(breaker)


class Doubt:
    """What is remembered of one model's calls until its breaker moves.

    Attributes:
        is_silent: whether it lets its callers wait and answers none; set by who watches the calls that wait.
    """

    __slots__ = ("_has_kept_waiting", "_is_failing_callers", "_passed_over", "is_silent")

    def __init__(self) -> None:
        self.is_silent = False
        self._has_kept_waiting = False
        self._is_failing_callers = False
        self._passed_over = 0

    def is_doubted(self, breaker: Breaker, in_flight: int, *, threshold: int) -> bool:
        """Whether the calls in flight are enough to judge it: as many as failures are missing to its threshold.

        So an outage costs no more callers their patience than the breaker needs to see it, beside those that
        were under way when it began. Asked of a suspect, of one that is silent while calls wait, and from the
        first call on that came to nothing after all of its caller's patience: a quick failure costs nobody much.
        """
        failures = breaker.consecutive_failures
        has_signs = failures >= FAILURES_IN_A_ROW or (failures > 0 and self._has_kept_waiting)
        if not has_signs and not self.is_silent:
            return False
        return _is_to_judge(breaker) and in_flight >= max(1, threshold - failures)

    def part(self, breaker: Breaker, in_flight: int, *, threshold: int) -> float:
        """What part of its turns it gets, 0..1; all of them while nothing speaks against it."""
        if self.is_doubted(breaker, in_flight, threshold=threshold):
            return 0.0
        return 1 / SUSPECT_TURNS if is_suspect(breaker) else 1.0

    def has_turn(self, breaker: Breaker, in_flight: int, *, threshold: int) -> bool:
        """Whether the next operation is one of its part; ask once an operation."""
        if self.is_doubted(breaker, in_flight, threshold=threshold):
            return False
        if not is_suspect(breaker):
            return True
        self._passed_over = (self._passed_over + 1) % SUSPECT_TURNS
        return self._passed_over == 0

    def failed(self, kind: OutcomeKind) -> None:
        """A call or a probe failed."""
        self._has_kept_waiting = kind in _WAITED_FOR

    def evidence(self, verdict: Verdict, breaker: Breaker, *, probe: ProbeKind | None) -> Verdict:
        """What a call, or a probe of this kind, says to the breaker. The free list of models may answer while every
        completion fails, so it does not end a row of failures that real calls made; only a real answer does.
        """
        if probe is None:
            if verdict is not Verdict.NEUTRAL:
                self._is_failing_callers = verdict is Verdict.FAILURE
            return verdict
        is_blind = probe is ProbeKind.MODELS and self._is_failing_callers
        if is_blind and verdict is Verdict.SUCCESS and breaker.state is BreakerState.CLOSED:
            return Verdict.NEUTRAL
        return verdict

    def begin_afresh(self) -> None:
        """The breaker admits calls anew: what callers met before says nothing of those."""
        self.is_silent = False
        self._is_failing_callers = False


def _is_to_judge(breaker: Breaker) -> bool:
    return breaker.state is BreakerState.CLOSED and breaker.frozen_until is None
