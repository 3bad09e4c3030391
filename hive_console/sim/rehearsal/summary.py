"""Metrics over several seeds: means with their confidence, held against the targets. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from hive_console.core.success import TARGETS, Goal, SuccessReport, Target

_T_975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""97.5 % quantiles of Student's t for 1 to 30 degrees of freedom."""

_NORMAL_975 = 1.96
"""The same of the normal distribution, for more."""


class Word(Enum):
    """How a metric stands against its target."""

    MET = "met"
    MISSED = "missed"
    NOT_OBSERVED = "not observed"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: of the seeds in which something was observed; `None` when there was none.
        margin: half the 95 % t-interval of that mean; `None` for a single seed, which tells no spread.
        seeds: in which something was observed.
    """

    mean: float | None
    margin: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class Line:
    """One metric: its estimate, its target and the word for it."""

    goal: Goal
    estimate: Estimate
    target: Target

    @property
    def word(self) -> Word:
        """The mean decides; how sure that is, the interval says."""
        if self.estimate.mean is None:
            return Word.NOT_OBSERVED
        return Word.MET if self.target.is_met_by(self.estimate.mean) else Word.MISSED


def estimate(values: Sequence[float | None]) -> Estimate:
    """The mean of what was observed, with its 95 % t-interval (Student, 1908).

    The interval takes seeds as independent draws of months. It is symmetric, so near 100 % it may reach beyond
    what is possible; it is told as it is.
    """
    known = [value for value in values if value is not None]
    count = len(known)
    if not count:
        return Estimate(None, None, 0)
    mean = math.fsum(known) / count
    if count == 1:
        return Estimate(mean, None, 1)
    variance = math.fsum((value - mean) ** 2 for value in known) / (count - 1)
    quantile = _T_975[count - 2] if count - 1 <= len(_T_975) else _NORMAL_975
    return Estimate(mean, quantile * math.sqrt(variance / count), count)


def summarize(reports: Sequence[SuccessReport]) -> tuple[Line, ...]:
    """Every success metric over these reports, in the specification's order."""
    return tuple(
        Line(goal, estimate([report.value(goal) for report in reports]), target) for goal, target in TARGETS.items()
    )
