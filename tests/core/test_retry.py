"""BIP-03's backoff: its scale, its jitter, and the provider's wish as a floor."""

from __future__ import annotations

import pytest

from hive_console.core.retry import RetryPolicy


def test_the_scale_is_one_two_four_eight_and_stays_there() -> None:
    policy = RetryPolicy()

    assert [policy.backoff(number) for number in range(1, 7)] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_three_retries_are_four_calls() -> None:
    assert 1 + RetryPolicy().max_retries == 4


@pytest.mark.parametrize("number", [1, 2, 3, 4, 10])
def test_jitter_takes_at_least_half_and_at_most_all_of_the_backoff(number: int) -> None:
    policy = RetryPolicy()

    assert policy.delay(number, 0.0) == policy.backoff(number) / 2
    assert policy.delay(number, 1.0) == policy.backoff(number)
    assert policy.backoff(number) / 2 < policy.delay(number, 0.5) < policy.backoff(number)


def test_retry_after_is_a_floor_that_no_jitter_undercuts() -> None:
    policy = RetryPolicy()

    assert policy.delay(1, 0.0, retry_after=7.5) == 7.5
    assert policy.delay(1, 1.0, retry_after=7.5) == 7.5


def test_a_short_retry_after_does_not_shorten_the_backoff() -> None:
    assert RetryPolicy().delay(4, 1.0, retry_after=0.5) == 8.0


def test_base_and_cap_can_be_set() -> None:
    policy = RetryPolicy(max_retries=1, base=0.1, cap=0.3)

    assert [policy.backoff(number) for number in (1, 2, 3)] == [0.1, 0.2, 0.3]
