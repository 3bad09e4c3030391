"""One model of the fleet: breaker, window, comeback, limit, throttle and fault, moved together by one outcome.

It is one piece of more than 400 lines because one call moves all of its parts, in an order that must be read in
one place; what each part does stands in its own module.
"""

from __future__ import annotations

import math

from hive_console.core import events as e
from hive_console.core.breaker import Breaker
from hive_console.core.comeback import BASELINE_CALLS, Comeback
from hive_console.core.concurrency import AimdLimit
from hive_console.core.faults import FAULTS, KEY_REFUSED, Fault, KeyFault, shown_key
from hive_console.core.health import FAILURES_IN_A_ROW, WELL, Signs, standing_of
from hive_console.core.outcome import Outcome, OutcomeKind, Verdict
from hive_console.core.pace import Pace
from hive_console.core.peak_ewma import PeakEwma
from hive_console.core.policies import breaker_policy_of, first_state_of, ramp_policy_of
from hive_console.core.ramp import Ramp
from hive_console.core.settings import BreakerMode, ModelSettings, ProbeKind
from hive_console.core.states import ADMITTING, BreakerState, ModelStatus
from hive_console.core.task import RateLimits, Usage
from hive_console.core.transitions import Move, Permit, Refusal, Trigger
from hive_console.core.window import Sample, Trend, Window
from hive_console.core.wording import failure

THROTTLE_SECONDS = 5.0
"""Seconds a model is left alone after a 429 that names no time: short, since the next 429 renews it."""

SUSPECT_TURNS = 4
"""A model that failed twice in a row gets one operation in so many while others are ready: enough to see that it
is well again, and enough to open its breaker soon, without a threshold of slow answers for its callers."""

_TELLING = frozenset({OutcomeKind.RATE_LIMITED, *FAULTS})
"""Neutral outcomes that tell of the model all the same; a caller's own mistake does not."""

_WAITED_FOR = frozenset({OutcomeKind.TIMED_OUT, OutcomeKind.STREAM_STALLED})
"""Failures that cost their callers all of their patience."""

_FORBIDDEN = 403
"""The status of a key that is known and may not do this; 401 is of one that is not known."""

_DROPS = frozenset({OutcomeKind.RATE_LIMITED, OutcomeKind.OVERLOADED, OutcomeKind.TIMED_OUT})
"""What says that a model is asked for more at once than it can take."""


class Member:
    """The state of one model. Methods take the time and return the events they caused."""

    __slots__ = (
        "_crossings",
        "_fault",
        "_has_kept_waiting",
        "_is_failing_callers",
        "_passed_over",
        "answered_at",
        "breaker",
        "comeback",
        "ejected_until",
        "ejection",
        "ewma",
        "in_flight",
        "is_retired",
        "is_silent",
        "is_told_frozen",
        "key",
        "last_check",
        "last_error",
        "last_real_call",
        "limit",
        "pace",
        "pinned_to",
        "requests",
        "response_time",
        "served_at",
        "settings",
        "status",
        "status_cause",
        "status_since",
        "throttled_until",
        "trend",
        "window",
    )

    def __init__(
        self, settings: ModelSettings, now: float, *, fixed_fault: str = "", key: KeyFault | None = None
    ) -> None:
        """Makes a member that knows nothing yet; `key` is shared with the other models that use the same one."""
        self.settings = settings
        self.key = KeyFault(shown_key(settings.key), settings.provider, (settings.id,)) if key is None else key
        self.pace = Pace(settings.requests_per_minute, settings.tokens_per_minute)
        self.answered_at: float | None = None  # by a call or a probe
        self.served_at: float | None = None  # by a call
        self.is_silent = False  # set by who watches the calls that wait
        self.breaker = Breaker(breaker_policy_of(settings), now, state=first_state_of(settings))
        self.window = Window()
        self.trend = Trend()
        self.ewma = PeakEwma()
        self.comeback = Comeback(settings.id, ramp_policy_of(settings), now)
        self.is_told_frozen = False
        self.is_retired = False
        most = settings.max_concurrent_requests
        self.limit = AimdLimit(most, maximum=most) if settings.adaptive_concurrency else None
        self.in_flight = 0
        self.pinned_to: str | None = None
        self.status = ModelStatus.UNKNOWN
        self.status_since = now
        self.status_cause = "not checked yet"
        self.last_check: float | None = None
        self.last_real_call: float | None = None
        self.response_time: float | None = None
        self.last_error = ""
        self.requests = 0
        self.throttled_until: float | None = None
        self.ejected_until: float | None = None
        self.ejection = ""
        self._fault = Fault(now, fixed_fault)
        self._crossings = 0
        self._passed_over = 0
        self._is_failing_callers = False
        self._has_kept_waiting = False

    @property
    def fault(self) -> str:
        """What only a person can mend, or empty; time alone mends nothing."""
        text = self._fault.text
        return KEY_REFUSED if not text and self.key.is_refused else text

    @property
    def fixed_fault(self) -> str:
        """A fault that no call can find mended, such as a missing key."""
        return self._fault.fixed

    @fixed_fault.setter
    def fixed_fault(self, text: str) -> None:
        self._fault.fixed = text

    @property
    def places(self) -> int:
        """Calls it may have in flight now."""
        return self.settings.max_concurrent_requests if self.limit is None else self.limit.limit

    @property
    def ramp(self) -> Ramp | None:
        """The return of its traffic, while that lasts."""
        return self.comeback.ramp

    @property
    def share(self) -> float:
        """What part of its traffic it gets, 0..1: all of it unless it is recovering."""
        return self.comeback.share

    @property
    def unavailable_since(self) -> float | None:
        """Since when it is unavailable; `None` when it is not."""
        return self.comeback.unavailable_since

    def is_throttled(self, now: float) -> bool:
        """Whether the provider's request to stay away still holds."""
        return self.throttled_until is not None and now < self.throttled_until

    @property
    def is_suspect(self) -> bool:
        """Whether its last calls failed one after the other and its breaker has not judged yet.

        A frozen model is none, nor one whose breaker only observes or is off: their operator wants to see no
        automatic move.
        """
        has_failed = self.breaker.consecutive_failures >= FAILURES_IN_A_ROW
        return has_failed and self.breaker.state is BreakerState.CLOSED and self.breaker.frozen_until is None

    @property
    def is_doubted(self) -> bool:
        """Whether the calls in flight are enough to judge it: as many as failures are missing to its threshold.

        So an outage costs no more callers their patience than the breaker needs to see it, beside those that
        were under way when it began. Asked of a suspect, of one that is silent while calls wait, and from the
        first call on that came to nothing after all of its caller's patience: a quick failure costs nobody much.
        """
        failures = self.breaker.consecutive_failures
        has_signs = failures >= FAILURES_IN_A_ROW or (failures > 0 and self._has_kept_waiting)
        if not has_signs and not self.is_silent:
            return False
        if self.breaker.state is not BreakerState.CLOSED or self.breaker.frozen_until is not None:
            return False
        return self.in_flight >= max(1, self.settings.breaker_threshold - failures)

    @property
    def part(self) -> float:
        """What part of its turns it gets, 0..1: less while it recovers, or is suspect."""
        ramp = self.comeback.ramp
        if ramp is not None:
            return ramp.share
        if not self.breaker.consecutive_failures and not self.is_silent:
            return 1.0
        if self.is_doubted:
            return 0.0
        return 1 / SUSPECT_TURNS if self.is_suspect else 1.0

    def takes_its_share(self) -> bool:
        """Whether the next operation is one that a recovering or suspect model gets; ask once an operation."""
        if self.ramp is not None:
            return self.ramp.admits()
        if self.is_doubted:
            return False
        if not self.is_suspect:
            return True
        self._passed_over = (self._passed_over + 1) % SUSPECT_TURNS
        return self._passed_over == 0

    # --- calls ------------------------------------------------------------------------------------

    def acquire(self, now: float, *, is_probe: bool = False) -> tuple[Permit | Refusal, list[e.Event]]:
        """A permit for one call, or why there is none; a probe is stopped by the breaker only."""
        if not is_probe:
            refusal = self.refusal(now)
            if refusal is not None:
                return refusal, []
        admission = self.breaker.acquire(now, is_probe=is_probe)
        events = [] if admission.move is None else self._moved(admission.move, now)
        if isinstance(admission, Permit):
            self._begin(now, is_probe=is_probe)
        return admission, events

    def would_admit(self, now: float) -> bool:
        """Whether real traffic would be admitted now; changes nothing."""
        return self.refusal(now) is None and self.breaker.would_admit(now)

    def refusal(self, now: float) -> Refusal | None:
        """Why real traffic is refused whatever the breaker says; `None` when the breaker alone decides."""
        fault = self._fault
        if fault.fixed:
            return Refusal(fault.fixed, None)
        if fault.found and now < fault.until:
            return Refusal(fault.found, fault.until - now)
        if self.key.is_refused and now < self.key.until:
            return Refusal(KEY_REFUSED, self.key.until - now)
        if self.throttled_until is not None and now < self.throttled_until:
            return Refusal("rate limited by the provider", self.throttled_until - now)
        if self.ejected_until is not None and now < self.ejected_until:
            return Refusal(self.ejection, self.ejected_until - now)
        if not self.pace.is_free:
            limited = self.pace.refusal(now, self.in_flight)
            if limited is not None:
                return Refusal(*limited)
        return None

    def heed(self, limits: RateLimits, now: float, *, is_under_way: bool = False) -> None:
        """Takes what the provider says is left of its rate limits; see `Pace.heed`."""
        self.pace.heed(limits, now, places=self.places, is_under_way=is_under_way)

    def retry_in(self, now: float) -> float | None:
        """Seconds until real traffic may be admitted; `None` when only a person can bring that about."""
        if self.fixed_fault or self.breaker.state is BreakerState.ISOLATED:
            return None
        fault_until = self._fault.until if self._fault.found else None
        frozen_until = self.breaker.frozen_until if self.breaker.state is BreakerState.OPEN else None
        key_until = self.key.until if self.key.is_refused else None
        waits = [
            self.breaker.open_until,
            frozen_until,
            self.throttled_until,
            self.ejected_until,
            fault_until,
            key_until,
        ]
        wait = max((until - now for until in waits if until is not None and until > now), default=0.0)
        limited = None if self.pace.is_free else self.pace.refusal(now, self.in_flight)
        if limited is not None:
            wait = max(wait, limited[1])
        return None if math.isinf(wait) else wait

    def settle(
        self,
        permit: Permit,
        outcome: Outcome,
        now: float,
        *,
        latency: float,
        is_probe: bool = False,
        usage: Usage | None = None,
        estimate: int = 0,
    ) -> list[e.Event]:
        """Takes what came of a permitted call; exactly once a permit.

        Args:
            permit: as `acquire` gave it.
            outcome: what came of the call.
            now: when it ended.
            latency: seconds it took; of a stream, to its first token.
            is_probe: whether it was a health check.
            usage: tokens, where the provider told them.
            estimate: tokens it probably used, where it did not.
        """
        if self.is_retired:
            self.in_flight -= not is_probe
            return []
        is_late = permit.generation != self.breaker.generation
        if not is_probe:
            self._learn_load(outcome)
            if usage is not None or not self.pace.is_free:
                self.pace.end(now, usage, estimate=estimate)
        self._note(outcome, now, latency, is_probe=is_probe, is_late=is_late)
        verdict = self._evidence(outcome.verdict, is_probe=is_probe)
        cause = "" if verdict is Verdict.SUCCESS else _words(outcome)
        move = self.breaker.settle(
            permit, verdict, now, cause=cause, duration=latency, retry_after=outcome.retry_after
        )
        if move is not None:
            return self._moved(move, now)
        ramp = self.comeback.ramp
        # Only what callers meet passes a step; a probe that fails is a failure all the same.
        is_telling = verdict is Verdict.FAILURE or (verdict is Verdict.SUCCESS and not is_probe)
        if ramp is not None and not is_late and is_telling:
            return self._climb(ramp, now, cause, is_failure=verdict is Verdict.FAILURE, latency=latency)
        crossed = self._crossed(now, cause)
        if not crossed and self._is_uneventful(verdict, latency):
            return crossed
        return [*crossed, *self.refresh(now)]

    def observe(self, outcome: Outcome, now: float, *, latency: float) -> list[e.Event]:
        """Takes a probe's result that the breaker does not count (it is held open by hand)."""
        if self.is_retired:
            return []
        self._note(outcome, now, latency, is_probe=True)
        return self.refresh(now)

    # --- time -------------------------------------------------------------------------------------

    def refresh(self, now: float) -> list[e.Event]:
        """Judges afresh: windows age, throttles end and ramps climb without any call."""
        if self.is_retired:
            return []
        self.window.age(now)
        if self._is_well():
            self._learn_baseline()
            return []
        move = self.breaker.age(now)
        events = self._thawed_by_time(now)
        if move is not None:
            return [*events, *self._moved(move, now)]
        if self.ramp is not None and not self.breaker.is_frozen(now):
            events += self.comeback.age(now)
        return [*events, *self._restated(now)]

    # --- operators --------------------------------------------------------------------------------

    def trip(self, now: float, cause: str) -> list[e.Event]:
        """Opens the breaker by hand."""
        move = self.breaker.trip(now, cause)
        if move is not None:
            self.breaker.last_failure_cause = cause
        return self._by_hand(move, now)

    def reset(self, now: float, cause: str) -> list[e.Event]:
        """Closes the breaker by hand and forgets throttle, fault and ramp; a deactivated one stays so."""
        if self.breaker.state is BreakerState.ISOLATED:
            return []
        self.throttled_until = None
        self._fault.forget()
        self.key.forget()
        self.comeback.was_operated = True
        move = self.breaker.reset(now, cause)
        ended = self.comeback.end_ramp(now) if move is None else []
        return [*ended, *self._by_hand(move, now)]

    def half_open(self, now: float, cause: str, *, trigger: Trigger = Trigger.HALF_OPENED) -> list[e.Event]:
        """Lets the trials of an open breaker begin at once."""
        move = self.breaker.half_open(now, cause, trigger=trigger)
        if trigger is Trigger.HALF_OPENED:
            return self._by_hand(move, now)
        return [] if move is None else self._moved(move, now)

    def isolate(self, now: float, cause: str) -> list[e.Event]:
        """Takes the model out until it is released."""
        return self._by_hand(self.breaker.isolate(now, cause), now)

    def release(self, now: float, cause: str) -> list[e.Event]:
        """Lets the model back in through a trial."""
        return self._by_hand(self.breaker.release(now, cause), now)

    def freeze(self, now: float, cause: str, *, until: float | None = None) -> list[e.Event]:
        """Stops automatic moves: breaker and ramp stay as they are until `thaw`, or until an instant."""
        self.breaker.freeze(until)
        self.is_told_frozen = True
        return [e.AutomationFrozen(at=now, model=self.settings.id, until=until, cause=cause)]

    def thaw(self, now: float, cause: str) -> list[e.Event]:
        """Lets automatic moves happen again."""
        if not self.breaker.is_frozen(now):
            return []
        self.breaker.thaw()
        self.is_told_frozen = False
        return [e.AutomationThawed(at=now, model=self.settings.id, cause=cause), *self.refresh(now)]

    def eject(self, now: float, until: float, cause: str) -> list[e.Event]:
        """Leaves it alone as an outlier; the breaker has its own opinion and keeps it."""
        self.ejected_until, self.ejection = until, cause
        ejected = e.OutlierEjected(at=now, model=self.settings.id, until=until, cause=cause)
        return [ejected, *self.refresh(now)]

    def readmit(self, now: float) -> list[e.Event]:
        """Ends an ejection."""
        if self.ejected_until is None:
            return []
        self.ejected_until, self.ejection = None, ""
        self.window.clear()
        return [e.OutlierReturned(at=now, model=self.settings.id), *self.refresh(now)]

    # --- settings ---------------------------------------------------------------------------------

    def retire(self) -> None:
        """Belongs to no fleet any more: calls under way may finish, and nothing of them is told or counted."""
        self.is_retired = True

    def adopt(self, settings: ModelSettings, now: float) -> list[e.Event]:
        """Goes on under other settings of the same model at the same address, from the next call on.

        What it learned stays, as far as it means the same: its breaker with counts, trials and holds, its window,
        its ramp, its pin. Another key begins without the limits and faults of the old one.
        """
        old, self.settings = self.settings, settings
        if settings.key != old.key:
            self.throttled_until = None
            self._fault.forget()
            self.pace.forget_told()
        self.pace.limit(settings.requests_per_minute, settings.tokens_per_minute)
        policy = breaker_policy_of(settings)
        if policy != self.breaker.policy:
            self.breaker.adopt(policy)
        self._adopt_limit(settings)
        self.comeback.policy = ramp_policy_of(settings)
        events = self.comeback.end_ramp(now) if self.comeback.policy is None else []
        move = self._follow_mode(now) if settings.breaker_mode is not old.breaker_mode else None
        return [*events, *(self.refresh(now) if move is None else self._moved(move, now))]

    def _adopt_limit(self, settings: ModelSettings) -> None:
        most = settings.max_concurrent_requests
        if not settings.adaptive_concurrency:
            self.limit = None
        elif self.limit is None:
            self.limit = AimdLimit(most, maximum=most)
        else:
            was_full = self.limit.limit == self.limit.maximum
            self.limit.maximum = most
            self.limit.limit = most if was_full else min(self.limit.limit, most)

    def _follow_mode(self, now: float) -> Move | None:
        """Brings the breaker into another mode; only a hold by hand stays whatever the settings say."""
        if self.breaker.state is BreakerState.ISOLATED:
            return None
        if self.settings.breaker_mode is not BreakerMode.ENFORCING:
            return self._as_set(now)
        is_set_aside = self.breaker.state in {BreakerState.METRICS_ONLY, BreakerState.DISABLED}
        return self.breaker.reset(now, "its settings say enforcing") if is_set_aside else None

    # --- inside -----------------------------------------------------------------------------------

    def _begin(self, now: float, *, is_probe: bool) -> None:
        """Counts a call that has its permit; it finds out whether a fault was mended, and the others wait."""
        if self.key.is_refused:
            self.key.looked(now)
        if is_probe:
            if self.settings.probe is ProbeKind.COMPLETION:  # the provider counts it like any other
                self.pace.begin(now)
            return
        self.in_flight += 1
        if self.pace.counts_requests:
            self.pace.begin(now)
        if self._fault.found:
            self._fault.looked(now)

    def _thawed_by_time(self, now: float) -> list[e.Event]:
        """Tells that a freeze ran out: whoever trusted in it must be able to read when it ended."""
        if not self.is_told_frozen or self.breaker.is_frozen(now):
            return []
        self.is_told_frozen = False
        return [e.AutomationThawed(at=now, model=self.settings.id, cause="its time is over")]

    def _evidence(self, verdict: Verdict, *, is_probe: bool) -> Verdict:
        """What a call says to the breaker. The free list of models may answer while every completion fails, so
        it does not end a row of failures that real calls made; only a real answer does.
        """
        if not is_probe:
            if verdict is not Verdict.NEUTRAL:
                self._is_failing_callers = verdict is Verdict.FAILURE
            return verdict
        is_blind = self.settings.probe is ProbeKind.MODELS and self._is_failing_callers
        if is_blind and verdict is Verdict.SUCCESS and self.breaker.state is BreakerState.CLOSED:
            return Verdict.NEUTRAL
        return verdict

    def _learn_load(self, outcome: Outcome) -> None:
        if self.limit is not None and (outcome.is_success or outcome.kind in _DROPS):
            self.limit.on_result(self.in_flight, is_drop=outcome.kind in _DROPS)
        self.in_flight -= 1

    def _note(self, outcome: Outcome, now: float, latency: float, *, is_probe: bool, is_late: bool = False) -> None:
        self.requests += 1
        kind = outcome.kind
        if kind is OutcomeKind.CANCELLED:
            return
        self.last_check = now
        if outcome.verdict is Verdict.NEUTRAL:
            self._note_neutral(outcome, now, is_probe=is_probe)
            return
        if not is_probe:
            self.last_real_call = now
        if not outcome.is_success:
            self.last_error = _words(outcome)
            self._has_kept_waiting = kind in _WAITED_FOR
        sample = Sample(now, latency, not outcome.is_success, is_probe)
        self.trend.add(sample)
        if not is_late:  # what began before the breaker moved says nothing about the model as it is now
            self._judge(sample)

    def _note_neutral(self, outcome: Outcome, now: float, *, is_probe: bool) -> None:
        if outcome.kind in _TELLING:
            self.last_error = _words(outcome)
        if outcome.kind is OutcomeKind.RATE_LIMITED:
            wait = THROTTLE_SECONDS if outcome.retry_after is None else outcome.retry_after
            self.throttled_until = max(now + wait, self.throttled_until or now)
        elif outcome.kind is OutcomeKind.KEY_REFUSED and not self._is_ours_alone(outcome, now):
            self.key.refuse(now, is_probe=is_probe)
        elif outcome.kind in FAULTS:
            self._fault.note(outcome.kind, now, is_probe=is_probe)

    def _is_ours_alone(self, outcome: Outcome, now: float) -> bool:
        """Whether a refused key speaks of this model only: others answer with it, and it is known."""
        return outcome.status == _FORBIDDEN and self.key.is_good_elsewhere(self, now)

    def _judge(self, sample: Sample) -> None:
        self.window.add(sample)
        if sample.is_failure:
            return
        self.answered_at = sample.at
        if not sample.is_probe:
            self.served_at = sample.at
            self.is_silent = False
            self.ewma.add(sample.at, sample.latency)
            self.response_time = sample.latency
        elif not self.window.has_real_answers:
            self.response_time = sample.latency
        if self._fault.found:
            self._fault.answered(is_probe=sample.is_probe)
        if self.key.is_refused:
            self.key.answered(is_probe=sample.is_probe)

    def _is_uneventful(self, verdict: Verdict, latency: float) -> bool:
        """Whether this call cannot have changed the standing: a quick answer of a model that is well."""
        return (
            verdict is Verdict.SUCCESS
            and self.status is ModelStatus.AVAILABLE
            and latency <= self.settings.slow_above
            and not self._fault.fixed
            and not self.key.is_refused
        )

    def _is_well(self) -> bool:
        """Whether nothing speaks against an available model, and nothing is about to end: most looks end here."""
        return (
            self.status is ModelStatus.AVAILABLE
            and self.breaker.standing is not None
            and not self.breaker.consecutive_failures
            and not self.window.failures
            and (self.window.p95 or 0.0) <= self.settings.slow_above
            and self.comeback.ramp is None
            and not self.is_told_frozen
            and self.throttled_until is None
            and self.ejected_until is None
            and not self._fault.text
            and not self.key.is_refused
            and self.status_cause == WELL
        )

    def _crossed(self, now: float, cause: str) -> list[e.Event]:
        """Tells when a breaker that may not open now would have."""
        if self.breaker.threshold_crossings == self._crossings:
            return []
        self._crossings = self.breaker.threshold_crossings
        return [e.ThresholdCrossed(at=now, model=self.settings.id, cause=cause)]

    def _learn_baseline(self) -> None:
        """Takes what a model that is well answers in for normal."""
        if self.window.calls >= BASELINE_CALLS and self.window.has_real_answers:
            self.comeback.baseline_p95 = self.window.p95

    def _restated(self, now: float) -> list[e.Event]:
        signs = Signs(
            breaker=self.breaker.state,
            consecutive_failures=self.breaker.consecutive_failures,
            last_failure_cause=self.breaker.last_failure_cause,
            fault=self.fault,
            is_throttled=self.is_throttled(now),
            was_checked=self.last_check is not None,
            was_degraded=self.status is ModelStatus.DEGRADED,
            ejection=self.ejection,
            share=self.share,
        )
        standing = standing_of(self.settings, self.window, signs)
        self.status_cause = standing.cause
        if standing.status is self.status:
            return []
        old, self.status, self.status_since = self.status, standing.status, now
        changed = e.StatusChanged(at=now, model=self.settings.id, old=old, new=self.status, cause=standing.cause)
        if self.status is ModelStatus.UNAVAILABLE:
            self.comeback.go_down(now)
            return [changed]
        if self.status is ModelStatus.UNKNOWN:
            self.comeback.lose_sight()
        return [changed, *self.comeback.come_up(now)]

    def _by_hand(self, move: Move | None, now: float) -> list[e.Event]:
        self.comeback.was_operated = True
        return self._moved(move, now) if move is not None else self.refresh(now)

    def _as_set(self, now: float) -> Move | None:
        """Brings a breaker that just closed into the mode of its settings."""
        said = f"its settings say {self.settings.breaker_mode.value}"
        if self.settings.breaker_mode is BreakerMode.METRICS_ONLY:
            return self.breaker.observe_only(now, said)
        return self.breaker.disable(now, said) if self.settings.breaker_mode is BreakerMode.DISABLED else None

    def _moved(self, move: Move, now: float) -> list[e.Event]:
        if self.is_retired:
            return []
        self._crossings = self.breaker.threshold_crossings
        changed = e.BreakerChanged(
            at=now,
            model=self.settings.id,
            old=move.old,
            new=move.new,
            cause=move.cause,
            open_until=self.breaker.open_until,
            trigger=move.trigger.name.lower(),
            calls=move.counters.calls,
            failures=move.counters.failures,
            consecutive_failures=move.counters.consecutive_failures,
        )
        self.comeback.ramp = None
        if move.new in ADMITTING:
            self.window.clear()
            self._is_failing_callers = False
            self.is_silent = False
        if move.new is BreakerState.CLOSED:
            back = self._as_set(now)
            if back is not None:
                return [changed, *self._moved(back, now)]
        begun = self.comeback.begin_ramp(now) if move.trigger is Trigger.TRIALS_PASSED else []
        return [changed, *begun, *self.refresh(now)]

    def _climb(self, ramp: Ramp, now: float, cause: str, *, is_failure: bool, latency: float) -> list[e.Event]:
        """A recovering model's call came back: a step further, or out again."""
        if self.breaker.is_frozen(now):
            return self.refresh(now)
        has_failed, events = self.comeback.record(ramp, now, is_failure=is_failure, latency=latency)
        said = f"failed again while it got its traffic back: {cause}"
        move = self.breaker.trip(now, said, trigger=Trigger.RECOVERY_FAILED) if has_failed else None
        return [*events, *self.refresh(now)] if move is None else self._moved(move, now)


def _words(outcome: Outcome) -> str:
    return failure(outcome.kind.value, outcome.message)
