"""Gives the recorder what must survive a restart: a model's state after each event that changes it.

A call that went well or badly changes nothing that is kept at once: how many failures a closed breaker has counted
goes with the model's next change, and with the orderly stop. After a kill a model may need them once more.
"""

from __future__ import annotations

from hive_console.core.events import (
    AttemptFinished,
    AutomationFrozen,
    AutomationThawed,
    BreakerChanged,
    EngineStopped,
    Event,
    OperatorActed,
    ProbeFinished,
    RampAdvanced,
    RecoveryEnded,
    RoutePinned,
    StatusChanged,
)
from hive_console.core.fleet import Fleet
from hive_console.core.outcome import OutcomeKind
from hive_console.core.restart import save_member
from hive_console.core.states import ActionPhase
from hive_console.engine.bus import NOTHING
from hive_console.engine.ports import Recorder

_CHANGES = (
    BreakerChanged,
    RampAdvanced,
    RecoveryEnded,
    RoutePinned,
    AutomationFrozen,
    AutomationThawed,
    StatusChanged,  # since when it is down, and what was normal before that
)


class Keeper:
    """A bus reader before the recorder: a state goes to disk with the event that tells of it, or before it."""

    def __init__(self, fleet: Fleet, recorder: Recorder) -> None:
        self._fleet = fleet
        self._recorder = recorder

    def take(self, event: Event) -> tuple[Event, ...]:
        """Keeps the state of the model the event changed; of every model when the engine ends in order."""
        if isinstance(event, AttemptFinished | ProbeFinished):  # first: they come with every call
            if event.kind is OutcomeKind.RATE_LIMITED:
                self._keep(event.model)
        elif isinstance(event, _CHANGES):
            self._keep(event.model)
        elif isinstance(event, OperatorActed):
            if event.phase is ActionPhase.DONE:  # a reset may clear what no event tells of
                self._keep(event.target)
        elif isinstance(event, EngineStopped):
            for model in self._fleet.members:
                self._keep(model)
        return NOTHING

    def _keep(self, model: str) -> None:
        member = self._fleet.members.get(model)  # an operator's word may be about an alert
        if member is not None:
            self._recorder.keep_state(model, save_member(member))
