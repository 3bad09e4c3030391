"""What outlives a restart, as named rows of JSON values: each model's own, and those of the fleet as a whole.

A row by a model's id is that model's; names that begin with `!` are no model's. A row that cannot be read is told
and left out, and the others are taken. What an operator could undo is not kept: after a restart nobody remembers
having just done it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hive_console.core.alerting.book import AlertBook
from hive_console.core.alerting.saved import (
    SILENCE_SLOTS,
    SLOTS,
    SavedPending,
    SavedSilences,
    SavedSlot,
    pending_of_record,
    record_of_pending,
    record_of_silences,
    record_of_slot,
    silences_of_record,
    slot_of_record,
)
from hive_console.core.degradation import Degradation
from hive_console.core.events import Event, ServiceFailed
from hive_console.core.faults import KeyFault
from hive_console.core.fleet import Fleet
from hive_console.core.holds import is_wide
from hive_console.core.probe_budget import ProbeBudget
from hive_console.core.restart import AS_BEFORE
from hive_console.core.saved_state import (
    Checks,
    UnreadableState,
    is_flag,
    is_number,
    is_text,
    record_of,
)
from hive_console.core.settings import OWN_ROW
from hive_console.core.states import AlertRule, BreakerState, HoldKind, ModelStatus

DEGRADATION = f"{OWN_ROW}degradation"
PROBES = f"{OWN_ROW}probes"
ALERTS = f"{OWN_ROW}alerts/"
"""Begins the names of the alert book's parts, which end in their number."""

SILENCES = f"{OWN_ROW}silences/"
"""Begins the names of the silences' parts, which end in their number."""

PENDING = f"{OWN_ROW}pending"
CONDITIONS = f"{OWN_ROW}conditions"

HOLDS = f"{OWN_ROW}holds/"
"""Begins the names of what persons hold of a provider or of the fleet, which end in that; a model's own are its."""

KEYS = f"{OWN_ROW}key/"
"""Begins the names of keys, which end in their mark."""

Rows = dict[str, dict[str, Any]]
"""JSON values by the name of their row."""

_KEY: Checks = {"is_refused": is_flag, "until": is_number, "seen_by_probe": is_flag, "told_as": is_text}
_OUT = frozenset({BreakerState.OPEN, BreakerState.HALF_OPEN})


class Memory:
    """Writes down what the parts of an engine must remember, and gives it back to them."""

    __slots__ = ("_alerts", "_budget", "_degradation", "_fleet", "_has_waited", "_held", "_refused", "_silenced")

    def __init__(self, *, fleet: Fleet, alerts: AlertBook, degradation: Degradation, budget: ProbeBudget) -> None:
        """Takes the parts as they begin."""
        self._fleet = fleet
        self._alerts = alerts
        self._degradation = degradation
        self._budget = budget
        self._refused: dict[str, dict[str, Any]] = {}
        self._held: dict[str, None] = {}
        self._silenced: dict[int, None] = {}
        self._has_waited = False

    def save(self, now: float | None = None) -> Rows:
        """Everything that is not as it is in the beginning; what is measured only with the time."""
        slots = (self.slot(number) for number in range(SLOTS))
        book: Rows = {name: row for slot in slots for name, row in slot.items() if row["alerts"]}
        return {
            **self._fleet.save(),
            **book,
            **self._silences(),
            **self._pending_unless_never(),
            **({} if now is None else self.conditions(now)),
            **self.keys(),
            **self._wide_holds(),
            **self.degradation(),
            **self.probes(),
        }

    def model(self, name: str) -> Rows:
        """The row of this model; none of a name that is no model's."""
        return {name: self._fleet.save_model(name)} if name in self._fleet.members else {}

    def alert(self, alert_id: str) -> Rows:
        """The part of the book that holds this alert."""
        return self.slot(self._alerts.slot_of(alert_id))

    def slot(self, number: int) -> Rows:
        """The part of the book with this number."""
        return {f"{ALERTS}{number}": record_of_slot(self._alerts.save(number))}

    def silence(self, silence_id: str) -> Rows:
        """The part of the silences that holds, or held, this one; none of an empty id."""
        if not silence_id:
            return {}
        number = self._alerts.silence_slot_of(silence_id)
        self._silenced[number] = None
        return {f"{SILENCES}{number}": record_of_silences(self._alerts.save_silences(number))}

    def pending(self) -> Rows:
        """What waits to become an alert."""
        self._has_waited = True
        return {PENDING: record_of_pending(self._alerts.save_pending())}

    def conditions(self, now: float) -> Rows:
        """What conditions remember for longer than a run lasts."""
        return {CONDITIONS: self._alerts.save_conditions(now)}

    def _silences(self) -> Rows:
        """The parts that hold silences; an empty one takes the place of one that did."""
        for silence in self._alerts.silences():
            self._silenced[self._alerts.silence_slot_of(silence.silence_id)] = None
        return {
            f"{SILENCES}{number}": record_of_silences(self._alerts.save_silences(number))
            for number in self._silenced
        }

    def _pending_unless_never(self) -> Rows:
        return self.pending() if self._has_waited or self._alerts.save_pending() else {}

    def keys(self) -> Rows:
        """The keys that are refused, and those that were when this was last asked."""
        refused = {f"{KEYS}{key.mark}": key.save() for key in self._fleet.keys if key.is_refused}
        free = {name: {**row, "is_refused": False} for name, row in self._refused.items() if name not in refused}
        self._refused = refused
        return {**free, **refused}

    def holds(self, target: str) -> Rows:
        """The row of what is held on this target: the model's own, or a row of the provider or the fleet."""
        if not is_wide(target):
            return self.model(target)
        self._held[target] = None
        return {f"{HOLDS}{target}": {"holds": self._fleet.warden.save(target)}}

    def _wide_holds(self) -> Rows:
        """What is held of providers and of the fleet; an empty row takes the place of what was held once."""
        targets = dict.fromkeys((*self._held, *self._fleet.warden.book.wide_targets()))
        return {name: row for target in targets for name, row in self.holds(target).items()}

    def degradation(self) -> Rows:
        """The level of degradation."""
        return {DEGRADATION: self._degradation.save()}

    def probes(self) -> Rows:
        """What probes cost today."""
        row = self._budget.save()
        return {} if row is None else {PROBES: row}

    def restore(self, saved: Mapping[str, Any], now: float) -> list[Event]:
        """Takes what `save` gave; tells what of it a person should know, and what could not be read.

        The alerts are reconciled when everybody has heard of this.
        """
        events = self._restore_alerts(saved, now)
        events += _read(saved, PROBES, "of the budget of probes", now, take=self._restore_budget)
        events += _read(saved, DEGRADATION, "of degraded mode", now, take=self._restore_degradation)
        for key in self._fleet.keys:
            events += _read(saved, f"{KEYS}{key.mark}", "of a key", now, take=partial(_restore_key, key))
        events += self._fleet.restore(saved, now)
        events += self._fleet.warden.restore(self._saved_holds(saved), now)
        for key in self._fleet.keys:
            events += self._fleet.key_news(key, now, cause=AS_BEFORE)
        self.keys()
        return events

    def reconcile(self, now: float) -> list[Event]:
        """Ends the alerts whose condition did not outlive the restart; ask when all that `restore` told is heard.

        What nobody knows yet is left as it was: the first check of the model tells.
        """
        return self._alerts.reconcile(self._holds, now)

    def _holds(self, rule: AlertRule, subject: str) -> bool:
        member = self._fleet.members.get(subject)
        match rule:
            case AlertRule.BREAKER_OPEN:
                return member is not None and member.breaker.state in _OUT
            case AlertRule.MODEL_UNAVAILABLE:
                return (
                    member is not None
                    and member.breaker.state is not BreakerState.ISOLATED
                    and not member.restraint.killed
                    and member.status in {ModelStatus.UNKNOWN, ModelStatus.UNAVAILABLE}
                )
            case AlertRule.DEGRADED_MODE:
                return self._degradation.is_degraded
            case AlertRule.FALLBACKS_EXHAUSTED:
                return subject in self._fleet.routes
            case AlertRule.KEY_REFUSED:
                return self._fleet.is_refused_under(subject)
            case AlertRule.KILL_SWITCH:
                return self._fleet.warden.book.find(HoldKind.KILLED, subject) is not None
            case AlertRule.SETTINGS_REFUSED:
                return False  # it runs by settings that can be used
            case _:
                return True  # what is measured is measured anew

    def _saved_holds(self, saved: Mapping[str, Any]) -> dict[str, object]:
        """What was held, by target; of models only those that are configured."""
        found: dict[str, object] = {}
        for name, row in saved.items():
            target = name.removeprefix(HOLDS)
            if isinstance(row, dict) and "holds" in row and (target != name or name in self._fleet.members):
                found[target] = row["holds"]
                if target != name:
                    self._held[target] = None
        return found

    def _restore_alerts(self, saved: Mapping[str, Any], now: float) -> list[Event]:
        slots: list[SavedSlot] = []

        def take(number: int, row: object, _now: float) -> list[Event]:
            slots.append(slot_of_record(row, number))
            return []

        events: list[Event] = []
        for number in range(SLOTS):
            events += _read(saved, f"{ALERTS}{number}", "of the alert book", now, take=partial(take, number))
        parts: list[SavedSilences] = []

        def take_silences(number: int, row: object, _now: float) -> list[Event]:
            parts.append(silences_of_record(row, number))
            self._silenced[number] = None
            return []

        for number in range(SILENCE_SLOTS):
            take_part = partial(take_silences, number)
            events += _read(saved, f"{SILENCES}{number}", "of the silences", now, take=take_part)
        waiting: list[SavedPending] = []

        def take_pending(row: object, _now: float) -> list[Event]:
            self._has_waited = True
            waiting.extend(pending_of_record(row))
            return []

        events += _read(saved, PENDING, "of what waits to be an alert", now, take=take_pending)
        events += _read(saved, CONDITIONS, "of what is measured for days", now, take=self._restore_conditions)
        self._alerts.restore(slots, now, silences=parts, pending=waiting, is_whole=not events)
        return events

    def _restore_conditions(self, row: object, now: float) -> list[Event]:
        self._alerts.restore_conditions(row, now)
        return []

    def _restore_budget(self, row: object, _now: float) -> list[Event]:
        self._budget.restore(row)
        return []

    def _restore_degradation(self, row: object, now: float) -> list[Event]:
        return self._degradation.restore(row, now, AS_BEFORE)


def _restore_key(key: KeyFault, row: object, now: float) -> list[Event]:
    key.restore(record_of(row, _KEY), now)
    return []


def _read(
    saved: Mapping[str, Any], name: str, what: str, now: float, *, take: Callable[[object, float], list[Event]]
) -> list[Event]:
    """Has a row taken where there is one; tells it where it cannot be read."""
    if name not in saved:
        return []
    try:
        return take(saved[name], now)
    except UnreadableState as error:
        message = f"it cannot be read and is left out: {error}"
        return [ServiceFailed(at=now, service=f"the saved state {what}", message=message)]
