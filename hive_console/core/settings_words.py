"""How the settings file spells the fields of `core.settings`, and their values with the units of the file.

`tests/adapters/test_settings_words.py` holds it against the schema that reads the file.
"""

from __future__ import annotations

from enum import Enum

from hive_console.core.console_settings import Remap
from hive_console.core.text import clean

NOT_SET = "not set"
"""How a value is told that the file would leave out."""

VALUE_LIMIT = 120
"""Characters of one value: a long chain is cut, a line of a diff stays a line."""

_OTHERWISE = {"breaker_threshold": "circuitBreakerThreshold"}
"""Fields whose key is more than their name in the file's spelling."""

_SECONDS = frozenset(
    {
        "timeout",
        "connect_timeout",
        "headers_timeout",
        "first_token_timeout",
        "idle_timeout",
        "total_timeout",
        "slow_call_duration",
        "breaker_window",
        "recovery_timeout",
        "max_recovery_timeout",
        "ramp_seconds",
        "hedge_after",
        "health_check_interval",
        "probe_timeout",
        "degraded_response_time",
        "default_timeout",
        "operation_deadline",
        "drain",
    }
)
_MONEY = frozenset({"probe_cost", "probe_daily_budget", "input_price", "output_price"})
_BYTES = frozenset(
    {"max_body", "raw_size", "failed_size", "roll_up_10s_size", "roll_up_60s_size", "roll_up_1h_size", "probe_size"}
)
_PERCENT = frozenset({"degraded_mode_threshold"})
_REFERENCES = frozenset({"key", "token"})
_UNSPEAKABLE = frozenset({"endpoint", "allowed_endpoints"})

_UNITS = ((3600, 3600, "h"), (120, 60, "m"))
"""From how many seconds on a unit is used, its seconds, its sign; `60s` and `90s` read as people write them."""

_SIZES = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
MICRO_DOLLARS = 1_000_000
"""Micro-dollars of a dollar."""


def word_of(field: str) -> str:
    """The key of a settings field: `maxRetries`."""
    first, *rest = field.split("_")
    return _OTHERWISE.get(field) or first + "".join(map(str.capitalize, rest))


def is_unspeakable(field: str) -> bool:
    """Whether values of the field never show: addresses of providers."""
    return field in _UNSPEAKABLE


def spelled(field: str, value: object) -> str:
    """The field's value as the file would write it, cut to a line."""
    return clean(_spelled(field, value), VALUE_LIMIT)


def _spelled(field: str, value: object) -> str:
    match value:
        case None:
            return "p95" if field == "hedge_after" else NOT_SET
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case (Remap(), *_):
            return f"{{{', '.join(map(str, value))}}}"
        case tuple():
            return f"[{', '.join(map(str, value))}]"
        case int() | float():
            return _number(field, value)
        case _:
            text = str(value)
            return "not shown" if field in _REFERENCES and not text.startswith(("env:", "file:")) else text


def _number(field: str, value: float) -> str:
    if field in _SECONDS:
        return in_units(value)
    if field in _MONEY:
        return f"${plain(value / MICRO_DOLLARS)}"
    if field in _BYTES:
        return next((f"{value // size:.0f}{unit}" for size, unit in _SIZES if not value % size), f"{value:.0f}B")
    return plain(round(value * 100, 9) if field in _PERCENT else value)


def in_units(seconds: float) -> str:
    """Seconds as the file writes them: `250ms`, `90s`, `2m`, `1h`."""
    if 0 < seconds < 1:
        return f"{plain(seconds * 1000)}ms"
    for least, size, unit in _UNITS:
        if seconds >= least and not seconds % size:
            return f"{plain(seconds / size)}{unit}"
    return f"{plain(seconds)}s"


def plain(value: float) -> str:
    """A decimal number without an exponent, as the file wants it: nine decimals at most."""
    return f"{value:.9f}".rstrip("0").removesuffix(".")
