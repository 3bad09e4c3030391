"""Conditions that begin and end with something that happened: breakers, statuses, kills, refused keys and settings.

They know no alerts and no episodes: the same thing may be told twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from hive_console.core import events as e
from hive_console.core.alerting.labels import FleetLabels
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.holds import STOP_FILE, target_words
from hive_console.core.states import AlertRule, BreakerState, HoldKind, ModelStatus, OperationResult
from hive_console.core.wording import percent, refused_key

EXHAUSTED_KEEP = 300.0
"""Seconds after the last exhausted operation of a route at which its condition ends without further traffic."""

EXHAUSTED_CALM = 30.0
"""Seconds after the last exhausted operation of a route from which a good answer ends its condition."""

ACTIVATION_CALM = 10.0
"""Seconds an activated model has to prove itself before its still being unavailable is a condition."""

AUDIT = "audit trail"
"""The subject of what is about the trail of what operators did."""

FLEET = "fleet"
"""The subject of what is about the whole fleet."""

SETTINGS = "settings"
"""The subject of what is about the settings file."""


class Standing:
    """What stands wrong by the events alone.

    Attributes:
        labels: those of the fleet; replaced with the settings.
        exhausted_at: when each route last had an operation that no model answered, while that is a condition.
    """

    __slots__ = ("_activated_at", "_isolated", "_killed", "_stopped", "_unavailable", "exhausted_at", "labels")

    def __init__(self, labels: FleetLabels) -> None:
        self.labels = labels
        self._isolated: set[str] = set()
        self._unavailable: set[str] = set()
        self._stopped: set[str] = set()
        self._killed: set[str] = set()
        self._activated_at: dict[str, float] = {}
        self.exhausted_at: dict[str, float] = {}

    @property
    def readers(self) -> dict[type[e.Event], Callable[[Any], list[Sighting]]]:
        """What reads which event; each takes the event of its key."""
        return {
            e.BreakerChanged: self.on_breaker,
            e.StatusChanged: self._on_status,
            e.DegradedModeEntered: self._on_degraded,
            e.DegradedModeLeft: self._on_mode_left,
            e.FallbacksExhausted: self._on_exhausted,
            e.KeyQuarantined: self._on_key_refused,
            e.KeyRestored: self._on_key_restored,
            e.HoldPlaced: self._on_hold,
            e.HoldEnded: self._on_hold,
            e.SettingsRefused: self._on_refused_settings,
            e.SettingsReloaded: self.on_reload,
            e.AuditChecked: self._on_audit,
        }

    def on_operation(self, event: e.OperationFinished) -> list[Sighting]:
        """A good answer ends that a route is exhausted, when the last such operation is some time ago."""
        wanted = event.route or event.requested
        exhausted_at = self.exhausted_at.get(wanted)
        if exhausted_at is None or event.result is not OperationResult.ANSWERED:
            return []
        if event.at - exhausted_at < EXHAUSTED_CALM:
            return []
        return [self._end_exhausted(wanted, "it answers again")]

    def tick(self, now: float) -> list[Sighting]:
        """Ends what ends by time alone, and looks at activated models whose time to prove themselves is over."""
        over = [wanted for wanted, at in self.exhausted_at.items() if now - at >= EXHAUSTED_KEEP]
        ended = [self._end_exhausted(wanted, "no operation failed on it for a while") for wanted in over]
        return [*ended, *self._look_at_activated(now)]

    def forget_others(self, stays: set[str]) -> None:
        """Forgets models and routes that have left."""
        for known in (self._isolated, self._unavailable, self._stopped):
            known.intersection_update(stays)
        for times in (self._activated_at, self.exhausted_at):
            for name in [name for name in times if name not in stays]:
                del times[name]

    # --- one event each ---------------------------------------------------------------------------

    def on_breaker(self, event: e.BreakerChanged) -> list[Sighting]:
        model = event.model
        self._isolated.discard(model)
        if event.old is BreakerState.ISOLATED:
            self._activated_at[model] = event.at
        match event.new:
            case BreakerState.ISOLATED:
                self._isolated.add(model)
                return [self._gone(AlertRule.BREAKER_OPEN, model), self._gone(AlertRule.MODEL_UNAVAILABLE, model)]
            case BreakerState.OPEN:
                return [self._bad(AlertRule.BREAKER_OPEN, model, f"breaker of {model} is open: {event.cause}")]
            case BreakerState.CLOSED | BreakerState.METRICS_ONLY | BreakerState.DISABLED:
                return [self._good(AlertRule.BREAKER_OPEN, model, event.cause)]
            case BreakerState.HALF_OPEN:
                return []
            case _:
                assert_never(event.new)

    def _on_status(self, event: e.StatusChanged) -> list[Sighting]:
        model = event.model
        self._stopped.discard(model)
        if event.new is not ModelStatus.UNAVAILABLE:
            self._unavailable.discard(model)
            return [self._good(AlertRule.MODEL_UNAVAILABLE, model, event.cause)]
        self._unavailable.add(model)
        if model in self._isolated:
            return []
        if event.is_by_hand:
            self._stopped.add(model)
            return []
        return [self._bad(AlertRule.MODEL_UNAVAILABLE, model, f"{model} is unavailable: {event.cause}")]

    def _on_degraded(self, event: e.DegradedModeEntered) -> list[Sighting]:
        share = f"only {percent(event.available_share)} % of models available"
        text = f"{share}, threshold {percent(event.threshold)} %"
        return [Sighting(rule=AlertRule.DEGRADED_MODE, subject=FLEET, is_bad=True, text=text)]

    def _on_mode_left(self, event: e.DegradedModeLeft) -> list[Sighting]:
        cause = f"{percent(event.available_share)} % of models available"
        return [Sighting(rule=AlertRule.DEGRADED_MODE, subject=FLEET, is_bad=False, cause=cause)]

    def _on_exhausted(self, event: e.FallbacksExhausted) -> list[Sighting]:
        wanted = event.route or event.requested
        self.exhausted_at[wanted] = event.at
        return [
            Sighting(
                rule=AlertRule.FALLBACKS_EXHAUSTED,
                subject=wanted,
                is_bad=True,
                text=f"no model answered for {wanted}: {event.cause}",
                labels=self.labels.of_route(wanted),
            )
        ]

    def _on_key_refused(self, event: e.KeyQuarantined) -> list[Sighting]:
        text = refused_key(event.key, event.provider, event.models)
        return [
            Sighting(
                rule=AlertRule.KEY_REFUSED,
                subject=event.models[0],
                is_bad=True,
                text=text,
                labels=_of_key(event),
            )
        ]

    def _on_key_restored(self, event: e.KeyRestored) -> list[Sighting]:
        return [Sighting(rule=AlertRule.KEY_REFUSED, subject=event.models[0], is_bad=False, labels=_of_key(event))]

    def _on_hold(self, event: e.HoldPlaced | e.HoldEnded) -> list[Sighting]:
        """A kill stands until it is lifted; of other holds nobody needs to be woken."""
        if event.kind is not HoldKind.KILLED:
            return []
        subject, labels = kill_subject(event), self.labels.of_target(event.target)
        if isinstance(event, e.HoldPlaced):
            self._killed.add(subject)
            text = f"nothing calls {target_words(event.target)}: killed by {event.by}: {event.reason}"
            return [Sighting(rule=AlertRule.KILL_SWITCH, subject=subject, is_bad=True, text=text, labels=labels)]
        self._killed.discard(subject)
        if not self._killed:  # what is nowhere killed any more has a while to show that it is well
            self._activated_at.update(dict.fromkeys(self._stopped, event.at))
            self._stopped.clear()
        return [
            Sighting(rule=AlertRule.KILL_SWITCH, subject=subject, is_bad=False, labels=labels, cause=event.cause)
        ]

    def _on_refused_settings(self, event: e.SettingsRefused) -> list[Sighting]:
        text = f"the settings file cannot be used, the settings before it stay in force: {event.problem}"
        return [Sighting(rule=AlertRule.SETTINGS_REFUSED, subject=SETTINGS, is_bad=True, text=text)]

    def on_reload(self, _event: e.SettingsReloaded) -> list[Sighting]:
        """Good settings end that bad ones were refused."""
        return [Sighting(rule=AlertRule.SETTINGS_REFUSED, subject=SETTINGS, is_bad=False)]

    def _on_audit(self, event: e.AuditChecked) -> list[Sighting]:
        text = f"the audit trail is broken: {event.problem}" if event.problem else ""
        cause = "" if event.problem else f"all of its {event.rows} rows are what was written"
        is_bad = bool(event.problem)
        return [Sighting(rule=AlertRule.AUDIT_BROKEN, subject=AUDIT, is_bad=is_bad, text=text, cause=cause)]

    # --- inside -----------------------------------------------------------------------------------

    def _look_at_activated(self, now: float) -> list[Sighting]:
        """A model that was held out by hand, was let back in, and still cannot serve: its status never changed."""
        due = [model for model, at in self._activated_at.items() if now - at >= ACTIVATION_CALM]
        for model in due:
            del self._activated_at[model]
        return [
            self._bad(AlertRule.MODEL_UNAVAILABLE, model, f"{model} is still unavailable after its activation")
            for model in due
            if model in self._unavailable and model not in self._isolated
        ]

    def _end_exhausted(self, wanted: str, cause: str) -> Sighting:
        del self.exhausted_at[wanted]
        labels = self.labels.of_route(wanted)
        return Sighting(
            rule=AlertRule.FALLBACKS_EXHAUSTED, subject=wanted, is_bad=False, labels=labels, cause=cause
        )

    def _bad(self, rule: AlertRule, model: str, text: str) -> Sighting:
        return Sighting(rule=rule, subject=model, is_bad=True, text=text, labels=self.labels.of_model(model))

    def _good(self, rule: AlertRule, model: str, cause: str) -> Sighting:
        return Sighting(rule=rule, subject=model, is_bad=False, labels=self.labels.of_model(model), cause=cause)

    def _gone(self, rule: AlertRule, model: str) -> Sighting:
        return Sighting(
            rule=rule,
            subject=model,
            is_bad=False,
            labels=self.labels.of_model(model),
            cause="deactivated by hand",
            is_gone=True,
        )


def kill_subject(event: e.HoldPlaced | e.HoldEnded) -> str:
    """Under which subject a kill stands: a person's and the file's may stand on the same target."""
    return event.by if event.by == STOP_FILE else event.target


def _of_key(event: e.KeyQuarantined | e.KeyRestored) -> tuple[tuple[str, str], ...]:
    return (("provider", event.provider), *((("key", event.key),) if event.key else ()))
