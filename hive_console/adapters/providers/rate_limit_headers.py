"""What is left of a provider's rate limits, from the headers of its answer. Hostile values are nothing said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from hive_console.core.task import RateLimits

MAX_RESET = 900.0
"""Seconds. As `Retry-After`: after a quarter of an hour we ask again, whatever a header says."""

_LONGEST_VALUE = 40
"""Characters. The longest RFC 3339 date with nanoseconds and a zone has 35."""

_MOST_LEFT = 10**12
"""Requests or tokens. No limit of any provider comes near; what is larger was not meant."""

_EARLIEST_EPOCH = 1_000_000_000.0
"""Unix seconds (2001). A plain number above it is a moment, below it a duration: some routers send moments."""

_UNIT_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(d|h|ms|m|us|µs|ns|s)")

# OpenAI, Azure, Groq, Together, xAI and most others; Mistral says "req" and names the minute.
_REQUESTS_LEFT = ("x-ratelimit-remaining-requests", "x-ratelimit-remaining-req-minute")
_REQUESTS_RESET = ("x-ratelimit-reset-requests", "x-ratelimit-reset-req-minute")
_TOKENS_LEFT = ("x-ratelimit-remaining-tokens", "x-ratelimit-remaining-tokens-minute")
_TOKENS_RESET = ("x-ratelimit-reset-tokens", "x-ratelimit-reset-tokens-minute")

_ANTHROPIC_TOKENS = ("tokens", "input-tokens", "output-tokens")

_TELLING = (
    *_REQUESTS_LEFT,
    *_TOKENS_LEFT,
    "anthropic-ratelimit-requests-remaining",
    *(f"anthropic-ratelimit-{kind}-remaining" for kind in _ANTHROPIC_TOKENS),
)


def rate_limits_of(headers: Mapping[str, str], now: float) -> RateLimits | None:
    """The limits told in `headers` (found by their lower-case names); `None` when nothing readable is told.

    Resets are seconds from `now` (Unix seconds), 0..900. Of Anthropic's three token limits the tightest counts.
    """
    if headers.keys().isdisjoint(_TELLING):
        return None  # as most compatible servers do; a reset alone says nothing
    tokens_left, tokens_reset = _tightest(headers, now)
    limits = RateLimits(
        requests_left=_first(headers, (*_REQUESTS_LEFT, "anthropic-ratelimit-requests-remaining"), _count),
        requests_reset=_reset(headers, (*_REQUESTS_RESET, "anthropic-ratelimit-requests-reset"), now),
        tokens_left=tokens_left,
        tokens_reset=tokens_reset,
    )
    return None if limits == RateLimits() else limits


def _tightest(headers: Mapping[str, str], now: float) -> tuple[int | None, float | None]:
    left = _first(headers, _TOKENS_LEFT, _count)
    reset = _reset(headers, _TOKENS_RESET, now)
    if left is not None or reset is not None:
        return left, reset
    told = [
        (count, _reset(headers, (f"anthropic-ratelimit-{kind}-reset",), now))
        for kind in _ANTHROPIC_TOKENS
        if (count := _count(headers.get(f"anthropic-ratelimit-{kind}-remaining", ""))) is not None
    ]
    return min(told, key=lambda limit: limit[0], default=(None, None))


def _first(headers: Mapping[str, str], names: tuple[str, ...], read: Callable[[str], int | None]) -> int | None:
    return next((count for name in names if (count := read(headers.get(name, ""))) is not None), None)


def _reset(headers: Mapping[str, str], names: tuple[str, ...], now: float) -> float | None:
    for name in names:
        seconds = _seconds(headers.get(name, ""), now)
        if seconds is not None:
            return min(MAX_RESET, max(0.0, seconds))
    return None


def _count(value: str) -> int | None:
    """A number of requests or tokens; Azure sends -1 where there is no limit."""
    value = value.strip()
    if not value.isascii() or not value.isdigit() or len(value) > _LONGEST_VALUE:
        return None
    count = int(value)
    return count if count <= _MOST_LEFT else None


def _seconds(value: str, now: float) -> float | None:
    """Seconds from `now`: a Go duration (`6m0s`, `20ms`), plain seconds, a Unix moment, or an RFC 3339 date."""
    value = value.strip()
    if not value or len(value) > _LONGEST_VALUE:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        number = float(value)
        return number - now if number > _EARLIEST_EPOCH else number
    parts = _PART.findall(value)
    if parts and "".join(number + unit for number, unit in parts) == value:
        return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)
    return _until(value, now)


def _until(value: str, now: float) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return None
