"""A latency that rises at once and forgets slowly."""

from __future__ import annotations

import math

import pytest

from hive_console.core.peak_ewma import DECAY, PeakEwma
from tests.core.samples import NOW


def of(*answers: tuple[float, float]) -> PeakEwma:
    known = PeakEwma()
    for at, seconds in answers:
        known.add(NOW + at, seconds)
    return known


def test_a_model_that_never_answered_is_tried_first() -> None:
    assert PeakEwma().score(0) == 0.0


def test_the_first_answer_is_all_that_is_known() -> None:
    assert of((0, 2.0)).score(0) == 2.0


def test_a_first_answer_in_no_time_is_known_as_such() -> None:
    assert of((0, 0.0)).score(0) == 0.0


def test_a_slower_answer_counts_at_once() -> None:
    assert of((0, 1.0), (0.1, 9.0)).score(0) == 9.0


def test_a_faster_answer_in_the_same_moment_changes_nothing() -> None:
    assert of((0, 9.0), (0, 1.0)).score(0) == 9.0


def test_a_peak_is_forgotten_little_by_little() -> None:
    assert of((0, 9.0), (DECAY, 1.0)).score(0) == pytest.approx(9 / math.e + 1 - 1 / math.e)


def test_the_time_since_the_last_answer_counts_and_not_since_the_first() -> None:
    assert of((0, 9.0), (DECAY, 9.0), (2 * DECAY, 1.0)).score(0) == pytest.approx(9 / math.e + 1 - 1 / math.e)


def test_a_clock_that_goes_back_forgets_nothing() -> None:
    assert of((10, 9.0), (0, 1.0)).score(0) == 9.0


def test_the_decay_is_finagles() -> None:
    assert DECAY == 10.0


def test_each_call_under_way_makes_it_worse() -> None:
    assert [of((0, 2.0)).score(in_flight) for in_flight in (0, 1, 4)] == [2.0, 4.0, 10.0]
