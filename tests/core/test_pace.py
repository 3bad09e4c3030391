"""What may be asked of a model within a minute: its own limits, and what its provider says is left."""

from __future__ import annotations

import pytest

from hive_console.core.pace import LONGEST_RESET, NEARLY_USED_UP, NO_RESET, SOON, WINDOW, Pace
from hive_console.core.task import RateLimits, Usage
from tests.core.samples import NOW

PLACES = 10


def told(pace: Pace, now: float = NOW, *, is_under_way: bool = False, **limits: float) -> Pace:
    pace.heed(RateLimits(**limits), now, places=PLACES, is_under_way=is_under_way)  # type: ignore[arg-type]  # both kinds of number are given by name
    return pace


def is_refused(pace: Pace, now: float = NOW, in_flight: int = 0) -> bool:
    return pace.refusal(now, in_flight) is not None


def wait_of(pace: Pace, now: float = NOW, in_flight: int = 0) -> float:
    refusal = pace.refusal(now, in_flight)
    assert refusal is not None
    return refusal[1]


def why_of(pace: Pace, now: float = NOW, in_flight: int = 0) -> str:
    refusal = pace.refusal(now, in_flight)
    return "" if refusal is None else refusal[0]


def using(tokens: int, **limits: int) -> Pace:
    """A pace that has seen one call of so many tokens an age ago."""
    pace = Pace(**limits)
    pace.end(NOW - 10 * WINDOW, Usage(tokens, 0))
    return pace


# --- configured limits ---------------------------------------------------------------------------


def test_a_model_without_limits_is_free() -> None:
    pace = Pace()
    for _ in range(1000):
        pace.begin(NOW)
        pace.end(NOW, Usage(1000, 1000))

    assert pace.is_free
    assert pace.refusal(NOW, 1000) is None


def test_so_many_calls_begin_within_a_minute_and_not_one_more() -> None:
    pace = Pace(requests_per_minute=3)
    admitted = []
    for tick in range(240):
        now = NOW + tick * 0.5
        if not is_refused(pace, now):
            pace.begin(now)
            admitted.append(now)

    assert admitted[:3] == [NOW, NOW + 0.5, NOW + 1.0]
    assert all(later - earlier > 60 for earlier, later in zip(admitted, admitted[3:], strict=False))
    assert len(admitted) == 6


def test_a_used_up_limit_says_its_name_and_when_it_is_over() -> None:
    pace = Pace(requests_per_minute=2)
    pace.begin(NOW)
    pace.begin(NOW + 10)

    refusal = pace.refusal(NOW + 20, 0)

    assert refusal is not None
    assert refusal[0] == "its limit of 2 requests a minute is used up"
    assert refusal[1] == pytest.approx(WINDOW - 20, abs=WINDOW / 100)
    assert is_refused(pace, NOW + 20 + refusal[1] - 0.01)
    assert not is_refused(pace, NOW + 20 + refusal[1] + 0.01)


def test_tokens_count_as_told_and_as_estimated_where_none_are_told() -> None:
    pace = Pace(tokens_per_minute=100)
    pace.end(NOW, Usage(30, 20))
    pace.end(NOW, None, estimate=49)
    before = is_refused(pace)

    pace.end(NOW, None, estimate=1)

    assert not before
    assert why_of(pace) == "its limit of 100 tokens a minute is used up"
    assert wait_of(pace) == pytest.approx(61, abs=0.62)


def test_a_call_that_used_nothing_changes_nothing() -> None:
    pace = Pace(tokens_per_minute=100)
    pace.end(NOW, None)

    assert (pace.usual_tokens, is_refused(pace)) == (0, False)


def test_the_calls_in_flight_will_use_tokens_too() -> None:
    pace = using(30, tokens_per_minute=100)

    assert not is_refused(pace, in_flight=3)
    assert wait_of(pace, in_flight=4) == SOON


def test_the_usual_call_is_that_of_the_last_ten_or_so() -> None:
    pace = using(100)
    pace.end(NOW, Usage(100, 100))

    assert pace.usual_tokens == pytest.approx(110)


def test_both_limits_hold() -> None:
    pace = Pace(requests_per_minute=5, tokens_per_minute=10)
    pace.begin(NOW)
    pace.end(NOW, Usage(10, 0))

    assert is_refused(pace)


# --- what the provider says ----------------------------------------------------------------------


def test_a_model_with_no_request_left_is_left_alone_until_the_reset() -> None:
    pace = told(Pace(), requests_left=0, requests_reset=7.0)

    assert not pace.is_free
    assert pace.refusal(NOW, 0) == (NEARLY_USED_UP, 7.0)
    assert is_refused(pace, NOW + 6.9)
    assert not is_refused(pace, NOW + 7.0)
    assert pace.is_free


def test_as_many_calls_are_in_flight_as_the_provider_says_are_left() -> None:
    pace = told(Pace(), requests_left=3, requests_reset=60.0)

    assert not is_refused(pace, in_flight=2)
    assert is_refused(pace, in_flight=3)


def test_a_call_that_brings_no_news_has_used_one_of_those_left() -> None:
    pace = told(Pace(), requests_left=1, requests_reset=60.0)
    pace.end(NOW, None)

    assert is_refused(pace)


def test_the_newest_word_counts() -> None:
    pace = told(told(Pace(), requests_left=0, requests_reset=60.0), requests_left=PLACES + 1, requests_reset=60.0)

    assert pace.is_free
    assert not is_refused(pace, in_flight=PLACES)


def test_plenty_is_no_news() -> None:
    pace = told(using(10), requests_left=PLACES + 1, requests_reset=1.0, tokens_left=111, tokens_reset=1.0)

    assert pace.is_free


def test_a_provider_that_says_nothing_limits_nothing() -> None:
    assert told(Pace()).is_free


def test_few_tokens_left_are_for_the_calls_in_flight_and_one_more() -> None:
    pace = told(using(30), tokens_left=100, tokens_reset=9.0)

    assert not is_refused(pace, in_flight=2)
    assert wait_of(pace, in_flight=3) == 9.0
    assert not is_refused(pace, NOW + 9, in_flight=3)


def test_tokens_that_are_used_are_gone() -> None:
    pace = told(using(30), tokens_left=100, tokens_reset=9.0)
    pace.end(NOW, Usage(80, 0))

    assert is_refused(pace)


def test_no_token_left_is_none_whatever_a_call_usually_takes() -> None:
    pace = told(Pace(), tokens_left=0, tokens_reset=9.0)

    assert wait_of(pace) == 9.0


def test_the_longer_of_two_waits_counts() -> None:
    pace = told(Pace(), requests_left=0, requests_reset=3.0, tokens_left=0, tokens_reset=9.0)

    assert wait_of(pace) == 9.0
    assert wait_of(told(pace, requests_left=0, requests_reset=9.0, tokens_left=0, tokens_reset=3.0)) == 9.0


def test_a_stream_under_way_is_counted_by_its_provider_already() -> None:
    pace = told(
        using(30), is_under_way=True, requests_left=1, requests_reset=60.0, tokens_left=40, tokens_reset=60.0
    )

    assert not is_refused(pace, in_flight=1)
    pace.end(NOW, Usage(20, 10))
    assert not is_refused(pace, in_flight=0)
    assert is_refused(pace, in_flight=1)


@pytest.mark.parametrize(
    ("reset", "heeded"), [(None, NO_RESET), (-3.0, 0.0), (5.5, 5.5), (86_400.0, LONGEST_RESET)]
)
def test_an_odd_reset_is_bounded(reset: float | None, heeded: float) -> None:
    pace = Pace()
    pace.heed(RateLimits(requests_left=0, requests_reset=reset), NOW, places=PLACES)

    assert (pace.refusal(NOW, 0) or ("", 0.0))[1] == heeded


def test_what_is_told_holds_beside_the_configured_limit() -> None:
    pace = told(Pace(requests_per_minute=5), requests_left=5, requests_reset=60.0)
    for _ in range(5):
        pace.begin(NOW)

    assert why_of(pace, in_flight=1) == "its limit of 5 requests a minute is used up"
    assert pace.refusal(NOW, 5) == (NEARLY_USED_UP, 60.0)
    assert not is_refused(pace, NOW + 70)
    assert not pace.is_free
