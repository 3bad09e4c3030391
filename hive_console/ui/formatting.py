"""How moments are written on a screen; Unix seconds become a person's clock here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def time_of_day(at: float, zone: tzinfo | None) -> str:
    """`03:12:44` in `zone` (`None`: the machine's own), with a `Z` when that is UTC."""
    return f"{datetime.fromtimestamp(at, zone):%H:%M:%S}" + ("Z" if zone is UTC else "")
