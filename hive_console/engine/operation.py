"""One operation on its way through the engine: what it wants, how long it may take, what happened so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from hive_console.core.states import DegradationLevel
from hive_console.core.task import Hop, Provenance, Task


@dataclass(slots=True)
class Operation:
    """The state of one operation.

    Attributes:
        id: told to the client and written to the recording.
        task: what is wanted.
        requested: the canonical id of the wanted model.
        started_at: when it came in.
        deadline_at: when it must have ended; no call begins later.
        level: how degraded the fleet was when it came in.
        attempts: calls made so far.
        hops: models asked so far.
        tried: models really called, in order.
    """

    id: str
    task: Task
    requested: str
    started_at: float
    deadline_at: float
    level: DegradationLevel = DegradationLevel.FULL
    attempts: int = 0
    hops: list[Hop] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    def provenance(self, served_by: str) -> Provenance:
        """What the client is told about its answer."""
        return Provenance(
            operation=self.id,
            requested=self.requested,
            served_by=served_by,
            attempts=self.attempts,
            degraded=self.level is not DegradationLevel.FULL,
            trail=tuple(self.hops),
            level=self.level,
        )
