"""Brings a breaker into the state that a test is about."""

from __future__ import annotations

from hive_console.core.breaker import Breaker
from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.transitions import Move, Permit, Refusal
from tests.core.samples import NOW

THRESHOLD = 3
TIMEOUT = 20.0
PATIENT = BreakerPolicy(TripRule(consecutive=THRESHOLD), OpenTime(TIMEOUT))
EAGER = BreakerPolicy(TripRule(consecutive=THRESHOLD), OpenTime(TIMEOUT), prober_goes_first=False)


def permit_of(breaker: Breaker, now: float, *, is_probe: bool = False) -> Permit:
    permit = breaker.acquire(now, is_probe=is_probe)
    assert isinstance(permit, Permit)
    return permit


def refusal_of(breaker: Breaker, now: float, *, is_probe: bool = False) -> Refusal:
    refusal = breaker.acquire(now, is_probe=is_probe)
    assert isinstance(refusal, Refusal)
    return refusal


def gist(move: Move | None) -> tuple[BreakerState, BreakerState, str] | None:
    """From where, to where and why; the rest of a move has tests of its own."""
    return None if move is None else (move.old, move.new, move.cause)


def fail(breaker: Breaker, now: float, times: int = 1, *, cause: str = "boom") -> Move | None:
    move = None
    for _ in range(times):
        move = breaker.settle(permit_of(breaker, now), Verdict.FAILURE, now, cause=cause)
    return move


def opened(policy: BreakerPolicy = EAGER) -> Breaker:
    """A breaker that failures opened at NOW."""
    breaker = Breaker(policy, NOW)
    fail(breaker, NOW, THRESHOLD)
    assert breaker.state is BreakerState.OPEN
    return breaker


def on_trial(policy: BreakerPolicy = EAGER) -> tuple[Breaker, Permit]:
    """A breaker whose trial is under way since NOW + TIMEOUT."""
    breaker = opened(policy)
    permit = permit_of(breaker, NOW + TIMEOUT, is_probe=True)
    assert breaker.state is BreakerState.HALF_OPEN
    return breaker, permit


TRIAL = NOW + TIMEOUT
