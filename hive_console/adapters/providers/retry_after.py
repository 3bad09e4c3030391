"""How long a provider asks us to stay away, from the headers of its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER = 900.0
"""Seconds. A quarter of an hour: after it we ask again, so that no header takes a model out for a day."""

_LONGEST_VALUE = 64
"""Characters. The longest HTTP date has 33."""

_MILLISECOND_HEADERS = ("retry-after-ms", "x-ms-retry-after-ms")


def retry_after_of(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to stay away, 0..900; `None` when nothing readable was said.

    Milliseconds win over seconds, as in the providers' own clients. Dates are read against `now` (Unix seconds);
    a date in the past means at once.
    """
    for name in _MILLISECOND_HEADERS:
        milliseconds = _number(headers.get(name, ""))
        if milliseconds is not None:
            return _clamped(milliseconds / 1000)
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is None:
        until = _date(value)
        seconds = None if until is None else until - now
    return None if seconds is None else _clamped(seconds)


def _clamped(seconds: float) -> float:
    return min(MAX_RETRY_AFTER, max(0.0, seconds))


def _number(value: str) -> float | None:
    try:
        number = float(value[:_LONGEST_VALUE])
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _date(value: str) -> float | None:
    if not value or len(value) > _LONGEST_VALUE:
        return None
    try:
        moment = parsedate_to_datetime(value)
        # "-0000" parses without a zone; HTTP dates are always in UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
