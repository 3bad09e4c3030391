"""What paid probes may cost a day."""

from __future__ import annotations

from hive_console.core.probe_budget import DAY, ProbeBudget

MIDNIGHT = 20_000 * DAY


def test_exactly_the_budget_may_be_spent_and_not_one_more() -> None:
    budget = ProbeBudget(300)

    assert [budget.pay(100, MIDNIGHT) for _ in range(4)] == [True, True, True, False]
    assert budget.spent == 300


def test_what_is_too_dear_is_not_counted_and_something_cheaper_may_still_be_paid() -> None:
    budget = ProbeBudget(100)

    assert not budget.pay(101, MIDNIGHT)
    assert budget.pay(100, MIDNIGHT)


def test_the_budget_is_whole_again_exactly_at_midnight() -> None:
    budget = ProbeBudget(100)
    budget.pay(100, MIDNIGHT)

    assert not budget.pay(1, MIDNIGHT + DAY - 0.001)
    assert budget.pay(100, MIDNIGHT + DAY)
    assert budget.spent == 100


def test_at_first_nothing_is_spent() -> None:
    assert ProbeBudget(300).spent == 0


def test_a_new_day_has_spent_nothing_even_before_its_first_probe() -> None:
    budget = ProbeBudget(300)
    budget.pay(100, MIDNIGHT)

    assert budget.spent_today(MIDNIGHT + DAY - 0.001) == 100
    assert budget.spent_today(MIDNIGHT + DAY) == 0


def test_a_day_is_one_of_utc() -> None:
    assert DAY == 24 * 60 * 60


def test_a_free_probe_is_always_within_the_budget() -> None:
    assert ProbeBudget(0).pay(0, MIDNIGHT)
    assert not ProbeBudget(0).pay(1, MIDNIGHT)
