"""Freezing, holding, watching only, switching off: what people make of a breaker, and what ends it."""

from __future__ import annotations

import pytest

from hive_console.core.breaker import OPERATOR, PROBE_GRACE, Breaker
from hive_console.core.breaker_policy import BreakerPolicy, TrialRule, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.transitions import Permit, Trigger
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

# --- freezing ------------------------------------------------------------------------------------


def test_a_frozen_closed_breaker_goes_on_admitting_whatever_fails() -> None:
    breaker = Breaker(EAGER, NOW)
    breaker.freeze()

    assert fail(breaker, NOW, THRESHOLD * 3) is None
    assert (breaker.state, breaker.threshold_crossings) == (S.CLOSED, 1)


def test_a_frozen_breaker_opens_at_the_first_failure_after_its_thaw() -> None:
    breaker = Breaker(EAGER, NOW)
    breaker.freeze()
    fail(breaker, NOW, THRESHOLD)
    breaker.thaw()

    assert gist(fail(breaker, NOW)) == (S.CLOSED, S.OPEN, "4 failures in a row, last: boom")


def test_a_frozen_open_breaker_admits_nothing_though_its_time_is_over() -> None:
    breaker = opened()
    breaker.freeze()

    refusal = refusal_of(breaker, TRIAL, is_probe=True)

    assert (refusal.cause, refusal.retry_after) == ("breaker open and frozen by hand", None)
    assert not breaker.would_admit(TRIAL)


@pytest.mark.parametrize(("elapsed", "is_frozen"), [(59.999, True), (60.0, False)])
def test_a_freeze_ends_exactly_at_its_time(elapsed: float, *, is_frozen: bool) -> None:
    breaker = opened()
    breaker.freeze(NOW + 60)

    assert breaker.is_frozen(NOW + elapsed) is is_frozen
    assert breaker.would_admit(NOW + elapsed) is not is_frozen
    assert isinstance(breaker.acquire(NOW + elapsed), Permit) is not is_frozen


def test_a_freeze_that_ran_out_is_forgotten() -> None:
    breaker = opened()
    breaker.freeze(NOW + 60)

    assert breaker.age(NOW + 60) is None
    assert breaker.frozen_until is None


@pytest.mark.parametrize(
    ("verdict", "new", "cause"),
    [
        (Verdict.SUCCESS, S.CLOSED, "trial succeeded"),
        (Verdict.FAILURE, S.OPEN, "trial failed: boom"),
    ],
)
def test_a_verdict_that_a_freeze_kept_waiting_is_given_at_the_thaw(
    verdict: Verdict, new: BreakerState, cause: str
) -> None:
    breaker, permit = on_trial()
    breaker.freeze()
    assert breaker.settle(permit, verdict, TRIAL, cause="boom") is None
    assert breaker.age(TRIAL + 1) is None
    breaker.thaw()

    assert gist(breaker.age(TRIAL + 2)) == (S.HALF_OPEN, new, cause)


def test_a_call_that_finds_a_waiting_verdict_is_admitted_by_it() -> None:
    breaker, permit = on_trial()
    breaker.freeze(TRIAL + 60)
    breaker.settle(permit, Verdict.SUCCESS, TRIAL)

    admission = permit_of(breaker, TRIAL + 60)

    assert gist(admission.move) == (S.HALF_OPEN, S.CLOSED, "trial succeeded")
    assert (admission.number, admission.generation) == (0, breaker.generation)


def test_frozen_trials_do_not_expire() -> None:
    policy = BreakerPolicy(trial=TrialRule(expires_after=60.0), prober_goes_first=False)
    breaker = Breaker(policy, NOW, state=S.HALF_OPEN)
    breaker.freeze()

    assert breaker.age(NOW + 3600) is None
    breaker.thaw()
    assert gist(breaker.age(NOW + 3600)) == (
        S.HALF_OPEN,
        S.OPEN,
        "its trials came to no verdict within 60 s",
    )


def test_a_thaw_of_a_breaker_that_is_not_frozen_changes_nothing() -> None:
    breaker = opened()
    breaker.thaw()

    assert refusal_of(breaker, NOW).retry_after == TIMEOUT


def test_a_frozen_breaker_is_no_last_resort() -> None:
    breaker = opened()
    breaker.freeze()

    assert breaker.half_open(NOW, "x", trigger=Trigger.LAST_RESORT) is None
    assert breaker.half_open(NOW, "x") is not None


# --- trials by hand and as a last resort ---------------------------------------------------------


def test_a_last_resort_is_tried_by_traffic_at_once_though_a_prober_goes_first() -> None:
    breaker = opened(PATIENT)

    breaker.half_open(NOW + 1, "x", trigger=Trigger.LAST_RESORT)

    assert breaker.would_admit(NOW + 1)
    assert permit_of(breaker, NOW + 1).number > 0


def test_a_trial_by_hand_is_still_the_probers_first() -> None:
    breaker = opened(PATIENT)

    breaker.half_open(NOW + 1, "x")

    refusal = refusal_of(breaker, NOW + 1)
    assert refusal.cause == "breaker half-open, its trial is the prober's"
    assert refusal.retry_after == PROBE_GRACE
    assert not breaker.would_admit(NOW + 1 + PROBE_GRACE - 0.001)
    refusal_of(breaker, NOW + 1 + PROBE_GRACE - 0.001)
    assert breaker.would_admit(NOW + 1 + PROBE_GRACE)
    assert permit_of(breaker, NOW + 1, is_probe=True).number > 0


def test_what_one_last_resort_allowed_is_not_allowed_to_the_next_trial() -> None:
    breaker = opened(PATIENT)
    breaker.half_open(NOW + 1, "x", trigger=Trigger.LAST_RESORT)
    breaker.settle(permit_of(breaker, NOW + 1), Verdict.FAILURE, NOW + 1)

    assert not breaker.would_admit(NOW + 1 + TIMEOUT)


# --- tripping for a time -------------------------------------------------------------------------


def test_a_trip_may_name_its_seconds() -> None:
    breaker = Breaker(EAGER, NOW)

    breaker.trip(NOW, "x", seconds=3.0)

    assert breaker.open_until == NOW + 3


def test_a_trip_may_name_its_end() -> None:
    breaker = Breaker(EAGER, NOW)

    breaker.trip(NOW, "x", until=NOW + 300)

    assert breaker.open_until == NOW + 300


def test_a_trip_of_an_open_breaker_only_takes_the_new_end() -> None:
    breaker = opened()
    generation = breaker.generation

    assert breaker.trip(NOW + 1, "x", seconds=100.0) is None
    assert (breaker.open_until, breaker.generation) == (NOW + 101, generation)


@pytest.mark.parametrize("named", [{"seconds": 5.0}, {"until": NOW + 5}])
def test_a_trip_of_a_deactivated_breaker_sets_no_end(named: dict[str, float]) -> None:
    breaker = Breaker(EAGER, NOW, state=S.ISOLATED)

    assert breaker.trip(NOW, "x", **named) is None  # type: ignore[arg-type]  # each is a float
    assert breaker.open_until is None


def test_a_frozen_breaker_is_not_tripped_by_a_failed_recovery_and_takes_no_end_from_it() -> None:
    breaker = opened()
    breaker.freeze()

    breaker.trip(NOW, "x", seconds=999.0, trigger=Trigger.RECOVERY_FAILED)

    assert breaker.open_until == NOW + TIMEOUT


# --- holders -------------------------------------------------------------------------------------


def held(*holders: str, until: float | None = None) -> Breaker:
    breaker = Breaker(EAGER, NOW)
    for holder in holders:
        breaker.isolate(NOW, "x", holder=holder, until=until)
    return breaker


def test_only_the_last_holder_releases() -> None:
    breaker = held("ada", "drill")

    assert breaker.release(NOW, "x", holder="ada") is None
    assert breaker.state is S.ISOLATED
    assert breaker.release(NOW, "x", holder="drill") is not None


def test_who_holds_nothing_releases_nothing() -> None:
    breaker = held("ada")

    assert breaker.release(NOW, "x", holder="eve") is None
    assert breaker.state is S.ISOLATED


def test_a_second_hold_is_no_move() -> None:
    breaker = held("ada")

    assert breaker.isolate(NOW, "x", holder="drill") is None
    assert set(breaker.holders) == {"ada", "drill"}


def test_who_names_no_holder_is_the_operator() -> None:
    breaker = Breaker(EAGER, NOW)
    breaker.isolate(NOW, "x")

    assert breaker.holders == {OPERATOR: None}
    assert Breaker(EAGER, NOW, state=S.ISOLATED).holders == {OPERATOR: None}


@pytest.mark.parametrize(("elapsed", "ends"), [(9.999, False), (10.0, True)])
def test_a_hold_ends_exactly_at_its_time_and_a_trial_decides(elapsed: float, *, ends: bool) -> None:
    breaker = held("drill", until=NOW + 10)

    move = breaker.age(NOW + elapsed)

    assert gist(move) == ((S.ISOLATED, S.HALF_OPEN, "the hold of drill ran out") if ends else None)


def test_a_hold_that_ended_leaves_the_others() -> None:
    breaker = held("ada")
    breaker.isolate(NOW, "x", holder="drill", until=NOW + 10)

    assert breaker.age(NOW + 10) is None
    assert breaker.holders == {"ada": None}


def test_holds_that_end_together_are_one_move() -> None:
    breaker = held("drill", "storm", until=NOW + 10)

    assert gist(breaker.age(NOW + 10)) == (S.ISOLATED, S.HALF_OPEN, "the hold of storm ran out")
    assert breaker.generation == 2


def test_a_refusal_tells_when_the_last_hold_ends() -> None:
    breaker = held("drill", until=NOW + 10)
    breaker.isolate(NOW, "x", holder="storm", until=NOW + 30)

    assert refusal_of(breaker, NOW).retry_after == 30.0


def test_a_refusal_tells_no_time_while_one_hold_has_none() -> None:
    breaker = held("drill", until=NOW + 10)
    breaker.isolate(NOW, "x", holder="ada")

    assert refusal_of(breaker, NOW).retry_after is None


def test_a_call_that_finds_the_hold_over_is_the_trial() -> None:
    breaker = held("drill", until=NOW + 10)

    permit = permit_of(breaker, NOW + 10)

    assert gist(permit.move) == (S.ISOLATED, S.HALF_OPEN, "the hold of drill ran out")
    assert permit.number > 0


@pytest.mark.parametrize("deed", ["reset", "observe_only", "disable"])
def test_a_word_that_ends_an_isolation_ends_every_hold(deed: str) -> None:
    breaker = held("ada", "drill")

    getattr(breaker, deed)(NOW, "x")

    assert breaker.holders == {}


def test_a_hold_ends_also_while_the_breaker_is_frozen() -> None:
    breaker = held("drill", until=NOW + 10)
    breaker.freeze()

    assert breaker.age(NOW + 10) is not None


# --- watching only, and switched off -------------------------------------------------------------


@pytest.mark.parametrize("state", [S.METRICS_ONLY, S.DISABLED])
def test_a_breaker_that_stops_nobody_admits_whatever_fails(state: BreakerState) -> None:
    breaker = Breaker(EAGER, NOW, state=state)

    assert fail(breaker, NOW, THRESHOLD * 5) is None
    assert breaker.state is state
    assert breaker.would_admit(NOW)


def test_metrics_only_counts_and_tells() -> None:
    breaker = Breaker(EAGER, NOW, state=S.METRICS_ONLY)
    fail(breaker, NOW, THRESHOLD)
    breaker.settle(permit_of(breaker, NOW), Verdict.SUCCESS, NOW)

    assert (breaker.counters(NOW).failures, breaker.counters(NOW).successes) == (THRESHOLD, 1)
    assert breaker.threshold_crossings == 1


@pytest.mark.parametrize("verdict", Verdict)
def test_a_breaker_that_is_switched_off_counts_nothing(verdict: Verdict) -> None:
    breaker = Breaker(BreakerPolicy(TripRule(consecutive=1)), NOW, state=S.DISABLED)

    breaker.settle(permit_of(breaker, NOW), verdict, NOW, cause="boom")

    counters = breaker.counters(NOW)
    assert (counters.calls, counters.ignored, breaker.last_failure) == (0, 0, None)
    assert breaker.threshold_crossings == 0


def test_haste_lets_even_a_probe_in_no_earlier_than_now() -> None:
    breaker = opened()

    breaker.hasten(TRIAL + 5)

    assert breaker.open_until == TRIAL
