"""How a breaker is set: thresholds to the point, open times, verdicts, and rules that are refused."""

from __future__ import annotations

import pytest

from hive_console.core.breaker_policy import (
    MAX_WINDOW_CALLS,
    PERMIT_LEASE,
    BreakerPolicy,
    OpenTime,
    TrialRule,
    TripRule,
)
from hive_console.core.errors import SettingsError
from hive_console.core.tally import Counters, CountTally, Tally, TimeTally
from tests.core.samples import NOW


def tally_of(successes: int, failures: int, slow: int = 0) -> Tally:
    tally = Tally()
    tally.successes, tally.failures, tally.slow = successes, failures, slow
    return tally


# --- when it opens -------------------------------------------------------------------------------


def test_bip_03s_rule_is_five_failures_in_a_row() -> None:
    assert TripRule().reason_to_open(tally_of(0, 4), 4) is None
    assert TripRule().reason_to_open(tally_of(0, 5), 5) == "5 failures in a row"


def test_more_than_the_threshold_is_a_reason_as_well() -> None:
    assert TripRule(consecutive=3).reason_to_open(tally_of(0, 9), 9) == "9 failures in a row"


def test_a_row_needs_no_minimum_of_calls() -> None:
    rule = TripRule(consecutive=2, failure_rate=0.5, minimum_calls=10)

    assert rule.reason_to_open(tally_of(0, 2), 2) == "2 failures in a row"


def test_a_rule_without_rows_never_looks_at_them() -> None:
    assert TripRule(consecutive=None, failures=9).reason_to_open(tally_of(0, 8), 8) is None


def test_exactly_so_many_failures_of_the_window_open_it() -> None:
    rule = TripRule(consecutive=None, window_calls=10, failures=3)

    assert rule.reason_to_open(tally_of(5, 2), 0) is None
    assert rule.reason_to_open(tally_of(5, 3), 0) == "3 failures of 8 calls"


def test_exactly_the_failure_rate_opens_it() -> None:
    rule = TripRule(consecutive=None, failure_rate=0.3)

    assert rule.reason_to_open(tally_of(71, 29), 0) is None
    assert rule.reason_to_open(tally_of(7, 3), 0) == "3 of 10 calls failed"


def test_a_strict_rate_must_be_exceeded() -> None:
    rule = TripRule(consecutive=None, failure_rate=0.5, is_strict=True)

    assert rule.reason_to_open(tally_of(5, 5), 0) is None
    assert rule.reason_to_open(tally_of(5, 6), 0) == "6 of 11 calls failed"


@pytest.mark.parametrize("share", [0.07, 0.1, 0.29, 0.57, 0.58, 0.7])
def test_no_rounding_keeps_a_share_of_exactly_the_rate_from_opening_it(share: float) -> None:
    rule = TripRule(consecutive=None, failure_rate=share)

    assert rule.reason_to_open(tally_of(100 - round(share * 100), round(share * 100)), 0) is not None


def test_a_rate_says_nothing_below_the_minimum_of_calls() -> None:
    rule = TripRule(consecutive=None, failure_rate=0.5, minimum_calls=4)

    assert rule.reason_to_open(tally_of(0, 3), 0) is None
    assert rule.reason_to_open(tally_of(0, 4), 0) == "4 of 4 calls failed"


def test_failures_say_nothing_below_the_minimum_of_calls_either() -> None:
    rule = TripRule(consecutive=None, failures=1, minimum_calls=3)

    assert rule.reason_to_open(tally_of(1, 1), 0) is None
    assert rule.reason_to_open(tally_of(2, 1), 0) == "1 failures of 3 calls"


def test_without_any_call_no_rate_is_reached() -> None:
    assert TripRule(consecutive=None, failure_rate=0.01, minimum_calls=0).reason_to_open(tally_of(0, 0), 0) is None


def test_exactly_the_slow_rate_opens_it() -> None:
    rule = TripRule(consecutive=None, slow_seconds=2.0, slow_rate=0.5)

    assert rule.reason_to_open(tally_of(3, 2, slow=2), 0) is None
    assert rule.reason_to_open(tally_of(3, 1, slow=2), 0) == "2 of 4 calls took longer than 2 s"


def test_exactly_the_limit_is_not_slow() -> None:
    rule = TripRule(slow_seconds=2.0, slow_rate=1.0)

    assert not rule.is_slow(2.0)
    assert rule.is_slow(2.001)


def test_where_nothing_says_what_is_slow_nothing_is() -> None:
    assert not TripRule().is_slow(1e9)


@pytest.mark.parametrize(
    "rule",
    [
        TripRule(failure_rate=0.5),
        TripRule(failures=3),
        TripRule(slow_seconds=1.0, slow_rate=0.5),
        TripRule(window_calls=10),
        TripRule(window_seconds=10.0),
    ],
)
def test_only_rows_of_failures_are_the_plain_case(rule: TripRule) -> None:
    assert TripRule().is_plain
    assert not rule.is_plain


def test_each_window_has_its_tally() -> None:
    assert type(TripRule().new_tally()) is Tally
    assert type(TripRule(window_calls=5).new_tally()) is CountTally
    assert type(TripRule(window_seconds=5.0).new_tally()) is TimeTally


def test_the_windows_size_and_seconds_reach_the_tally() -> None:
    counted, timed = TripRule(window_calls=2).new_tally(), TripRule(window_seconds=5.0, buckets=1).new_tally()
    for tally in (counted, timed):
        for second in (0, 1, 4):
            tally.add(NOW + second, is_failure=True, is_slow=False)

    timed.age(NOW + 5)

    assert (counted.failures, timed.failures) == (2, 0)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"window_calls": 10, "window_seconds": 10.0}, "breakerWindow"),
        ({"window_calls": 0}, "breakerWindow"),
        ({"window_calls": MAX_WINDOW_CALLS + 1}, "breakerWindow"),
        ({"window_calls": 4, "minimum_calls": 5}, "minimumCalls"),
        ({"slow_rate": 0.5}, "slowCallDuration"),
    ],
)
def test_a_rule_that_can_never_trip_as_written_is_refused(wrong: dict[str, float], field: str) -> None:
    with pytest.raises(SettingsError) as caught:
        TripRule(**wrong)  # type: ignore[arg-type]  # each is of its field's type

    assert caught.value.field == field


@pytest.mark.parametrize(
    "right", [{"window_calls": 1}, {"window_calls": MAX_WINDOW_CALLS}, {"window_calls": 4, "minimum_calls": 4}]
)
def test_a_rule_at_its_bounds_is_accepted(right: dict[str, int]) -> None:
    assert TripRule(**right).window_calls == right["window_calls"]  # type: ignore[arg-type]  # as above


# --- for how long --------------------------------------------------------------------------------


def test_an_open_time_stays_the_same_without_a_factor() -> None:
    assert [OpenTime(20.0).after(trips) for trips in range(4)] == [20.0] * 4


def test_an_open_time_grows_by_its_factor_up_to_its_cap() -> None:
    growing = OpenTime(5.0, factor=2.0, cap=20.0)

    assert [growing.after(trips) for trips in range(5)] == [5.0, 10.0, 20.0, 20.0, 20.0]


def test_an_open_time_grows_from_its_second_trip_on() -> None:
    assert [OpenTime(1.0, factor=3.0).after(trips) for trips in range(4)] == [1.0, 3.0, 9.0, 27.0]


def test_a_first_open_time_above_the_cap_stays_as_it_is() -> None:
    assert [OpenTime(60.0, factor=2.0, cap=20.0).after(trips) for trips in range(3)] == [60.0] * 3


def test_a_thousand_trips_do_not_overflow() -> None:
    assert OpenTime(5.0, factor=10.0, cap=20.0).after(1000) == 20.0
    assert OpenTime(1.0, factor=2.0).after(1000) == 2.0**64


def test_a_sequence_is_followed_and_its_last_repeats() -> None:
    sequence = OpenTime(99.0, factor=2.0, sequence=(1.0, 5.0, 30.0))

    assert [sequence.after(trips) for trips in range(5)] == [1.0, 5.0, 30.0, 30.0, 30.0]


@pytest.mark.parametrize(
    ("closed_for", "left"), [(0.0, 3), (59.999, 3), (60.0, 2), (119.999, 2), (120.0, 1), (180.0, 0), (1e9, 0)]
)
def test_each_full_minute_of_health_forgives_one_trip(closed_for: float, left: int) -> None:
    assert OpenTime(5.0, factor=2.0, decay_every=60.0).remembered(3, closed_for) == left


def test_a_second_of_health_can_be_enough_to_forgive_a_trip() -> None:
    assert OpenTime(5.0, factor=2.0, decay_every=1.0).remembered(3, 1.0) == 2


def test_unless_told_otherwise_an_open_time_neither_grows_nor_is_forgiven_in_parts() -> None:
    assert (OpenTime().factor, OpenTime().decay_every) == (1.0, 0.0)


def test_without_a_decay_closing_forgives_all_trips() -> None:
    assert OpenTime(5.0, factor=2.0).remembered(3, 0.0) == 0


# --- what trials must show -----------------------------------------------------------------------


def test_one_good_trial_closes_and_one_bad_one_opens() -> None:
    rule = TrialRule()

    assert rule.verdict(Counters()) is None
    assert rule.verdict(Counters(successes=1)) is True
    assert rule.verdict(Counters(failures=1)) is False


def test_exactly_so_many_successes_close() -> None:
    rule = TrialRule(permits=3, successes=3)

    assert rule.verdict(Counters(successes=2)) is None
    assert rule.verdict(Counters(successes=3)) is True


def test_exactly_so_many_failures_open() -> None:
    rule = TrialRule(permits=4, successes=3, failures=2)

    assert rule.verdict(Counters(successes=2, failures=1)) is None
    assert rule.verdict(Counters(successes=2, failures=2)) is False


def test_failures_are_looked_at_before_successes() -> None:
    assert TrialRule(permits=2).verdict(Counters(successes=1, failures=1)) is False


@pytest.mark.parametrize(("failures", "closes"), [(1, True), (2, False), (3, False)])
def test_exactly_the_failure_rate_of_the_trials_opens(failures: int, *, closes: bool) -> None:
    rule = TrialRule(permits=4, successes=None, failures=None, calls=4, failure_rate=0.5)

    assert rule.verdict(Counters(successes=3 - failures, failures=failures)) is None
    assert rule.verdict(Counters(successes=4 - failures, failures=failures)) is closes


@pytest.mark.parametrize(("slow", "closes"), [(1, True), (2, False), (3, False)])
def test_exactly_the_slow_rate_of_the_trials_opens(slow: int, *, closes: bool) -> None:
    rule = TrialRule(permits=4, successes=None, failures=None, calls=4, slow_rate=0.5)

    assert rule.verdict(Counters(successes=4, slow=slow)) is closes


@pytest.mark.parametrize(
    "wrong",
    [
        {"permits": 0},
        {"permits": 0, "is_concurrent": True},
        {"successes": 0},
        {"successes": None},
        {"successes": None, "calls": 0},
        {"permits": 1, "successes": 2},
        {"permits": 2, "calls": 3},
        {"permits": 2, "successes": 2, "failures": 2},
        {"permits": 9, "successes": 2, "failures": None},
        {"permits": 1, "successes": None, "calls": 2},
    ],
)
def test_trials_that_could_be_used_up_without_a_verdict_are_refused(wrong: dict[str, int | None]) -> None:
    with pytest.raises(SettingsError) as caught:
        TrialRule(**wrong)  # type: ignore[arg-type]  # each is of its field's type

    assert caught.value.field == "halfOpenProbes"


@pytest.mark.parametrize(
    "right",
    [
        {"permits": 3, "successes": 2, "failures": 2},
        {"permits": 2, "successes": 2, "failures": 2, "expires_after": 60.0},
        {"permits": 2, "successes": 2, "failures": 2, "calls": 2},
        {"permits": 1, "successes": 5, "failures": None, "is_concurrent": True},
        {"permits": 2, "successes": None, "failures": None, "calls": 2},
    ],
)
def test_trials_that_always_come_to_a_verdict_are_accepted(right: dict[str, int | None]) -> None:
    assert TrialRule(**right).permits == right["permits"]  # type: ignore[arg-type]  # as above


def test_a_lease_outlasts_the_longest_operation() -> None:
    assert TrialRule().lease == PERMIT_LEASE > 90.0


# --- the whole policy ----------------------------------------------------------------------------


def test_a_policy_tells_bip_03s_two_numbers() -> None:
    policy = BreakerPolicy(TripRule(consecutive=7), OpenTime(12.0))

    assert (policy.failure_threshold, policy.recovery_timeout) == (7, 12.0)
    assert BreakerPolicy(TripRule(consecutive=None, failures=3)).failure_threshold == 0
