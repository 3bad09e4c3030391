"""How models and routes come back: too slowly, or again and again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from hive_console.core import events as e
from hive_console.core.alerting.effective import EffectiveRules
from hive_console.core.alerting.labels import FleetLabels, Labels
from hive_console.core.alerting.left_alone import is_left_alone
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.outcome import OutcomeKind
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import AlertRule, BreakerState, ModelStatus
from hive_console.core.transitions import Trigger
from hive_console.core.wording import whole_span

MOST_CYCLES = 50
"""Closings of one breaker that are remembered: more than any threshold that makes sense."""

_BY_ITSELF = Trigger.TRIALS_PASSED.name.lower()


class ReturnsSeen:
    """When each breaker closed, since when the checks of a model that is out are good, and routes nobody serves.

    A recovery is slow by what it costs after the provider is well: a provider that was out for an hour is no slow
    recovery. So the clock starts with the first good check, or when nobody serves a route.
    """

    __slots__ = ("_closed_at", "_unserved_since", "_well_since", "labels", "rules")

    def __init__(self, labels: FleetLabels, rules: EffectiveRules) -> None:
        self.labels = labels
        self.rules = rules
        self._closed_at: dict[str, deque[float]] = {}
        self._well_since: dict[str, float] = {}
        self._unserved_since: dict[str, float] = {}

    def on_breaker(self, event: e.BreakerChanged) -> None:
        """Notes that a breaker closed again by itself."""
        if event.new is BreakerState.CLOSED and event.trigger == _BY_ITSELF:
            self._closed_at.setdefault(event.model, deque(maxlen=MOST_CYCLES)).append(event.at)

    def on_probe(self, event: e.ProbeFinished) -> None:
        """Notes since when checks are good."""
        if event.kind is OutcomeKind.SUCCESS:
            self._well_since.setdefault(event.model, event.at)
        else:
            self._well_since.pop(event.model, None)

    def on_failure(self, model: str) -> None:
        """A call failed: good checks before it say nothing."""
        self._well_since.pop(model, None)

    def look(self, fleet: FleetSnapshot, held: frozenset[str], now: float) -> Iterator[Sighting]:
        """What holds now; of what a person holds out nothing."""
        for name in [name for name, times in self._closed_at.items() if self._forget(name, times, now)]:
            del self._closed_at[name]
        for name, times in self._closed_at.items():
            rule = self.rules.of(AlertRule.RECOVERY_FLAPPING, self.labels.groups_of(name))
            if len(times) >= rule.bound:
                text = f"{name} failed and recovered {len(times)} times in {whole_span(rule.window)}"
                yield self._seen(AlertRule.RECOVERY_FLAPPING, name, text, self.labels.of_model(name))
        unserved: dict[str, float] = {}
        for view in fleet.models:
            if view.status is ModelStatus.UNAVAILABLE and view.model_id not in held:
                yield from self._slow(view, now)
                if view.serving is None and view.fallbacks:
                    unserved[view.model_id] = self._unserved_since.get(view.model_id, now)
        for route in fleet.routes:
            if route.serving is None and not held.issuperset(route.chain):
                unserved[route.name] = self._unserved_since.get(route.name, now)
        self._unserved_since = unserved
        for name, since in unserved.items():
            rule = self.rules.of(AlertRule.RECOVERY_SLOW, self.labels.groups_of_route(name))
            if now - since > rule.bound:
                text = f"no model answers for {name}: for {whole_span(now - since)}"
                yield self._seen(AlertRule.RECOVERY_SLOW, name, text, self.labels.of_route(name))

    def become(self, labels: FleetLabels, rules: EffectiveRules, stays: set[str]) -> None:
        """Goes on by other settings, without the models that have left."""
        self.labels, self.rules = labels, rules
        self._closed_at = {name: times for name, times in self._closed_at.items() if name in stays}
        self._well_since = {name: at for name, at in self._well_since.items() if name in stays}

    def _forget(self, name: str, times: deque[float], now: float) -> bool:
        """Forgets closings that are too old; whether none is left."""
        window = self.rules.of(AlertRule.RECOVERY_FLAPPING, self.labels.groups_of(name)).window
        while times and now - times[0] >= window:
            times.popleft()
        return not times

    def _slow(self, view: ModelView, now: float) -> Iterator[Sighting]:
        since = self._well_since.get(view.model_id)
        is_told = view.serving is None and bool(view.fallbacks)  # by the route
        if since is None or is_told or is_left_alone(view):
            return
        rule = self.rules.of(AlertRule.RECOVERY_SLOW, self.labels.groups_of(view.model_id))
        waited = now - max(since, view.status_since)
        if waited > rule.bound:
            text = f"checks of {view.model_id} are good for {whole_span(waited)}, and it is not in use yet"
            yield self._seen(AlertRule.RECOVERY_SLOW, view.model_id, text, self.labels.of_model(view.model_id))

    def _seen(self, rule: AlertRule, subject: str, text: str, labels: Labels) -> Sighting:
        return Sighting(rule=rule, subject=subject, is_bad=True, text=text, labels=labels)
