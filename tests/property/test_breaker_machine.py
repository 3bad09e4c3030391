"""The breaker under any order of calls, results, words, restarts and time, beside a plain model of it.

Invariants 1, 2, 6 and 7 of the engine are checked after each step.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hive_console.core.breaker import Breaker
from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.transitions import TRANSITIONS, Move, Permit, Trigger
from tests.property.breaker_model import DECAY, Held, Model, Rules
from tests.property.modest import MODEST

S = BreakerState
STEPS = st.sampled_from([0.0, 2.0, 5.0, 18.0, 20.0, 40.0, 60.0, 120.0])
"""Either no time, or at least a bucket's width of the time window: the model's window has no buckets."""

WINDOW = 60.0
HOLDERS = st.sampled_from(["ada", "drill"])
BY_ITSELF = {trigger for trigger, rows in TRANSITIONS.items() if not rows[0].is_by_hand}
RULES = st.builds(
    Rules,
    row=st.sampled_from([None, 1, 3]),
    failures=st.sampled_from([1, 2, 3]),
    of_calls=st.sampled_from([None, 3, 5]),
    open_seconds=st.sampled_from([5.0, 20.0]),
    factor=st.sampled_from([1.0, 2.0]),
    permits=st.integers(1, 3),
    lease=st.sampled_from([40.0, 120.0]),
).map(lambda rules: rules if rules.row or rules.of_calls else with_seconds(rules))


def with_seconds(rules: Rules) -> Rules:
    return Rules(
        failures=rules.failures,
        of_seconds=WINDOW,
        open_seconds=rules.open_seconds,
        factor=rules.factor,
        permits=rules.permits,
        lease=rules.lease,
    )


def policy_of(rules: Rules) -> BreakerPolicy:
    by_row = rules.row is not None
    return BreakerPolicy(
        TripRule(
            consecutive=rules.row,
            failures=None if by_row else rules.failures,
            window_calls=None if by_row else rules.of_calls,
            window_seconds=rules.of_seconds,
        ),
        OpenTime(rules.open_seconds, factor=rules.factor, cap=rules.cap, decay_every=DECAY),
        TrialRule(permits=rules.permits, successes=rules.permits, lease=rules.lease),
        prober_goes_first=False,
    )


Word = Callable[[Breaker, float, str, float], Move | None]
WORDS: dict[str, Word] = {
    "trip": lambda breaker, now, _, __: breaker.trip(now, "x"),
    "recovery failed": lambda breaker, now, _, __: breaker.trip(now, "x", trigger=Trigger.RECOVERY_FAILED),
    "half-open": lambda breaker, now, _, __: breaker.half_open(now, "x"),
    "last resort": lambda breaker, now, _, __: breaker.half_open(now, "x", trigger=Trigger.LAST_RESORT),
    "reset": lambda breaker, now, _, __: breaker.reset(now, "x"),
    "isolate": lambda breaker, now, holder, _: breaker.isolate(now, "x", holder=holder),
    "isolate for a time": lambda breaker, now, holder, seconds: breaker.isolate(
        now, "x", holder=holder, until=now + seconds
    ),
    "release": lambda breaker, now, holder, _: breaker.release(now, "x", holder=holder),
    "release trusted": lambda breaker, now, holder, _: breaker.release(now, "x", holder=holder, is_trusted=True),
    "observe": lambda breaker, now, _, __: breaker.observe_only(now, "x"),
    "disable": lambda breaker, now, _, __: breaker.disable(now, "x"),
    "freeze": lambda breaker, _, __, ___: breaker.freeze(),
    "freeze for a time": lambda breaker, now, _, seconds: breaker.freeze(now + seconds),
    "thaw": lambda breaker, _, __, ___: breaker.thaw(),
    "hasten": lambda breaker, now, _, __: breaker.hasten(now),
}
"""What people and the engine say to a breaker; the model is told the same words."""


class BreakerMachine(RuleBasedStateMachine):
    """Drives a breaker and its model."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.breaker = Breaker(BreakerPolicy(), self.now)
        self.model = Model(Rules(), self.now)
        self.held: list[tuple[Permit, Held]] = []

    @initialize(rules=RULES)
    def begin(self, rules: Rules) -> None:
        self.breaker = Breaker(policy_of(rules), self.now)
        self.model = Model(rules, self.now)

    def check_move(self, move: Move | None, before: BreakerState, generation: int, *, frozen: bool) -> None:
        """A transition is told exactly when there was one, is of the table, and none breaks a freeze."""
        if move is None:
            assert self.breaker.state is before
            return
        assert (move.old, move.new) == (before, self.breaker.state)
        assert any(move.old in row.olds and row.new is move.new for row in TRANSITIONS[move.trigger])
        assert not (frozen and move.trigger in BY_ITSELF)
        assert self.breaker.generation == generation + 1
        assert move.cause

    @rule(step=STEPS)
    def time_passes(self, step: float) -> None:
        self.now += step

    @rule()
    def somebody_looks(self) -> None:
        before, generation, frozen = self.breaker.state, self.breaker.generation, self.breaker.is_frozen(self.now)

        move = self.breaker.age(self.now)

        self.model.age(self.now)
        self.check_move(move, before, generation, frozen=frozen)

    @rule(times=st.integers(1, 4))
    def somebody_asks(self, times: int) -> None:
        for _ in range(times):
            self.breaker.age(self.now)
            self.model.age(self.now)
            promised = self.breaker.would_admit(self.now)

            got = self.breaker.acquire(self.now)
            expected = self.model.acquire(self.now)

            assert isinstance(got, Permit) is promised is (expected is not None)
            if isinstance(got, Permit) and expected is not None:
                assert got.generation == expected.generation == self.breaker.generation
                assert bool(got.number) is (expected.lease is not None)
                self.held.append((got, expected))
            elif not isinstance(got, Permit):
                assert got.retry_after is None or got.retry_after > 0

    @precondition(lambda self: self.held)
    @rule(
        data=st.data(),
        verdict=st.sampled_from([Verdict.FAILURE, Verdict.FAILURE, Verdict.SUCCESS, Verdict.NEUTRAL]),
        retry_after=st.sampled_from([0.0, 0.0, 60.0]),
        twice=st.booleans(),
    )
    def a_call_comes_back(self, data: st.DataObject, verdict: Verdict, retry_after: float, *, twice: bool) -> None:
        permit, held = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        before, generation, frozen = self.breaker.state, self.breaker.generation, self.breaker.is_frozen(self.now)

        move = self.breaker.settle(permit, verdict, self.now, cause="boom", retry_after=retry_after)
        self.model.settle(held, verdict, self.now, retry_after)

        self.check_move(move, before, generation, frozen=frozen)
        if verdict is Verdict.NEUTRAL or permit.generation != generation:
            assert move is None
        if twice and permit.number:
            assert self.breaker.settle(permit, verdict, self.now, cause="again") is None

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_caller_vanishes(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @rule(
        word=st.sampled_from(sorted(WORDS)),
        holder=HOLDERS,
        seconds=st.sampled_from([5.0, 60.0]),
    )
    def somebody_says(self, word: str, holder: str, seconds: float) -> None:
        before, generation, frozen = self.breaker.state, self.breaker.generation, self.breaker.is_frozen(self.now)

        move = WORDS[word](self.breaker, self.now, holder, seconds)
        self.model.say(word, self.now, holder=holder, seconds=seconds)

        if not (word == "reset" and before is S.CLOSED):  # no move, but a new life all the same
            self.check_move(move, before, generation, frozen=frozen)

    @rule()
    def the_process_restarts(self) -> None:
        saved = json.loads(json.dumps(self.breaker.save()))
        self.breaker = Breaker.restored(self.breaker.policy, saved, self.now)
        self.model.restart()

    @invariant()
    def it_is_as_its_model(self) -> None:
        breaker, model = self.breaker, self.model
        assert (breaker.state, breaker.since, breaker.generation) == (model.state, model.since, model.generation)
        assert (breaker.consecutive_failures, breaker.trips) == (model.row, model.trips)
        assert (breaker.open_until, breaker.holders) == (model.open_until, model.holders)
        assert breaker.is_frozen(self.now) is model.is_frozen(self.now)

    @invariant()
    def its_trials_are_never_more_than_its_permits(self) -> None:
        if self.breaker.state is S.HALF_OPEN:
            current = [held for permit, held in self.held if permit.generation == self.breaker.generation]
            fresh = [held for held in current if self.now - held.issued_at < self.model.rules.lease]
            assert len(fresh) <= self.model.rules.permits

    @invariant()
    def an_open_breaker_admits_exactly_its_permits_at_the_instant_and_nothing_before(self) -> None:
        until = self.breaker.open_until
        if self.breaker.state is not S.OPEN or until is None or self.breaker.is_frozen(max(until, self.now)):
            return
        if until > self.now:
            early = copy.deepcopy(self.breaker)
            assert not isinstance(early.acquire(until - 0.001), Permit)
        due = copy.deepcopy(self.breaker)
        asked = [due.acquire(max(until, self.now)) for _ in range(self.model.rules.permits + 2)]
        assert sum(isinstance(answer, Permit) for answer in asked) == self.model.rules.permits

    @invariant()
    def it_is_never_wedged(self) -> None:
        """Whoever comes after the longest wait is let in, unless a person keeps it out."""
        later = self.now + 500.0
        held_for_ever = None in self.breaker.holders.values()
        if held_for_ever or self.breaker.is_frozen(later):
            return
        future = copy.deepcopy(self.breaker)
        future.age(later)
        assert isinstance(future.acquire(later + 100.0), Permit)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = MODEST
