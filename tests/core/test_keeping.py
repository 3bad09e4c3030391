"""How long a recording is kept."""

from __future__ import annotations

from typing import Any

import pytest

from hive_console.core.errors import SettingsError
from hive_console.core.keeping import Keeping
from hive_console.core.rollup import Tier

MIB = 1024**2
LARGEST = 10_240 * 1024**3
BOUNDS = [
    ("raw_days", "rawDays", 1, 90),
    ("raw_size", "rawSize", MIB, LARGEST),
    ("failed_days", "failedDays", 0, 400),
    ("failed_size", "failedSize", MIB, LARGEST),
    ("roll_up_10s_days", "rollUp10sDays", 1, 35),
    ("roll_up_10s_size", "rollUp10sSize", MIB, LARGEST),
    ("roll_up_60s_days", "rollUp60sDays", 1, 400),
    ("roll_up_60s_size", "rollUp60sSize", MIB, LARGEST),
    ("roll_up_1h_days", "rollUp1hDays", 2, 3_650),
    ("roll_up_1h_size", "rollUp1hSize", MIB, LARGEST),
    ("roll_up_1d_days", "rollUp1dDays", 31, 3_650),
    ("probe_days", "probeDays", 1, 400),
    ("probe_size", "probeSize", MIB, LARGEST),
    ("event_days", "eventDays", 1, 3_650),
]


@pytest.mark.parametrize(("field", "key", "low", "high"), BOUNDS)
def test_each_bound_is_kept_and_told_by_its_key(field: str, key: str, low: int, high: int) -> None:
    def kept(value: int) -> Any:  # whatever the field holds
        values: dict[str, Any] = {field: value}
        return getattr(Keeping(**values), field)

    assert [kept(low), kept(high)] == [low, high]
    for wrong in (low - 1, high + 1):
        with pytest.raises(SettingsError) as refused:
            kept(wrong)
        assert refused.value.field == key


def test_longer_windows_are_kept_at_least_as_long_as_shorter_ones() -> None:
    keeping = Keeping(roll_up_60s_days=300, roll_up_1h_days=100)

    assert [keeping.days_of(tier) for tier in Tier] == [2, 300, 300, 1_826]


def test_days_are_bounded_by_their_age_alone() -> None:
    assert [keeping_size is None for keeping_size in map(Keeping().size_of, Tier)] == [False, False, False, True]
