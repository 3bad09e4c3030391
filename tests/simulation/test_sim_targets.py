"""The specification's success metrics over forty simulated days of default settings."""

from __future__ import annotations

from statistics import fmean

import pytest

from hive_console.core.success import TARGETS, Goal, SuccessReport
from hive_console.sim.rehearsal.fleet import standard_fleet
from hive_console.sim.rehearsal.rehearse import Rehearsal
from hive_console.sim.rehearsal.seeds import rehearse_all

SEEDS = ("1", "2", "3", "4")
DAYS = 10.0


@pytest.fixture(scope="module")
def reports() -> list[SuccessReport]:
    """One report a seed: six models of three providers."""
    months = [Rehearsal(standard_fleet(6, 3), seed, days=DAYS) for seed in SEEDS]
    return [outcome.report for outcome in rehearse_all(months, jobs=2)]


def mean(reports: list[SuccessReport], goal: Goal) -> float:
    seen = [value for report in reports if (value := report.value(goal)) is not None]
    assert seen, f"{goal.value} was never observed"
    return fmean(seen)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("goal", Goal)
def test_the_target_is_met(reports: list[SuccessReport], goal: Goal) -> None:
    value = mean(reports, goal)

    assert TARGETS[goal].is_met_by(value), f"{goal.value} is {value:g}"


@pytest.mark.timeout(300)
def test_the_days_were_bad_enough_to_mean_something(reports: list[SuccessReport]) -> None:
    assert sum(report.fallbacks for report in reports) > 1000
    assert sum(report.episodes for report in reports) > 50
    assert all(report.degraded or report.recoveries for report in reports)
