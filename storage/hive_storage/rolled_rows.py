"""Sums of a window to a row of a roll-up table and back. A model, a status and a breaker's state are names' ids."""

# ruff: noqa: S608  # statements are put together from constants, never from what comes from outside

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hive_console.core.histogram import Histogram
from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus
from hive_storage.names import Names
from hive_storage.request_rows import Row
from hive_storage.sql import ROLL_UP_TABLES

COUNTS = (
    "calls",
    "failed",
    "timeouts",
    "throttled",
    "neutral",
    "retries",
    "operations",
    "answered",
    "unanswered",
    "moved_out",
    "moved_in",
    "degraded",
    "latency_us",
    "latency_min_us",
    "latency_max_us",
    "first_tokens",
    "first_token_us",
    "read_tokens",
    "written_tokens",
    "cost",
    "probes",
    "probes_failed",
    "probe_us",
    "recoveries",
    "recovery_ms",
    "known_ms",
    "available_ms",
)
"""The fields of `Sums` that are plain numbers, in the order of the tables' columns."""

COLUMNS = ("model", "t", *COUNTS, "status", "breaker", "latency", "first_token")
"""The columns of each roll-up table, in its order."""

KEEP_ROLLED = {
    tier: f"INSERT OR REPLACE INTO {table} ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    for tier, table in ROLL_UP_TABLES.items()
}
"""What writes the row of `row_of`, whole and in place of what was written before, for each length of window."""

SUMS = ", ".join(COLUMNS[2:])
"""The columns that `sums_of` reads."""

PLAIN_SUMS = ", ".join((*COLUMNS[2:-2], "NULL AS latency", "NULL AS first_token"))
"""The same without the sketches, which are most of a row's bytes and nearly all of the time it takes to read."""

_BEFORE_LATENCY = COUNTS.index("latency_max_us") + 1
_BEFORE_FIRST_TOKEN = COUNTS.index("first_token_us") + 1
_AFTER_COUNTS = len(COUNTS)
_SUMS: Callable[..., Sums] = Sums  # a row has no types

_LARGEST = 2**63 - 1
_STATUSES = {status.value: status for status in ModelStatus}
_BREAKERS = {state.value: state for state in BreakerState}


def row_of(rolled: Rolled, names: Names) -> Row:
    """The row of a window; raises `NamesExhausted` past the bound of names."""
    sums = rolled.sums
    return (
        names.id_of(rolled.model),
        rolled.begin,
        *(_bounded(getattr(sums, column)) for column in COUNTS),
        None if sums.status is None else names.id_of(sums.status.value),
        None if sums.breaker is None else names.id_of(sums.breaker.value),
        _blob(sums.latency),
        _blob(sums.first_token),
    )


def sums_of(row: Row, names: Mapping[int, str]) -> Sums:
    """The sums of a row of `SUMS` or `PLAIN_SUMS`; a status of a newer version is told as unknown to us: `None`.

    Raises `ValueError` for a sketch that is none.
    """
    status, breaker, latency, first_token = row[_AFTER_COUNTS:]
    # In the order of the fields, for a screen reads 9,000 of them: by name it would take four times as long.
    return _SUMS(
        *row[:_BEFORE_LATENCY],
        Histogram() if latency is None else Histogram.decode(latency),
        *row[_BEFORE_LATENCY:_BEFORE_FIRST_TOKEN],
        Histogram() if first_token is None else Histogram.decode(first_token),
        *row[_BEFORE_FIRST_TOKEN:_AFTER_COUNTS],
        None if status is None else _STATUSES.get(names.get(status, "")),
        None if breaker is None else _BREAKERS.get(names.get(breaker, "")),
    )


def rolled_of(tier: Tier, row: Row, names: Mapping[int, str]) -> Rolled:
    """The window of a whole row, as `row_of` made it; raises `KeyError` for a model without a name."""
    return Rolled(tier=tier, begin=row[1], model=names[row[0]], sums=sums_of(row[2:], names))


def _bounded(count: int | None) -> int | None:
    """A sum as SQLite can hold it: a provider that tells absurd numbers of tokens must not stop a whole batch."""
    return count if count is None or -_LARGEST < count < _LARGEST else min(max(-_LARGEST, count), _LARGEST)


def _blob(histogram: Histogram) -> Any:  # bytes, or nothing where nothing was counted
    return histogram.encode() if histogram.count else None
