"""Gives the recorder what must survive a restart: the rows that an event changes, with that event.

A call that went well or badly changes nothing that is kept at once: how many failures a closed breaker has counted,
and how much of a rate limit is left, goes with the model's next change, and with the orderly stop. After a kill a
model may need them once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hive_console.core import events as e
from hive_console.core.alerting import EXHAUSTED_CALM, AlertBook
from hive_console.core.faults import FAULTS
from hive_console.core.memory import Memory, Rows
from hive_console.core.outcome import OutcomeKind
from hive_console.core.saved_alerts import SLOTS
from hive_console.core.states import ActionPhase
from hive_console.engine.bus import NOTHING
from hive_console.engine.ports import Recorder

_TELLING = frozenset({OutcomeKind.RATE_LIMITED, *FAULTS})
"""What of a call's outcomes is kept: until when its provider, or a person, is waited for."""


class Keeper:
    """A bus reader before the recorder: a state goes to disk with the event that tells of it, or before it."""

    def __init__(self, memory: Memory, *, alerts: AlertBook, recorder: Recorder) -> None:
        self._memory = memory
        self._alerts = alerts
        self._recorder = recorder
        self._exhausted_at = [0.0] * SLOTS
        self._probes: Rows = {}
        # Status: since when it is down, and what was normal before that.
        model = (
            e.BreakerChanged,
            e.RampAdvanced,
            e.RecoveryEnded,
            e.RoutePinned,
            e.AutomationFrozen,
            e.AutomationThawed,
        )
        moved = (e.StatusChanged, e.OutlierEjected, e.OutlierReturned)
        self._rows_of: dict[type[e.Event], Callable[[Any], Rows]] = {  # each takes the event of its key
            e.AttemptFinished: self._of_call,
            e.ProbeFinished: self._of_probe,
            **dict.fromkeys((*model, *moved), lambda event: memory.model(event.model)),
            **dict.fromkeys(
                (e.AlertRaised, e.AlertResolved, e.AlertAcknowledged), lambda event: memory.alert(event.alert_id)
            ),
            e.FallbacksExhausted: self._of_exhausted,
            **dict.fromkeys((e.KeyQuarantined, e.KeyRestored), lambda _: memory.keys()),
            **dict.fromkeys((e.HoldPlaced, e.HoldEnded), lambda event: memory.holds(event.target)),
            e.DegradationChanged: lambda _: memory.degradation(),
            e.OperatorActed: self._of_deed,
            e.EngineStopped: lambda _: memory.save(),
        }

    @property
    def kinds(self) -> tuple[type[e.Event], ...]:
        """The events that may change what is kept."""
        return tuple(self._rows_of)

    def take(self, event: e.Event) -> tuple[e.Event, ...]:
        """Keeps what the event changed; everything when the engine ends in order."""
        rows_of = self._rows_of.get(type(event))
        if rows_of is not None:
            for name, row in rows_of(event).items():
                self._recorder.keep_state(name, row)
        return NOTHING

    def _of_call(self, event: e.AttemptFinished) -> Rows:
        return self._memory.model(event.model) if event.kind in _TELLING else {}

    def _of_probe(self, event: e.ProbeFinished) -> Rows:
        model = self._memory.model(event.model) if event.kind in _TELLING else {}
        probes = self._memory.probes()
        if probes == self._probes:
            return model
        self._probes = probes
        return {**model, **probes}

    def _of_exhausted(self, event: e.FallbacksExhausted) -> Rows:
        """Each moves the end of its alert; in an outage they are many, and half a minute says enough."""
        slot = self._alerts.slot_of_exhausted(event.route or event.requested)
        if slot is None or event.at - self._exhausted_at[slot] < EXHAUSTED_CALM:
            return {}
        self._exhausted_at[slot] = event.at
        return self._memory.slot(slot)

    def _of_deed(self, event: e.OperatorActed) -> Rows:
        """A reset may clear what no event tells of; the word may also be about an alert."""
        return self._memory.model(event.target) if event.phase is ActionPhase.DONE else {}
