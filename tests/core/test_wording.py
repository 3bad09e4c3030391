"""Numbers in words: spans, countdowns, percentages and latencies."""

from __future__ import annotations

import pytest

from hive_console.core.wording import (
    ago,
    countdown,
    dollars,
    failure,
    latency,
    percent,
    span,
    whole_percent,
    whole_span,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5.0, "0 s"),
        (0.0, "0 s"),
        (0.85, "850 ms"),
        (1.0, "1 s"),
        (12.9, "12 s"),
        (59.9, "59 s"),
        (60.0, "1 m"),
        (3599.0, "59 m"),
        (3600.0, "1 h"),
        (7500.0, "2 h 5 m"),
        (86_400.0, "1 d"),
        (273_600.0, "3 d 4 h"),
    ],
)
def test_a_span_is_said_for_people(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_a_span_never_says_a_thousand_milliseconds() -> None:
    assert span(0.9996) == "1 s"


@pytest.mark.parametrize(("seconds", "words"), [(-1.0, "0 s"), (0.85, "0 s"), (12.9, "12 s"), (7500.0, "2 h 5 m")])
def test_a_whole_span_has_no_parts_of_a_second(seconds: float, words: str) -> None:
    assert whole_span(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(-1.0, "just now"), (0.9, "just now"), (1.0, "1 s ago")])
def test_what_is_past_is_just_now_within_its_first_second(seconds: float, words: str) -> None:
    assert ago(seconds) == words


@pytest.mark.parametrize(
    ("kind", "message", "words"),
    [
        ("connection_failed", "connection refused", "connection refused"),
        ("stream_cut", "the stream was cut", "the stream was cut"),
        ("timed_out", "no answer within 4 s", "timed out: no answer within 4 s"),
        ("server_error", "", "server error"),
    ],
)
def test_a_failure_does_not_say_the_same_twice(kind: str, message: str, words: str) -> None:
    assert failure(kind, message) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(-3.0, "0:00"), (0.0, "0:00"), (0.01, "0:01"), (59.5, "1:00"), (61.0, "1:01")]
)
def test_a_countdown_never_says_zero_too_early(seconds: float, words: str) -> None:
    assert countdown(seconds) == words


@pytest.mark.parametrize(("share", "words"), [(0.0, "0"), (0.125, "12.5"), (0.6, "60.0"), (1.0, "100")])
def test_a3_a_share_is_said_as_a_percentage_and_not_as_a_ratio(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0ms"),
        (0.085, "85ms"),
        (0.9994, "999ms"),
        (0.9995, "1.0s"),
        (4.84, "4.8s"),
        (9.949, "9.9s"),
        (9.95, "10s"),
        (31.2, "31s"),
    ],
)
def test_a_latency_takes_at_most_five_columns(seconds: float, words: str) -> None:
    assert latency(seconds) == words
    assert len(latency(seconds)) <= 5


@pytest.mark.parametrize(("share", "said"), [(0.0, "0"), (0.001, "1"), (0.1, "10"), (0.25, "25"), (1.0, "100")])
def test_a_chosen_share_is_said_in_whole_percents(share: float, said: str) -> None:
    assert whole_percent(share) == said


@pytest.mark.parametrize(
    ("micro", "said"),
    [(0, "$0.00"), (1_000_000, "$1.00"), (1_234_560_000, "$1,234.56"), (300, "$0.0003"), (1_000_100, "$1.0001")],
)
def test_money_is_said_in_dollars_and_no_part_of_it_is_lost(micro: int, said: str) -> None:
    assert dollars(micro) == said
