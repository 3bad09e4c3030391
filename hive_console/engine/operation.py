"""One operation on its way through the engine: what it wants, how long it may take, what happened so far."""

from __future__ import annotations

from dataclasses import dataclass, field

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
        is_degraded: whether the fleet was in degraded mode when it came in.
        attempts: calls made so far.
        hops: models asked so far.
        tried: models really called, in order.
    """

    id: str
    task: Task
    requested: str
    started_at: float
    deadline_at: float
    is_degraded: bool
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
            degraded=self.is_degraded,
            trail=tuple(self.hops),
        )
