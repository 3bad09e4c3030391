"""Rate-limit headers of every spelling are read, clamped, and never believed when they are nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hive_console.adapters.providers.rate_limit_headers import MAX_RESET, rate_limits_of
from hive_console.core.task import RateLimits

NOW = 1_755_780_000.0  # 2025-08-21T12:40:00Z


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"content-type": "application/json"}, None),
        ({"x-ratelimit-reset-requests": "1s"}, None),
        (
            {
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "149984",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            RateLimits(59, 1.0, 149984, 360.0),
        ),
        (
            {"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "7.66s"},
            RateLimits(tokens_left=7, tokens_reset=7.66),
        ),
        (
            {"x-ratelimit-remaining-req-minute": "717", "x-ratelimit-remaining-tokens-minute": "4999911"},
            RateLimits(requests_left=717, tokens_left=4999911),
        ),
        (
            {
                "anthropic-ratelimit-requests-remaining": "999",
                "anthropic-ratelimit-requests-reset": "2025-08-21T12:40:30Z",
                "anthropic-ratelimit-tokens-remaining": "96000",
                "anthropic-ratelimit-tokens-reset": "2025-08-21T12:41:00Z",
                "anthropic-ratelimit-input-tokens-remaining": "80000",
                "anthropic-ratelimit-input-tokens-reset": "2025-08-21T12:41:00Z",
                "anthropic-ratelimit-output-tokens-remaining": "16000",
                "anthropic-ratelimit-output-tokens-reset": "2025-08-21T14:41:10+02:00",
            },
            RateLimits(999, 30.0, 16000, 70.0),
        ),
        (
            {"anthropic-ratelimit-tokens-remaining": "5", "anthropic-ratelimit-tokens-reset": "soon"},
            RateLimits(tokens_left=5),
        ),
        # Azure, where there is no limit.
        ({"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0"}, RateLimits(tokens_reset=0.0)),
    ],
)
def test_every_spelling_is_read(headers: dict[str, str], expected: RateLimits | None) -> None:
    assert rate_limits_of(headers, NOW) == expected


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("20ms", 0.02),
        ("1h0m0s", MAX_RESET),
        ("1m6.5s", 66.5),
        ("2d", MAX_RESET),
        ("12", 12.0),
        ("0.25", 0.25),
        ("2025-08-21T12:39:00Z", 0.0),
        ("2025-08-21T12:40:10.5Z", 10.5),
        ("2025-08-21T12:40:10", 10.0),
        (str(int(NOW) + 9), 9.0),
        ("9999-12-31T23:59:59Z", MAX_RESET),
        ("9" * 39, 900.0),
    ],
)
def test_a_reset_is_seconds_from_now_and_clamped(value: str, seconds: float) -> None:
    limits = rate_limits_of({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": value}, NOW)

    assert limits is not None
    assert limits.requests_reset == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["", " ", "-5", "nan", "inf", "1e9", "6m0", "m", "6x", "٣s", "٣", "2025-13-01T00:00:00Z", "1s" * 30]
)
def test_a_reset_that_says_nothing_is_nothing(value: str) -> None:
    headers = {"x-ratelimit-remaining-tokens": "1", "x-ratelimit-reset-tokens": value}

    assert rate_limits_of(headers, NOW) == RateLimits(tokens_left=1)


@pytest.mark.parametrize("value", ["", "-1", "many", "1.5", "٣", "1" * 13, "1" * 5000])
def test_a_count_that_says_nothing_is_nothing(value: str) -> None:
    assert rate_limits_of({"x-ratelimit-remaining-requests": value}, NOW) is None


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=50), st.text(alphabet="0123456789.smhdTZ:-+", max_size=50))
def test_no_value_breaks_the_reading(count: str, reset: str) -> None:
    limits = rate_limits_of({"x-ratelimit-remaining-tokens": count, "x-ratelimit-reset-tokens": reset}, NOW)

    if limits is not None and limits.tokens_reset is not None:
        assert 0.0 <= limits.tokens_reset <= MAX_RESET
