"""Stretches of time in which a recording is not whole; charts hatch them instead of drawing zero."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class GapCause(Enum):
    """Why; values are written to the recording and must not change."""

    QUEUE_FULL = "queue full"  # the disk was slower than the events
    WRITE_FAILED = "write failed"  # the disk refused: full, locked, broken
    ROW_REFUSED = "row refused"  # one event could not be written, whatever the disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch in which events waited longer than they should, or were lost.

    Attributes:
        begin: Unix seconds.
        end: Unix seconds.
        cause: why.
        dropped: events lost for good; 0 when all of them were written in the end.
        detail: the error in words; empty where there was none.
    """

    begin: float
    end: float
    cause: GapCause
    dropped: int = 0
    detail: str = ""

    def joined(self, other: Gap | None) -> Gap:
        """Both as one; a failing disk explains more than a full queue, so its cause and words win."""
        if other is None:
            return self
        is_better = self.cause is GapCause.QUEUE_FULL and other.cause is not GapCause.QUEUE_FULL
        best = other if is_better else self
        return Gap(
            begin=min(self.begin, other.begin),
            end=max(self.end, other.end),
            cause=best.cause,
            dropped=self.dropped + other.dropped,
            detail=best.detail or self.detail or other.detail,
        )
