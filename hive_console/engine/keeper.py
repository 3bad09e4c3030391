"""Gives the recorder what must survive a restart: the rows that an event changes, with that event.

A call that went well or badly changes nothing that is kept at once: how many failures a closed breaker has counted,
and how much of a rate limit is left, goes with the model's next change, and with the orderly stop. After a kill a
model may need them once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.saved import SILENCE_SLOTS, SLOTS
from hive_console.core.alerting.standing import EXHAUSTED_CALM
from hive_console.core.faults import FAULTS
from hive_console.core.memory import Memory, Rows
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import ActionPhase
from hive_console.engine.bus import NOTHING
from hive_console.engine.kept_notices import KeptNotices
from hive_console.engine.ports import Recorder

AboutAlert = (
    e.AlertRaised
    | e.AlertReopened
    | e.AlertChanged
    | e.AlertResolved
    | e.AlertAcknowledged
    | e.AlertUnacknowledged
    | e.AlertNoted
    | e.AlertFlapping
    | e.AlertEscalated
    | e.AlertMuted
)
"""The events that change an alert."""

PENDING_EVERY = 5.0
"""Seconds between two writings of what no event tells of: what waits to become an alert, and what may again."""

CONDITIONS_EVERY = 300.0
"""Seconds between two writings of what is measured for days: a kill loses as much of it."""

_TELLING = frozenset({OutcomeKind.RATE_LIMITED, *FAULTS})
"""What of a call's outcomes is kept: until when its provider, or a person, is waited for."""


class Keeper:
    """A bus reader before the recorder: a state goes to disk with the event that tells of it, or before it."""

    def __init__(self, memory: Memory, *, alerts: AlertBook, notices: KeptNotices, recorder: Recorder) -> None:
        self._memory = memory
        self._notices = notices
        self._alerts = alerts
        self._recorder = recorder
        self._exhausted_at = [0.0] * SLOTS
        self._probes: Rows = {}
        self._slots = [alerts.version_of(slot) for slot in range(SLOTS)]
        self._silences = [-1] * SILENCE_SLOTS
        self._pending_at = 0.0
        self._conditions_at = 0.0
        self._pending_version = alerts.pending_version
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
            **dict.fromkeys(get_args(AboutAlert), self._of_alert),
            e.AlertMuted: self._of_muted,
            **dict.fromkeys((e.SilencePlaced, e.SilenceEnded), lambda event: memory.silence(event.silence_id)),
            e.FallbacksExhausted: self._of_exhausted,
            **dict.fromkeys((e.KeyQuarantined, e.KeyRestored), lambda _: memory.keys()),
            **dict.fromkeys((e.HoldPlaced, e.HoldEnded), lambda event: memory.holds(event.target)),
            e.DegradationChanged: lambda _: memory.degradation(),
            e.OperatorActed: self._of_deed,
            e.EngineStopped: lambda event: {**memory.save(event.at), **notices.save()},
        }
        self._tells_notices = frozenset(notices.KINDS)

    @property
    def kinds(self) -> tuple[type[e.Event], ...]:
        """The events that may change what is kept."""
        return tuple(dict.fromkeys((*self._rows_of, *self._tells_notices)))

    def take(self, event: e.Event) -> tuple[e.Event, ...]:
        """Keeps what the event changed; everything when the engine ends in order."""
        rows_of = self._rows_of.get(type(event))
        if rows_of is not None:
            for name, row in rows_of(event).items():
                self._recorder.keep_state(name, row)
        if type(event) in self._tells_notices:
            for name, row in self._notices.changed().items():
                self._recorder.keep_state(name, row)
        return NOTHING

    def _of_alert(self, event: AboutAlert) -> Rows:
        """The part of its alert, unless it is kept as it is: the book knows all of a storm before this hears it."""
        slot = self._alerts.slot_of(event.alert_id)
        version = self._alerts.version_of(slot)
        if self._slots[slot] == version:
            return {}
        self._slots[slot] = version
        return self._memory.slot(slot)

    def _of_muted(self, event: e.AlertMuted) -> Rows:
        rows = self._of_alert(event)
        if not event.silence_id:
            return rows
        slot, version = self._alerts.silence_slot_of(event.silence_id), self._alerts.silences_version
        if self._silences[slot] == version:
            return rows
        self._silences[slot] = version
        return {**rows, **self._memory.silence(event.silence_id)}

    def _of_call(self, event: e.AttemptFinished) -> Rows:
        return self._memory.model(event.model) if event.kind in _TELLING else {}

    def _of_probe(self, event: e.ProbeFinished) -> Rows:
        model = self._memory.model(event.model) if event.kind in _TELLING else {}
        pending = {**self._of_pending(event.at), **self._of_conditions(event.at)}
        probes = self._memory.probes()
        if probes == self._probes:
            return {**model, **pending}
        self._probes = probes
        return {**model, **pending, **probes}

    def _of_pending(self, now: float) -> Rows:
        """What changes without an event, when it changed: probes come as long as the engine runs."""
        if now - self._pending_at < PENDING_EVERY:
            return {}
        self._pending_at = now
        rows: Rows = {
            name: row for slot in self._alerts.take_untold() for name, row in self._memory.slot(slot).items()
        }
        version = self._alerts.pending_version
        if version != self._pending_version:
            self._pending_version = version
            rows |= self._memory.pending()
        return rows

    def _of_conditions(self, now: float) -> Rows:
        if now - self._conditions_at < CONDITIONS_EVERY:
            return {}
        self._conditions_at = now
        return self._memory.conditions(now)

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
