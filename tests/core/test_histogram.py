"""Quantiles from buckets: as near to the exact ones as is promised, and just as near after a merge or a disk."""

from __future__ import annotations

import math
import random

import pytest

from hive_console.core.histogram import ACCURACY, LARGEST, SMALLEST, Histogram

DAY = 86_400.0


def filled(*values: float) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def a_minute_of_calls() -> Histogram:
    """600 calls of two kinds, and 1.5 % that took the 30 seconds they were allowed."""
    rng = random.Random("calls")
    usual = (rng.lognormvariate(math.log(0.8 if rng.random() < 0.6 else 4.0), 0.35) for _ in range(591))
    return filled(*usual, *(30.0 + rng.random() / 100 for _ in range(9)))


def test_nothing_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.95, 1.0])
def test_a_quantile_is_the_nearest_rank_within_one_percent(share: float) -> None:
    values = [0.003 * number for number in range(1, 500)]

    quantile = filled(*values).quantile(share)

    exact = values[max(1, math.ceil(share * len(values))) - 1]
    assert quantile == pytest.approx(exact, rel=ACCURACY)


def test_a_share_that_is_no_exact_float_still_asks_for_its_own_rank() -> None:
    values = [1.1**number for number in range(100)]
    assert 0.07 * 100 > 7

    assert filled(*values).quantile(0.07) == pytest.approx(values[6], rel=ACCURACY)


@pytest.mark.parametrize("value", [SMALLEST, 1e-5, 0.02, 1.0, 59.9, 3600.0, DAY, 3 * DAY, 1e9])
def test_microseconds_and_days_are_told_within_one_percent(value: float) -> None:
    assert filled(value).quantile(0.5) == pytest.approx(value, rel=ACCURACY * (1 + 1e-9))


@pytest.mark.parametrize("value", [0.0, -1.0, SMALLEST / 2, 1e-300, float("nan"), float("-inf")])
def test_what_is_shorter_than_any_clock_sees_is_told_as_nothing(value: float) -> None:
    assert filled(value).quantile(1.0) == 0.0


@pytest.mark.parametrize("value", [LARGEST, LARGEST * 10, float("inf")])
def test_what_is_longer_than_any_duration_is_told_as_the_longest(value: float) -> None:
    assert filled(value).quantile(1.0) == pytest.approx(LARGEST, rel=2 * ACCURACY)


def test_order_does_not_matter() -> None:
    assert filled(3.0, 1.0, 2.0) == filled(1.0, 2.0, 3.0)
    assert filled(3.0, 1.0, 2.0).quantile(0.5) == filled(1.0, 2.0, 3.0).quantile(0.5)


def test_every_value_is_counted() -> None:
    assert filled(1.0, 1.0, 5.0).count == 3


def test_two_of_them_are_equal_when_they_counted_the_same() -> None:
    assert filled(1.0) != filled(2.0)
    assert filled(1.0) != filled(1.0, 1.0)
    assert filled(1.0) != "1.0"
    assert repr(filled(0.0, 0.0)) == "Histogram({0: 2})"


def test_a_quantile_does_not_lie_between_quick_answers_and_timeouts() -> None:
    histogram = filled(*[0.5] * 98, *[30.0] * 2)

    assert histogram.quantile(0.98) == pytest.approx(0.5, rel=ACCURACY)
    assert histogram.quantile(0.99) == pytest.approx(30.0, rel=ACCURACY)


def test_a_merge_is_what_one_of_all_values_would_be() -> None:
    first, second = filled(1.0, 2.0), filled(2.0, 90.0)

    first.merge(second)

    assert first == filled(1.0, 2.0, 2.0, 90.0)
    assert (first.count, second.count) == (4, 2)


def test_a_merge_into_nothing_shares_nothing() -> None:
    source, copied = filled(1.0), Histogram()

    copied.merge(source)
    copied.add(1.0)

    assert source == filled(1.0)


def test_what_was_merged_can_be_taken_out_again() -> None:
    first, later = filled(0.1, 0.2, 9.0), filled(0.2, 30.0)
    both = first.copy()
    both.merge(later)

    both.take_out(later)
    first.take_out(filled(0.1, 0.1, 0.1))

    assert both == filled(0.1, 0.2, 9.0)
    assert first.count == 2


def test_a_copy_goes_its_own_way() -> None:
    source = filled(1.0)
    twin = source.copy()

    twin.add(2.0)

    assert (source, twin) == (filled(1.0), filled(1.0, 2.0))
    assert (source.count, twin.count) == (1, 2)


def test_what_was_encoded_comes_back() -> None:
    histogram = a_minute_of_calls()

    decoded = Histogram.decode(histogram.encode())

    assert decoded == histogram
    assert decoded.count == 600


def test_nothing_takes_no_bytes() -> None:
    assert Histogram().encode() == b""
    assert Histogram.decode(b"") == Histogram()


def test_a_minute_of_six_hundred_calls_takes_about_a_hundred_bytes() -> None:
    assert len(a_minute_of_calls().encode()) <= 110


def test_the_sum_of_none_is_empty() -> None:
    assert Histogram.merged(()) == Histogram.merged((b"", b"")) == Histogram()


def test_many_encoded_ones_are_summed() -> None:
    parts = [filled(0.5, 1.0, 1.02), filled(700.0), Histogram(), filled(0.5, 0.51, 0.52, 0.53, 0.54, 0.55)]
    whole = Histogram()
    for part in parts:
        whole.merge(part)

    merged = Histogram.merged(part.encode() for part in parts)

    assert merged == whole
    assert merged.count == 10


def test_bytes_of_another_making_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown form: 0x7b"):
        Histogram.decode(b"{}")
