"""Windows of roll-ups as rows of the file: all that a window says comes back."""

# ruff: noqa: S608  # statements are put together from constants

from __future__ import annotations

import sqlite3
from dataclasses import fields

from hive_console.core.histogram import Histogram
from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus
from hive_storage.names import Names
from hive_storage.rolled_rows import COLUMNS, COUNTS, KEEP_ROLLED, PLAIN_SUMS, SUMS, rolled_of, row_of, sums_of
from hive_storage.sql import ROLL_UP_TABLES, SCHEMA

SHARES = (0.0, 0.5, 0.95, 1.0)


def full_sums() -> Sums:
    sums = Sums(status=ModelStatus.DEGRADED, breaker=BreakerState.HALF_OPEN)
    for number, column in enumerate(COUNTS, start=1):
        setattr(sums, column, number)
    for number in range(100):
        sums.latency.add(0.01 * number)
        sums.first_token.add(0.001 * number)
    return sums


def quantiles(histogram: Histogram) -> tuple[float | None, ...]:
    return tuple(histogram.quantile(share) for share in SHARES)


def plain(sums: Sums) -> dict[str, object]:
    return {
        field.name: getattr(sums, field.name)
        for field in fields(sums)
        if not isinstance(getattr(sums, field.name), Histogram)
    }


def names_of(names: Names) -> dict[int, str]:
    return dict(names.fresh)


def file() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    return connection


def test_every_field_of_sums_has_a_column_in_the_tables_order() -> None:
    connection = file()

    assert {field.name for field in fields(Sums)} == set(COLUMNS) - {"model", "t"}
    for table in ROLL_UP_TABLES.values():
        assert tuple(row[1] for row in connection.execute(f"PRAGMA table_info({table})")) == COLUMNS


def test_all_that_a_window_says_comes_back() -> None:
    connection, names, sums = file(), Names(), full_sums()
    connection.execute(KEEP_ROLLED[Tier.MINUTE], row_of(Rolled(Tier.MINUTE, 60, "alpha", sums), names))

    (row,) = connection.execute("SELECT * FROM r60")
    (asked,) = connection.execute(f"SELECT {SUMS} FROM r60")
    found = rolled_of(Tier.MINUTE, row, names_of(names))

    assert (found.tier, found.begin, found.model) == (Tier.MINUTE, 60, "alpha")
    assert plain(found.sums) == plain(sums) == plain(sums_of(asked, names_of(names)))
    assert quantiles(found.sums.latency) == quantiles(sums.latency)
    assert quantiles(found.sums.first_token) == quantiles(sums.first_token)


def test_plain_sums_leave_out_the_sketches_only() -> None:
    connection, names, sums = file(), Names(), full_sums()
    connection.execute(KEEP_ROLLED[Tier.HOUR], row_of(Rolled(Tier.HOUR, 0, "alpha", sums), names))

    (row,) = connection.execute(f"SELECT {PLAIN_SUMS} FROM r3600")
    found = sums_of(row, names_of(names))

    assert plain(found) == plain(sums)
    assert found.latency.count == found.first_token.count == 0


def test_absurd_sums_are_kept_as_large_as_the_file_takes_them() -> None:
    connection = file()
    sums = Sums(read_tokens=2**70, recovery_ms=-(2**70))
    connection.execute(KEEP_ROLLED[Tier.HOUR], row_of(Rolled(Tier.HOUR, 0, "alpha", sums), Names()))

    assert connection.execute("SELECT read_tokens, recovery_ms FROM r3600").fetchall() == [(2**63 - 1, 1 - 2**63)]


def test_window_without_anything_takes_no_sketch_and_comes_back_empty() -> None:
    names = Names()

    row = row_of(Rolled(Tier.DAY, 0, "alpha", Sums()), names)

    assert row[-4:] == (None, None, None, None)
    assert plain(sums_of(row[2:], names_of(names))) == plain(Sums())


def test_status_of_a_newer_version_is_none_and_the_numbers_stay() -> None:
    names = Names()
    row = row_of(Rolled(Tier.DAY, 0, "alpha", full_sums()), names)

    found = sums_of(row[2:], {})

    assert (found.status, found.breaker, found.calls) == (None, None, 1)


def test_written_again_a_window_takes_the_place_of_what_was_there() -> None:
    connection, names = file(), Names()
    for calls in (1, 2):
        connection.execute(KEEP_ROLLED[Tier.HOUR], row_of(Rolled(Tier.HOUR, 0, "alpha", Sums(calls=calls)), names))

    assert connection.execute("SELECT calls FROM r3600").fetchall() == [(2,)]
