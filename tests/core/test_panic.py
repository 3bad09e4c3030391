"""Whom to ask when few are healthy."""

from __future__ import annotations

import pytest

from hive_console.core.panic import eligible, graded_load

HOSTS = ("a", "b", "c", "d")


def test_the_available_are_asked_in_their_order() -> None:
    found = eligible(HOSTS, {"d", "b", "c", "stranger"})

    assert found.hosts == ("b", "c", "d")
    assert not found.is_panic


def test_at_exactly_the_threshold_there_is_no_panic() -> None:
    assert not eligible(HOSTS, {"a", "b"}).is_panic


@pytest.mark.parametrize("available", [(), ("a",)])
def test_below_the_threshold_everybody_is_asked(available: tuple[str, ...]) -> None:
    found = eligible(HOSTS, available)

    assert found.hosts == HOSTS
    assert found.is_panic


def test_a_threshold_of_nothing_never_panics() -> None:
    found = eligible(HOSTS, (), 0)

    assert found.hosts == ()
    assert not found.is_panic


@pytest.mark.parametrize(
    ("healthy", "load"),
    [
        ([1.0, 1.0], [1, 0]),
        ([0.72, 1.0], [1, 0]),
        ([0.71, 1.0], [0.994, 0.006]),
        ([0.50, 1.0], [0.70, 0.30]),
        ([0.25, 1.0], [0.35, 0.65]),
        ([0.0, 1.0], [0, 1]),
        ([0.25, 0.25], [0.5, 0.5]),  # 35 and 35 of 70
        ([0.25, 0.25, 1.0], [0.35, 0.35, 0.30]),
        ([0.0, 0.0], [1, 0]),
        ([1.0], [1]),
        ([], []),
    ],
)
def test_traffic_spills_level_by_level(healthy: list[float], load: list[float]) -> None:
    assert graded_load(healthy) == pytest.approx(load)


def test_without_overprovisioning_it_spills_at_the_first_loss() -> None:
    assert graded_load([0.9, 1.0], overprovisioning=1.0) == pytest.approx((0.9, 0.1))
