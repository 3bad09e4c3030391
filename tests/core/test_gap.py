"""Gaps that touch are told as one, by the cause that explains more."""

from __future__ import annotations

import pytest

from hive_console.core.store import Gap, GapCause

FULL = Gap(begin=10.0, end=20.0, cause=GapCause.QUEUE_FULL, dropped=3)
FAILED = Gap(begin=15.0, end=30.0, cause=GapCause.WRITE_FAILED, dropped=4, detail="the disk is full")


def test_a_gap_alone_stays_as_it_is() -> None:
    assert FULL.joined(None) == FULL


@pytest.mark.parametrize(("one", "other"), [(FULL, FAILED), (FAILED, FULL)])
def test_two_gaps_are_one_by_the_cause_of_the_disk(one: Gap, other: Gap) -> None:
    assert one.joined(other) == Gap(
        begin=10.0, end=30.0, cause=GapCause.WRITE_FAILED, dropped=7, detail="the disk is full"
    )


def test_of_two_like_gaps_the_first_words_are_kept() -> None:
    later = Gap(begin=40.0, end=50.0, cause=GapCause.WRITE_FAILED, detail="it is locked")

    assert FAILED.joined(later).detail == "the disk is full"
    assert Gap(begin=0.0, end=1.0, cause=GapCause.WRITE_FAILED).joined(later).detail == "it is locked"
