"""The circuit breaker under an operator's hands: trip, reset, isolate, release, hasten."""

from __future__ import annotations

import pytest

from hive_console.core.breaker import PROBE_GRACE, Breaker
from hive_console.core.breaker_policy import BreakerPolicy, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.transitions import Refusal
from tests.core.breaker_driver import (
    EAGER,
    PATIENT,
    THRESHOLD,
    TIMEOUT,
    TRIAL,
    fail,
    gist,
    on_trial,
    opened,
    permit_of,
    refusal_of,
)
from tests.core.samples import NOW

S = BreakerState


def test_tripping_opens_it_for_one_timeout() -> None:
    breaker = Breaker(EAGER, NOW)

    assert gist(breaker.trip(NOW, "by ada")) == (S.CLOSED, S.OPEN, "by ada")
    assert breaker.open_until == NOW + TIMEOUT


def test_tripping_ends_a_trial() -> None:
    breaker, permit = on_trial()

    assert gist(breaker.trip(TRIAL, "by ada")) == (S.HALF_OPEN, S.OPEN, "by ada")
    assert breaker.settle(permit, Verdict.SUCCESS, TRIAL) is None
    assert breaker.state is S.OPEN


def test_tripping_an_open_breaker_does_not_prolong_it() -> None:
    breaker = opened()

    assert breaker.trip(NOW + 10, "by ada") is None
    assert breaker.open_until == NOW + TIMEOUT


@pytest.mark.parametrize("policy", [EAGER, PATIENT])
def test_r2_a_reset_really_closes_the_breaker(policy: BreakerPolicy) -> None:
    breaker = opened(policy)

    assert gist(breaker.reset(NOW + 1, "by ada")) == (S.OPEN, S.CLOSED, "by ada")
    assert (breaker.state, breaker.consecutive_failures, breaker.open_until) == (S.CLOSED, 0, None)
    assert breaker.would_admit(NOW + 1)


def test_a_reset_ends_a_trial_too() -> None:
    breaker, permit = on_trial()

    assert gist(breaker.reset(TRIAL, "by ada")) == (S.HALF_OPEN, S.CLOSED, "by ada")
    assert breaker.settle(permit, Verdict.FAILURE, TRIAL) is None


def test_a_reset_of_a_closed_breaker_is_no_transition_but_forgets_failures() -> None:
    breaker = Breaker(EAGER, NOW)
    fail(breaker, NOW, THRESHOLD - 1)

    assert breaker.reset(NOW, "by ada") is None
    assert breaker.consecutive_failures == 0


def isolated() -> Breaker:
    breaker = Breaker(EAGER, NOW)
    assert gist(breaker.isolate(NOW, "by ada")) == (S.CLOSED, S.ISOLATED, "by ada")
    return breaker


@pytest.mark.parametrize("is_probe", [True, False])
def test_an_isolated_breaker_admits_nothing_ever(*, is_probe: bool) -> None:
    refusal = refusal_of(isolated(), NOW + 1e9, is_probe=is_probe)

    assert refusal == Refusal("deactivated by hand", None)
    assert not isolated().would_admit(NOW + 1e9)


def test_neither_trip_nor_isolation_nor_haste_moves_an_isolated_breaker() -> None:
    breaker = isolated()
    breaker.hasten(NOW)

    assert breaker.trip(NOW, "x") is None
    assert breaker.isolate(NOW, "x") is None
    assert breaker.state is S.ISOLATED
    assert breaker.open_until is None


@pytest.mark.parametrize("verdict", Verdict)
def test_no_result_moves_an_isolated_breaker(verdict: Verdict) -> None:
    breaker = Breaker(BreakerPolicy(TripRule(consecutive=1)), NOW)
    late = permit_of(breaker, NOW)
    breaker.isolate(NOW, "by ada")

    assert breaker.settle(late, verdict, NOW + 1) is None
    assert breaker.state is S.ISOLATED


def test_isolation_can_come_from_every_state() -> None:
    half_open, _ = on_trial()

    assert gist(opened().isolate(NOW, "x")) == (S.OPEN, S.ISOLATED, "x")
    assert gist(half_open.isolate(TRIAL, "x")) == (S.HALF_OPEN, S.ISOLATED, "x")


def test_a_released_breaker_is_decided_by_one_trial() -> None:
    breaker = isolated()

    assert gist(breaker.release(NOW + 60, "by ada")) == (S.ISOLATED, S.HALF_OPEN, "by ada")
    permit = permit_of(breaker, NOW + 60)
    refusal_of(breaker, NOW + 60)
    assert gist(breaker.settle(permit, Verdict.SUCCESS, NOW + 61)) == (S.HALF_OPEN, S.CLOSED, "trial succeeded")


@pytest.mark.parametrize("breaker", [Breaker(EAGER, NOW), opened(), on_trial()[0]])
def test_only_an_isolated_breaker_can_be_released(breaker: Breaker) -> None:
    state = breaker.state

    assert breaker.release(NOW, "x") is None
    assert breaker.state is state


def test_an_open_breaker_can_be_hastened_to_its_trial() -> None:
    breaker = opened()

    breaker.hasten(NOW + 3)

    assert permit_of(breaker, NOW + 3, is_probe=True).move is not None


def test_hastening_never_postpones_the_trial() -> None:
    breaker = opened(PATIENT)
    due = TRIAL + PROBE_GRACE

    breaker.hasten(due - 1)

    assert breaker.would_admit(due)


@pytest.mark.parametrize("breaker", [Breaker(EAGER, NOW), on_trial()[0]])
def test_haste_means_nothing_to_a_breaker_that_is_not_open(breaker: Breaker) -> None:
    state = breaker.state

    breaker.hasten(NOW)

    assert (breaker.state, breaker.open_until) == (state, None)


def test_f7_two_breakers_share_nothing() -> None:
    first, second = Breaker(EAGER, NOW), Breaker(EAGER, NOW)

    fail(first, NOW, THRESHOLD)

    assert first.state is S.OPEN
    assert second.state is S.CLOSED
    assert second.consecutive_failures == 0
