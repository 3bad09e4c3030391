"""How moments are written on a screen; Unix seconds become a person's clock here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def time_of_day(at: float, zone: tzinfo | None) -> str:
    """`03:12:44` in `zone` (`None`: the machine's own), with a `Z` when that is UTC."""
    return f"{datetime.fromtimestamp(at, zone):%H:%M:%S}" + ("Z" if zone is UTC else "")


def day_and_time(at: float, zone: tzinfo | None) -> str:
    """`2026-03-14 03:12:44Z`; outside UTC with the zone's name, for a recording may be read far from home."""
    moment = datetime.fromtimestamp(at, zone).astimezone(zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}" + ("Z" if zone is UTC else f" {moment:%Z}")


def short_moment(at: float, zone: tzinfo | None, *, with_day: bool) -> str:
    """`03:12`, or `03-14 03:12` where a day has to be told: the ends of a line of time."""
    return f"{datetime.fromtimestamp(at, zone):{'%m-%d %H:%M' if with_day else '%H:%M'}}"
