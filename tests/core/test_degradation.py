"""Degraded mode: entered at once, left with a hold, and always left in the end."""

from __future__ import annotations

import pytest

from hive_console.core.degradation import HOLD, Degradation
from hive_console.core.events import DegradationChanged, DegradedModeEntered, DegradedModeLeft
from hive_console.core.states import DegradationLevel, ModelStatus
from tests.core.samples import NOW

Level = DegradationLevel
UP, DOWN = ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE


def degraded() -> Degradation:
    mode = Degradation(0.6)
    mode.look([UP, DOWN], NOW)
    assert mode.is_degraded
    return mode


def test_before_the_first_look_nothing_is_lost() -> None:
    mode = Degradation(0.6)

    assert (mode.is_degraded, mode.available_share, mode.since) == (False, 1.0, None)


def test_exactly_the_threshold_is_not_degraded() -> None:
    mode = Degradation(0.6)

    assert mode.look([UP, UP, UP, DOWN, DOWN], NOW) == []
    assert (mode.is_degraded, mode.available_share) == (False, 0.6)


def test_less_than_the_threshold_is_degraded_at_once() -> None:
    mode = Degradation(0.6)

    events = mode.look([UP, DOWN], NOW)

    assert events == [
        DegradedModeEntered(at=NOW, available_share=0.5, threshold=0.6),
        DegradationChanged(at=NOW, old=Level.FULL, new=Level.REDUCED, available_share=0.5),
    ]
    assert (mode.is_degraded, mode.since) == (True, NOW)


@pytest.mark.parametrize("status", [ModelStatus.UNKNOWN, ModelStatus.DEGRADED, ModelStatus.AVAILABLE])
def test_only_unavailable_models_count_as_lost(status: ModelStatus) -> None:
    mode = Degradation(0.6)

    assert mode.look([status] * 3, NOW) == []
    assert mode.available_share == 1.0


def test_staying_degraded_is_no_news() -> None:
    mode = degraded()

    assert mode.look([DOWN, DOWN], NOW + 1) == []
    assert mode.since == NOW


def test_it_is_left_when_the_share_held_long_enough() -> None:
    mode = degraded()

    assert mode.look([UP, UP], NOW + 5) == []
    assert mode.look([UP, UP], NOW + 5 + HOLD - 0.001) == []
    end = NOW + 5 + HOLD
    events = mode.look([UP, UP], end)

    assert events == [
        DegradedModeLeft(at=end, available_share=1.0, threshold=0.6, lasted=5 + HOLD),
        DegradationChanged(at=end, old=Level.REDUCED, new=Level.FULL, available_share=1.0),
    ]
    assert not mode.is_degraded


def test_a_relapse_begins_the_hold_anew() -> None:
    mode = degraded()
    mode.look([UP, UP], NOW + 1)
    mode.look([UP, DOWN], NOW + HOLD)

    assert mode.look([UP, UP], NOW + HOLD + 2) == []
    assert mode.look([UP, UP], NOW + HOLD + 2 + HOLD - 0.001) == []
    assert mode.look([UP, UP], NOW + HOLD + 2 + HOLD) != []


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 1.0])
def test_d3_it_can_always_recover(threshold: float) -> None:
    mode = Degradation(threshold)
    mode.look([DOWN, DOWN], NOW)

    mode.look([UP, UP], NOW + 1)
    mode.look([UP, UP], NOW + 1 + HOLD)

    assert not mode.is_degraded


def test_a_second_episode_is_entered_and_held_like_the_first() -> None:
    mode = degraded()
    mode.look([UP, UP], NOW + 1)
    mode.look([UP, UP], NOW + 1 + HOLD)

    again = mode.look([UP, DOWN], NOW + 100)

    assert [type(event) for event in again] == [DegradedModeEntered, DegradationChanged]
    assert mode.look([UP, UP], NOW + 101) == []
    assert mode.look([UP, UP], NOW + 101 + HOLD - 1) == []


def test_a_threshold_of_zero_turns_it_off() -> None:
    mode = Degradation(0.0)

    assert mode.look([DOWN, DOWN], NOW) == []
    assert mode.available_share == 0.0


def test_a_fleet_of_nobody_is_not_degraded() -> None:
    mode = Degradation(0.6)

    assert mode.look([], NOW) == []
    assert mode.available_share == 1.0
