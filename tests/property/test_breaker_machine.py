"""The breaker under any order of calls, results, losses, hands and time (invariants 1, 2, 6 and 7)."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hive_console.core.breaker import PROBE_GRACE, Breaker
from hive_console.core.breaker_policy import PERMIT_LEASE, BreakerPolicy
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.transitions import Move, Permit, Refusal
from tests.property.modest import MODEST

S = BreakerState
THRESHOLD = 3
TIMEOUT = 20.0
STEPS = st.sampled_from([0.0, 0.5, 1.0, PROBE_GRACE, TIMEOUT - 0.5, TIMEOUT, PERMIT_LEASE - 0.5, PERMIT_LEASE])

DIAGRAM = {
    (S.CLOSED, S.OPEN),
    (S.OPEN, S.HALF_OPEN),
    (S.HALF_OPEN, S.CLOSED),
    (S.HALF_OPEN, S.OPEN),
    (S.CLOSED, S.ISOLATED),
    (S.OPEN, S.ISOLATED),
    (S.HALF_OPEN, S.ISOLATED),
    (S.ISOLATED, S.HALF_OPEN),
    (S.OPEN, S.CLOSED),
}


@dataclass(slots=True)
class Held:
    """A permit that somebody holds."""

    permit: Permit
    issued_at: float
    in_state: BreakerState


class BreakerMachine(RuleBasedStateMachine):
    """Drives one breaker; the model of it is the list of permits that are out."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.policy = BreakerPolicy(failure_threshold=THRESHOLD, recovery_timeout=TIMEOUT)
        self.breaker = Breaker(self.policy, self.now)
        self.held: list[Held] = []

    def facts(self) -> tuple[object, ...]:
        """Everything about the breaker that somebody can see."""
        known = self.breaker
        return (
            known.state,
            known.since,
            known.generation,
            known.consecutive_failures,
            known.last_failure,
            known.last_failure_cause,
            known.open_until,
            known.would_admit(self.now),
        )

    def check_move(self, move: Move | None, state: BreakerState, generation: int) -> None:
        """A transition is told exactly when there was one, is one of the diagram's, and begins a generation."""
        moved = self.breaker.state is not state
        assert (move is not None) is moved
        assert self.breaker.generation == generation + moved
        if move is not None:
            assert (move.old, move.new) == (state, self.breaker.state)
            assert (move.old, move.new) in DIAGRAM
            assert move.cause
            assert self.breaker.since == self.now

    @rule(step=STEPS)
    def time_passes(self, step: float) -> None:
        before = self.breaker.state
        self.now += step
        assert self.breaker.state is before

    @rule(is_probe=st.booleans())
    def somebody_asks(self, *, is_probe: bool) -> None:
        state, generation, open_until = self.breaker.state, self.breaker.generation, self.breaker.open_until
        promised = self.breaker.would_admit(self.now)

        got = self.breaker.acquire(self.now, is_probe=is_probe)

        if not is_probe:
            assert promised is isinstance(got, Permit)
        if isinstance(got, Refusal):
            assert (got.retry_after is None) is (state is S.ISOLATED)
            assert got.retry_after is None or got.retry_after > 0
            self.check_move(None, state, generation)
            return
        assert state is not S.ISOLATED
        if state is S.OPEN:
            assert open_until is not None
            assert self.now >= open_until + (0.0 if is_probe else PROBE_GRACE)
        self.check_move(got.move, state, generation)
        assert got.generation == self.breaker.generation
        self.held.append(Held(got, self.now, self.breaker.state))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), verdict=st.sampled_from(Verdict))
    def a_call_comes_back(self, data: st.DataObject, verdict: Verdict) -> None:
        held = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        state, generation, facts = self.breaker.state, self.breaker.generation, self.facts()

        move = self.breaker.settle(held.permit, verdict, self.now, cause="boom")

        self.check_move(move, state, generation)
        if held.permit.generation != generation:
            assert self.facts() == facts
        if verdict is Verdict.NEUTRAL:
            assert move is None
        if state in {S.OPEN, S.ISOLATED}:
            assert self.facts() == facts

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_caller_vanishes(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @rule(deed=st.sampled_from(["trip", "reset", "isolate", "release"]))
    def an_operator_acts(self, deed: str) -> None:
        state, generation = self.breaker.state, self.breaker.generation

        match deed:
            case "trip":
                move = self.breaker.trip(self.now, "by hand")
            case "reset":
                move = self.breaker.reset(self.now, "by hand")
            case "isolate":
                move = self.breaker.isolate(self.now, "by hand")
                assert self.breaker.state is S.ISOLATED
            case _:
                move = self.breaker.release(self.now, "by hand")

        self.check_move(move, state, generation)
        if state is S.ISOLATED and deed != "release":
            assert move is None

    @rule()
    def an_operator_hastens(self) -> None:
        state, generation = self.breaker.state, self.breaker.generation
        self.breaker.hasten(self.now)
        self.check_move(None, state, generation)

    @invariant()
    def at_most_one_trial_is_under_way(self) -> None:
        if self.breaker.state is not S.HALF_OPEN:
            return
        current = [held for held in self.held if held.permit.generation == self.breaker.generation]
        fresh = [held for held in current if self.now - held.issued_at < PERMIT_LEASE]
        assert all(held.in_state is S.HALF_OPEN for held in current)
        assert len(fresh) <= 1
        if fresh:
            assert not self.breaker.would_admit(self.now)

    @invariant()
    def no_breaker_is_wedged(self) -> None:
        later = self.now + PERMIT_LEASE + TIMEOUT + PROBE_GRACE
        assert self.breaker.would_admit(later) is (self.breaker.state is not S.ISOLATED)

    @invariant()
    def the_numbers_fit_the_state(self) -> None:
        assert (self.breaker.open_until is not None) is (self.breaker.state is S.OPEN)
        if self.breaker.state is S.CLOSED:
            assert self.breaker.consecutive_failures < THRESHOLD


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = MODEST
