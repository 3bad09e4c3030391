"""BIP-03's backoff: its scale, its jitters, and the provider's wish as a floor."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.retry import Backoff, Jitter, RetryPolicy

MANY = 1000
PLAIN = RetryPolicy(max_retries=MANY, jitter=Jitter.NONE)


def waits(backoff: Backoff, times: int, draw: float = 0.0) -> list[float | None]:
    return [backoff.next(draw) for _ in range(times)]


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


def test_base_cap_and_multiplier_can_be_set() -> None:
    doubling = RetryPolicy(max_retries=1, base=0.1, cap=0.3)
    tenfold = RetryPolicy(base=0.5, cap=100, multiplier=10)

    assert [doubling.backoff(number) for number in (1, 2, 3)] == [0.1, 0.2, 0.3]
    assert [tenfold.backoff(number) for number in (1, 2, 3, 4)] == [0.5, 5, 50, 100]


@pytest.mark.parametrize("multiplier", [1, 2, 100])
def test_no_number_of_retries_is_too_much_for_the_scale(multiplier: float) -> None:
    assert RetryPolicy(base=1, cap=8, multiplier=multiplier).backoff(10**6) <= 8


@pytest.mark.parametrize(
    ("jitter", "lowest", "highest"),
    [
        (Jitter.NONE, 4, 4),
        (Jitter.EQUAL, 2, 4),
        (Jitter.FULL, 0, 4),
        (Jitter.GRPC, 3.2, 4.8),
        (Jitter.SDK, 3, 4),
        (Jitter.DECORRELATED, 1, 8),  # up to 3 x 9, cut at the cap
    ],
)
def test_each_jitter_spreads_within_its_bounds(jitter: Jitter, lowest: float, highest: float) -> None:
    policy = RetryPolicy(jitter=jitter)

    assert policy.delay(3, 0.0) == pytest.approx(lowest)
    assert policy.delay(3, 1.0) == pytest.approx(highest)


def test_grpcs_jitter_may_exceed_the_cap() -> None:
    assert RetryPolicy(jitter=Jitter.GRPC).delay(10, 1.0) == pytest.approx(9.6)


def test_a_backoff_goes_up_the_scale_and_ends_after_the_last_retry() -> None:
    assert waits(Backoff(RetryPolicy(max_retries=5, jitter=Jitter.NONE)), 7) == [1, 2, 4, 8, 8, None, None]


def test_a_backoff_without_retries_has_no_wait() -> None:
    backoff = Backoff(RetryPolicy(max_retries=0))

    assert backoff.next(0.5) is None
    assert backoff.retries == 0


def test_after_a_pushback_the_scale_begins_again() -> None:
    backoff = Backoff(PLAIN)

    assert waits(backoff, 2) == [1, 2]
    assert backoff.next(0.0, 5.5) == 5.5
    assert waits(backoff, 3) == [1, 2, 4]


@pytest.mark.parametrize("short", [0.0, 0.1, 1.0])
def test_a_pushback_that_is_no_longer_than_ours_does_not_hold_the_scale_down(short: float) -> None:
    backoff = Backoff(PLAIN)

    assert [backoff.next(0.0, short) for _ in range(4)] == [1, 2, 4, 8]


def test_a_negative_pushback_means_never() -> None:
    backoff = Backoff(PLAIN)

    assert backoff.next(0.0, -1) is None
    assert backoff.retries == 0


def test_a_pushback_beyond_the_longest_accepted_is_ignored() -> None:
    policy = RetryPolicy(max_retries=MANY, jitter=Jitter.NONE, retry_after_max=60)
    backoff = Backoff(policy)

    assert backoff.next(0.0, 60) == 60
    assert backoff.next(0.0, 61) == 1
    assert backoff.next(0.0, 61) == 2
    assert policy.delay(1, 0.0, retry_after=61) == 1
    assert policy.delay(1, 0.0, retry_after=60) == 60


def test_decorrelated_delays_grow_from_the_one_before() -> None:
    backoff = Backoff(RetryPolicy(max_retries=MANY, base=1, cap=20, jitter=Jitter.DECORRELATED))
    delays = [1.0, *(backoff.next(draw) or 0.0 for draw in (1.0, 0.5, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0))]

    assert delays == pytest.approx([1, 3, 5, 15, 1, 3, 9, 20, 20])
    assert all(1 <= after <= min(20, max(1, 3 * before)) for before, after in pairwise(delays))


@pytest.mark.parametrize(("number", "longest"), [(1, 3), (2, 9), (3, 20)])
def test_a_decorrelated_delay_without_memory_takes_the_one_before_for_its_longest(
    number: int, longest: int
) -> None:
    policy = RetryPolicy(max_retries=MANY, base=1, cap=20, jitter=Jitter.DECORRELATED)

    assert policy.delay(number, 0.0) == 1
    assert policy.delay(number, 1.0) == longest


@pytest.mark.parametrize("base", [1.0, 2.0])
def test_a_decorrelated_delay_is_never_shorter_than_the_base(base: float) -> None:
    policy = RetryPolicy(max_retries=MANY, base=base, cap=20, jitter=Jitter.DECORRELATED)

    assert policy.spread(1, 1.0, previous=0.0) == base


def test_after_a_pushback_decorrelated_delays_start_from_the_base() -> None:
    backoff = Backoff(RetryPolicy(max_retries=MANY, base=1, cap=20, jitter=Jitter.DECORRELATED))

    waits(backoff, 4, draw=1.0)
    backoff.next(0.0, 30)

    assert backoff.next(1.0) == pytest.approx(3)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("maxRetries", {"max_retries": -1}),
        ("base", {"base": 0}),
        ("cap", {"cap": -1}),
        ("multiplier", {"multiplier": 0.5}),
        ("multiplier", {"multiplier": 101}),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name(field: str, wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError) as caught:
        RetryPolicy(**wrong)  # type: ignore[arg-type]  # one field at a time, ints among floats

    assert caught.value.field == field
