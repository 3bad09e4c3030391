"""What a breaker counts: since its last move, in its last calls, in its last seconds."""

from __future__ import annotations

import json

import pytest

from hive_console.core.tally import BUCKETS, Counters, CountTally, Tally, TimeTally
from tests.core.samples import NOW


def add(tally: Tally, signs: str, now: float = NOW) -> None:
    """`s` and `f` are quick calls, `S` and `F` slow ones."""
    for sign in signs:
        tally.add(now, is_failure=sign in "fF", is_slow=sign in "SF")


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.successes, tally.failures, tally.slow


TALLIES = [Tally, lambda: CountTally(10), lambda: TimeTally(60.0)]


@pytest.mark.parametrize("make", TALLIES)
def test_a_new_tally_has_counted_nothing(make: type[Tally]) -> None:
    assert counts(make()) == (0, 0, 0)


@pytest.mark.parametrize("make", TALLIES)
def test_successes_failures_and_slow_calls_are_counted_each_for_itself(make: type[Tally]) -> None:
    tally = make()

    add(tally, "ssfSF")

    assert counts(tally) == (3, 2, 2)


@pytest.mark.parametrize("make", TALLIES)
def test_a_cleared_tally_begins_again(make: type[Tally]) -> None:
    tally = make()
    add(tally, "ssfSF")

    tally.clear()
    assert counts(tally) == (0, 0, 0)
    add(tally, "f")

    assert counts(tally) == (0, 1, 0)


@pytest.mark.parametrize("make", TALLIES)
def test_a_tally_goes_through_json_and_back(make: type[Tally]) -> None:
    tally, again = make(), make()
    add(tally, "ssfSF")
    add(again, "ff")

    again.restore(json.loads(json.dumps(tally.save())))

    assert counts(again) == counts(tally)
    assert again.save() == tally.save()


def test_calls_are_successes_and_failures() -> None:
    assert Counters(successes=3, failures=2, slow=1, ignored=7, rejected=9).calls == 5


def test_a_tally_without_a_window_forgets_nothing_with_time() -> None:
    tally = Tally()
    add(tally, "sf")

    tally.age(NOW + 1e9)

    assert counts(tally) == (1, 1, 0)


# --- the last n calls ----------------------------------------------------------------------------


def test_a_count_window_holds_exactly_its_size() -> None:
    tally = CountTally(3)

    add(tally, "fff")
    assert counts(tally) == (0, 3, 0)
    add(tally, "s")

    assert counts(tally) == (1, 2, 0)


def test_the_oldest_call_leaves_a_count_window_first() -> None:
    tally = CountTally(3)

    add(tally, "FsSf")

    assert counts(tally) == (2, 1, 1)


def test_a_count_window_is_not_aged_by_time() -> None:
    tally = CountTally(3)
    add(tally, "fs")

    tally.age(NOW + 1e9)

    assert counts(tally) == (1, 1, 0)


def test_a_count_window_is_saved_as_one_small_number_a_call() -> None:
    tally = CountTally(4)
    add(tally, "sfSF")

    assert tally.save() == [0, 1, 2, 3]


def test_a_smaller_count_window_takes_the_newest_of_what_was_saved() -> None:
    tally = CountTally(4)
    add(tally, "ffsS")
    smaller = CountTally(2)

    smaller.restore(tally.save())

    assert counts(smaller) == (2, 0, 1)


# --- the last seconds ----------------------------------------------------------------------------


def test_a_call_just_within_a_time_window_counts_and_one_exactly_that_old_does_not() -> None:
    tally = TimeTally(60.0)
    add(tally, "f")

    tally.age(NOW + 59.999)
    assert counts(tally) == (0, 1, 0)
    tally.age(NOW + 60.0)

    assert counts(tally) == (0, 0, 0)


def test_a_time_window_rolls_and_does_not_tumble() -> None:
    tally = TimeTally(60.0)
    for second in range(0, 120, 10):
        add(tally, "f", NOW + second)

    assert counts(tally) == (0, 6, 0)


def test_a_new_call_drops_what_is_too_old_for_it() -> None:
    tally = TimeTally(60.0)
    add(tally, "FS")

    add(tally, "s", NOW + 60)

    assert counts(tally) == (1, 0, 0)


def test_an_idle_gap_forgets_all_of_it_and_not_one_bucket() -> None:
    tally = TimeTally(60.0)
    for second in range(0, 60, 2):
        add(tally, "f", NOW + second)

    tally.age(NOW + 3600)

    assert counts(tally) == (0, 0, 0)


def test_a_bucket_begins_with_its_first_call_and_ends_exactly_its_width_later() -> None:
    tally = TimeTally(60.0, buckets=6)
    add(tally, "f", NOW)
    add(tally, "f", NOW + 9.999)
    add(tally, "f", NOW + 10)

    assert [bucket[0] for bucket in tally.save()] == [NOW, NOW + 10]
    tally.age(NOW + 60)

    assert counts(tally) == (0, 1, 0)


def test_a_time_window_never_keeps_more_than_its_buckets() -> None:
    tally = TimeTally(60.0)

    for tenth in range(6000):
        add(tally, "s", NOW + tenth / 10)

    assert len(tally.save()) <= BUCKETS + 1


def test_what_was_saved_goes_on_aging_after_it_was_restored() -> None:
    tally, again = TimeTally(60.0), TimeTally(60.0)
    add(tally, "f")

    again.restore(tally.save())
    again.age(NOW + 60)

    assert counts(again) == (0, 0, 0)
