"""Weighted turns: nobody is a turn ahead of its share, and a whole round is exact."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hive_console.core.routing import WeightedTurns
from tests.property.modest import MODEST

WEIGHTS = st.lists(st.integers(0, 40), min_size=1, max_size=7)


def pairs(weights: list[int]) -> list[tuple[str, float]]:
    return [(str(index), float(weight)) for index, weight in enumerate(weights)]


@MODEST
@given(weights=WEIGHTS)
def test_nobody_is_ever_a_whole_turn_ahead_of_its_share(weights: list[int]) -> None:
    assume(sum(weights) > 0)
    turns, total, served = WeightedTurns(), sum(weights), Counter[str]()
    sharers = sum(weight > 0 for weight in weights)

    for turn in range(1, total + 1):
        chosen = turns.next(pairs(weights))
        assert chosen is not None
        served[chosen] += 1
        for index, weight in enumerate(weights):
            error = served[str(index)] - Fraction(turn * weight, total)
            assert error < 1
            # All errors add up to nothing, so who is behind is behind by what the others are ahead.
            assert -error < max(1, sharers - 1)

    assert served == Counter({str(index): weight for index, weight in enumerate(weights) if weight})


@MODEST
@given(weights=st.lists(st.integers(1, 40), min_size=1, max_size=2), turns_taken=st.integers(1, 200))
def test_of_two_neither_is_a_turn_behind_its_share(weights: list[int], turns_taken: int) -> None:
    turns = WeightedTurns()
    served = Counter(turns.next(pairs(weights)) for _ in range(turns_taken))

    for index, weight in enumerate(weights):
        assert abs(served[str(index)] - Fraction(turns_taken * weight, sum(weights))) < 1


@MODEST
@given(weights=st.lists(st.floats(0.01, 10.0), min_size=1, max_size=6))
def test_fractional_weights_are_shared_out_too(weights: list[float]) -> None:
    turns, rounds = WeightedTurns(), 500
    named = [(str(index), weight) for index, weight in enumerate(weights)]

    served = Counter(turns.next(named) for _ in range(rounds))

    for name, weight in named:
        assert served[name] == pytest.approx(rounds * weight / sum(weights), abs=len(weights))


@MODEST
@given(weights=WEIGHTS, readiness=st.lists(st.integers(0, 127), min_size=1, max_size=80))
def test_whoever_comes_and_goes_only_somebody_with_weight_who_is_there_has_a_turn(
    weights: list[int], readiness: list[int]
) -> None:
    turns = WeightedTurns()

    for bits in readiness:
        there = [pair for index, pair in enumerate(pairs(weights)) if bits >> index & 1]
        chosen = turns.next(there)
        able = [name for name, weight in there if weight > 0]
        assert chosen in able if able else chosen is None
