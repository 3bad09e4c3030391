"""Means over seeds with their confidence, and the word for each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hive_console.core.success import TARGETS, Goal
from hive_console.core.success_meter import SuccessMeter
from hive_console.sim.rehearsal.summary import Estimate, Word, estimate, summarize

NOTHING = SuccessMeter(90.0).report()


def test_nothing_observed_is_no_estimate() -> None:
    assert estimate([None, None]) == Estimate(None, None, 0)


def test_one_seed_tells_no_spread() -> None:
    assert estimate([0.5, None]) == Estimate(0.5, None, 1)


def test_a_mean_has_the_margin_of_students_t() -> None:
    found = estimate([1.0, 2.0, 3.0])

    assert found.mean == 2.0
    assert found.margin == pytest.approx(4.303 / 3**0.5, rel=1e-3)


def test_many_seeds_have_the_margin_of_the_normal_distribution() -> None:
    found = estimate([0.0, 1.0] * 50)

    assert found.margin == pytest.approx(1.96 * (0.25 * 100 / 99) ** 0.5 / 10, rel=1e-3)


def test_every_target_gets_its_word() -> None:
    reports = (replace(NOTHING, uptime=1.0, failure_impact=0.5), replace(NOTHING, uptime=0.9999))

    words = {line.goal: line.word for line in summarize(reports)}

    assert words[Goal.UPTIME] is Word.MET
    assert words[Goal.IMPACT] is Word.MISSED
    assert words[Goal.RECOVERY] is Word.NOT_OBSERVED
    assert list(words) == list(TARGETS)
