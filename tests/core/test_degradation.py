"""Degraded mode: entered at once, left with a hold, and always left in the end."""

from __future__ import annotations

import pytest

from hive_console.core.degradation import CONFIRMATION, HOLD, LEVELS, PLANS, Degradation
from hive_console.core.events import DegradationChanged, DegradedModeEntered, DegradedModeLeft
from hive_console.core.states import DegradationLevel, ModelStatus, Priority
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
    assert mode.sheds == frozenset()


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


# --- levels --------------------------------------------------------------------------------------


def statuses(up: int, of: int = 20) -> list[ModelStatus]:
    return [UP] * up + [DOWN] * (of - up)


def look_for(mode: Degradation, up: int, begin: float, seconds: int) -> list[Level]:
    """The levels entered while `up` of 20 models were there, looked at each second."""
    events = [event for second in range(seconds) for event in mode.look(statuses(up), begin + second)]
    return [event.new for event in events if isinstance(event, DegradationChanged)]


@pytest.mark.parametrize(
    ("up", "levels"),
    [
        (12, []),  # exactly the threshold of 60 %
        (11, [Level.REDUCED]),
        (6, [Level.REDUCED]),  # exactly half of it
        (5, [Level.REDUCED, Level.ESSENTIAL]),
        (3, [Level.REDUCED, Level.ESSENTIAL]),  # exactly a quarter
        (2, [Level.REDUCED, Level.ESSENTIAL, Level.CRITICAL]),
        (0, [Level.REDUCED, Level.ESSENTIAL, Level.CRITICAL]),
    ],
)
def test_d2_each_level_is_the_one_that_the_share_means(up: int, levels: list[Level]) -> None:
    assert look_for(Degradation(0.6), up, NOW, 60) == levels


def level_of(mode: Degradation) -> Level:
    return mode.level


def test_a_blip_turns_no_work_away() -> None:
    mode = Degradation(0.6)
    mode.look(statuses(0), NOW)

    assert mode.look(statuses(0), NOW + CONFIRMATION - 0.001) == []
    assert level_of(mode) is Level.REDUCED
    mode.look(statuses(0), NOW + CONFIRMATION)

    assert level_of(mode) is Level.ESSENTIAL


def test_each_level_that_turns_work_away_is_confirmed_for_itself() -> None:
    mode = Degradation(0.6)
    for at in (0.0, CONFIRMATION, 2 * CONFIRMATION - 0.001):
        mode.look(statuses(0), NOW + at)
    assert level_of(mode) is Level.ESSENTIAL

    mode.look(statuses(0), NOW + 2 * CONFIRMATION)

    assert level_of(mode) is Level.CRITICAL


def test_a_share_that_falls_further_is_confirmed_from_then_on() -> None:
    mode = Degradation(0.6)
    mode.look(statuses(8), NOW)

    assert mode.look(statuses(0), NOW + CONFIRMATION) == []
    assert mode.look(statuses(0), NOW + 2 * CONFIRMATION) != []


def test_a_relief_begins_the_confirmation_anew() -> None:
    mode = Degradation(0.6)
    mode.look(statuses(0), NOW)
    mode.look(statuses(8), NOW + 1)
    mode.look(statuses(0), NOW + 1.5)

    assert mode.look(statuses(0), NOW + CONFIRMATION) == []


def critical() -> Degradation:
    mode = Degradation(0.6)
    look_for(mode, 0, NOW, 10)
    assert mode.level is Level.CRITICAL
    return mode


def test_the_way_back_is_one_level_at_a_time_each_held() -> None:
    mode = critical()
    begin = NOW + 100

    assert look_for(mode, 20, begin, 60) == [Level.ESSENTIAL, Level.REDUCED, Level.FULL]
    assert mode.since is None


def test_each_level_on_the_way_back_is_held_for_itself() -> None:
    mode = critical()
    mode.look(statuses(20), NOW + 100)
    mode.look(statuses(20), NOW + 100 + HOLD)

    assert mode.look(statuses(20), NOW + 100 + 2 * HOLD - 0.001) == []
    assert level_of(mode) is Level.ESSENTIAL
    mode.look(statuses(20), NOW + 100 + 2 * HOLD)

    assert level_of(mode) is Level.REDUCED


@pytest.mark.parametrize("level", list(Level)[1:])
def test_d3_every_level_is_left_in_the_end(level: Level) -> None:
    mode = Degradation(0.6)
    up = {Level.REDUCED: 8, Level.ESSENTIAL: 5, Level.CRITICAL: 0}[level]
    look_for(mode, up, NOW, 10)
    assert mode.level is level

    look_for(mode, 20, NOW + 10, int(4 * HOLD) + 4)

    assert mode.level is Level.FULL


def test_the_way_back_ends_at_the_level_that_the_share_means() -> None:
    mode = critical()

    assert look_for(mode, 8, NOW + 100, 60) == [Level.ESSENTIAL, Level.REDUCED]


def test_an_episode_begins_and_ends_once_whatever_its_levels_do() -> None:
    mode = Degradation(0.6)
    events = [event for second in range(10) for event in mode.look(statuses(0), NOW + second)]
    events += [event for second in range(60) for event in mode.look(statuses(20), NOW + 10 + second)]

    assert len([event for event in events if isinstance(event, DegradedModeEntered)]) == 1
    [left] = [event for event in events if isinstance(event, DegradedModeLeft)]
    assert left.lasted == left.at - NOW


def test_a_level_turns_its_work_away_while_too_few_models_are_there() -> None:
    assert critical().sheds == PLANS[Level.CRITICAL].sheds


@pytest.mark.parametrize(
    ("up", "shed"), [(2, Level.CRITICAL), (5, Level.ESSENTIAL), (8, Level.REDUCED), (20, Level.FULL)]
)
def test_a_level_that_is_only_held_turns_away_no_more_than_the_share_means(up: int, shed: Level) -> None:
    mode = critical()

    mode.look(statuses(up), NOW + 100)

    assert level_of(mode) is Level.CRITICAL
    assert mode.sheds == PLANS[shed].sheds


def test_a_share_that_is_not_confirmed_yet_turns_nobody_away() -> None:
    mode = Degradation(0.6)

    mode.look(statuses(0), NOW)

    assert mode.sheds == frozenset()


def test_each_level_does_less_than_the_one_before() -> None:
    plans = [PLANS[level] for level in LEVELS]

    assert [sorted(priority.value for priority in known.sheds) for known in plans] == [
        [],
        [],
        ["background"],
        ["background", "normal"],
    ]
    assert [known.allows_copies for known in plans] == [True, False, False, False]
    assert [known.caps_tokens for known in plans] == [False, False, True, True]


def test_critical_work_is_never_turned_away() -> None:
    assert all(Priority.CRITICAL not in known.sheds for known in PLANS.values())


def test_the_plan_is_the_present_levels() -> None:
    assert critical().plan is PLANS[Level.CRITICAL]
    assert Degradation(0.6).plan is PLANS[Level.FULL]
