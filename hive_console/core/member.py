"""One model of the fleet: breaker, restraint, doubt, record, limit and comeback, moved together by one outcome.

It is one piece of more than 400 lines because one call moves all of its parts, in an order that must be read in
one place; what each part does stands in its own module. What many callers ask of a model is asked here; what few
do, of the part that knows it.
"""

from __future__ import annotations

import math

from hive_console.core import events as e
from hive_console.core.breaker import Breaker
from hive_console.core.comeback import Comeback
from hive_console.core.doubt import Doubt, is_suspect
from hive_console.core.faults import KeyFault
from hive_console.core.health import WELL, Signs, standing_of
from hive_console.core.modes import set_aside
from hive_console.core.outcome import Outcome, OutcomeKind, Verdict
from hive_console.core.policies import breaker_policy_of, first_state_of, limit_of, ramp_policy_of
from hive_console.core.ramp import Ramp
from hive_console.core.restraint import Restraint
from hive_console.core.settings import ModelSettings, ProbeKind
from hive_console.core.states import ADMITTING, BreakerState, ModelStatus
from hive_console.core.task import RateLimits, Usage
from hive_console.core.track_record import TrackRecord
from hive_console.core.transitions import Move, Permit, Refusal, Trigger
from hive_console.core.window import Sample
from hive_console.core.wording import failure

TIME_OVER = "its time is over"
"""Why a freeze ended of which nobody knows whose it was."""


class Member:
    """The state of one model. Methods take the time and return the events they caused."""

    __slots__ = (
        "_crossings",
        "breaker",
        "comeback",
        "doubt",
        "in_flight",
        "is_retired",
        "is_sparing",
        "is_told_frozen",
        "limit",
        "pinned_to",
        "record",
        "restraint",
        "settings",
        "status",
        "status_cause",
        "status_since",
        "thawed_because",
        "weight_by_hand",
    )

    def __init__(
        self, settings: ModelSettings, now: float, *, fixed_fault: str = "", key: KeyFault | None = None
    ) -> None:
        """Makes a member that knows nothing yet; `key` is shared with the other models that use the same one."""
        self.settings = settings
        self.restraint = Restraint(settings, now, fixed_fault=fixed_fault, key=key)
        self.doubt = Doubt()
        self.breaker = Breaker(breaker_policy_of(settings), now, state=first_state_of(settings))
        self.record = TrackRecord()
        self.comeback = Comeback(settings.id, ramp_policy_of(settings), now)
        self.is_told_frozen = False
        self.thawed_because = ""
        self.is_retired = False
        self.limit = limit_of(settings)
        self.in_flight = 0
        self.pinned_to: str | None = None
        self.weight_by_hand: float | None = None
        self.is_sparing = False
        self.status = ModelStatus.UNKNOWN
        self.status_since = now
        self.status_cause = "not checked yet"
        self._crossings = 0

    @property
    def fault(self) -> str:
        """What only a person can mend, or empty; time alone mends nothing."""
        return self.restraint.fault

    @property
    def fixed_fault(self) -> str:
        """A fault that no call can find mended, such as a missing key."""
        return self.restraint.own_fault.fixed

    @fixed_fault.setter
    def fixed_fault(self, text: str) -> None:
        self.restraint.own_fault.fixed = text

    @property
    def places(self) -> int:
        """Calls it may have in flight now: in safe mode half as many, and at least one."""
        most = self.settings.max_concurrent_requests
        if self.is_sparing:
            most = max(1, most // 2)
        return most if self.limit is None else min(most, self.limit.limit)

    @property
    def weight(self) -> float:
        """Its share under the weighted strategy: what a person set, else what the settings say."""
        return self.settings.weight if self.weight_by_hand is None else self.weight_by_hand

    @property
    def ramp(self) -> Ramp | None:
        """The return of its traffic, while that lasts."""
        return self.comeback.ramp

    @property
    def share(self) -> float:
        """What part of its traffic it gets, 0..1: all of it unless it is recovering."""
        return self.comeback.share

    @property
    def is_suspect(self) -> bool:
        """Whether its last calls failed one after the other and its breaker has not judged yet."""
        return is_suspect(self.breaker)

    @property
    def part(self) -> float:
        """What part of its turns it gets, 0..1: less while it recovers, or is doubted."""
        ramp = self.comeback.ramp
        if ramp is not None:
            return ramp.share
        if not self.breaker.consecutive_failures and not self.doubt.is_silent:
            return 1.0
        return self.doubt.part(self.breaker, self.in_flight, threshold=self.settings.breaker_threshold)

    def takes_its_share(self) -> bool:
        """Whether the next operation is one that a recovering or doubted model gets; ask once an operation."""
        ramp = self.comeback.ramp
        if ramp is not None:
            return ramp.admits()
        return self.doubt.has_turn(self.breaker, self.in_flight, threshold=self.settings.breaker_threshold)

    # --- calls ------------------------------------------------------------------------------------

    def acquire(self, now: float, *, is_probe: bool = False) -> tuple[Permit | Refusal, list[e.Event]]:
        """A permit for one call, or why there is none; a probe is stopped by the breaker and by a kill only."""
        if not is_probe:
            refusal = self.restraint.refusal(now, self.in_flight)
            if refusal is not None:
                return refusal, []
        elif self.restraint.killed:
            return Refusal(self.restraint.killed, None), []
        admission = self.breaker.acquire(now, is_probe=is_probe)
        events = [] if admission.move is None else self.moved(admission.move, now)
        if isinstance(admission, Permit):
            if is_probe:
                self.restraint.begin_probe(now, is_completion=self.settings.probe is ProbeKind.COMPLETION)
            else:
                self.in_flight += 1
                self.restraint.begin(now)
        return admission, events

    def would_admit(self, now: float) -> bool:
        """Whether real traffic would be admitted now; changes nothing."""
        return self.restraint.refusal(now, self.in_flight) is None and self.breaker.would_admit(now)

    def refusal(self, now: float) -> Refusal | None:
        """Why real traffic is refused whatever the breaker says; `None` when the breaker alone decides."""
        return self.restraint.refusal(now, self.in_flight)

    def heed(self, limits: RateLimits, now: float, *, is_under_way: bool = False) -> None:
        """Takes what the provider says is left of its rate limits; see `Pace.heed`."""
        self.restraint.pace.heed(limits, now, places=self.places, is_under_way=is_under_way)

    def retry_in(self, now: float) -> float | None:
        """Seconds until real traffic may be admitted; `None` when only a person can bring that about."""
        breaker = self.breaker
        if breaker.state is BreakerState.ISOLATED:
            return None
        frozen_until = breaker.frozen_until if breaker.state is BreakerState.OPEN else None
        ends = [end for end in (breaker.open_until, frozen_until) if end is not None]
        wait = max([self.restraint.wait(now, self.in_flight), *(end - now for end in ends)])
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
            if self.limit is not None:
                self.limit.learn(outcome, self.in_flight)
            self.in_flight -= 1
            pace = self.restraint.pace
            if usage is not None or not pace.is_free:
                pace.end(now, usage, estimate=estimate)
        self._note(outcome, now, latency, is_probe=is_probe, is_late=is_late)
        probe = self.settings.probe if is_probe else None
        verdict = self.doubt.evidence(outcome.verdict, self.breaker, probe=probe)
        cause = "" if verdict is Verdict.SUCCESS else _words(outcome)
        move = self.breaker.settle(
            permit, verdict, now, cause=cause, duration=latency, retry_after=outcome.retry_after
        )
        if move is not None:
            return self.moved(move, now)
        ramp = self.comeback.ramp
        # Only what callers meet passes a step; a probe that fails is a failure all the same.
        is_telling = verdict is Verdict.FAILURE or (verdict is Verdict.SUCCESS and not is_probe)
        if ramp is not None and not is_late and is_telling:
            return self._climb(ramp, now, cause, is_failure=verdict is Verdict.FAILURE, latency=latency)
        crossed = self.breaker.threshold_crossings != self._crossings
        if not crossed and self._is_uneventful(verdict, latency):
            return []
        return [*(self._crossed(now, cause) if crossed else []), *self.refresh(now)]

    def observe(self, outcome: Outcome, now: float, *, latency: float) -> list[e.Event]:
        """Takes a probe's result that the breaker does not count (it is held open by hand)."""
        if self.is_retired:
            return []
        self._note(outcome, now, latency, is_probe=True)
        return self.refresh(now)

    # --- time and moves ---------------------------------------------------------------------------

    def refresh(self, now: float) -> list[e.Event]:
        """Judges afresh: windows age, throttles end and ramps climb without any call."""
        if self.is_retired:
            return []
        self.record.window.age(now)
        if self._is_well():
            self.comeback.learn_normal(self.record.window)
            return []
        move = self.breaker.age(now)
        events = self._thawed_by_time(now)
        if move is not None:
            return [*events, *self.moved(move, now)]
        if self.ramp is not None and not self.breaker.is_frozen(now):
            events += self.comeback.age(now)
        return [*events, *self._restated(now)]

    def moved(self, move: Move, now: float) -> list[e.Event]:
        """Brings the rest of the model to where its breaker moved, and tells it."""
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
            self.record.window.clear()
            self.doubt.begin_afresh()
        if move.new is BreakerState.CLOSED:
            back = set_aside(self.breaker, self.settings.breaker_mode, now)
            if back is not None:
                return [changed, *self.moved(back, now)]
        begun = self.comeback.begin_ramp(now) if move.trigger is Trigger.TRIALS_PASSED else []
        return [changed, *begun, *self.refresh(now)]

    def retire(self) -> None:
        """Belongs to no fleet any more: calls under way may finish, and nothing of them is told or counted."""
        self.is_retired = True

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
        self.restraint.forget()
        self.comeback.was_operated = True
        move = self.breaker.reset(now, cause)
        ended = self.comeback.end_ramp(now) if move is None else []
        return [*ended, *self._by_hand(move, now)]

    def half_open(self, now: float, cause: str, *, trigger: Trigger = Trigger.HALF_OPENED) -> list[e.Event]:
        """Lets the trials of an open breaker begin at once."""
        move = self.breaker.half_open(now, cause, trigger=trigger)
        if trigger is Trigger.HALF_OPENED:
            return self._by_hand(move, now)
        return [] if move is None else self.moved(move, now)

    def isolate(self, now: float, cause: str) -> list[e.Event]:
        """Takes the model out until it is released."""
        return self._by_hand(self.breaker.isolate(now, cause), now)

    def release(self, now: float, cause: str, *, is_trusted: bool = False) -> list[e.Event]:
        """Lets the model back in through a trial; `is_trusted` spares it that one."""
        return self._by_hand(self.breaker.release(now, cause, is_trusted=is_trusted), now)

    def freeze(
        self, now: float, cause: str, *, until: float | None = None, by: str = "", then: str = TIME_OVER
    ) -> list[e.Event]:
        """Stops automatic moves: breaker and ramp stay as they are until `thaw`, or until an instant.

        Args:
            now: the time.
            cause: why.
            until: when it ends by itself.
            by: whose word it is.
            then: what is said when it ended by itself.
        """
        self.breaker.freeze(until)
        self.is_told_frozen, self.thawed_because = True, then
        return [e.AutomationFrozen(at=now, model=self.settings.id, until=until, cause=cause, by=by)]

    def thaw(self, now: float, cause: str) -> list[e.Event]:
        """Lets automatic moves happen again."""
        if not self.breaker.is_frozen(now):
            return []
        self.breaker.thaw()
        self.is_told_frozen = False
        return [e.AutomationThawed(at=now, model=self.settings.id, cause=cause), *self.refresh(now)]

    def by_hand(self, now: float) -> list[e.Event]:
        """Judges afresh what a person has just changed around it."""
        return self._by_hand(None, now)

    def eject(self, now: float, until: float, cause: str) -> list[e.Event]:
        """Leaves it alone as an outlier; the breaker has its own opinion and keeps it."""
        self.restraint.ejected_until, self.restraint.ejection = until, cause
        ejected = e.OutlierEjected(at=now, model=self.settings.id, until=until, cause=cause)
        return [ejected, *self.refresh(now)]

    def readmit(self, now: float) -> list[e.Event]:
        """Ends an ejection."""
        restraint = self.restraint
        if restraint.ejected_until is None:
            return []
        restraint.ejected_until, restraint.ejection = None, ""
        self.record.window.clear()
        return [e.OutlierReturned(at=now, model=self.settings.id), *self.refresh(now)]

    # --- inside -----------------------------------------------------------------------------------

    def _thawed_by_time(self, now: float) -> list[e.Event]:
        """Tells that a freeze ran out: whoever trusted in it must be able to read when it ended."""
        if not self.is_told_frozen or self.breaker.is_frozen(now):
            return []
        self.is_told_frozen = False
        return [e.AutomationThawed(at=now, model=self.settings.id, cause=self.thawed_because or TIME_OVER)]

    def _note(self, outcome: Outcome, now: float, latency: float, *, is_probe: bool, is_late: bool = False) -> None:
        record, kind = self.record, outcome.kind
        record.requests += 1
        if kind is OutcomeKind.CANCELLED:
            return
        record.last_check = now
        if outcome.verdict is Verdict.NEUTRAL:
            if self.restraint.note(outcome, now, is_probe=is_probe):
                record.last_error = _words(outcome)
            return
        is_failure = not outcome.is_success
        record.add(Sample(now, latency, is_failure, is_probe), is_late=is_late)
        if is_failure:
            record.last_error = _words(outcome)
            self.doubt.failed(kind)
        elif not is_late:
            self.restraint.answered(now, is_probe=is_probe)
            if not is_probe:
                self.doubt.is_silent = False

    def _is_uneventful(self, verdict: Verdict, latency: float) -> bool:
        """Whether this call cannot have changed the standing: a quick answer of a model that is well."""
        return (
            verdict is Verdict.SUCCESS
            and self.status is ModelStatus.AVAILABLE
            and latency <= self.settings.slow_above
            and not self.restraint.own_fault.fixed
            and not self.restraint.key.is_refused
        )

    def _is_well(self) -> bool:
        """Whether nothing speaks against an available model, and nothing is about to end: most looks end here."""
        return (
            self.status is ModelStatus.AVAILABLE
            and self.breaker.standing is not None
            and not self.breaker.consecutive_failures
            and not self.record.window.failures
            and (self.record.window.p95 or 0.0) <= self.settings.slow_above
            and self.comeback.ramp is None
            and not self.is_told_frozen
            and self.restraint.is_none
            and self.status_cause == WELL
        )

    def _crossed(self, now: float, cause: str) -> list[e.Event]:
        """Tells when a breaker that may not open now would have."""
        self._crossings = self.breaker.threshold_crossings
        return [e.ThresholdCrossed(at=now, model=self.settings.id, cause=cause)]

    def _restated(self, now: float) -> list[e.Event]:
        signs = Signs(
            breaker=self.breaker.state,
            consecutive_failures=self.breaker.consecutive_failures,
            last_failure_cause=self.breaker.last_failure_cause,
            fault=self.restraint.fault,
            is_throttled=self.restraint.is_throttled(now),
            was_checked=self.record.last_check is not None,
            was_degraded=self.status is ModelStatus.DEGRADED,
            ejection=self.restraint.ejection,
            share=self.share,
            killed=self.restraint.killed,
        )
        standing = standing_of(self.settings, self.record.window, signs)
        self.status_cause = standing.cause
        if standing.status is self.status:
            return []
        old, self.status, self.status_since = self.status, standing.status, now
        changed = e.StatusChanged(
            at=now,
            model=self.settings.id,
            old=old,
            new=self.status,
            cause=standing.cause,
            is_by_hand=standing.is_by_hand,
        )
        if self.status is ModelStatus.UNAVAILABLE:
            self.comeback.go_down(now)
            return [changed]
        if self.status is ModelStatus.UNKNOWN:
            self.comeback.lose_sight()
        return [changed, *self.comeback.come_up(now)]

    def _by_hand(self, move: Move | None, now: float) -> list[e.Event]:
        self.comeback.was_operated = True
        return self.moved(move, now) if move is not None else self.refresh(now)

    def _climb(self, ramp: Ramp, now: float, cause: str, *, is_failure: bool, latency: float) -> list[e.Event]:
        """A recovering model's call came back: a step further, or out again."""
        if self.breaker.is_frozen(now):
            return self.refresh(now)
        has_failed, events = self.comeback.record(ramp, now, is_failure=is_failure, latency=latency)
        said = f"failed again while it got its traffic back: {cause}"
        move = self.breaker.trip(now, said, trigger=Trigger.RECOVERY_FAILED) if has_failed else None
        return [*events, *self.refresh(now)] if move is None else self.moved(move, now)


def _words(outcome: Outcome) -> str:
    return failure(outcome.kind.value, outcome.message)
