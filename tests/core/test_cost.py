"""A call costs what its tokens do, to the micro-dollar, and nothing is guessed."""

from __future__ import annotations

import pytest

from hive_console.core.cost import cost_of
from tests.core.samples import model_settings


@pytest.mark.parametrize(
    ("read", "written", "cost"),
    [
        (1_000_000, 0, 3_000_000),
        (0, 1_000_000, 15_000_000),
        (12, 34, 546),
        (0, 0, 0),
    ],
)
def test_cost_is_the_sum_of_both_kinds_of_tokens(read: int, written: int, cost: int) -> None:
    model = model_settings(input_price=3_000_000, output_price=15_000_000)

    assert cost_of(model, read=read, written=written) == cost


@pytest.mark.parametrize(("tokens", "cost"), [(4, 0), (5, 1), (14, 1), (15, 2), (25, 3)])
def test_cost_is_rounded_to_the_nearest_micro_dollar_halves_up(tokens: int, cost: int) -> None:
    assert cost_of(model_settings(input_price=100_000), read=tokens, written=0) == cost


def test_halves_of_both_kinds_are_added_before_they_are_rounded() -> None:
    model = model_settings(input_price=500_000, output_price=500_000)

    assert cost_of(model, read=1, written=1) == 1


@pytest.mark.parametrize(("read", "written"), [(1, 0), (0, 1), (1, 1)])
def test_cost_without_a_price_is_not_known(read: int, written: int) -> None:
    assert cost_of(model_settings(), read=read, written=written) is None


def test_tokens_that_are_not_there_need_no_price() -> None:
    model = model_settings(input_price=20_000)  # such as one that makes embeddings

    assert cost_of(model, read=1_000, written=0) == 20
    assert cost_of(model, read=1_000, written=1) is None


def test_a_model_of_ones_own_may_cost_nothing() -> None:
    assert cost_of(model_settings(input_price=0, output_price=0), read=10**12, written=10**12) == 0


def test_the_largest_cost_fits_into_a_database() -> None:
    dearest = model_settings(input_price=10**9, output_price=10**9)

    assert cost_of(dearest, read=10**12, written=10**12) == 2 * 10**15
