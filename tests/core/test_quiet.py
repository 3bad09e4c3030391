"""Windows of ten seconds that were never written."""

from __future__ import annotations

from hive_console.core.quiet import filled
from hive_console.core.rollup import Sums
from hive_console.core.states import BreakerState, ModelStatus

AVAILABLE, DOWN, UNKNOWN = ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE, ModelStatus.UNKNOWN


def told(found: dict[int, Sums]) -> dict[int, tuple[int, int]]:
    return {t: (sums.known_ms, sums.available_ms) for t, sums in found.items()}


def test_quiet_window_was_spent_as_the_minute_before_ended() -> None:
    minutes = {0: Sums(status=AVAILABLE, breaker=BreakerState.OPEN), 60: Sums(status=AVAILABLE)}

    found = filled({}, minutes, 60, end=80, final_until=1_000.0)

    assert told(found) == {60: (10_000, 10_000), 70: (10_000, 10_000)}
    assert (found[60].status, found[60].breaker) == (AVAILABLE, BreakerState.OPEN)


def test_written_window_says_how_those_after_it_were_spent() -> None:
    minutes = {0: Sums(status=AVAILABLE), 60: Sums(status=UNKNOWN, calls=1)}
    tens = {70: Sums(status=DOWN, calls=1), 100: Sums(status=UNKNOWN)}

    found = filled(tens, minutes, 60, end=120, final_until=1_000.0)

    assert found[70] is tens[70]
    assert told(found) == {
        60: (10_000, 10_000),
        70: (0, 0),
        80: (10_000, 0),
        90: (10_000, 0),
        100: (0, 0),
        110: (0, 0),
    }


def test_window_from_before_the_range_counts_and_is_not_told() -> None:
    found = filled({60: Sums(status=DOWN)}, {60: Sums(status=DOWN)}, 70, end=90, final_until=1_000.0)

    assert told(found) == {70: (10_000, 0), 80: (10_000, 0)}


def test_minute_without_a_row_is_known_to_nobody() -> None:
    found = filled({130: Sums(calls=1)}, {0: Sums(status=AVAILABLE)}, 60, end=180, final_until=1_000.0)

    assert list(found) == [130]


def test_open_minute_is_known_as_far_as_its_windows_are_over() -> None:
    found = filled({}, {0: Sums(status=AVAILABLE)}, 60, end=120, final_until=85.0)

    assert list(found) == [60, 70]


def test_model_that_no_engine_had_was_not_quiet() -> None:
    assert filled({}, {0: Sums(), 60: Sums()}, 60, end=120, final_until=1_000.0) == {}
    assert filled({}, {60: Sums(status=AVAILABLE)}, 60, end=120, final_until=1_000.0) == {}


def test_minute_that_tells_of_more_than_its_windows_lost_some() -> None:
    minutes = {0: Sums(status=AVAILABLE), 60: Sums(status=AVAILABLE, calls=3)}

    assert filled({}, minutes, 60, end=120, final_until=1_000.0) == {}
    assert list(filled({70: Sums(calls=1)}, minutes, 60, end=120, final_until=1_000.0)) == [70]
