"""Other settings for a running engine: all of it in one step, with no wait inside.

Models that did not change stay as they are. Operations that began before finish with the models and the deadline
they began with; models that have left are remembered for as long as one of those may ask for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from hive_console.core.degradation import Degradation
from hive_console.core.errors import HiveError
from hive_console.core.events import Event
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.settings import MAX_MODELS, Settings
from hive_console.engine.door import Door
from hive_console.engine.executor import Executor
from hive_console.engine.operator import Operator
from hive_console.engine.ports import Provider
from hive_console.engine.prober import Prober
from hive_console.engine.publisher import Publisher

MAX_LEAVING = MAX_MODELS
"""Models that may be on their way out at once: as many as a fleet has."""

AFTER_DEADLINE = 5.0
"""Seconds beyond its deadline after which no operation asks for anything any more."""


class StillLeaving(HiveError):
    """Too many models of earlier settings have not left yet; the settings in force stay so."""


@dataclass(frozen=True, slots=True)
class Switched:
    """What a switch made of the fleet.

    Attributes:
        joined: members to watch from now on.
        left: names of members to watch no more; a model at another address is in both.
        events: what changed on those that stay.
    """

    joined: tuple[Member, ...]
    left: tuple[str, ...]
    events: list[Event]


class Reconfiguration:
    """Brings every part that knows of settings to others."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        door: Door,
        executor: Executor,
        prober: Prober,
        publisher: Publisher,
        operator: Operator,
        degradation: Degradation,
        provider: Provider,
    ) -> None:
        self._fleet = fleet
        self._door = door
        self._executor = executor
        self._prober = prober
        self._publisher = publisher
        self._operator = operator
        self._degradation = degradation
        self._provider = provider
        self._until: dict[str, float] = {}

    def switch(self, old: Settings, new: Settings, now: float) -> Switched:
        """Switches from the settings in force to others; raises `StillLeaving` before anything was touched."""
        self._forget(now)
        left = _names_of(old) - _names_of(new)
        if len(self._until.keys() | left) > MAX_LEAVING:
            raise StillLeaving(
                f"{len(self._until)} models of earlier settings still finish their calls; try again in a minute"
            )
        before = dict(self._fleet.members)
        events = self._fleet.reconfigure(new, now)
        members = self._fleet.members
        for member in members.values():
            member.fixed_fault = self._provider.fault_of(member.settings)
        events += self._fleet.refresh(now)
        self._executor.reconfigure(new)
        self._door.reconfigure(new.resilience)
        self._degradation.threshold = new.resilience.degraded_mode_threshold
        known = {model.id: model for model in old.models}
        changed = [model.id for model in new.models if known.get(model.id, model) != model]
        self._prober.reconfigure(new.resilience.probe_daily_budget, changed)
        self._publisher.reconfigure(new)
        self._operator.forget(left)
        for name in left:
            self._until[name] = now + old.resilience.operation_deadline + AFTER_DEADLINE
        for name in _names_of(new):
            self._until.pop(name, None)
        joined = tuple(member for name, member in members.items() if before.get(name) is not member)
        gone = tuple(name for name, member in before.items() if members.get(name) is not member)
        return Switched(joined, gone, events)

    def _forget(self, now: float) -> None:
        over = [name for name, until in self._until.items() if now >= until and self._executor.is_idle(name)]
        self._fleet.members.forget(over)
        self._executor.forget(over)
        for name in over:
            del self._until[name]


def _names_of(settings: Settings) -> set[str]:
    """The ids of its models and the names of its virtual ones."""
    return {model.id for model in settings.models} | {route.name for route in settings.routes}
