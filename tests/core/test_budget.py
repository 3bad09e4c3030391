"""Budgets for extra calls: the share, the floor, the reserve, and what is in flight."""

from __future__ import annotations

import pytest

from hive_console.core.budget import FLOOR, InFlightBudget, RetryBudget
from hive_console.core.errors import SettingsError
from tests.core.samples import NOW


def test_a_fifth_of_the_operations_may_be_extra() -> None:
    budget = RetryBudget(floor=0)
    budget.deposit(NOW, 100)

    assert budget.withdraw(NOW + 1, 20) == 20
    assert budget.withdraw(NOW + 1) == 0


def test_a_request_for_more_is_granted_in_part() -> None:
    budget = RetryBudget(floor=0)
    budget.deposit(NOW, 10)

    assert budget.withdraw(NOW, 5) == 2


def test_the_floor_is_granted_with_no_operations_at_all() -> None:
    budget = RetryBudget()

    assert budget.balance(NOW) == FLOOR
    assert budget.withdraw(NOW, 10) == FLOOR
    assert budget.withdraw(NOW, 1) == 0


def test_the_floor_is_no_addition_to_the_share() -> None:
    budget = RetryBudget(floor=3)
    budget.deposit(NOW, 20)

    assert budget.withdraw(NOW, 10) == 4


def test_a_reserve_is_an_addition_to_the_share() -> None:
    budget = RetryBudget(ttl=10, floor=0, min_per_second=1)
    budget.deposit(NOW, 20)

    assert budget.withdraw(NOW, 100) == 14


def test_operations_and_extras_are_forgotten_after_the_ttl() -> None:
    budget = RetryBudget(ttl=10, floor=0)
    budget.deposit(NOW, 100)
    budget.withdraw(NOW, 20)

    assert budget.balance(NOW + 10) == 0
    budget.deposit(NOW + 10, 10)
    assert budget.balance(NOW + 10) == 2


def test_operations_that_age_faster_than_extras_never_make_a_debt() -> None:
    budget = RetryBudget(ttl=10, floor=0)
    budget.deposit(NOW, 100)
    budget.withdraw(NOW + 5, 20)

    assert budget.balance(NOW + 12) == 0


def test_rounding_takes_nothing_from_a_share() -> None:
    budget = RetryBudget(ratio=0.29, floor=0)
    budget.deposit(NOW, 100)

    assert budget.balance(NOW) == 29


def test_asking_for_nothing_is_granted_nothing() -> None:
    assert RetryBudget().withdraw(NOW, 0) == 0


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("ratio", {"ratio": -0.1}),
        ("ttl", {"ttl": 0}),
        ("floor", {"floor": -1}),
        ("minPerSecond", {"min_per_second": -1}),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused_by_name(field: str, wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError) as caught:
        RetryBudget(**wrong)  # type: ignore[arg-type]  # one field at a time, ints among floats

    assert caught.value.field == field


def granted(budget: InFlightBudget, asks: int) -> int:
    return sum(budget.acquire() for _ in range(asks))


def test_the_share_in_flight_is_looked_at_before_an_extra_is_added() -> None:
    budget = InFlightBudget(0.5, 1)
    budget.begin()

    assert granted(budget, 3) == 2
    budget.release()
    assert granted(budget, 2) == 1
    assert (budget.in_flight, budget.extras) == (3, 2)


def test_so_many_extras_are_always_granted() -> None:
    budget = InFlightBudget(0.2, 3)

    assert granted(budget, 10) == 3


def test_a_budget_of_nothing_grants_nothing() -> None:
    assert granted(InFlightBudget(0.2, 0), 5) == 0


def test_what_ended_gives_its_share_back_and_no_count_goes_below_nothing() -> None:
    budget = InFlightBudget(0.5, 0)
    budget.begin()
    assert granted(budget, 1) == 1

    budget.end()
    budget.end()
    assert (budget.in_flight, budget.extras) == (1, 1)
    budget.release()
    budget.release()
    assert (budget.in_flight, budget.extras) == (0, 0)


@pytest.mark.parametrize(
    ("field", "rate", "least"), [("maxRate", 1.1, 1), ("maxRate", -0.1, 1), ("minConcurrency", 0.5, -1)]
)
def test_a_share_in_flight_that_makes_no_sense_is_refused_by_name(field: str, rate: float, least: int) -> None:
    with pytest.raises(SettingsError) as caught:
        InFlightBudget(rate, least)

    assert caught.value.field == field
