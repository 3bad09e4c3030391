"""The circuit breaker: every move is made in this file, and none that is not in the table of `transitions`.

Each move begins a new generation. A permit remembers the generation it was given in; a result that comes
back in a later one counts for nothing (sony/gobreaker's rule; "overhanging executions" in Polly #223).
Half-open permits are leases (`trials`): they come back when the call was neutral (cancelled, throttled, the
caller's fault) and are given out again when their holder never came back.

More than 400 lines in one piece, because the promise is that a breaker moves nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_console.core.breaker_policy import BreakerPolicy
from hive_console.core.outcome import Verdict
from hive_console.core.saved_state import FOR_EVER
from hive_console.core.states import ADMITTING, BreakerState
from hive_console.core.tally import Counters, Tally
from hive_console.core.transitions import TRANSITIONS, Move, Permit, Refusal, Trigger
from hive_console.core.trials import Trials

PROBE_GRACE = 5.0
"""Seconds that traffic leaves the trial to the prober; after that a real call may be the trial, so that a
stopped prober cannot keep a breaker open for ever."""

OPERATOR = "operator"
"""The holder of an isolation when nobody else is named."""

_SUCCESS = Verdict.SUCCESS
_CLOSED = BreakerState.CLOSED
_OPEN = BreakerState.OPEN
_HALF_OPEN = BreakerState.HALF_OPEN
_ISOLATED = BreakerState.ISOLATED
_METRICS_ONLY = BreakerState.METRICS_ONLY
_DISABLED = BreakerState.DISABLED


class Breaker:
    """One model's breaker. Time is an argument; what happened is returned.

    Attributes:
        policy: how it behaves.
        state: where it stands.
        since: when it came there.
        generation: grows with every period; a result of an earlier one counts for nothing.
        standing: the permit that every caller gets, while it admits everybody; `None` where `acquire` decides.
        consecutive_failures: failures in a row, over all periods since it was closed last.
        last_failure: when it last counted one.
        last_failure_cause: what that was.
        open_until: when its first trial may be made, while open.
        trips: openings that are held against it, the present one included.
        frozen_until: until when automatic moves are stopped.
        holders: who holds it isolated, each until when (`None`: until released).
        threshold_crossings: how often a threshold was reached, whether or not it was allowed to open.
    """

    __slots__ = (
        "_counts_plainly",
        "_ignored",
        "_is_last_resort",
        "_is_over_threshold",
        "_made_at",
        "_rejected",
        "_successes_in_a_row",
        "_tally",
        "_trials",
        "consecutive_failures",
        "frozen_until",
        "generation",
        "holders",
        "last_failure",
        "last_failure_cause",
        "open_until",
        "policy",
        "since",
        "standing",
        "state",
        "threshold_crossings",
        "trips",
    )

    def __init__(self, policy: BreakerPolicy, now: float, *, state: BreakerState = _CLOSED) -> None:
        """Makes a breaker in `state`; one that begins open stays so for its first open time."""
        self.policy = policy
        self.state = state
        self.since = now
        self.generation = 0
        self.consecutive_failures = 0
        self.last_failure: float | None = None
        self.last_failure_cause = ""
        self.open_until: float | None = None
        self.trips = 0
        self.frozen_until: float | None = None
        self.holders: dict[str, float | None] = {}
        self.threshold_crossings = 0
        self._made_at = now
        self._tally = policy.trip.new_tally()
        self._trials = Trials(policy.trial)
        self._ignored = 0
        self._rejected = 0
        self._successes_in_a_row = 0
        self._is_over_threshold = False
        self._is_last_resort = False
        self._allow()
        if state is _OPEN:
            self._stay_open(now, None)
        elif state is _ISOLATED:
            self.holders[OPERATOR] = None

    # --- what callers ask -------------------------------------------------------------------------

    def acquire(self, now: float, *, is_probe: bool = False) -> Permit | Refusal:
        """A permit for one call, or why there is none. `>=` at the boundary: exactly the timeout admits."""
        if self.standing is not None:
            return self.standing
        move = self.age(now)
        admission = self._trial(now, move, is_probe=is_probe)
        if isinstance(admission, Refusal):
            self._rejected += 1
        return admission

    def would_admit(self, now: float) -> bool:
        """Whether a call of real traffic would get a permit now; changes nothing.

        What time alone changes (trials, holds and freezes that ran out) is seen from the next `age` on.
        """
        if self.standing is not None:
            return True
        if self.state is _OPEN:
            return not self.is_frozen(now) and self._wait_for_trial(now, is_probe=False) <= 0
        return (
            self.state is _HALF_OPEN
            and now >= self._prober_first(self.since, is_probe=False)
            and self._trials.free(now) > 0
        )

    def settle(
        self,
        permit: Permit,
        verdict: Verdict,
        now: float,
        *,
        cause: str = "",
        duration: float = 0.0,
        retry_after: float | None = None,
    ) -> Move | None:
        """Gives a permit back with what came of the call; returns the transition it caused, if any.

        Args:
            permit: as `acquire` gave it.
            verdict: how the call counts.
            now: when it ended.
            cause: what a failure was, in a few words.
            duration: seconds it took, for slow-call rates.
            retry_after: seconds a failing provider asked to be left alone; an opening lasts at least as long.
        """
        if verdict is _SUCCESS and self.succeed(permit):
            return None
        if permit.generation != self.generation or self.state is _DISABLED:
            return None
        is_neutral = verdict is Verdict.NEUTRAL
        if permit.number and not self._trials.give_back(permit.number, is_judged=not is_neutral):
            return None
        if is_neutral:
            self._ignored += 1
            return None
        self._judge(verdict, now, cause, duration)
        if self.state is _HALF_OPEN:
            return self._decide_trials(now, retry_after)
        return self._decide_closed(verdict, now, cause, retry_after)

    def age(self, now: float) -> Move | None:
        """What time alone changes: trials that came to nothing, holds that ran out, a freeze that ended."""
        if self.frozen_until is not None and now >= self.frozen_until:
            self.frozen_until = None
        if self.holders:
            return self._drop_expired_holds(now)
        if self.state is not _HALF_OPEN or self.is_frozen(now):
            return None
        limit = self.policy.trial.expires_after
        if limit is not None and now - self.since >= limit:
            return self._open(Trigger.TRIALS_EXPIRED, f"its trials came to no verdict within {limit:g} s", now)
        return self._decide_trials(now, None)  # a freeze may have kept a verdict waiting

    def succeed(self, permit: Permit) -> bool:
        """`settle` of a success at the least cost; `False` where it is not that simple and nothing was done."""
        if not self._counts_plainly or permit.generation != self.generation:
            return False
        self.consecutive_failures = 0
        self._is_over_threshold = False
        self._successes_in_a_row += 1
        self._tally.successes += 1
        return True

    # --- what operators and the engine say --------------------------------------------------------

    def trip(
        self,
        now: float,
        cause: str,
        *,
        seconds: float | None = None,
        until: float | None = None,
        trigger: Trigger = Trigger.TRIPPED,
    ) -> Move | None:
        """Opens it for its open time, for `seconds`, or `until` an instant.

        One that is open already only takes the new end; one that is deactivated stays so.
        """
        if trigger is not Trigger.TRIPPED and self.is_frozen(now):
            return None
        move = self._open(trigger, cause, now) if self._may(trigger) else None
        if self.state is _OPEN and (seconds is not None or until is not None):
            self.open_until = now + seconds if seconds is not None else until
        return move

    def reset(self, now: float, cause: str) -> Move | None:
        """Closes it by hand and forgets failures, trips and holds."""
        self.holders.clear()
        self.trips = 0
        if self.state is _CLOSED:
            self._begin(_CLOSED, now)
            return None
        return self._move(Trigger.RESET, _CLOSED, cause, now)

    def half_open(self, now: float, cause: str, *, trigger: Trigger = Trigger.HALF_OPENED) -> Move | None:
        """Lets the trials of an open breaker begin at once; nothing in any other state."""
        if not self._may(trigger) or (trigger is not Trigger.HALF_OPENED and self.is_frozen(now)):
            return None
        move = self._move(trigger, _HALF_OPEN, cause, now)
        self._is_last_resort = trigger is Trigger.LAST_RESORT
        return move

    def isolate(self, now: float, cause: str, *, holder: str = OPERATOR, until: float | None = None) -> Move | None:
        """Holds it open until every holder has released it, or its hold ran out."""
        self.holders[holder] = until
        return self._move(Trigger.ISOLATED, _ISOLATED, cause, now) if self._may(Trigger.ISOLATED) else None

    def release(self, now: float, cause: str, *, holder: str = OPERATOR, is_trusted: bool = False) -> Move | None:
        """Ends one holder's isolation; after the last, trials decide (`is_trusted` closes without one)."""
        was_last = set(self.holders) == {holder}
        self.holders.pop(holder, None)
        if not was_last:
            return None
        return self._move(Trigger.RELEASED, _CLOSED if is_trusted else _HALF_OPEN, cause, now)

    def observe_only(self, now: float, cause: str) -> Move | None:
        """Counts and tells from now on (`threshold_crossings`), and never refuses."""
        return self._set_aside(Trigger.OBSERVED, _METRICS_ONLY, cause, now)

    def disable(self, now: float, cause: str) -> Move | None:
        """Admits everything from now on and counts nothing."""
        return self._set_aside(Trigger.DISABLED, _DISABLED, cause, now)

    def adopt(self, policy: BreakerPolicy) -> None:
        """Behaves by another policy from the next call on; its state, counts, holds and permits stay.

        An open time that runs is not changed. A window of another kind or length begins empty: what the old one
        had let go of cannot be had back.
        """
        old, self.policy = self.policy.trip, policy
        if (old.window_calls, old.window_seconds, old.buckets) != (
            policy.trip.window_calls,
            policy.trip.window_seconds,
            policy.trip.buckets,
        ):
            self._tally = policy.trip.new_tally()
        self._trials.rule = policy.trial
        self._allow()

    def freeze(self, until: float | None = None) -> None:
        """Stops every automatic move until `thaw`, or until an instant; what operators say still moves it."""
        self.frozen_until = float("inf") if until is None else until

    def thaw(self) -> None:
        """Lets automatic moves happen again."""
        self.frozen_until = None

    def is_frozen(self, now: float) -> bool:
        """Whether automatic moves are stopped."""
        return self.frozen_until is not None and now < self.frozen_until

    def hasten(self, now: float) -> None:
        """Lets the trial of an open breaker begin at once when somebody asks (an operator's "check now")."""
        if self.state is _OPEN and self.open_until is not None:
            self.open_until = min(self.open_until, now)

    # --- what views ask ---------------------------------------------------------------------------

    def counters(self, now: float) -> Counters:
        """What is counted in the present window or half-open period."""
        tally = self._tally_now()
        tally.age(now)
        in_a_row = self.consecutive_failures
        if self.state is _HALF_OPEN:  # the row goes on over the periods; a counter of this period does not
            in_a_row = min(in_a_row, tally.failures)
        return Counters(
            tally.successes,
            tally.failures,
            tally.slow,
            in_a_row,
            self._successes_in_a_row,
            self._ignored,
            self._rejected,
        )

    def failure_rate(self, now: float) -> float | None:
        """Share of failures in the window, 0..1; `None` below the minimum of calls."""
        counters = self.counters(now)
        if counters.calls < max(1, self.policy.trip.minimum_calls):
            return None
        return counters.failures / counters.calls

    def save(self) -> dict[str, Any]:
        """What must survive a restart, as JSON values; leases do not: their calls died with the process."""
        return {
            "state": self.state.value,
            "since": self.since,
            "generation": self.generation,
            "consecutive_failures": self.consecutive_failures,
            "last_failure": self.last_failure,
            "last_failure_cause": self.last_failure_cause,
            "open_until": self.open_until,
            "trips": self.trips,
            "frozen_until": self.frozen_until if self.frozen_until != float("inf") else FOR_EVER,
            "holders": dict(self.holders),
            "tally": [type(self._tally).__name__, self._tally.save()],
        }

    @classmethod
    def restored(cls, policy: BreakerPolicy, saved: Mapping[str, Any], now: float) -> Breaker:
        """The breaker that `save` described, under a policy that may have changed; no old permit counts in it."""
        state = BreakerState(saved["state"])
        breaker = cls(policy, now, state=state)
        breaker.since = min(float(saved["since"]), now)
        set_back = float(saved["since"]) - breaker.since  # a clock set back must not hold it open for years
        breaker.generation = int(saved["generation"]) + 1
        breaker.consecutive_failures = int(saved["consecutive_failures"])
        breaker.last_failure = saved["last_failure"]
        breaker.last_failure_cause = str(saved["last_failure_cause"])
        until = saved["open_until"]
        breaker.open_until = None if until is None else until - set_back
        breaker.trips = int(saved["trips"])
        frozen = saved["frozen_until"]
        breaker.frozen_until = float("inf") if frozen == FOR_EVER else frozen
        if state is _ISOLATED:  # whose hold is unknown is the operator's: nobody else could end it
            breaker.holders = dict(saved["holders"]) or breaker.holders
        kind, content = saved["tally"]
        if kind == type(breaker._tally).__name__:
            breaker._tally.restore(content)
        breaker._allow()
        return breaker

    # --- trials -----------------------------------------------------------------------------------

    def _trial(self, now: float, move: Move | None, *, is_probe: bool) -> Permit | Refusal:
        if self.state is _CLOSED:  # a verdict that a freeze kept waiting
            return Permit(self.generation, 0, move)
        if self.state is _ISOLATED:
            return self._refusal("deactivated by hand", self._hold_left(now), move)
        if self.state is _OPEN:
            wait = self._wait_for_trial(now, is_probe=is_probe)
            if self.is_frozen(now):
                return self._refusal("breaker open and frozen by hand", None, move)
            if wait > 0:
                return self._refusal(f"breaker open ({self.last_failure_cause})", wait, move)
            return self._lease(now, self._move(Trigger.TRIAL_ASKED, _HALF_OPEN, "open time over", now))
        wait = self._prober_first(self.since, is_probe=is_probe) - now
        if wait > 0:
            return self._refusal("breaker half-open, its trial is the prober's", wait, move)
        if self._trials.free(now) <= 0:
            return self._refusal("breaker half-open, its trial is under way", self._trials.wait(now), move)
        return self._lease(now, move)

    def _refusal(self, cause: str, wait: float | None, move: Move | None) -> Refusal:
        return Refusal(cause, wait, self.last_failure, move)

    def _wait_for_trial(self, now: float, *, is_probe: bool) -> float:
        due = self.open_until if self.open_until is not None else now
        return self._prober_first(due, is_probe=is_probe) - now

    def _prober_first(self, due: float, *, is_probe: bool) -> float:
        """When a call may be the trial that is due: traffic leaves it to a prober for a while."""
        is_left_to_it = self.policy.prober_goes_first and not is_probe and not self._is_last_resort
        return due + PROBE_GRACE if is_left_to_it else due

    def _lease(self, now: float, move: Move | None) -> Permit:
        return Permit(self.generation, self._trials.lease(now), move)

    # --- judging ----------------------------------------------------------------------------------

    def _judge(self, verdict: Verdict, now: float, cause: str, duration: float) -> None:
        is_failure = verdict is Verdict.FAILURE
        tally = self._tally_now()
        tally.add(now, is_failure=is_failure, is_slow=self.policy.trip.is_slow(duration))
        if is_failure:
            self.consecutive_failures += 1
            self._successes_in_a_row = 0
            self.last_failure = now
            self.last_failure_cause = cause
        else:
            self.consecutive_failures = 0
            self._successes_in_a_row += 1

    def _tally_now(self) -> Tally:
        return self._trials.tally if self.state is _HALF_OPEN else self._tally

    def _decide_trials(self, now: float, retry_after: float | None) -> Move | None:
        passed = self.policy.trial.verdict(self.counters(now))
        if passed is None or self.is_frozen(now):
            return None
        if passed:
            return self._move(Trigger.TRIALS_PASSED, _CLOSED, "trial succeeded", now)
        return self._open(Trigger.TRIALS_FAILED, f"trial failed: {self.last_failure_cause}", now, retry_after)

    def _decide_closed(self, verdict: Verdict, now: float, cause: str, retry_after: float | None) -> Move | None:
        rule = self.policy.trip
        reason = rule.reason_to_open(self._tally, self.consecutive_failures)
        if reason is None:
            self._is_over_threshold = False
            return None
        if rule.only_on_failure and verdict is _SUCCESS:
            return None
        self.threshold_crossings += not self._is_over_threshold
        self._is_over_threshold = True
        is_warming_up = now - self._made_at < self.policy.warm_up
        if self.state is _METRICS_ONLY or is_warming_up or self.is_frozen(now):
            return None
        said = f"{reason}, last: {cause}" if verdict is not _SUCCESS else reason
        return self._open(Trigger.THRESHOLD, said, now, retry_after)

    # --- moving -----------------------------------------------------------------------------------

    def _may(self, trigger: Trigger) -> bool:
        return any(self.state in row.olds for row in TRANSITIONS[trigger])

    def _set_aside(self, trigger: Trigger, new: BreakerState, cause: str, now: float) -> Move | None:
        self.holders.clear()
        return self._move(trigger, new, cause, now) if self._may(trigger) else None

    def _open(self, trigger: Trigger, cause: str, now: float, retry_after: float | None = None) -> Move:
        if self.state is _CLOSED:
            self.trips = self.policy.open.remembered(self.trips, now - self.since)
        move = self._move(trigger, _OPEN, cause, now)
        self._stay_open(now, retry_after)
        return move

    def _stay_open(self, now: float, retry_after: float | None) -> None:
        self.open_until = now + max(self.policy.open.after(self.trips), retry_after or 0.0)
        self.trips += 1

    def _move(self, trigger: Trigger, new: BreakerState, cause: str, now: float) -> Move:
        move = Move(self.state, new, cause, trigger, self.counters(now))
        if not any(self.state in row.olds and row.new is new for row in TRANSITIONS[trigger]):
            raise AssertionError(f"{self.state.value} → {new.value} by {trigger.name} is not in the table")
        self._begin(new, now)
        return move

    def _begin(self, state: BreakerState, now: float) -> None:
        """A new period of life, in which nothing of an earlier one counts."""
        self.state = state
        self.since = now
        self.generation += 1
        self.open_until = None
        self._trials.begin()
        self._ignored = 0
        self._rejected = 0
        self._successes_in_a_row = 0
        self._is_over_threshold = False
        self._is_last_resort = False
        if state is not _OPEN and state is not _HALF_OPEN:  # a person wants to know how long it has failed
            self._tally.clear()
            self.consecutive_failures = 0
        self._allow()

    def _allow(self) -> None:
        """Prepares the quick way: one permit for everybody, and plain counting where nothing else is asked."""
        self.standing = Permit(self.generation) if self.state in ADMITTING else None
        self._counts_plainly = self.state is _CLOSED and self.policy.trip.is_plain

    def _hold_left(self, now: float) -> float | None:
        ends = list(self.holders.values())
        return None if None in ends else max(end - now for end in ends if end is not None)

    def _drop_expired_holds(self, now: float) -> Move | None:
        gone = [holder for holder, until in self.holders.items() if until is not None and now >= until]
        moves = [self.release(now, f"the hold of {holder} ran out", holder=holder) for holder in gone]
        return next((move for move in moves if move is not None), None)
