"""The circuit breaker: each transition, each boundary, and results that come too late."""

from __future__ import annotations

import pytest

from hive_console.core.breaker import PROBE_GRACE, Breaker
from hive_console.core.breaker_policy import PERMIT_LEASE, BreakerPolicy, TripRule
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


# --- closed --------------------------------------------------------------------------------------


def test_a_new_breaker_is_closed_and_admits_everything() -> None:
    breaker = Breaker(PATIENT, NOW)

    assert breaker.state is S.CLOSED
    assert breaker.would_admit(NOW)
    assert [permit_of(breaker, NOW).number for _ in range(50)] == [0] * 50


def test_the_default_policy_is_bip_03s() -> None:
    assert BreakerPolicy().failure_threshold == 5
    assert BreakerPolicy().recovery_timeout == 20.0


def test_one_failure_less_than_the_threshold_leaves_it_closed() -> None:
    breaker = Breaker(PATIENT, NOW)

    assert fail(breaker, NOW, THRESHOLD - 1) is None
    assert breaker.state is S.CLOSED
    assert breaker.consecutive_failures == THRESHOLD - 1


def test_exactly_the_threshold_opens_it() -> None:
    breaker = Breaker(PATIENT, NOW)

    move = fail(breaker, NOW, THRESHOLD)

    assert gist(move) == (S.CLOSED, S.OPEN, "3 failures in a row, last: boom")
    assert (breaker.since, breaker.open_until) == (NOW, NOW + TIMEOUT)
    assert (breaker.last_failure, breaker.last_failure_cause) == (NOW, "boom")


def test_a_threshold_of_one_opens_at_the_first_failure() -> None:
    breaker = Breaker(BreakerPolicy(TripRule(consecutive=1)), NOW)

    fail(breaker, NOW)

    assert breaker.state is S.OPEN


def test_a_success_ends_the_row_of_failures() -> None:
    breaker = Breaker(PATIENT, NOW)
    fail(breaker, NOW, THRESHOLD - 1)
    breaker.settle(permit_of(breaker, NOW), Verdict.SUCCESS, NOW)

    fail(breaker, NOW, THRESHOLD - 1)

    assert breaker.state is S.CLOSED


def test_a_neutral_result_neither_counts_nor_ends_the_row() -> None:
    breaker = Breaker(PATIENT, NOW)
    fail(breaker, NOW, THRESHOLD - 1)
    for _ in range(10):
        assert breaker.settle(permit_of(breaker, NOW), Verdict.NEUTRAL, NOW) is None
    assert breaker.consecutive_failures == THRESHOLD - 1

    fail(breaker, NOW)

    assert breaker.state is S.OPEN


# --- open ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("elapsed", [0.0, 1.0, TIMEOUT - 0.001])
def test_an_open_breaker_admits_nothing_before_its_timeout(elapsed: float) -> None:
    breaker = opened()

    refusal = refusal_of(breaker, NOW + elapsed, is_probe=True)

    assert refusal.cause == "breaker open (boom)"
    assert refusal.retry_after == pytest.approx(TIMEOUT - elapsed)
    assert not breaker.would_admit(NOW + elapsed)
    assert breaker.state is S.OPEN


def test_exactly_the_timeout_admits_exactly_one() -> None:
    breaker = opened()
    assert breaker.would_admit(TRIAL)

    permit = permit_of(breaker, TRIAL)
    refusals = [refusal_of(breaker, TRIAL) for _ in range(49)]

    assert gist(permit.move) == (S.OPEN, S.HALF_OPEN, "open time over")
    assert {refusal.cause for refusal in refusals} == {"breaker half-open, its trial is under way"}
    assert {refusal.retry_after for refusal in refusals} == {PERMIT_LEASE}


def test_asking_whether_it_would_admit_changes_nothing() -> None:
    breaker = opened()

    assert breaker.would_admit(TRIAL)
    assert breaker.state is S.OPEN
    assert breaker.generation == 1


def test_traffic_leaves_the_trial_to_the_prober() -> None:
    breaker = opened(PATIENT)

    assert breaker.acquire(TRIAL) == Refusal("breaker open (boom)", PROBE_GRACE, last_failure=NOW)
    assert not breaker.would_admit(TRIAL + PROBE_GRACE - 0.001)
    assert permit_of(breaker, TRIAL, is_probe=True).move is not None


def test_traffic_is_the_trial_when_the_prober_does_not_come() -> None:
    breaker = opened(PATIENT)

    assert breaker.would_admit(TRIAL + PROBE_GRACE)
    assert permit_of(breaker, TRIAL + PROBE_GRACE).move is not None


# --- half-open -----------------------------------------------------------------------------------


def test_a_good_trial_closes_it_and_forgets_the_failures() -> None:
    breaker, permit = on_trial()

    move = breaker.settle(permit, Verdict.SUCCESS, TRIAL + 1)

    assert gist(move) == (S.HALF_OPEN, S.CLOSED, "trial succeeded")
    assert (breaker.consecutive_failures, breaker.open_until, breaker.since) == (0, None, TRIAL + 1)
    assert fail(breaker, TRIAL + 2, THRESHOLD - 1) is None


def test_a_bad_trial_opens_it_for_a_full_timeout_again() -> None:
    breaker, permit = on_trial()

    move = breaker.settle(permit, Verdict.FAILURE, TRIAL + 1, cause="still down")

    assert gist(move) == (S.HALF_OPEN, S.OPEN, "trial failed: still down")
    assert breaker.open_until == TRIAL + 1 + TIMEOUT
    assert refusal_of(breaker, TRIAL + TIMEOUT).retry_after == pytest.approx(1.0)
    assert breaker.consecutive_failures == THRESHOLD + 1


@pytest.mark.parametrize("times", [1, 50])
def test_a_neutral_trial_returns_its_permit_and_never_closes(times: int) -> None:
    breaker, permit = on_trial()

    for _ in range(times):
        assert breaker.settle(permit, Verdict.NEUTRAL, TRIAL) is None
        assert breaker.state is S.HALF_OPEN
        assert breaker.would_admit(TRIAL)
        permit = permit_of(breaker, TRIAL)

    assert permit.move is None
    assert not breaker.would_admit(TRIAL)


def test_a_permit_settled_twice_counts_once() -> None:
    breaker, permit = on_trial()
    breaker.settle(permit, Verdict.NEUTRAL, TRIAL)

    assert breaker.settle(permit, Verdict.SUCCESS, TRIAL) is None
    assert breaker.state is S.HALF_OPEN


def test_a_trial_that_never_comes_back_is_given_out_again_after_its_lease() -> None:
    breaker, _ = on_trial()

    left = refusal_of(breaker, TRIAL + PERMIT_LEASE - 1)
    assert left.retry_after == pytest.approx(1.0)
    assert not breaker.would_admit(TRIAL + PERMIT_LEASE - 1)

    assert breaker.would_admit(TRIAL + PERMIT_LEASE)
    assert permit_of(breaker, TRIAL + PERMIT_LEASE).move is None
    refusal_of(breaker, TRIAL + PERMIT_LEASE)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_trial_whose_lease_was_given_on_settles_to_nothing(verdict: Verdict) -> None:
    breaker, late = on_trial()
    current = permit_of(breaker, TRIAL + PERMIT_LEASE)

    assert breaker.settle(late, verdict, TRIAL + PERMIT_LEASE + 1) is None
    assert breaker.state is S.HALF_OPEN
    assert not breaker.would_admit(TRIAL + PERMIT_LEASE + 1)
    assert breaker.settle(current, Verdict.SUCCESS, TRIAL + PERMIT_LEASE + 2) is not None


def test_an_overdue_trial_that_nobody_replaced_still_decides() -> None:
    breaker, permit = on_trial()

    move = breaker.settle(permit, Verdict.SUCCESS, TRIAL + PERMIT_LEASE * 2)

    assert move is not None
    assert breaker.state is S.CLOSED


# --- results of an earlier generation ------------------------------------------------------------


@pytest.mark.parametrize("verdict", Verdict)
def test_a_result_from_before_the_opening_counts_for_nothing_while_open(verdict: Verdict) -> None:
    breaker = Breaker(EAGER, NOW)
    late = permit_of(breaker, NOW)
    fail(breaker, NOW, THRESHOLD)

    assert breaker.settle(late, verdict, NOW + 5, cause="late") is None
    assert breaker.state is S.OPEN
    assert breaker.open_until == NOW + TIMEOUT
    assert breaker.last_failure_cause == "boom"


@pytest.mark.parametrize("verdict", Verdict)
def test_a_result_from_before_the_opening_decides_no_trial(verdict: Verdict) -> None:
    breaker = Breaker(EAGER, NOW)
    late = permit_of(breaker, NOW)
    fail(breaker, NOW, THRESHOLD)
    permit_of(breaker, TRIAL)

    assert breaker.settle(late, verdict, TRIAL + 1) is None
    assert breaker.state is S.HALF_OPEN
    assert not breaker.would_admit(TRIAL + 1)


def test_late_failures_do_not_open_a_breaker_that_closed_since() -> None:
    breaker = Breaker(EAGER, NOW)
    late = [permit_of(breaker, NOW) for _ in range(THRESHOLD * 3)]
    fail(breaker, NOW, THRESHOLD)
    breaker.settle(permit_of(breaker, TRIAL), Verdict.SUCCESS, TRIAL)

    for permit in late:
        assert breaker.settle(permit, Verdict.FAILURE, TRIAL + 1) is None

    assert breaker.state is S.CLOSED
    assert breaker.consecutive_failures == 0


def test_a_late_trial_of_an_earlier_half_open_time_decides_no_later_one() -> None:
    breaker, late = on_trial()
    breaker.trip(TRIAL, "by hand")
    again = TRIAL + TIMEOUT
    permit_of(breaker, again)

    assert breaker.settle(late, Verdict.SUCCESS, again + 1) is None
    assert breaker.state is S.HALF_OPEN


def test_a_trial_that_a_trip_ended_does_not_hold_the_place_of_a_later_one() -> None:
    breaker, _ = on_trial()
    breaker.trip(TRIAL, "by hand")
    again = TRIAL + TIMEOUT
    breaker.settle(permit_of(breaker, again), Verdict.NEUTRAL, again)

    assert breaker.would_admit(again)
    assert permit_of(breaker, again).move is None


def test_each_transition_begins_a_new_generation() -> None:
    breaker, permit = on_trial()
    assert breaker.generation == 2

    breaker.settle(permit, Verdict.SUCCESS, TRIAL)

    assert breaker.generation == 3
