"""How long a recording is kept, and how large it may grow. Knows no file and no table."""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.bounds import within
from hive_console.core.rollup import Tier

DAY = 86_400
"""Seconds."""

_MIB = 1024**2
_GIB = 1024**3
_SMALLEST = _MIB
_LARGEST = 10_240 * _GIB
_LONGEST = 3_650


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept for how long, and how large it may be; whichever bound is reached first counts.

    Days are whole ones, sizes are bytes. The numbers are those of a design that was measured with 50 models, whose
    month takes 0.9 GB without requests.

    Attributes:
        raw_days: every request, 1..90.
        raw_size: the days' files together.
        failed_days: requests that failed, were retried or moved; those of the days that are gone.
        failed_size: likewise.
        roll_up_10s_days: sums of ten seconds (2: what a screen of the last day is drawn from).
        roll_up_10s_size: likewise.
        roll_up_60s_days: sums of a minute.
        roll_up_60s_size: likewise.
        roll_up_1h_days: sums of an hour.
        roll_up_1h_size: likewise.
        roll_up_1d_days: sums of a day (1826: five years). They take a few MB a year, so that no size bounds them.
        probe_days: health checks.
        probe_size: likewise.
        event_days: what moved something, alerts, gaps, runs (400: a year, and the month before it to compare).
    """

    raw_days: int = 7
    raw_size: int = 10 * _GIB
    failed_days: int = 35
    failed_size: int = _GIB
    roll_up_10s_days: int = 2
    roll_up_10s_size: int = 512 * _MIB
    roll_up_60s_days: int = 35
    roll_up_60s_size: int = 4 * _GIB
    roll_up_1h_days: int = 400
    roll_up_1h_size: int = _GIB
    roll_up_1d_days: int = 1_826
    probe_days: int = 35
    probe_size: int = _GIB
    event_days: int = 400

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        within("rawDays", self.raw_days, 1, 90)
        within("rawSize", self.raw_size, _SMALLEST, _LARGEST)
        within("failedDays", self.failed_days, 0, 400)
        within("failedSize", self.failed_size, _SMALLEST, _LARGEST)
        within("rollUp10sDays", self.roll_up_10s_days, 1, 35)
        within("rollUp10sSize", self.roll_up_10s_size, _SMALLEST, _LARGEST)
        within("rollUp60sDays", self.roll_up_60s_days, 1, 400)
        within("rollUp60sSize", self.roll_up_60s_size, _SMALLEST, _LARGEST)
        within("rollUp1hDays", self.roll_up_1h_days, 2, _LONGEST)
        within("rollUp1hSize", self.roll_up_1h_size, _SMALLEST, _LARGEST)
        within("rollUp1dDays", self.roll_up_1d_days, 31, _LONGEST)
        within("probeDays", self.probe_days, 1, 400)
        within("probeSize", self.probe_size, _SMALLEST, _LARGEST)
        within("eventDays", self.event_days, 1, _LONGEST)

    def days_of(self, tier: Tier) -> int:
        """How long windows of one length are kept: never shorter than those they are the sum of, so that what is
        known of the past only grows coarser.
        """
        days = {
            Tier.TEN_SECONDS: self.roll_up_10s_days,
            Tier.MINUTE: self.roll_up_60s_days,
            Tier.HOUR: self.roll_up_1h_days,
            Tier.DAY: self.roll_up_1d_days,
        }
        return max(kept for length, kept in days.items() if length <= tier)

    def size_of(self, tier: Tier) -> int | None:
        """How many bytes they may take; `None` where nothing bounds them but their age."""
        sizes = {
            Tier.TEN_SECONDS: self.roll_up_10s_size,
            Tier.MINUTE: self.roll_up_60s_size,
            Tier.HOUR: self.roll_up_1h_size,
        }
        return sizes.get(tier)
