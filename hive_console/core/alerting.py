"""The alert book: a fold over events that raises, acknowledges and resolves, once per rule and subject."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import assert_never

from hive_console.core import events as e
from hive_console.core.holds import STOP_FILE, target_words
from hive_console.core.saved_alerts import SLOTS, SavedAlert, SavedSlot
from hive_console.core.snapshot import AlertView
from hive_console.core.states import (
    AlertRule,
    AlertState,
    BreakerState,
    HoldKind,
    ModelStatus,
    OperationResult,
    Severity,
)
from hive_console.core.wording import percent, refused_key

KEPT_RESOLVED = 200
"""Resolved alerts kept for the inbox; the recorder keeps them all."""

EXHAUSTED_KEEP = 300.0
"""Seconds after the last exhausted operation of a route at which its alert ends without further traffic."""

EXHAUSTED_CALM = 30.0
"""Seconds after the last exhausted operation of a route from which a good answer ends its alert."""

ACTIVATION_CALM = 10.0
"""Seconds an activated model has to prove itself before its still being unavailable is an alert."""

FLEET = "fleet"
"""The subject of alerts about the whole fleet."""

SETTINGS = "settings"
"""The subject of alerts about the settings file."""

_Key = tuple[AlertRule, str]


ALERTING = (
    e.BreakerChanged,
    e.StatusChanged,
    e.DegradedModeEntered,
    e.DegradedModeLeft,
    e.FallbacksExhausted,
    e.OperationFinished,
    e.SettingsReloaded,
    e.SettingsRefused,
    e.KeyQuarantined,
    e.KeyRestored,
    e.HoldPlaced,
    e.HoldEnded,
)
"""The events that the alert book looks at; of others it takes no notice."""


class AlertBook:
    """All firing alerts and the latest resolved ones."""

    __slots__ = (
        "_activated_at",
        "_by_slot",
        "_exhausted_at",
        "_firing",
        "_isolated",
        "_numbers",
        "_prefix",
        "_resolved",
        "_stopped",
        "_unavailable",
        "_views",
    )

    def __init__(self, prefix: str = "A") -> None:
        self._prefix = prefix
        self._firing: dict[_Key, AlertView] = {}
        self._resolved: OrderedDict[str, AlertView] = OrderedDict()
        self._isolated: set[str] = set()
        self._unavailable: set[str] = set()
        self._stopped: set[str] = set()
        self._activated_at: dict[str, float] = {}
        self._exhausted_at: dict[str, float] = {}
        self._numbers = 0
        self._by_slot: tuple[dict[str, _Key | None], ...] = tuple({} for _ in range(SLOTS))
        self._views: tuple[AlertView, ...] | None = ()

    def observe(self, event: e.Event) -> list[e.Event]:
        """Takes an event; returns the alerts it raised and resolved."""
        match event:
            case e.BreakerChanged():
                return self._on_breaker(event)
            case e.StatusChanged():
                return self._on_status(event)
            case e.DegradedModeEntered():
                share = f"only {percent(event.available_share)} % of models available"
                text = f"{share}, threshold {percent(event.threshold)} %"
                return self._raise(AlertRule.DEGRADED_MODE, FLEET, Severity.CRITICAL, text, event.at)
            case e.DegradedModeLeft():
                return self._resolve(AlertRule.DEGRADED_MODE, FLEET, event.at)
            case e.FallbacksExhausted():
                wanted = event.route or event.requested
                self._exhausted_at[wanted] = event.at
                text = f"no model answered for {wanted}: {event.cause}"
                return self._raise(AlertRule.FALLBACKS_EXHAUSTED, wanted, Severity.CRITICAL, text, event.at)
            case e.KeyQuarantined():
                text = refused_key(event.key, event.provider, event.models)
                return self._raise(AlertRule.KEY_REFUSED, event.models[0], Severity.CRITICAL, text, event.at)
            case e.KeyRestored():
                return self._resolve(AlertRule.KEY_REFUSED, event.models[0], event.at)
            case e.HoldPlaced() | e.HoldEnded():
                return self._on_hold(event)
            case e.OperationFinished():
                return self._on_operation(event)
            case e.SettingsReloaded():
                return self._on_reload(event)
            case e.SettingsRefused():
                text = f"the settings file cannot be used, the settings before it stay in force: {event.problem}"
                return self._raise(AlertRule.SETTINGS_REFUSED, SETTINGS, Severity.WARNING, text, event.at)
            case _:
                return []

    def tick(self, now: float) -> list[e.Event]:
        """Ends what ends by time alone."""
        over = [model for model, at in self._exhausted_at.items() if now - at >= EXHAUSTED_KEEP]
        ended = [event for model in over for event in self._end_exhausted(model, now)]
        return [*ended, *self._look_at_activated(now)]

    def acknowledge(self, alert_id: str, actor: str, note: str, now: float) -> list[e.Event]:
        """Marks a firing alert as somebody's; nothing when it is not firing or taken already."""
        for key, alert in self._firing.items():
            if alert.alert_id == alert_id and alert.acknowledged_by is None:
                self._firing[key] = replace(alert, acknowledged_by=actor, acknowledged_at=now, note=note)
                self._views = None
                rule, subject = key
                return [
                    e.AlertAcknowledged(
                        at=now, alert_id=alert_id, rule=rule, subject=subject, actor=actor, note=note
                    )
                ]
        return []

    def views(self) -> tuple[AlertView, ...]:
        """Firing alerts first, newest first, then the resolved ones."""
        if self._views is None:
            firing = sorted(self._firing.values(), key=lambda alert: -alert.raised_at)
            self._views = (*firing, *reversed(self._resolved.values()))
        return self._views

    # --- over a restart ---------------------------------------------------------------------------

    def slot_of(self, alert_id: str) -> int:
        """The part of the book that holds this alert: its number tells."""
        return int(alert_id.removeprefix(self._prefix)) % SLOTS

    def slot_of_exhausted(self, wanted: str) -> int | None:
        """The part that holds the alert of this route's exhausted fallbacks; `None` when none fires."""
        alert = self._firing.get((AlertRule.FALLBACKS_EXHAUSTED, wanted))
        return None if alert is None else self.slot_of(alert.alert_id)

    def save(self, slot: int) -> SavedSlot:
        """One part of the book; firing alerts first, since a bound on its size drops the last."""
        known = self._by_slot[slot]
        firing = [self._kept(self._firing[key], self._last_of(key)) for key in known.values() if key is not None]
        resolved = [self._kept(self._resolved[name]) for name, key in known.items() if key is None]
        return SavedSlot(self._numbers, (*firing, *reversed(resolved)))

    def restore(self, slots: Iterable[SavedSlot], now: float, *, is_whole: bool = True) -> None:
        """Takes back what `save` gave before a restart.

        When a part is missing, the numbers that it may have given are left out, so that ids do not repeat.
        """
        saved = tuple(slots)
        kept = sorted((one for slot in saved for one in slot.alerts), key=lambda one: one.number)
        given = [slot.numbers for slot in saved] + [one.number for one in kept]
        self._numbers = max(given, default=0) + (0 if is_whole else SLOTS)
        for one in kept:
            if one.alert.state is AlertState.FIRING:
                self._fire_again(one, now)
        ended = sorted((one for one in kept if one.alert.resolved_at is not None), key=_ended_at)
        for one in ended[-KEPT_RESOLVED:]:
            alert = replace(one.alert, alert_id=f"{self._prefix}{one.number}")
            self._resolved[alert.alert_id] = alert
            self._by_slot[one.number % SLOTS][alert.alert_id] = None
        self._views = None

    def reconcile(self, holds: Callable[[AlertRule, str], bool], now: float) -> list[e.Event]:
        """Ends the alerts whose condition did not outlive a restart, and tells how many go on firing."""
        over = [key for key in self._firing if not holds(*key) or self._is_forgotten(key)]
        for rule, subject in over:
            if rule is AlertRule.FALLBACKS_EXHAUSTED:
                self._exhausted_at.pop(subject, None)
        events = [event for rule, subject in over for event in self._resolve(rule, subject, now)]
        firing = tuple(self._firing.values())
        if firing:
            names = tuple(alert.alert_id for alert in firing[: e.MANY_CHANGES])
            taken = sum(alert.acknowledged_by is not None for alert in firing)
            events.append(e.AlertsRestored(at=now, alert_ids=names, count=len(firing), acknowledged=taken))
        return events

    def _fire_again(self, one: SavedAlert, now: float) -> None:
        alert = replace(one.alert, alert_id=f"{self._prefix}{one.number}", raised_at=min(one.alert.raised_at, now))
        key = alert.rule, alert.subject
        if key not in self._firing:
            self._firing[key] = alert
            self._by_slot[one.number % SLOTS][alert.alert_id] = key
            if one.last is not None:
                self._exhausted_at[alert.subject] = min(one.last, now)

    def _kept(self, alert: AlertView, last: float | None = None) -> SavedAlert:
        return SavedAlert(int(alert.alert_id.removeprefix(self._prefix)), alert, last)

    def _last_of(self, key: _Key) -> float | None:
        rule, subject = key
        return self._exhausted_at.get(subject) if rule is AlertRule.FALLBACKS_EXHAUSTED else None

    def _is_forgotten(self, key: _Key) -> bool:
        """Whether nothing but this alert remembers that a route was exhausted, so that nothing would end it."""
        rule, subject = key
        return rule is AlertRule.FALLBACKS_EXHAUSTED and subject not in self._exhausted_at

    # --- inside -----------------------------------------------------------------------------------

    def _on_breaker(self, event: e.BreakerChanged) -> list[e.Event]:
        self._isolated.discard(event.model)
        if event.old is BreakerState.ISOLATED:
            self._activated_at[event.model] = event.at
        match event.new:
            case BreakerState.ISOLATED:
                self._isolated.add(event.model)
                return [
                    *self._resolve(AlertRule.BREAKER_OPEN, event.model, event.at),
                    *self._resolve(AlertRule.MODEL_UNAVAILABLE, event.model, event.at),
                ]
            case BreakerState.OPEN:
                text = f"breaker of {event.model} is open: {event.cause}"
                return self._raise(AlertRule.BREAKER_OPEN, event.model, Severity.WARNING, text, event.at)
            case BreakerState.CLOSED | BreakerState.METRICS_ONLY | BreakerState.DISABLED:
                return self._resolve(AlertRule.BREAKER_OPEN, event.model, event.at)
            case BreakerState.HALF_OPEN:
                return []
            case _:
                assert_never(event.new)

    def _on_status(self, event: e.StatusChanged) -> list[e.Event]:
        self._stopped.discard(event.model)
        if event.new is not ModelStatus.UNAVAILABLE:
            self._unavailable.discard(event.model)
            return self._resolve(AlertRule.MODEL_UNAVAILABLE, event.model, event.at)
        self._unavailable.add(event.model)
        if event.model in self._isolated:
            return []
        if event.is_by_hand:
            self._stopped.add(event.model)
            return []
        text = f"{event.model} is unavailable: {event.cause}"
        return self._raise(AlertRule.MODEL_UNAVAILABLE, event.model, Severity.WARNING, text, event.at)

    def _on_hold(self, event: e.HoldPlaced | e.HoldEnded) -> list[e.Event]:
        """A kill fires for as long as it stands; of other holds nobody needs to be woken."""
        if event.kind is not HoldKind.KILLED:
            return []
        if isinstance(event, e.HoldEnded):
            return self._on_revival(event)
        text = f"nothing calls {target_words(event.target)}: killed by {event.by}: {event.reason}"
        return self._raise(AlertRule.KILL_SWITCH, kill_subject(event), Severity.CRITICAL, text, event.at)

    def _on_revival(self, event: e.HoldEnded) -> list[e.Event]:
        """What was killed, and is nowhere killed any more, has a while to show that it is well."""
        resolved = self._resolve(AlertRule.KILL_SWITCH, kill_subject(event), event.at)
        if not any(rule is AlertRule.KILL_SWITCH for rule, _ in self._firing):
            self._activated_at.update(dict.fromkeys(self._stopped, event.at))
            self._stopped.clear()
        return resolved

    def _look_at_activated(self, now: float) -> list[e.Event]:
        """A model that was held out by hand, was let back in, and still cannot serve: its status never changed."""
        due = [model for model, at in self._activated_at.items() if now - at >= ACTIVATION_CALM]
        for model in due:
            del self._activated_at[model]
        rule = AlertRule.MODEL_UNAVAILABLE
        return [
            event
            for model in due
            if model in self._unavailable and model not in self._isolated
            for event in self._raise(
                rule, model, Severity.WARNING, f"{model} is still unavailable after its activation", now
            )
        ]

    def _on_operation(self, event: e.OperationFinished) -> list[e.Event]:
        wanted = event.route or event.requested
        exhausted_at = self._exhausted_at.get(wanted)
        if exhausted_at is None or event.result is not OperationResult.ANSWERED:
            return []
        if event.at - exhausted_at < EXHAUSTED_CALM:
            return []
        return self._end_exhausted(wanted, event.at)

    def _on_reload(self, event: e.SettingsReloaded) -> list[e.Event]:
        """Good settings end the alert of bad ones; nothing is wrong any more with a model that has left."""
        resolved = self._resolve(AlertRule.SETTINGS_REFUSED, SETTINGS, event.at)
        if not event.models:
            return resolved
        stays = {*event.models, *event.routes, FLEET, SETTINGS}
        for known in (self._isolated, self._unavailable, self._stopped):
            known.intersection_update(stays)
        for times in (self._activated_at, self._exhausted_at):
            for model in [model for model in times if model not in stays]:
                del times[model]
        gone = [
            (rule, subject)
            for rule, subject in self._firing
            if subject not in stays and rule is not AlertRule.KILL_SWITCH  # its hold tells when it is over
        ]
        return [*resolved, *(ended for rule, subject in gone for ended in self._resolve(rule, subject, event.at))]

    def _end_exhausted(self, model: str, now: float) -> list[e.Event]:
        del self._exhausted_at[model]
        return self._resolve(AlertRule.FALLBACKS_EXHAUSTED, model, now)

    def _raise(self, rule: AlertRule, subject: str, severity: Severity, text: str, now: float) -> list[e.Event]:
        if (rule, subject) in self._firing:
            return []
        self._numbers += 1
        alert = AlertView(
            alert_id=f"{self._prefix}{self._numbers}",
            rule=rule,
            severity=severity,
            subject=subject,
            text=text,
            state=AlertState.FIRING,
            raised_at=now,
        )
        self._firing[rule, subject] = alert
        self._by_slot[self._numbers % SLOTS][alert.alert_id] = rule, subject
        self._views = None
        return [
            e.AlertRaised(at=now, alert_id=alert.alert_id, rule=rule, severity=severity, subject=subject, text=text)
        ]

    def _resolve(self, rule: AlertRule, subject: str, now: float) -> list[e.Event]:
        alert = self._firing.pop((rule, subject), None)
        if alert is None:
            return []
        self._resolved[alert.alert_id] = replace(alert, state=AlertState.RESOLVED, resolved_at=now)
        self._by_slot[self.slot_of(alert.alert_id)][alert.alert_id] = None
        while len(self._resolved) > KEPT_RESOLVED:
            name, _ = self._resolved.popitem(last=False)
            del self._by_slot[self.slot_of(name)][name]
        self._views = None
        lasted = now - alert.raised_at
        return [e.AlertResolved(at=now, alert_id=alert.alert_id, rule=rule, subject=subject, lasted=lasted)]


def kill_subject(event: e.HoldPlaced | e.HoldEnded) -> str:
    """Under which subject a kill fires: a person's and the file's may stand on the same target."""
    return event.by if event.by == STOP_FILE else event.target


def _ended_at(one: SavedAlert) -> float:
    return one.alert.resolved_at or 0.0
