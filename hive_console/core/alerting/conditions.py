"""What is wrong, and what no longer is, out of events and snapshots. Knows no alerts, episodes or people.

What happened is told when it happens (`observe`), what is measured at each look at the whole (`look`): there every
condition that holds is told each time, and one that no longer holds once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from hive_console.core import events as e
from hive_console.core.alerting.calls_seen import CallsSeen
from hive_console.core.alerting.checks_seen import ChecksSeen
from hive_console.core.alerting.console_seen import ConsoleSeen
from hive_console.core.alerting.effective import EffectiveRules
from hive_console.core.alerting.labels import FleetLabels
from hive_console.core.alerting.left_alone import held_out
from hive_console.core.alerting.models_seen import ModelsSeen
from hive_console.core.alerting.operations_seen import OperationsSeen
from hive_console.core.alerting.own_rules import OwnRules
from hive_console.core.alerting.returns_seen import ReturnsSeen
from hive_console.core.alerting.rules import Rule
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.standing import Standing
from hive_console.core.saved_state import Checks, record_of
from hive_console.core.settings import Settings
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import AlertRule

Key = tuple[AlertRule, str, str]
"""A condition: rule, the rule's name in the settings file, subject."""

STANDING = frozenset(
    {
        AlertRule.FALLBACKS_EXHAUSTED,
        AlertRule.DEGRADED_MODE,
        AlertRule.MODEL_UNAVAILABLE,
        AlertRule.BREAKER_OPEN,
        AlertRule.KEY_REFUSED,
        AlertRule.SETTINGS_REFUSED,
        AlertRule.KILL_SWITCH,
        AlertRule.AUDIT_BROKEN,
    }
)
"""Rules whose conditions begin and end with events; those of all others are found anew at each look."""

_ABOUT_MODELS_AND_ROUTES = frozenset(
    {
        AlertRule.FALLBACKS_EXHAUSTED,
        AlertRule.MODEL_UNAVAILABLE,
        AlertRule.BREAKER_OPEN,
        AlertRule.KEY_REFUSED,
    }
)
"""Standing rules whose subject is a model or a route, and gone with it."""

ROUTES_SAVED = 5
"""Routes whose budgets are kept over a restart, besides that of all: a row of the recording holds no more."""

_SAVED: Checks = {"all": lambda value: isinstance(value, dict), "routes": lambda value: isinstance(value, dict)}


class Conditions:
    """Every condition of every rule."""

    __slots__ = (
        "_bad",
        "_calls",
        "_checks",
        "_console",
        "_labels",
        "_models",
        "_operations",
        "_own",
        "_readers",
        "_returns",
        "_rules",
        "_standing",
    )

    KINDS: tuple[type[e.Event], ...] = (
        e.BreakerChanged,
        e.StatusChanged,
        e.DegradedModeEntered,
        e.DegradedModeLeft,
        e.FallbacksExhausted,
        e.AttemptFinished,
        e.ProbeFinished,
        e.OperationFinished,
        e.FailedOver,
        e.ModelRecovered,
        e.SettingsReloaded,
        e.SettingsRefused,
        e.KeyQuarantined,
        e.KeyRestored,
        e.HoldPlaced,
        e.HoldEnded,
        e.AuditChecked,
    )
    """The events that it looks at; of others it takes no notice."""

    def __init__(self, settings: Settings | None = None, now: float = 0.0) -> None:
        """Nothing is known to be wrong; without settings the rules are the default ones.

        Args:
            settings: the fleet and what its file says of alerts.
            now: from when on it looks.
        """
        self._labels = FleetLabels(settings)
        self._rules = EffectiveRules(settings.alerts if settings is not None else None)
        self._standing = Standing(self._labels)
        self._calls = CallsSeen(self._labels, self._rules, settings)
        self._operations = OperationsSeen(self._labels, self._rules)
        self._returns = ReturnsSeen(self._labels, self._rules)
        self._models = ModelsSeen(self._labels, self._rules, settings)
        self._checks = ChecksSeen(settings, now)
        self._console = ConsoleSeen(self._rules)
        self._own = OwnRules(self._labels, settings, now)
        self._bad: dict[Key, Sighting] = {}
        self._readers: dict[type[e.Event], Callable[[Any], list[Sighting] | None]] = {
            **self._standing.readers,
            e.AttemptFinished: self._on_attempt,
            e.OperationFinished: self._on_operation,
            e.FailedOver: lambda event: self._operations.touch(event.operation),
            e.ModelRecovered: self._calls.on_recovery,
            e.ProbeFinished: self._returns.on_probe,
            e.BreakerChanged: self._on_breaker,
            e.SettingsReloaded: self._on_reload,
        }

    def observe(self, event: e.Event) -> list[Sighting]:
        """Takes an event; what it says of conditions."""
        reader = self._readers.get(type(event))
        found = None if reader is None else reader(event)
        return self._noted(found) if found else []

    def look(self, fleet: FleetSnapshot, now: float) -> list[Sighting]:
        """What a look at the whole says; about once a second."""
        held = held_out(fleet)
        found = self._noted(self._measured(fleet, held, now))
        holds = {(seen.rule, seen.name, seen.subject) for seen in found}
        names = {"", *(view.model_id for view in fleet.models)}
        over = [
            _over(seen, is_gone=_model_of(seen) in held or _model_of(seen) not in names)
            for key, seen in self._bad.items()
            if seen.rule not in STANDING and key not in holds
        ]
        return [*found, *self._noted(over)] if over else found

    def tick(self, now: float) -> list[Sighting]:
        """What ends, or begins, by time alone."""
        return self._noted(self._standing.tick(now))

    def reconfigure(self, settings: Settings, now: float) -> list[Sighting]:
        """Goes on by other settings; what is gone with models, routes and rules that have left or were put off."""
        self._labels = labels = self._standing.labels = FleetLabels(settings)
        self._rules = rules = self._console.rules = EffectiveRules(settings.alerts)
        stays = labels.stays
        self._standing.forget_others(stays)
        self._calls.become(labels, rules, settings, now)
        self._operations.become(labels, rules, stays)
        self._returns.become(labels, rules, stays)
        self._models.become(labels, rules, settings)
        self._checks.become(settings)
        self._own.become(labels, settings, now)
        gone = [seen for seen in self._bad.values() if _has_left(seen, stays) or not self._is_on(seen)]
        return self._noted([_gone(seen) for seen in gone])

    def rule_of(self, sighting: Sighting) -> Rule:
        """The rule as it is in force for what the sighting is about."""
        if sighting.rule is AlertRule.OWN:
            return self._rules.of_own(sighting.name)
        return self._rules.of(sighting.rule, self._labels.groups_of_labels(sighting.labels))

    # --- over a restart ---------------------------------------------------------------------------

    def save(self, now: float) -> dict[str, Any]:
        """The budgets that operations burn, as JSON values of at most 60 kB: three days are not measured anew."""
        return self._operations.save(now, ROUTES_SAVED)

    def restore(self, saved: object, now: float) -> None:
        """Takes what `save` gave before a restart; raises `UnreadableState` for what is not whole."""
        record: Mapping[str, Any] = record_of(saved, _SAVED, "burn.")
        self._operations.restore(record, now)

    def last_of(self, rule: AlertRule, subject: str) -> float | None:
        """When the condition was last met, where only time ends it: what must be kept with its alert."""
        return self._standing.exhausted_at.get(subject) if rule is AlertRule.FALLBACKS_EXHAUSTED else None

    def recall(self, alert: AlertView, last: float | None = None) -> None:
        """Takes over what an alert that fired before a restart knows, so that its end will be told.

        Args:
            alert: the alert as it is kept, still firing.
            last: what `last_of` gave.
        """
        self._bad[alert.rule, alert.name, alert.subject] = Sighting(
            rule=alert.rule,
            subject=alert.subject,
            is_bad=True,
            text=alert.text,
            severity=alert.severity,
            labels=alert.labels,
            name=alert.name,
        )
        if last is not None and alert.rule is AlertRule.FALLBACKS_EXHAUSTED:
            self._standing.exhausted_at[alert.subject] = last

    def forget(self, rule: AlertRule, subject: str, name: str = "") -> None:
        """Takes back a `recall`: the alert was ended because its condition did not outlive the restart."""
        self._bad.pop((rule, name, subject), None)
        if rule is AlertRule.FALLBACKS_EXHAUSTED:
            self._standing.exhausted_at.pop(subject, None)

    # --- inside -----------------------------------------------------------------------------------

    def _on_attempt(self, event: e.AttemptFinished) -> None:
        if self._calls.on_attempt(event):
            self._operations.touch(event.operation)
            self._returns.on_failure(event.model)
        self._own.on_attempt(event)

    def _on_operation(self, event: e.OperationFinished) -> list[Sighting] | None:
        self._operations.on_operation(event)
        return self._standing.on_operation(event) if self._standing.exhausted_at else None

    def _on_breaker(self, event: e.BreakerChanged) -> list[Sighting]:
        self._returns.on_breaker(event)
        return self._standing.on_breaker(event)

    def _on_reload(self, event: e.SettingsReloaded) -> list[Sighting]:
        """Nothing is wrong any more with a model or a route that has left."""
        found = self._standing.on_reload(event)
        if not event.models:
            return found
        stays = {*event.models, *event.routes}
        self._standing.forget_others(stays)
        return [*found, *(_gone(seen) for seen in self._bad.values() if _has_left(seen, stays))]

    def _measured(self, fleet: FleetSnapshot, held: frozenset[str], now: float) -> Iterator[Sighting]:
        for seen in self._calls.look(now):
            if seen.subject not in held:
                yield seen
        yield from self._operations.look(now)
        yield from self._returns.look(fleet, held, now)
        yield from self._models.look(fleet, held, now)
        yield from self._checks.look(fleet, held, now, rule=self._rules.of(AlertRule.PROBER_STALLED))
        yield from self._console.look(fleet, now)
        yield from self._own.look(now, held)

    def _noted(self, found: Iterable[Sighting]) -> list[Sighting]:
        """Remembers what is bad, and leaves out what no rule in force asks for."""
        told: list[Sighting] = []
        for seen in found:
            key = seen.rule, seen.name, seen.subject
            if not seen.is_bad:
                self._bad.pop(key, None)
            elif self._is_on(seen):
                self._bad[key] = seen
            else:
                continue
            told.append(seen)
        return told

    def _is_on(self, seen: Sighting) -> bool:
        if seen.rule is AlertRule.OWN:
            return seen.name in self._rules.own
        return self._rules.is_on(seen.rule, self._labels.groups_of_labels(seen.labels))


def _model_of(seen: Sighting) -> str:
    """The model that it is about, by its label; empty where it is about none."""
    return next((value for name, value in seen.labels if name == "model"), "")


def _has_left(seen: Sighting, stays: set[str]) -> bool:
    model = _model_of(seen)
    if model and model not in stays:
        return seen.rule is not AlertRule.KILL_SWITCH  # its hold tells when it is over
    return seen.rule in _ABOUT_MODELS_AND_ROUTES and seen.subject not in stays


def _over(seen: Sighting, *, is_gone: bool) -> Sighting:
    return Sighting(
        rule=seen.rule,
        subject=seen.subject,
        is_bad=False,
        labels=seen.labels,
        name=seen.name,
        cause="nothing can be expected of it" if is_gone else "",
        is_gone=is_gone,
    )


def _gone(seen: Sighting) -> Sighting:
    return Sighting(
        rule=seen.rule,
        subject=seen.subject,
        is_bad=False,
        labels=seen.labels,
        name=seen.name,
        cause="it is not in the settings any more",
        is_gone=True,
    )
