"""Two rolling counts: they forget on time, on read too, and stay small."""

from __future__ import annotations

import pytest

from hive_console.core.rolling import BUCKETS, RollingCounts
from tests.core.samples import NOW


def test_both_counts_add_up() -> None:
    counts = RollingCounts(10)

    counts.add(NOW, first=3)
    counts.add(NOW + 1, first=2, second=4)

    assert counts.read(NOW + 2) == (5, 4)


def test_what_is_exactly_as_old_as_the_window_is_out() -> None:
    counts = RollingCounts(10)
    counts.add(NOW, first=1)

    assert counts.read(NOW + 9.99) == (1, 0)
    assert counts.read(NOW + 10) == (0, 0)


def test_it_rolls_and_does_not_tumble() -> None:
    counts = RollingCounts(10)
    for second in range(20):
        counts.add(NOW + second, first=1)

    assert counts.read(NOW + 19) == (10, 0)
    assert counts.read(NOW + 24) == (5, 0)


def test_a_long_silence_forgets_everything() -> None:
    counts = RollingCounts(10)
    counts.add(NOW, first=7, second=7)

    assert counts.read(NOW + 1e6) == (0, 0)


def test_a_clock_that_goes_backwards_loses_nothing() -> None:
    counts = RollingCounts(10)
    counts.add(NOW, first=1)
    counts.add(NOW - 5, first=1)

    assert counts.read(NOW) == (2, 0)
    assert counts.read(NOW - 5) == (2, 0)


@pytest.mark.parametrize("step", [0.001, 0.05, 0.3])
def test_however_often_it_counts_its_memory_is_bounded(step: float) -> None:
    counts = RollingCounts(10)
    for number in range(5000):
        counts.add(NOW + number * step, first=1)

    assert len(counts._buckets) <= BUCKETS


# --- waiting for room ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "wait"),
    [
        ({}, 0.0),
        ({"first": 4}, 0.0),
        ({"first": 3}, 8.0),
        ({"first": 1}, 9.0),
        ({"first": 3, "second": 1}, 9.0),
        ({"first": 0}, 9.0),
    ],
)
def test_it_says_when_fewer_will_be_left(bounds: dict[str, float], wait: float) -> None:
    counts = RollingCounts(10.0)
    counts.add(1000.0, first=1)
    counts.add(1001.0, first=2, second=1)

    assert counts.until_below(1002.0, **bounds) == pytest.approx(wait, abs=0.11)
