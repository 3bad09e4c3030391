"""What one look at the models tells: providers down, faults that only a person can mend, calls that hang."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hive_console.core.alerting.effective import EffectiveRules
from hive_console.core.alerting.labels import FleetLabels
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.faults import FAULTS, KEY_REFUSED
from hive_console.core.outcome import OutcomeKind
from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import AlertRule, ModelStatus
from hive_console.core.wording import whole_span

NAMED = 5
"""Models that are named; of more the number is told."""

_QUOTA = FAULTS[OutcomeKind.QUOTA_EXHAUSTED]
_FOUND = frozenset({KEY_REFUSED, *FAULTS.values()})
"""Faults that a call found; any other is of the settings: no key, or an address that may not be called."""


class ModelsSeen:
    """Nothing is remembered: everything stands in the snapshot."""

    __slots__ = ("_patience", "labels", "rules")

    def __init__(self, labels: FleetLabels, rules: EffectiveRules, settings: Settings | None) -> None:
        self.become(labels, rules, settings)

    def become(self, labels: FleetLabels, rules: EffectiveRules, settings: Settings | None) -> None:
        """Goes on by other settings."""
        self.labels, self.rules = labels, rules
        models = () if settings is None else settings.models
        # A stream waits for its first content, then for each next piece.
        self._patience = {
            model.id: max(model.timeout, model.first_token_timeout or 0.0, model.idle_timeout) for model in models
        }

    def look(self, fleet: FleetSnapshot, held: frozenset[str], now: float) -> Iterator[Sighting]:
        """What holds now; of what a person holds out only calls that hang."""
        out: Counter[str] = Counter()
        for view in fleet.models:
            if view.oldest_call is not None:
                yield from self._hung(view, now)
            if view.status is not ModelStatus.UNAVAILABLE or view.model_id in held:
                continue
            if view.fault:
                yield from self._faulty(view)
            else:
                out[view.provider] += 1
        bound = self.rules.of(AlertRule.PROVIDER_DOWN).bound
        for provider, count in out.items():
            if count >= bound:
                yield from self._provider(provider, fleet, held)

    def _hung(self, view: ModelView, now: float) -> Iterator[Sighting]:
        waited = now - (view.oldest_call or now)
        patience = self._patience.get(view.model_id, view.limits.timeout)
        rule = self.rules.of(AlertRule.HUNG_REQUESTS, self.labels.groups_of(view.model_id))
        if waited > patience + rule.bound:
            text = f"a call to {view.model_id} waits for {whole_span(waited)}, and may for {whole_span(patience)}"
            yield self._seen(AlertRule.HUNG_REQUESTS, view.model_id, text)

    def _faulty(self, view: ModelView) -> Iterator[Sighting]:
        if view.fault == _QUOTA:
            text = f"{view.provider} says the quota of {view.model_id} is used up"
            yield self._seen(AlertRule.QUOTA_EXHAUSTED, view.model_id, text)
        elif view.fault not in _FOUND:
            yield self._seen(
                AlertRule.SECRET_UNRESOLVED, view.model_id, f"{view.model_id} cannot be called: {view.fault}"
            )

    def _provider(self, provider: str, fleet: FleetSnapshot, held: frozenset[str]) -> Iterator[Sighting]:
        """Down when all of its models are that a person neither holds out nor must mend."""
        asked = [
            view
            for view in fleet.models
            if view.provider == provider and view.model_id not in held and not view.fault
        ]
        if all(view.status is ModelStatus.UNAVAILABLE for view in asked):
            names = ", ".join(view.model_id for view in asked[:NAMED])
            more = f" and {len(asked) - NAMED} more" if len(asked) > NAMED else ""
            text = f"all {len(asked)} models of {provider} are unavailable: {names}{more}"
            labels = (("provider", provider),)
            yield Sighting(rule=AlertRule.PROVIDER_DOWN, subject=provider, is_bad=True, text=text, labels=labels)

    def _seen(self, rule: AlertRule, model: str, text: str) -> Sighting:
        return Sighting(rule=rule, subject=model, is_bad=True, text=text, labels=self.labels.of_model(model))
