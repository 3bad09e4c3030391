"""What a breaker keeps over a restart: everything that must not be forgotten, and no permit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hive_console.core.breaker import Breaker
from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.tally import Counters
from hive_console.core.transitions import Permit
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
LATER = NOW + 2.0


def restart(breaker: Breaker, now: float = LATER, policy: BreakerPolicy | None = None) -> Breaker:
    """The breaker of the next process, through JSON as it is stored."""
    return Breaker.restored(policy or breaker.policy, json.loads(json.dumps(breaker.save())), now)


def facts(breaker: Breaker) -> dict[str, Any]:
    """What both processes must agree on."""
    return {
        name: getattr(breaker, name)
        for name in (
            "state",
            "since",
            "consecutive_failures",
            "last_failure",
            "last_failure_cause",
            "open_until",
            "trips",
            "frozen_until",
            "holders",
        )
    }


def isolated(*holders: str) -> Breaker:
    breaker = Breaker(EAGER, NOW)
    for number, holder in enumerate(holders):
        breaker.isolate(NOW, "x", holder=holder, until=None if number == 0 else NOW + 100 * number)
    return breaker


def frozen(breaker: Breaker, until: float | None) -> Breaker:
    breaker.freeze(until)
    return breaker


def failing() -> Breaker:
    breaker = Breaker(EAGER, NOW)
    fail(breaker, NOW, THRESHOLD - 1)
    return breaker


LIVES: dict[str, Callable[[], Breaker]] = {
    "closed": lambda: Breaker(EAGER, NOW),
    "failing": failing,
    "open": opened,
    "half-open": lambda: on_trial()[0],
    "isolated by two": lambda: isolated("ada", "drill"),
    "isolated for a time": lambda: isolated("ada", "drill", "storm"),
    "metrics only": lambda: Breaker(EAGER, NOW, state=S.METRICS_ONLY),
    "disabled": lambda: Breaker(EAGER, NOW, state=S.DISABLED),
    "frozen open": lambda: frozen(opened(), None),
    "frozen for a time": lambda: frozen(opened(), NOW + 60),
    "frozen half-open": lambda: frozen(on_trial()[0], None),
}


@pytest.mark.parametrize("life", LIVES)
def test_a_restart_keeps_the_breaker_as_it_was(life: str) -> None:
    breaker = LIVES[life]()

    assert facts(restart(breaker, TRIAL)) == facts(breaker)


@pytest.mark.parametrize("life", LIVES)
@pytest.mark.parametrize("verdict", Verdict)
def test_no_permit_of_the_old_process_counts_in_the_new_one(life: str, verdict: Verdict) -> None:
    breaker = LIVES[life]()
    admission = breaker.acquire(TRIAL, is_probe=True)
    late = admission if isinstance(admission, Permit) else Permit(breaker.generation)
    again = restart(breaker, TRIAL)
    before = (facts(again), again.counters(TRIAL))

    assert again.settle(late, verdict, TRIAL) is None
    assert (facts(again), again.counters(TRIAL)) == before


@pytest.mark.parametrize("life", LIVES)
def test_a_restart_twice_is_a_restart_once(life: str) -> None:
    once = restart(LIVES[life](), TRIAL)

    assert facts(restart(once, TRIAL)) == facts(once)


def test_a_row_of_failures_goes_on_after_a_restart() -> None:
    again = restart(failing())

    assert gist(fail(again, LATER)) == (S.CLOSED, S.OPEN, "3 failures in a row, last: boom")


def test_an_open_breaker_opens_its_trial_when_it_would_have() -> None:
    again = restart(opened())

    assert refusal_of(again, TRIAL - 0.001).cause == "breaker open (boom)"
    assert permit_of(again, TRIAL).number > 0


def test_a_half_open_breaker_gives_out_the_trials_whose_calls_died_with_the_process() -> None:
    again = restart(on_trial()[0], TRIAL + 1)

    assert again.would_admit(TRIAL + 1)
    assert gist(again.settle(permit_of(again, TRIAL + 1), Verdict.SUCCESS, TRIAL + 2)) == (
        S.HALF_OPEN,
        S.CLOSED,
        "trial succeeded",
    )


def test_the_trips_of_before_still_lengthen_the_next_opening() -> None:
    policy = BreakerPolicy(TripRule(consecutive=1), OpenTime(5.0, factor=2.0), prober_goes_first=False)
    breaker = Breaker(policy, NOW)
    fail(breaker, NOW)

    again = restart(breaker)
    fail(again, NOW + 5)

    assert again.open_until == NOW + 15


def test_a_freeze_that_ends_with_a_word_only_survives_as_such() -> None:
    again = restart(frozen(opened(), None))

    assert again.is_frozen(NOW + 1e9)
    again.thaw()

    assert again.would_admit(TRIAL)


def test_every_holder_must_still_release() -> None:
    again = restart(isolated("ada", "drill"))

    assert again.release(LATER, "x", holder="ada") is None
    assert again.release(LATER, "x", holder="drill") is not None


def test_a_hold_that_ran_out_meanwhile_is_over_at_the_first_look() -> None:
    breaker = Breaker(EAGER, NOW)
    breaker.isolate(NOW, "x", holder="drill", until=NOW + 10)

    assert gist(restart(breaker, NOW + 60).age(NOW + 60)) == (
        S.ISOLATED,
        S.HALF_OPEN,
        "the hold of drill ran out",
    )


WINDOWS = {
    "none": TripRule(),
    "calls": TripRule(window_calls=10, failure_rate=0.9, minimum_calls=4),
    "seconds": TripRule(window_seconds=60.0, failure_rate=0.9, minimum_calls=4),
}


@pytest.mark.parametrize("window", WINDOWS)
def test_what_was_counted_survives(window: str) -> None:
    breaker = Breaker(BreakerPolicy(WINDOWS[window]), NOW)
    fail(breaker, NOW, 2)
    breaker.settle(permit_of(breaker, NOW), Verdict.SUCCESS, NOW)

    counters = restart(breaker).counters(LATER)

    assert (counters.failures, counters.successes) == (2, 1)


def test_counts_of_another_kind_of_window_are_left_behind() -> None:
    breaker = Breaker(BreakerPolicy(WINDOWS["calls"]), NOW)
    fail(breaker, NOW, 2)

    again = restart(breaker, policy=BreakerPolicy(WINDOWS["seconds"]))

    assert again.counters(LATER) == Counters(consecutive_failures=2)


def test_a_new_policy_holds_from_the_next_result_on() -> None:
    again = restart(failing(), policy=BreakerPolicy(TripRule(consecutive=2), OpenTime(7.0)))
    assert again.state is S.CLOSED

    fail(again, LATER)

    assert again.open_until == LATER + 7


def test_a_clock_that_was_set_back_does_not_hold_it_open_for_longer_than_it_would_have_been() -> None:
    yesterday = NOW - 86_400

    again = restart(opened(), yesterday)

    assert (again.since, again.open_until) == (yesterday, yesterday + TIMEOUT)


def test_a_restart_during_the_probers_grace_leaves_the_trial_to_it() -> None:
    breaker = opened(PATIENT)

    again = restart(breaker, TRIAL)

    assert not again.would_admit(TRIAL)
    assert permit_of(again, TRIAL, is_probe=True).move is not None


def test_trials_that_had_run_out_are_over_at_the_first_look() -> None:
    policy = BreakerPolicy(trial=TrialRule(expires_after=60.0))
    breaker = Breaker(policy, NOW, state=S.HALF_OPEN)

    assert gist(restart(breaker, NOW + 60).age(NOW + 60)) == (
        S.HALF_OPEN,
        S.OPEN,
        "its trials came to no verdict within 60 s",
    )
