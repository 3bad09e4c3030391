"""One model of the fleet: breaker, window, throttle and fault, moved together by one outcome."""

from __future__ import annotations

from hive_console.core.breaker import Breaker, BreakerPolicy, Move, Permit, Refusal
from hive_console.core.events import BreakerChanged, Event, ModelRecovered, StatusChanged
from hive_console.core.health import Signs, standing_of
from hive_console.core.outcome import Outcome, OutcomeKind, Verdict
from hive_console.core.settings import ModelSettings, ProbeKind
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.window import Sample, Trend, Window
from hive_console.core.wording import failure

THROTTLE_SECONDS = 5.0
"""Seconds a model is left alone after a 429 that names no time: short, since the next 429 renews it."""

FAULT_SECONDS = 60.0
"""Seconds a model with a refused key or an exhausted quota is left alone before one call tries again."""

_FAULTS = {
    OutcomeKind.KEY_REFUSED: "key refused by the provider",
    OutcomeKind.QUOTA_EXHAUSTED: "quota exhausted",
    OutcomeKind.MODEL_NOT_FOUND: "the provider does not know this model",
}

_TELLING = frozenset({OutcomeKind.RATE_LIMITED, *_FAULTS})
"""Neutral outcomes that tell of the model all the same; a caller's own mistake does not."""


class Member:
    """The state of one model. Methods take the time and return the events they caused."""

    __slots__ = (
        "_fault",
        "_fault_seen_by_probe",
        "_fault_until",
        "_operator_moved",
        "breaker",
        "fixed_fault",
        "last_check",
        "last_error",
        "pinned_to",
        "requests",
        "response_time",
        "settings",
        "status",
        "status_cause",
        "status_since",
        "throttled_until",
        "trend",
        "unavailable_since",
        "window",
    )

    def __init__(self, settings: ModelSettings, now: float, *, fixed_fault: str = "") -> None:
        self.settings = settings
        policy = BreakerPolicy(
            failure_threshold=settings.breaker_threshold,
            recovery_timeout=settings.recovery_timeout,
            prober_goes_first=settings.probe is not ProbeKind.NONE,
        )
        self.breaker = Breaker(policy, now)
        self.window = Window()
        self.trend = Trend()
        self.fixed_fault = fixed_fault
        self.pinned_to: str | None = None
        self.status = ModelStatus.UNKNOWN
        self.status_since = now
        self.status_cause = "not checked yet"
        self.last_check: float | None = None
        self.response_time: float | None = None
        self.last_error = ""
        self.requests = 0
        self.throttled_until: float | None = None
        self.unavailable_since: float | None = None
        self._fault = ""
        self._fault_until = now
        self._fault_seen_by_probe = False
        self._operator_moved = False

    @property
    def fault(self) -> str:
        """What only a person can mend, or empty; time alone mends nothing."""
        return self.fixed_fault or self._fault

    def is_throttled(self, now: float) -> bool:
        """Whether the provider's request to stay away still holds."""
        return self.throttled_until is not None and now < self.throttled_until

    def acquire(self, now: float, *, is_probe: bool = False) -> tuple[Permit | Refusal, list[Event]]:
        """A permit for one call, or why there is none; a probe is stopped by the breaker only."""
        if not is_probe:
            refusal = self._refusal(now)
            if refusal is not None:
                return refusal, []
        admission = self.breaker.acquire(now, is_probe=is_probe)
        if isinstance(admission, Refusal):
            return admission, []
        if self._fault and not is_probe:  # this call finds out whether somebody mended it; the others wait
            self._fault_until = now + FAULT_SECONDS
        return admission, [] if admission.move is None else self._moved(admission.move, now)

    def would_admit(self, now: float) -> bool:
        """Whether real traffic would be admitted now; changes nothing."""
        return self._refusal(now) is None and self.breaker.would_admit(now)

    def retry_in(self, now: float) -> float | None:
        """Seconds until real traffic may be admitted; `None` when only a person can bring that about."""
        if self.fixed_fault or self.breaker.state is BreakerState.ISOLATED:
            return None
        waits = [self.breaker.open_until, self.throttled_until, self._fault_until if self._fault else None]
        return max((until - now for until in waits if until is not None and until > now), default=0.0)

    def settle(
        self, permit: Permit, outcome: Outcome, now: float, *, latency: float, is_probe: bool = False
    ) -> list[Event]:
        """Takes what came of a permitted call; exactly once a permit.

        Args:
            permit: as `acquire` gave it.
            outcome: what came of the call.
            now: when it ended.
            latency: seconds it took; of a stream, to its first token.
            is_probe: whether it was a health check.
        """
        is_late = permit.generation != self.breaker.generation
        self._note(outcome, now, latency, is_probe=is_probe, is_late=is_late)
        move = self.breaker.settle(permit, outcome.verdict, now, cause=_words(outcome))
        return self._moved(move, now) if move is not None else self.refresh(now)

    def observe(self, outcome: Outcome, now: float, *, latency: float) -> list[Event]:
        """Takes a probe's result that the breaker does not count (it is held open by hand)."""
        self._note(outcome, now, latency, is_probe=True)
        return self.refresh(now)

    def refresh(self, now: float) -> list[Event]:
        """Judges afresh: windows age and throttles end without any call."""
        self.window.age(now)
        signs = Signs(
            breaker=self.breaker.state,
            consecutive_failures=self.breaker.consecutive_failures,
            last_failure_cause=self.breaker.last_failure_cause,
            fault=self.fault,
            is_throttled=self.is_throttled(now),
            was_checked=self.last_check is not None,
        )
        standing = standing_of(self.settings, self.window, signs)
        self.status_cause = standing.cause
        if standing.status is self.status:
            return []
        old, self.status, self.status_since = self.status, standing.status, now
        events: list[Event] = [
            StatusChanged(at=now, model=self.settings.id, old=old, new=self.status, cause=standing.cause)
        ]
        if self.status is ModelStatus.UNAVAILABLE:
            self.unavailable_since = now
            self._operator_moved = False
        elif self.status is ModelStatus.UNKNOWN:
            self.unavailable_since = None
        elif self.unavailable_since is not None:
            events.append(self._recovered(now, self.unavailable_since))
        return events

    def trip(self, now: float, cause: str) -> list[Event]:
        """Opens the breaker by hand."""
        move = self.breaker.trip(now, cause)
        if move is not None:
            self.breaker.last_failure_cause = cause
        return self._by_hand(move, now)

    def reset(self, now: float, cause: str) -> list[Event]:
        """Closes the breaker by hand and forgets throttle and fault."""
        self.throttled_until = None
        self._fault = ""
        return self._by_hand(self.breaker.reset(now, cause), now)

    def isolate(self, now: float, cause: str) -> list[Event]:
        """Takes the model out until it is released."""
        return self._by_hand(self.breaker.isolate(now, cause), now)

    def release(self, now: float, cause: str) -> list[Event]:
        """Lets the model back in through a trial."""
        return self._by_hand(self.breaker.release(now, cause), now)

    def _refusal(self, now: float) -> Refusal | None:
        if self.fixed_fault:
            return Refusal(self.fixed_fault, None)
        if self._fault and now < self._fault_until:
            return Refusal(self._fault, self._fault_until - now)
        if self.throttled_until is not None and now < self.throttled_until:
            return Refusal("rate limited by the provider", self.throttled_until - now)
        return None

    def _note(self, outcome: Outcome, now: float, latency: float, *, is_probe: bool, is_late: bool = False) -> None:
        self.requests += 1
        if outcome.kind is OutcomeKind.CANCELLED:
            return
        self.last_check = now
        if outcome.verdict is Verdict.FAILURE or outcome.kind in _TELLING:
            self.last_error = _words(outcome)
        if outcome.kind is OutcomeKind.RATE_LIMITED:
            wait = THROTTLE_SECONDS if outcome.retry_after is None else outcome.retry_after
            self.throttled_until = max(now + wait, self.throttled_until or now)
        elif outcome.kind in _FAULTS:
            self._fault = _FAULTS[outcome.kind]
            self._fault_until = now + FAULT_SECONDS
            self._fault_seen_by_probe = is_probe
        if outcome.verdict is not Verdict.NEUTRAL:
            sample = Sample(now, latency, is_failure=not outcome.is_success, is_probe=is_probe)
            self.trend.add(sample)
            if not is_late:  # what began before the breaker moved says nothing about the model as it is now
                self._judge(sample)

    def _judge(self, sample: Sample) -> None:
        self.window.add(sample)
        if sample.is_failure:
            return
        if not sample.is_probe or not self.window.has_real_answers:
            self.response_time = sample.latency
        # A free probe answers also while real calls meet a refused key or an empty purse.
        if not sample.is_probe or self._fault_seen_by_probe:
            self._fault = ""

    def _by_hand(self, move: Move | None, now: float) -> list[Event]:
        self._operator_moved = True
        return self._moved(move, now) if move is not None else self.refresh(now)

    def _moved(self, move: Move, now: float) -> list[Event]:
        if move.new is BreakerState.CLOSED:
            self.window.clear()
        changed = BreakerChanged(
            at=now,
            model=self.settings.id,
            old=move.old,
            new=move.new,
            cause=move.cause,
            open_until=self.breaker.open_until,
        )
        return [changed, *self.refresh(now)]

    def _recovered(self, now: float, unavailable_since: float) -> ModelRecovered:
        self.unavailable_since = None
        by_operator, self._operator_moved = self._operator_moved, False
        return ModelRecovered(
            at=now, model=self.settings.id, down_for=now - unavailable_since, by_operator=by_operator
        )


def _words(outcome: Outcome) -> str:
    return failure(outcome.kind.value, outcome.message)
