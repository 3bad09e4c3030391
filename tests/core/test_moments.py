"""Moments as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.moments import TAKEN, moment

NOW = datetime(2026, 11, 26, 14, 30, 15, tzinfo=UTC).timestamp()
EAST = timezone(timedelta(hours=5, minutes=30))


def at(text: str, zone: timezone | ZoneInfo | None = UTC) -> str:
    return datetime.fromtimestamp(moment(text, now=NOW, zone=zone), UTC).isoformat()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2026-11-26T14:30:15+00:00"),
        (" NOW ", "2026-11-26T14:30:15+00:00"),
        ("2h", "2026-11-26T12:30:15+00:00"),
        ("-2h", "2026-11-26T12:30:15+00:00"),
        ("2h ago", "2026-11-26T12:30:15+00:00"),
        ("+2h", "2026-11-26T16:30:15+00:00"),
        ("+2h ago", "2026-11-26T12:30:15+00:00"),
        ("1h30m", "2026-11-26T13:00:15+00:00"),
        ("1.5h", "2026-11-26T13:00:15+00:00"),
        ("15s", "2026-11-26T14:30:00+00:00"),
        ("1d 2h", "2026-11-25T12:30:15+00:00"),
        ("1w", "2026-11-19T14:30:15+00:00"),
        ("today", "2026-11-26T00:00:00+00:00"),
        ("yesterday", "2026-11-25T00:00:00+00:00"),
        ("@1700000000", "2023-11-14T22:13:20+00:00"),
        ("2026-11-26", "2026-11-26T00:00:00+00:00"),
        ("2026-11-26 14:05", "2026-11-26T14:05:00+00:00"),
        ("2026-11-26T14:05:30", "2026-11-26T14:05:30+00:00"),
        ("2026-11-26T14:05:30.25Z", "2026-11-26T14:05:30.250000+00:00"),
        ("2026-11-26 14:05 UTC", "2026-11-26T14:05:00+00:00"),
        ("2026-11-26T14:05+05:30", "2026-11-26T08:35:00+00:00"),
        ("2026-11-26T14:05-0100", "2026-11-26T15:05:00+00:00"),
    ],
)
def test_a_moment_is_read_as_it_is_meant(text: str, meant: str) -> None:
    assert at(text) == meant


def test_a_time_of_day_is_the_last_one_that_has_come() -> None:
    assert at("14:05") == "2026-11-26T14:05:00+00:00"
    assert at("14:30:15") == "2026-11-26T14:30:15+00:00"
    assert at("14:30:16") == "2026-11-25T14:30:16+00:00"
    assert at("9:00") == "2026-11-26T09:00:00+00:00"


def test_a_time_of_this_day_may_be_still_to_come() -> None:
    wanted = datetime(2026, 11, 26, 23, 15, tzinfo=UTC).timestamp()
    assert moment("23:15", now=NOW, zone=UTC, is_of_this_day=True) == wanted
    assert at("23:15") == "2026-11-25T23:15:00+00:00"


def test_a_time_of_day_may_be_told_in_utc() -> None:
    assert at("14:05Z", EAST) == "2026-11-26T14:05:00+00:00"
    assert at("14:05 utc", EAST) == "2026-11-26T14:05:00+00:00"


def test_what_has_no_offset_is_meant_in_the_zone() -> None:
    assert at("2026-11-26 14:05", EAST) == "2026-11-26T08:35:00+00:00"
    assert at("19:00", EAST) == "2026-11-26T13:30:00+00:00"
    assert at("today", EAST) == "2026-11-25T18:30:00+00:00"
    assert at("2026-11-26T14:05Z", EAST) == "2026-11-26T14:05:00+00:00"


def test_a_day_that_lost_an_hour_has_the_times_of_its_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    after_the_change = datetime(2026, 3, 29, 12, 0, tzinfo=UTC).timestamp()

    assert moment("08:00", now=after_the_change, zone=berlin) == datetime(2026, 3, 29, 6, 0, tzinfo=UTC).timestamp()


def test_without_a_zone_it_is_the_machines() -> None:
    meant = datetime(2026, 11, 26, 14, 5).timestamp()  # noqa: DTZ001 - the machine's zone is the claim

    assert moment("2026-11-26 14:05", now=NOW, zone=None) == meant


@pytest.mark.parametrize(
    "text", ["", "soon", "2", "h", "14", "26.11.2026", "1:2", "2h3", "2026-11-26T", "²h", "@", "٣h"]
)
def test_what_is_no_time_is_refused_with_what_is_taken(text: str) -> None:
    with pytest.raises(HiveError, match="is no time") as refused:
        moment(text, now=NOW, zone=UTC)

    assert TAKEN in str(refused.value)


@pytest.mark.parametrize("text", ["25:00", "12:60", "2026-06-31", "0000-01-01", "2026-11-26T14:05+99:00"])
def test_what_is_on_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(HiveError, match="on no calendar"):
        moment(text, now=NOW, zone=UTC)


@pytest.mark.parametrize("text", ["999999999w", "1969-12-31"])
def test_nothing_lies_before_1970(text: str) -> None:
    with pytest.raises(HiveError, match="before 1970"):
        moment(text, now=NOW, zone=UTC)


def test_an_error_holds_no_control_character_and_little_text() -> None:
    with pytest.raises(HiveError) as refused:
        moment("\x1b[2J" + "x" * 10_000, now=NOW, zone=UTC)

    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 300
