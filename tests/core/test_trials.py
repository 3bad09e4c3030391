"""The permits of one half-open period: exactly so many, each a lease."""

from __future__ import annotations

import pytest

from hive_console.core.breaker_policy import TrialRule
from hive_console.core.trials import Trials
from tests.core.samples import NOW

LEASE = 30.0


def trials(permits: int = 2, *, is_concurrent: bool = False) -> Trials:
    return Trials(TrialRule(permits=permits, lease=LEASE, is_concurrent=is_concurrent))


def test_at_first_every_permit_is_free() -> None:
    assert (trials(3).free(NOW), trials(3).out) == (3, 0)


def test_each_lease_takes_one_and_has_a_number_of_its_own() -> None:
    some = trials(2)

    assert [some.lease(NOW), some.lease(NOW)] == [1, 2]
    assert (some.free(NOW), some.out) == (0, 2)


def test_a_judged_permit_is_used_up() -> None:
    some = trials(2)

    assert some.give_back(some.lease(NOW), is_judged=True)

    assert (some.free(NOW), some.out) == (1, 0)


def test_a_neutral_permit_may_be_given_out_again() -> None:
    some = trials(2)

    assert some.give_back(some.lease(NOW), is_judged=False)

    assert some.free(NOW) == 2


def test_concurrent_permits_come_back_when_they_are_judged_too() -> None:
    some = trials(2, is_concurrent=True)

    some.give_back(some.lease(NOW), is_judged=True)

    assert some.free(NOW) == 2


def test_concurrent_permits_are_taken_while_they_are_out() -> None:
    some = trials(2, is_concurrent=True)
    some.lease(NOW)

    assert some.free(NOW) == 1


def test_a_permit_can_be_given_back_once() -> None:
    some = trials(2)
    number = some.lease(NOW)
    some.give_back(number, is_judged=False)

    assert some.give_back(number, is_judged=False) is False
    assert some.free(NOW) == 2


def test_a_permit_that_nobody_has_cannot_be_given_back() -> None:
    assert not trials().give_back(7, is_judged=True)


@pytest.mark.parametrize("is_concurrent", [True, False])
def test_a_lease_ends_exactly_at_its_time(*, is_concurrent: bool) -> None:
    some = trials(1, is_concurrent=is_concurrent)
    some.lease(NOW)

    assert some.free(NOW + LEASE - 0.001) == 0
    assert some.free(NOW + LEASE) == 1


def test_a_lease_that_ended_is_worth_nothing_once_it_was_given_to_somebody_else() -> None:
    some = trials(1)
    late = some.lease(NOW)
    some.lease(NOW + LEASE)

    assert not some.give_back(late, is_judged=True)
    assert (some.out, some.free(NOW + LEASE)) == (1, 0)


def test_only_the_leases_that_ended_are_given_up() -> None:
    some = trials(3)
    some.lease(NOW)
    fresh = some.lease(NOW + 1)

    some.lease(NOW + LEASE)

    assert some.out == 2
    assert some.give_back(fresh, is_judged=False)


def test_the_wait_is_until_the_oldest_lease_ends() -> None:
    some = trials(2)
    some.lease(NOW)
    some.lease(NOW + 10)

    assert some.wait(NOW + 12) == LEASE - 12


def test_without_leases_the_wait_is_a_whole_one() -> None:
    assert trials().wait(NOW) == LEASE


def test_a_new_period_has_all_its_permits_and_has_counted_nothing() -> None:
    some = trials(2)
    late = some.lease(NOW)
    some.give_back(some.lease(NOW), is_judged=True)
    some.tally.add(NOW, is_failure=True, is_slow=True)

    some.begin()

    assert (some.free(NOW), some.out, some.tally.failures, some.tally.slow) == (2, 0, 0, 0)
    assert not some.give_back(late, is_judged=True)


def test_numbers_go_on_over_the_periods_so_that_none_is_mistaken_for_another() -> None:
    some = trials(2)
    first = some.lease(NOW)
    some.begin()

    assert some.lease(NOW) == first + 1
