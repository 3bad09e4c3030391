"""The breaker's windows, rates, open times, warm-up and counters: each boundary through the breaker itself."""

from __future__ import annotations

import pytest

from hive_console.core.breaker import Breaker
from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TrialRule, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState
from hive_console.core.tally import Counters
from hive_console.core.transitions import Move, Trigger
from tests.core.breaker_driver import fail, permit_of, refusal_of
from tests.core.samples import NOW

S = BreakerState
F, OK, N = Verdict.FAILURE, Verdict.SUCCESS, Verdict.NEUTRAL


def breaker_with(
    trip: TripRule, *, open_time: OpenTime | None = None, trial: TrialRule | None = None, warm_up: float = 0.0
) -> Breaker:
    policy = BreakerPolicy(
        trip, open_time or OpenTime(20.0), trial or TrialRule(), prober_goes_first=False, warm_up=warm_up
    )
    return Breaker(policy, NOW)


def result(
    breaker: Breaker,
    verdict: Verdict,
    now: float = NOW,
    *,
    duration: float = 0.0,
    retry_after: float | None = None,
) -> Move | None:
    permit = permit_of(breaker, now)
    return breaker.settle(permit, verdict, now, cause="boom", duration=duration, retry_after=retry_after)


def results(breaker: Breaker, signs: str, now: float = NOW) -> Move | None:
    """`f` fails, `s` succeeds, `n` is neutral; the last move."""
    moves = [result(breaker, {"f": F, "s": OK, "n": N}[sign], now) for sign in signs]
    return moves[-1]


# --- rates ---------------------------------------------------------------------------------------

HALF = TripRule(consecutive=None, window_calls=10, failure_rate=0.5, minimum_calls=4)


def test_a_success_that_completes_the_minimum_opens_it_too() -> None:
    breaker = breaker_with(HALF)

    move = results(breaker, "fffs")

    assert move is not None
    assert move.cause == "3 of 4 calls failed"


def test_a_failure_that_opens_it_says_what_it_was() -> None:
    move = results(breaker_with(HALF), "sssfff")

    assert move is not None
    assert move.cause == "3 of 6 calls failed, last: boom"


def test_only_on_failure_means_that_no_success_ever_opens_it() -> None:
    rule = TripRule(consecutive=None, window_calls=10, failure_rate=0.5, minimum_calls=4, only_on_failure=True)
    breaker = breaker_with(rule)

    assert results(breaker, "fffs") is None
    assert results(breaker, "f") is not None


def test_a_strict_rate_is_not_reached_by_exactly_it() -> None:
    rule = TripRule(consecutive=None, window_calls=10, failure_rate=0.5, minimum_calls=4, is_strict=True)
    breaker = breaker_with(rule)

    assert results(breaker, "ffss") is None
    assert results(breaker, "f") is not None


def test_neutral_results_are_in_no_rate() -> None:
    breaker = breaker_with(HALF)

    assert results(breaker, "nnnfff") is None
    assert breaker.failure_rate(NOW) is None


def test_slow_answers_open_it_though_they_are_good() -> None:
    breaker = breaker_with(
        TripRule(consecutive=None, window_calls=4, slow_seconds=2.0, slow_rate=0.5, minimum_calls=2)
    )

    assert result(breaker, OK, duration=2.0) is None
    move = result(breaker, OK, duration=2.001)

    assert move is not None
    assert move.cause == "1 of 2 calls took longer than 2 s"


def test_a_call_of_which_nobody_told_how_long_it_took_is_not_slow() -> None:
    breaker = breaker_with(TripRule(consecutive=None, slow_seconds=0.5, slow_rate=0.5))

    assert breaker.settle(permit_of(breaker, NOW), OK, NOW) is None


def test_a_time_window_forgets_failures_exactly_its_seconds_old() -> None:
    rule = TripRule(consecutive=None, window_seconds=60.0, failures=3)
    early, late = breaker_with(rule), breaker_with(rule)
    for breaker in (early, late):
        results(breaker, "ff")

    assert result(early, F, NOW + 59.999) is not None
    assert result(late, F, NOW + 60.0) is None


def test_a_time_window_ages_when_it_is_read_and_nobody_calls() -> None:
    breaker = breaker_with(TripRule(consecutive=None, window_seconds=60.0, failures=3))
    results(breaker, "ffs")
    assert breaker.failure_rate(NOW + 59.999) == pytest.approx(2 / 3)

    assert breaker.counters(NOW + 60).calls == 0
    assert breaker.failure_rate(NOW + 60) is None


def test_a_count_window_lets_the_oldest_failure_go() -> None:
    breaker = breaker_with(TripRule(consecutive=None, window_calls=4, failures=3))
    results(breaker, "ffss")

    assert results(breaker, "f") is None


def test_the_failure_rate_says_nothing_below_the_minimum() -> None:
    breaker = breaker_with(HALF)
    results(breaker, "fss")

    assert breaker.failure_rate(NOW) is None
    results(breaker, "s")

    assert breaker.failure_rate(NOW) == 0.25


def test_one_call_has_a_failure_rate_where_one_is_the_minimum() -> None:
    breaker = breaker_with(TripRule(consecutive=9))
    results(breaker, "f")

    assert breaker.failure_rate(NOW) == 1.0


def test_without_any_call_there_is_no_failure_rate_whatever_the_minimum() -> None:
    assert breaker_with(TripRule(minimum_calls=0)).failure_rate(NOW) is None


def test_a_breaker_that_closes_counts_afresh() -> None:
    breaker = breaker_with(HALF)
    results(breaker, "ffff")
    result(breaker, OK, NOW + 20)

    assert breaker.counters(NOW + 20) == Counters()
    assert results(breaker, "fff", NOW + 20) is None


# --- open times ----------------------------------------------------------------------------------

ONE = TripRule(consecutive=1)
GROWING = OpenTime(5.0, factor=2.0, cap=20.0, decay_every=60.0)


def test_each_failed_trial_doubles_the_open_time_up_to_the_cap() -> None:
    breaker, now, waits = breaker_with(ONE, open_time=GROWING), NOW, []
    for _ in range(4):
        result(breaker, F, now)
        assert breaker.open_until is not None
        waits.append(breaker.open_until - now)
        now = breaker.open_until

    assert waits == [5.0, 10.0, 20.0, 20.0]


def trip_and_recover(breaker: Breaker, now: float) -> float:
    """When it closed again."""
    result(breaker, F, now)
    assert breaker.open_until is not None
    closed_at = breaker.open_until
    result(breaker, OK, closed_at)
    assert breaker.state is S.CLOSED
    return closed_at


@pytest.mark.parametrize(("healthy", "seconds"), [(59.999, 10.0), (60.0, 5.0)])
def test_a_lucky_trial_forgives_nothing_and_a_minute_of_health_one_trip(healthy: float, seconds: float) -> None:
    breaker = breaker_with(ONE, open_time=GROWING)
    closed_at = trip_and_recover(breaker, NOW)

    result(breaker, F, closed_at + healthy)

    assert breaker.open_until == closed_at + healthy + seconds


def test_a_reset_by_hand_forgives_every_trip() -> None:
    breaker = breaker_with(ONE, open_time=GROWING)
    result(breaker, F, NOW)
    breaker.reset(NOW + 1, "by ada")

    result(breaker, F, NOW + 1)

    assert (breaker.open_until, breaker.trips) == (NOW + 6, 1)


def test_a_reset_of_a_closed_breaker_forgives_every_trip_too() -> None:
    breaker = breaker_with(ONE, open_time=GROWING)
    closed_at = trip_and_recover(breaker, NOW)
    breaker.reset(closed_at, "by ada")

    result(breaker, F, closed_at)

    assert breaker.open_until == closed_at + 5


def test_retry_after_lengthens_an_opening() -> None:
    breaker = breaker_with(ONE)

    result(breaker, F, retry_after=45.0)

    assert breaker.open_until == NOW + 45


def test_without_a_retry_after_even_the_shortest_open_time_is_kept_to() -> None:
    breaker = breaker_with(ONE, open_time=OpenTime(0.5))

    result(breaker, F)

    assert breaker.open_until == NOW + 0.5


def test_retry_after_never_shortens_an_opening() -> None:
    breaker = breaker_with(ONE)

    result(breaker, F, retry_after=3.0)

    assert breaker.open_until == NOW + 20


def test_retry_after_of_a_failed_trial_lengthens_the_next_opening() -> None:
    breaker = breaker_with(ONE)
    result(breaker, F)

    result(breaker, F, NOW + 20, retry_after=45.0)

    assert breaker.open_until == NOW + 65


def test_retry_after_of_a_failure_that_opens_nothing_holds_nothing_back() -> None:
    breaker = breaker_with(TripRule(consecutive=2))
    result(breaker, F, retry_after=45.0)

    result(breaker, F)

    assert breaker.open_until == NOW + 20


def test_a_breaker_that_begins_open_stays_so_for_its_first_open_time() -> None:
    policy = BreakerPolicy(ONE, GROWING, prober_goes_first=False)
    breaker = Breaker(policy, NOW, state=S.OPEN)

    assert refusal_of(breaker, NOW).retry_after == 5.0
    result(breaker, F, NOW + 5)

    assert breaker.open_until == NOW + 15


# --- trials --------------------------------------------------------------------------------------


def on_trial_with(trial: TrialRule) -> Breaker:
    return Breaker(BreakerPolicy(ONE, trial=trial, prober_goes_first=False), NOW, state=S.HALF_OPEN)


@pytest.mark.parametrize("permits", [1, 3, 10])
def test_exactly_so_many_are_admitted_at_the_instant(permits: int) -> None:
    trial = TrialRule(permits=permits, successes=permits)
    breaker = breaker_with(ONE, trial=trial)
    fail(breaker, NOW)

    admitted = [breaker.would_admit(NOW + 20) and permit_of(breaker, NOW + 20).number > 0 for _ in range(permits)]
    refused = refusal_of(breaker, NOW + 20)

    assert admitted == [True] * permits
    assert refused.cause == "breaker half-open, its trial is under way"


def test_it_closes_at_the_last_success_that_is_wanted_and_not_before() -> None:
    breaker = on_trial_with(TrialRule(permits=3, successes=3))

    assert results(breaker, "ss") is None
    move = results(breaker, "s")

    assert move is not None
    assert (move.new, move.trigger) == (S.CLOSED, Trigger.TRIALS_PASSED)


def test_one_bad_trial_of_several_opens_it() -> None:
    breaker = on_trial_with(TrialRule(permits=3, successes=3))

    move = results(breaker, "sf")

    assert move is not None
    assert (move.new, move.trigger) == (S.OPEN, Trigger.TRIALS_FAILED)


def test_concurrent_permits_bound_how_many_are_out_and_not_how_many_there_are() -> None:
    breaker = on_trial_with(TrialRule(permits=1, successes=3, is_concurrent=True))
    for _ in range(2):
        held = permit_of(breaker, NOW)
        refusal_of(breaker, NOW)
        breaker.settle(held, OK, NOW)

    assert results(breaker, "s") is not None


@pytest.mark.parametrize(("elapsed", "expires"), [(59.999, False), (60.0, True)])
def test_trials_without_a_verdict_end_exactly_at_their_time(elapsed: float, *, expires: bool) -> None:
    breaker = on_trial_with(TrialRule(expires_after=60.0))
    permit_of(breaker, NOW)

    move = breaker.age(NOW + elapsed)

    assert (move is not None) is expires
    assert breaker.state is (S.OPEN if expires else S.HALF_OPEN)


def test_a_call_that_finds_expired_trials_is_refused_and_tells_of_the_move() -> None:
    breaker = on_trial_with(TrialRule(expires_after=60.0))

    refusal = refusal_of(breaker, NOW + 60)

    assert refusal.move is not None
    assert refusal.move.cause == "its trials came to no verdict within 60 s"
    assert refusal.retry_after == 20.0


def test_trials_that_expired_lengthen_the_next_open_time() -> None:
    policy = BreakerPolicy(ONE, GROWING, TrialRule(expires_after=60.0), prober_goes_first=False)
    breaker = Breaker(policy, NOW)
    result(breaker, F)
    permit_of(breaker, NOW + 5)

    breaker.age(NOW + 65)

    assert breaker.open_until == NOW + 75


# --- warm-up -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("elapsed", "opens"), [(29.999, False), (30.0, True)])
def test_nothing_opens_it_before_exactly_its_warm_up_is_over(elapsed: float, *, opens: bool) -> None:
    breaker = breaker_with(ONE, warm_up=30.0)

    assert (result(breaker, F, NOW + elapsed) is not None) is opens


def test_a_threshold_that_is_crossed_while_it_warms_up_is_told() -> None:
    breaker = breaker_with(ONE, warm_up=30.0)

    result(breaker, F)

    assert (breaker.state, breaker.threshold_crossings) == (S.CLOSED, 1)


# --- crossings that open nothing -----------------------------------------------------------------


def watching(trip: TripRule) -> Breaker:
    return Breaker(BreakerPolicy(trip), NOW, state=S.METRICS_ONLY)


def test_a_threshold_counts_as_crossed_once_however_long_it_stays_so() -> None:
    breaker = watching(TripRule(consecutive=2))

    results(breaker, "ffffff")

    assert breaker.threshold_crossings == 1


def test_a_threshold_that_was_left_can_be_crossed_again() -> None:
    breaker = watching(TripRule(consecutive=2))

    results(breaker, "ffsff")

    assert breaker.threshold_crossings == 2


def test_a_threshold_that_was_crossed_in_an_earlier_life_can_be_crossed_in_the_next() -> None:
    breaker = watching(ONE)
    results(breaker, "f")
    breaker.reset(NOW, "by ada")
    breaker.observe_only(NOW, "by ada")

    results(breaker, "f")

    assert breaker.threshold_crossings == 2


def test_a_success_between_two_crossings_of_one_failure_is_seen_on_the_quick_way_too() -> None:
    breaker = breaker_with(ONE)
    breaker.freeze()

    results(breaker, "fsf")

    assert breaker.threshold_crossings == 2


def test_a_threshold_that_a_success_reaches_is_crossed_by_the_failure_after_it() -> None:
    breaker = watching(
        TripRule(consecutive=None, window_calls=10, failure_rate=0.5, minimum_calls=4, only_on_failure=True)
    )

    results(breaker, "fffs")
    assert breaker.threshold_crossings == 0
    results(breaker, "fsf")

    assert breaker.threshold_crossings == 1


# --- counters ------------------------------------------------------------------------------------


def test_a_move_carries_what_was_counted_until_then() -> None:
    breaker = breaker_with(TripRule(consecutive=2))

    move = results(breaker, "ssnfnf")

    assert move is not None
    assert move.counters == Counters(successes=2, failures=2, consecutive_failures=2, ignored=2)


def test_neutral_and_refused_calls_are_counted_afresh_after_each_move() -> None:
    breaker = breaker_with(TripRule(consecutive=1))
    results(breaker, "nnf")
    assert breaker.counters(NOW).ignored == 0
    refusal_of(breaker, NOW)

    permit_of(breaker, NOW + 20)

    assert breaker.counters(NOW + 20).rejected == 0


def test_the_move_to_half_open_carries_the_refused_calls() -> None:
    breaker = breaker_with(ONE)
    result(breaker, F)
    for _ in range(3):
        refusal_of(breaker, NOW)

    move = permit_of(breaker, NOW + 20).move

    assert move is not None
    assert (move.counters.rejected, move.counters.failures) == (3, 1)


def test_the_move_out_of_half_open_carries_the_trials_only() -> None:
    breaker = breaker_with(TripRule(consecutive=3), trial=TrialRule(permits=2, successes=2))
    results(breaker, "fff")

    move = results(breaker, "ss", NOW + 20)

    assert move is not None
    assert move.counters == Counters(successes=2, consecutive_successes=2)


def test_a_failed_trial_is_one_failure_of_its_period_though_the_row_goes_on() -> None:
    breaker = breaker_with(TripRule(consecutive=3))
    results(breaker, "fff")

    move = results(breaker, "f", NOW + 20)

    assert move is not None
    assert move.counters.consecutive_failures == 1
    assert breaker.consecutive_failures == 4


def test_rows_of_successes_and_failures_end_each_other() -> None:
    breaker = breaker_with(TripRule(consecutive=9))

    results(breaker, "ffsss")
    assert (breaker.counters(NOW).consecutive_failures, breaker.counters(NOW).consecutive_successes) == (0, 3)
    results(breaker, "f")

    assert (breaker.counters(NOW).consecutive_failures, breaker.counters(NOW).consecutive_successes) == (1, 0)


def test_a_row_of_successes_is_right_also_where_the_window_drops_old_ones() -> None:
    breaker = breaker_with(TripRule(consecutive=None, window_calls=3, failures=3))

    results(breaker, "ssfs")

    assert breaker.counters(NOW).consecutive_successes == 1


def test_slow_trials_are_counted() -> None:
    trip = TripRule(slow_seconds=1.0, slow_rate=0.5)
    trial = TrialRule(permits=2, successes=None, failures=None, calls=2, slow_rate=0.5)
    breaker = Breaker(BreakerPolicy(trip, trial=trial, prober_goes_first=False), NOW, state=S.HALF_OPEN)
    result(breaker, OK, duration=1.001)

    move = result(breaker, OK, duration=1.0)

    assert move is not None
    assert (move.new, move.counters.slow) == (S.OPEN, 1)
