"""All members, by id and by alias, and the questions that concern more than one of them."""

from __future__ import annotations

from hive_console.core.errors import UnknownModel
from hive_console.core.events import Event, TrafficMoved
from hive_console.core.member import Member
from hive_console.core.routing import Plan, WeightedTurns, plan_for, serving_of
from hive_console.core.settings import Settings


class Fleet:
    """The models of one engine."""

    __slots__ = ("_names", "_serving", "_turns", "members")

    def __init__(self, settings: Settings, now: float) -> None:
        self.members = {model.id: Member(model, now) for model in settings.models}
        self._names = {
            name: self.members[model.id] for model in settings.models for name in (model.id, *model.aliases)
        }
        self._turns = {model.id: WeightedTurns() for model in settings.models}
        self._serving: dict[str, str | None] = {model.id: model.id for model in settings.models}

    def member(self, name: str) -> Member:
        """The member with this id or alias; raises `UnknownModel`."""
        member = self._names.get(name)
        if member is None:
            raise UnknownModel(name, tuple(self.members))
        return member

    def plan(self, member: Member, now: float) -> Plan:
        """Who is asked for one operation of this member."""
        return plan_for(member, self.members, self._turns[member.settings.id], now)

    def serving(self, model_id: str) -> str | None:
        """Who answered this model's requests at the last `refresh`."""
        return self._serving[model_id]

    def refresh(self, now: float) -> list[Event]:
        """Judges every member afresh and says whose traffic is answered by somebody else now."""
        events = [event for member in self.members.values() for event in member.refresh(now)]
        for model_id, member in self.members.items():
            serving = serving_of(member, self.members, now)
            old = self._serving[model_id]
            if serving != old:
                self._serving[model_id] = serving
                events.append(TrafficMoved(at=now, model=model_id, old=old, new=serving))
        return events

    def retry_in(self, candidates: tuple[str, ...], now: float) -> float | None:
        """Seconds until the first of these models may admit a call again; `None` when nobody knows."""
        waits = [self.members[name].retry_in(now) for name in candidates]
        return min((wait for wait in waits if wait is not None), default=None)
