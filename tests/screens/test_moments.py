"""Moments as the screens write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hive_console.ui.formatting import day_and_time, short_moment

CURSOR = datetime(2026, 3, 14, 3, 12, 44, tzinfo=UTC).timestamp()
EAST = timezone(timedelta(hours=2), "EAST")


def test_a_moment_is_written_with_its_day_and_zone() -> None:
    assert day_and_time(CURSOR, UTC) == "2026-03-14 03:12:44Z"
    assert day_and_time(CURSOR, EAST) == "2026-03-14 05:12:44 EAST"
    assert short_moment(CURSOR, UTC, with_day=False) == "03:12"
    assert short_moment(CURSOR, UTC, with_day=True) == "03-14 03:12"
