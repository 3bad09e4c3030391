"""The wall clock of a zone: right before, between and after the changes to and from summer time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from hive_console.adapters.zone_clock import ZoneClock, clock_of, instant_of, is_zone
from hive_console.core.errors import SettingsError
from hive_console.core.local_time import LocalTime, WeeklyWindow, utc


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("zone", "instant", "weekday", "minute"),
    [
        ("Europe/Berlin", "2026-01-05T08:00", 0, 9 * 60),
        ("Europe/Berlin", "2026-07-06T08:00", 0, 10 * 60),
        ("Europe/Berlin", "2026-03-29T00:59:30", 6, 1 * 60 + 59.5),
        ("Europe/Berlin", "2026-03-29T01:00", 6, 3 * 60),  # the clock is put forward
        ("Europe/Berlin", "2026-10-25T00:30", 6, 2 * 60 + 30),
        ("Europe/Berlin", "2026-10-25T01:30", 6, 2 * 60 + 30),  # the same once more
        ("Asia/Kolkata", "2026-01-04T20:00", 0, 1 * 60 + 30),
        ("America/New_York", "2026-01-05T01:00", 6, 20 * 60),
        ("Pacific/Apia", "2026-01-04T12:00", 0, 1 * 60),
        ("UTC", "2026-01-05T08:00", 0, 8 * 60),
        ("", "2026-01-05T08:00", 0, 8 * 60),
    ],
)
def test_clock_shows_the_time_there(zone: str, instant: str, weekday: int, minute: float) -> None:
    assert clock_of(zone)(at(instant)) == LocalTime(weekday, minute)


def test_quiet_hours_hold_for_as_long_as_the_wall_clock_says() -> None:
    clock = clock_of("Europe/Berlin")
    night = WeeklyWindow(22 * 60, 7 * 60)
    begin = at("2026-03-28T21:00")  # 22:00 there

    hours = [hour for hour in range(12) if night.covers(clock(begin + hour * 3600))]

    assert hours == list(range(8))  # nine hours by the clock, of which one is skipped


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", ""])
def test_instant_is_what_the_clock_shows_then(zone: str) -> None:
    wall = datetime(2026, 8, 5, 9, 30)  # noqa: DTZ001 - a wall clock's time

    assert clock_of(zone)(instant_of(zone, wall)) == LocalTime(2, 9 * 60 + 30)


@pytest.mark.parametrize("zone", ["Nowhere/At_All", "Europe", "../etc/passwd", "/etc/passwd", "a\0b"])
def test_unknown_zone_is_an_error_that_says_what_one_is(zone: str) -> None:
    assert not is_zone(zone)
    with pytest.raises(SettingsError, match="write one such as Europe/Berlin"):
        clock_of(zone)


def test_another_zone_counts_from_then_on() -> None:
    clock = ZoneClock("UTC")
    before = clock(at("2026-01-05T08:00"))

    clock.use("Asia/Kolkata")

    assert before == utc(at("2026-01-05T08:00"))
    assert clock(at("2026-01-05T08:00")) == LocalTime(0, 13 * 60 + 30)


def test_without_a_zone_no_table_of_zones_is_loaded() -> None:
    script = (
        "import sys; from hive_console.adapters.zone_clock import ZoneClock; ZoneClock('')(0.0);"
        " sys.exit('zoneinfo' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
