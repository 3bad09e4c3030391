"""What becomes durable together: requests first, then all the rest, each of the two whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hive_console.core.rollup import Rolled
from hive_console.core.store import Gap
from hive_storage.request_rows import Row, Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that become durable together.

    Attributes:
        events: in the order they were taken in, all of one UTC day.
        rolled: windows, each in place of what was written of it before.
        rolled_until: the key up to which windows of ten seconds are final; 0 when none ended.
        states: what models must remember, each in place of an older one.
        gap: a stretch that was not whole and has ended.
        health: the recorder's own minute, a row of `recorder`.
    """

    events: Sequence[Taken] = ()
    rolled: Sequence[Rolled] = ()
    rolled_until: int = 0
    states: Sequence[Row] = ()
    gap: Gap | None = None
    health: Row | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.events or self.rolled or self.states or self.health) or self.gap is not None
