"""AIMD: up by one while half used, down by a tenth at a drop, within bounds."""

from __future__ import annotations

import pytest

from hive_console.core.concurrency import AimdLimit
from hive_console.core.errors import SettingsError
from hive_console.core.outcome import Outcome, OutcomeKind


def test_a_limit_that_is_half_used_grows_by_one() -> None:
    assert AimdLimit(20).on_result(10, is_drop=False) == 21


def test_a_limit_that_is_less_than_half_used_stays() -> None:
    assert AimdLimit(20).on_result(9, is_drop=False) == 20


def test_a_drop_takes_a_tenth_however_little_is_used() -> None:
    assert AimdLimit(30).on_result(0, is_drop=True) == 27


def test_a_limit_stays_within_its_bounds() -> None:
    assert AimdLimit(21, maximum=21).on_result(21, is_drop=False) == 21
    assert AimdLimit(2, minimum=2).on_result(2, is_drop=True) == 2
    assert AimdLimit(500, maximum=50).limit == 50
    assert AimdLimit(0).limit == 1
    assert AimdLimit(5, minimum=3, maximum=3).limit == 3
    assert AimdLimit(10, backoff=0.5).on_result(10, is_drop=True) == 5


def test_under_another_maximum_a_learned_limit_stays_below_it_and_a_full_one_stays_full() -> None:
    full, learned = AimdLimit(9, maximum=9), AimdLimit(8, maximum=9)
    full.resize(12)
    learned.resize(12)
    was = (full.limit, learned.limit)
    learned.resize(6)

    assert (was, learned.limit) == ((12, 8), 6)
    assert learned.on_result(6, is_drop=False) == 6


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (OutcomeKind.SUCCESS, 21),
        (OutcomeKind.RATE_LIMITED, 18),
        (OutcomeKind.OVERLOADED, 18),
        (OutcomeKind.TIMED_OUT, 18),
        (OutcomeKind.SERVER_ERROR, 20),
        (OutcomeKind.CANCELLED, 20),
    ],
)
def test_only_answers_and_drops_say_anything_of_the_load(kind: OutcomeKind, limit: int) -> None:
    learner = AimdLimit(20)

    learner.learn(Outcome(kind), 20)

    assert learner.limit == limit


@pytest.mark.parametrize("limit", range(2, 201))
def test_every_drop_lowers_the_limit(limit: int) -> None:
    assert limit * 0.9 - 1 < AimdLimit(limit).on_result(limit, is_drop=True) < limit


@pytest.mark.parametrize(
    ("field", "minimum", "maximum", "backoff"),
    [("minimum", 0, 10, 0.9), ("minimum", 11, 10, 0.9), ("backoff", 1, 10, 1.0), ("backoff", 1, 10, 0.4)],
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(
    field: str, minimum: int, maximum: int, backoff: float
) -> None:
    with pytest.raises(SettingsError) as caught:
        AimdLimit(5, minimum, maximum, backoff=backoff)

    assert caught.value.field == field
