"""What a recording lacks while it goes on: one open gap, its cause, and the words for whoever waits."""

from __future__ import annotations

from collections.abc import Callable

from hive_console.core.store import Gap, GapCause
from hive_storage.micros import seconds
from hive_storage.request_rows import Taken


class Losses:
    """The gap that no batch has told of yet.

    Attributes:
        error: why nothing can be written, while that is so.
        refusal: why a row was refused, while it is looked for.
        withheld: why events of every request are not kept, while that is so.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._gap: Gap | None = None
        self.error = ""
        self.refusal = ""
        self.withheld: GapCause | None = None

    def __bool__(self) -> bool:
        """Whether there is a gap to tell of."""
        return self._gap is not None

    def dropped(self, taken: Taken) -> str:
        """Notes an event that is lost; why, in words."""
        seq, skew, _ = taken
        at = seconds(seq - skew)
        cause, detail = self._why()
        self._note(Gap(begin=at, end=at, cause=cause, dropped=1, detail=detail))
        return detail or "too many events wait for the disk"

    def failed(self, error: str) -> None:
        """Notes that nothing can be written from now on."""
        self.error = error
        now = self._now()
        self._note(Gap(begin=now, end=now, cause=GapCause.WRITE_FAILED, detail=error))

    def take(self) -> Gap | None:
        """The open gap, for a batch; one that a failing disk made lasts until the write that tells of it."""
        gap, self._gap = self._gap, None
        if gap is None or not self.error:
            return gap
        now = self._now()
        return gap.joined(Gap(begin=now, end=now, cause=gap.cause))

    def put_back(self, gap: Gap | None) -> None:
        """The batch that should have told of it was not written."""
        if gap is not None:
            self._note(gap)

    def _why(self) -> tuple[GapCause, str]:
        if self.refusal:
            return GapCause.ROW_REFUSED, self.refusal
        if self.withheld is not None:
            return self.withheld, "requests are not kept"
        if self.error:
            return GapCause.WRITE_FAILED, self.error
        return GapCause.QUEUE_FULL, ""

    def _note(self, gap: Gap) -> None:
        self._gap = gap.joined(self._gap)
