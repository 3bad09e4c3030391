"""The alert book: a fold over events that raises, acknowledges and resolves, once per rule and subject."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import assert_never

from hive_console.core import events as e
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState, BreakerState, ModelStatus, OperationResult, Severity
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
)
"""The events that the alert book looks at; of others it takes no notice."""


class AlertBook:
    """All firing alerts and the latest resolved ones."""

    __slots__ = (
        "_activated_at",
        "_exhausted_at",
        "_firing",
        "_isolated",
        "_numbers",
        "_prefix",
        "_resolved",
        "_unavailable",
        "_views",
    )

    def __init__(self, prefix: str = "A") -> None:
        self._prefix = prefix
        self._firing: dict[_Key, AlertView] = {}
        self._resolved: OrderedDict[str, AlertView] = OrderedDict()
        self._isolated: set[str] = set()
        self._unavailable: set[str] = set()
        self._activated_at: dict[str, float] = {}
        self._exhausted_at: dict[str, float] = {}
        self._numbers = 0
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
        if event.new is not ModelStatus.UNAVAILABLE:
            self._unavailable.discard(event.model)
            return self._resolve(AlertRule.MODEL_UNAVAILABLE, event.model, event.at)
        self._unavailable.add(event.model)
        if event.model in self._isolated:
            return []
        text = f"{event.model} is unavailable: {event.cause}"
        return self._raise(AlertRule.MODEL_UNAVAILABLE, event.model, Severity.WARNING, text, event.at)

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
        for known in (self._isolated, self._unavailable):
            known.intersection_update(stays)
        for times in (self._activated_at, self._exhausted_at):
            for model in [model for model in times if model not in stays]:
                del times[model]
        gone = [(rule, subject) for rule, subject in self._firing if subject not in stays]
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
        self._views = None
        return [
            e.AlertRaised(at=now, alert_id=alert.alert_id, rule=rule, severity=severity, subject=subject, text=text)
        ]

    def _resolve(self, rule: AlertRule, subject: str, now: float) -> list[e.Event]:
        alert = self._firing.pop((rule, subject), None)
        if alert is None:
            return []
        self._resolved[alert.alert_id] = replace(alert, state=AlertState.RESOLVED, resolved_at=now)
        while len(self._resolved) > KEPT_RESOLVED:
            self._resolved.popitem(last=False)
        self._views = None
        lasted = now - alert.raised_at
        return [e.AlertResolved(at=now, alert_id=alert.alert_id, rule=rule, subject=subject, lasted=lasted)]
