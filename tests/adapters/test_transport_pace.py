"""A stream whose content comes far too slowly is stalled, by the moments it came at and by no clock of ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_console.adapters.transport.pace import WINDOW, Pace
from hive_console.core.outcome import OutcomeKind


def judged(pace: Pace, moments: list[float]) -> float | None:
    """When it was first found too slow, with one piece at each moment."""
    for moment in moments:
        pace.note(1, moment)
        if pace.too_slow(moment) is not None:
            return moment
    return None


def every(seconds: float, until: float) -> list[float]:
    return [at * seconds for at in range(int(until / seconds) + 1)]


@pytest.mark.parametrize("seconds", [0.01, 1.0, 4.9])
def test_a_stream_at_its_pace_is_never_stalled(seconds: float) -> None:
    assert judged(Pace(0.2), every(seconds, 600)) is None


@pytest.mark.parametrize("seconds", [6.5, 8.0, 29.0])
def test_a_drip_is_stalled_within_two_windows(seconds: float) -> None:
    found = judged(Pace(0.2), every(seconds, 600))

    assert found is not None
    assert WINDOW < found <= 2 * WINDOW


def test_a_stream_that_turns_into_a_drip_is_stalled_a_window_later() -> None:
    quick = every(0.1, 60)
    found = judged(Pace(0.2), [*quick, *(60 + moment for moment in every(8, 100)[1:])])

    assert found is not None
    assert 60 < found <= 60 + WINDOW + 8


def test_a_drip_is_found_at_a_read_without_content_too() -> None:
    pace = Pace(0.2)
    pace.note(1, 100.0)

    assert pace.too_slow(100.0 + WINDOW) is None
    outcome = pace.too_slow(100.1 + WINDOW)
    assert outcome is not None
    assert (outcome.kind, outcome.message) == (
        OutcomeKind.STREAM_STALLED,
        "slow drip: less than 0.2 pieces of content a second over 30 s",
    )


def test_pieces_that_came_together_all_count() -> None:
    pace = Pace(1.0)
    pace.note(1, 0.0)
    pace.note(500, 20.0)

    assert pace.too_slow(49.0) is None
    assert pace.too_slow(51.0) is not None


def test_nothing_is_judged_before_the_first_content_nor_when_switched_off() -> None:
    assert Pace(0.2).too_slow(1e6) is None
    assert judged(Pace(0.0), every(100, 10_000)) is None


@settings(deadline=None, max_examples=200)
@given(st.lists(st.floats(0.1, 20), min_size=1, max_size=60), st.sampled_from([0.1, 0.2, 1.0]))
def test_it_says_what_counting_says(gaps: list[float], least: float) -> None:
    pace, now, came = Pace(least), 0.0, []
    for gap in gaps:
        now += gap
        pace.note(1, now)
        came.append(now)
        in_window = sum(now - moment <= WINDOW for moment in came)
        is_young = now - came[0] <= WINDOW

        assert (pace.too_slow(now) is not None) == (not is_young and in_window < least * WINDOW)


def test_it_keeps_no_more_than_a_window_of_its_pace() -> None:
    pace = Pace(0.2)
    for moment in range(10_000):
        pace.note(1000, moment / 100)

    assert len(pace._latest) == 6
