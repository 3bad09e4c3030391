"""Quantiles from buckets: as near to the exact ones as a bucket is wide."""

from __future__ import annotations

import math

import pytest

from hive_console.core.histogram import RESOLUTION, SMALLEST, Histogram


def filled(*values: float) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_nothing_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.95, 1.0])
def test_a_quantile_is_the_nearest_rank_within_half_a_bucket(share: float) -> None:
    values = [0.003 * number for number in range(1, 500)]

    quantile = filled(*values).quantile(share)

    exact = values[max(1, math.ceil(share * len(values))) - 1]
    assert quantile == pytest.approx(exact, rel=RESOLUTION)


def test_what_is_shorter_than_any_network_is_told_as_nothing() -> None:
    assert filled(0.0, SMALLEST / 2).quantile(1.0) == 0.0


def test_order_does_not_matter() -> None:
    assert filled(3.0, 1.0, 2.0).quantile(0.5) == filled(1.0, 2.0, 3.0).quantile(0.5)


def test_every_value_is_counted() -> None:
    assert filled(1.0, 1.0, 5.0).count == 3
