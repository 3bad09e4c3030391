"""Sums of windows: everything in them adds up, and what does not is the later one's."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import Any

from hive_console.core.histogram import Histogram
from hive_console.core.rollup import Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus

BY_HAND = {"latency_min_us", "latency_max_us", "latency", "first_token", "status", "breaker"}


def histogram(*values: float) -> Histogram:
    found = Histogram()
    for value in values:
        found.add(value)
    return found


def joined(first: Sums, later: Sums) -> Sums:
    first.add(later)
    return first


def test_each_tier_divides_the_next_one() -> None:
    tiers = list(Tier)

    assert [longer % shorter for shorter, longer in pairwise(tiers)] == [0, 0, 0]


def test_every_number_adds_up() -> None:
    names = [each.name for each in fields(Sums) if each.name not in BY_HAND]
    first: dict[str, Any] = {name: place + 1 for place, name in enumerate(names)}
    later: dict[str, Any] = {name: 100 * (place + 1) for place, name in enumerate(names)}

    both = joined(Sums(**first), Sums(**later))

    assert {name: getattr(both, name) for name in names} == {name: 101 * (n + 1) for n, name in enumerate(names)}


def test_the_extremes_are_those_of_both() -> None:
    none, few, many = Sums(), Sums(latency_min_us=5, latency_max_us=6), Sums(latency_min_us=1, latency_max_us=9)

    extremes = [
        (both.latency_min_us, both.latency_max_us)
        for both in (
            joined(none.copy(), none),
            joined(none.copy(), few),
            joined(few.copy(), none),
            joined(few.copy(), many),
            joined(many.copy(), few),
        )
    ]

    assert extremes == [(None, None), (5, 6), (5, 6), (1, 9), (1, 9)]


def test_latencies_are_those_of_both() -> None:
    both = joined(
        Sums(latency=histogram(1.0), first_token=histogram(0.1)),
        Sums(latency=histogram(2.0), first_token=histogram(0.2)),
    )

    assert both.latency == histogram(1.0, 2.0)
    assert both.first_token == histogram(0.1, 0.2)


def test_how_a_model_was_is_told_by_the_later_window() -> None:
    first = Sums(status=ModelStatus.AVAILABLE, breaker=BreakerState.CLOSED)

    assert joined(first.copy(), Sums(status=ModelStatus.UNKNOWN)).status is ModelStatus.UNKNOWN
    assert joined(first.copy(), Sums(breaker=BreakerState.OPEN)).breaker is BreakerState.OPEN
    assert joined(first.copy(), Sums()).status is None


def test_a_part_is_taken_out_but_for_what_it_has_in_common_with_the_whole() -> None:
    early = Sums(calls=3, latency_us=30, latency=histogram(0.1, 0.2), first_token=histogram(0.1))
    part = Sums(calls=2, latency_min_us=5, latency=histogram(0.3), status=ModelStatus.AVAILABLE)

    whole = joined(early.copy(), part)
    whole.take_out(part)

    assert (whole.calls, whole.latency_us, whole.latency) == (3, 30, histogram(0.1, 0.2))
    assert (whole.first_token, whole.latency_min_us, whole.status) == (histogram(0.1), 5, ModelStatus.AVAILABLE)


def test_a_copy_goes_its_own_way() -> None:
    first = Sums(calls=3, latency=histogram(1.0), latency_min_us=4, status=ModelStatus.DEGRADED)
    twin = first.copy()
    assert twin == first

    twin.add(Sums(calls=1, latency=histogram(2.0)))

    assert (first.calls, first.latency) == (3, histogram(1.0))
    assert (twin.calls, twin.latency) == (4, histogram(1.0, 2.0))
