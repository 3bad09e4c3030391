"""Whether health checks come: a model that should have been checked and was not is judged by old news."""

from __future__ import annotations

from collections.abc import Iterator

from hive_console.core.alerting.left_alone import is_left_alone
from hive_console.core.alerting.rules import Rule
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.standing import FLEET
from hive_console.core.settings import ModelSettings, ProbeKind, Settings
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import AlertRule, BreakerState
from hive_console.core.wording import whole_span

NAMED = 3
"""Models that are named; of more the number is told."""

SLEPT = 10.0
"""Seconds between two looks from which on this machine slept: nobody could check meanwhile."""


class ChecksSeen:
    """Since when each model is due to be checked."""

    __slots__ = ("_due_since", "_looked_at", "_settings")

    def __init__(self, settings: Settings | None, now: float) -> None:
        self._settings: dict[str, ModelSettings] = {}
        self._due_since: dict[str, float] = {}
        self._looked_at = now
        self.become(settings)

    def become(self, settings: Settings | None) -> None:
        """Goes on by other settings; who is new in them is due from the next look on."""
        models = () if settings is None else settings.models
        self._settings = {model.id: model for model in models if model.probe is not ProbeKind.NONE}
        self._due_since = {name: since for name, since in self._due_since.items() if name in self._settings}

    def look(self, fleet: FleetSnapshot, held: frozenset[str], now: float, *, rule: Rule) -> Iterator[Sighting]:
        """Whether a model has waited too long for its check; each that may be checked counts."""
        if now - self._looked_at >= SLEPT:
            self._due_since.clear()
        self._looked_at = now
        late: list[tuple[float, str]] = []
        for view in fleet.models:
            name = view.model_id
            settings = self._settings.get(name)
            if settings is None or name in held or is_left_alone(view) or _is_on_trial(view, now):
                self._due_since[name] = now
                continue
            since = max(self._due_since.setdefault(name, now), view.last_health_check or 0.0)
            if now - since > rule.bound * settings.health_check_interval + settings.probe_timeout:
                late.append((since, name))
        if late:
            late.sort()
            names = ", ".join(name for _, name in late[:NAMED])
            more = f" and {len(late) - NAMED} more" if len(late) > NAMED else ""
            text = f"no health check of {names}{more} came back for {whole_span(now - late[0][0])}"
            yield Sighting(rule=AlertRule.PROBER_STALLED, subject=FLEET, is_bad=True, text=text)


def _is_on_trial(view: ModelView, now: float) -> bool:
    """Whether its breaker decides when it is asked next: it waits, or a call that may be long is its trial."""
    breaker = view.breaker
    if breaker.state is BreakerState.HALF_OPEN:
        return now - breaker.since <= view.limits.timeout
    return breaker.state is BreakerState.OPEN and breaker.open_until is not None and now < breaker.open_until
