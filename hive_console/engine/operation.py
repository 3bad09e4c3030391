"""One operation on its way through the engine: what it wants, how long it may take, what happened so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from hive_console.core.hop import Hop
from hive_console.core.route import Route
from hive_console.core.states import DegradationLevel
from hive_console.core.task import Provenance, Task


@dataclass(slots=True)
class Operation:
    """The state of one operation.

    Attributes:
        id: told to the client and written to the recording.
        task: what is wanted.
        route: the way through the fleet that it takes: a plain model's own, or a virtual model's.
        started_at: when it came in.
        deadline_at: when it must have ended; no call begins later.
        may_replay: whether the request may be sent again when nobody knows what became of it.
        level: how degraded the fleet was when it came in.
        attempts: calls made so far.
        hops: models asked so far.
        tried: models really called, in order.
    """

    id: str
    task: Task
    route: Route
    started_at: float
    deadline_at: float
    may_replay: bool = True
    level: DegradationLevel = DegradationLevel.FULL
    attempts: int = 0
    hops: list[Hop] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    @property
    def requested(self) -> str:
        """The canonical id of the wanted model; of a virtual model its primary's."""
        return self.route.primary

    def provenance(self, served_by: str) -> Provenance:
        """What the client is told about its answer."""
        return Provenance(
            operation=self.id,
            requested=self.route.primary,
            served_by=served_by,
            attempts=self.attempts,
            degraded=self.level is not DegradationLevel.FULL,
            trail=tuple(self.hops),
            level=self.level,
            route=self.route.virtual_name,
        )
