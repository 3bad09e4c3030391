"""All members, by id and by alias, and the questions that concern more than one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_console.core.errors import UnknownModel
from hive_console.core.events import Event, RoutePinned, ServiceFailed, TrafficMoved
from hive_console.core.member import Member
from hive_console.core.outliers import OutlierPolicy, OutlierPool, SuccessRatePolicy
from hive_console.core.panic import eligible
from hive_console.core.restart import AS_BEFORE, restore_member, save_member
from hive_console.core.roster import Roster
from hive_console.core.routing import Plan, WeightedTurns, plan_for, serving_of
from hive_console.core.saved_state import UnreadableState
from hive_console.core.settings import LastResort, ResilienceSettings, Settings
from hive_console.core.states import BreakerState
from hive_console.core.succession import successor
from hive_console.core.text import NAME_LIMIT, clean
from hive_console.core.transitions import Trigger

LAST_RESORT_PAUSE = 1.0
"""Seconds a breaker must have been open before it may be a last resort again: a dead fleet is not hammered."""

PANIC_THRESHOLD = 0.5
"""Share of models that can be called below which ejections are lifted (Envoy's `healthy_panic_threshold`)."""

SWEEP_EVERY = 10.0
"""Seconds between two comparisons of success rates (Envoy's interval)."""

COMPARABLE_MODELS = 3
"""Models with enough calls before they are compared; Envoy's 5 hosts are more than most fleets' models."""

COMPARABLE_CALLS = 20
"""Calls between two sweeps that make a model comparable; Envoy's 100 are minutes of a model's traffic."""

STDEV_FACTOR = 1.3
"""Standard deviations below the mean. Of n models one alone lies at most √(n-1) away: Envoy's 1.9 can never be
reached by three or four."""


class Fleet:
    """The models of one engine."""

    __slots__ = ("_last_resort", "_names", "_outliers", "_serving", "_swept_at", "_turns", "members")

    def __init__(self, settings: Settings, now: float) -> None:
        self.members = Roster({model.id: Member(model, now) for model in settings.models})
        self._names = _by_every_name(settings, self.members)
        self._turns = {model.id: WeightedTurns() for model in settings.models}
        self._serving: dict[str, str | None] = {model.id: model.id for model in settings.models}
        self._last_resort = settings.resilience.last_resort
        self._outliers: OutlierPool | None = None
        self._swept_at = now
        if settings.resilience.outlier_ejection:
            self._outliers = OutlierPool(tuple(self.members), _outlier_policy(settings.resilience))

    def reconfigure(self, settings: Settings, now: float) -> list[Event]:
        """Takes other settings at once; what that changed. Members that stay the same stay as they are."""
        before = dict(self.members)
        members: dict[str, Member] = {}
        events: list[Event] = []
        for model in settings.models:
            member = before.get(model.id)
            if member is None:
                member = Member(model, now)
            elif member.settings != model:
                member, caused = successor(member, model, now)
                events += caused
            members[model.id] = member
        for name, member in before.items():
            if name not in members:
                member.retire()
        self.members.become(members)
        self._names = _by_every_name(settings, self.members)
        self._turns = {name: self._turns.get(name, WeightedTurns()) for name in members}
        self._serving = {name: self._serving.get(name, name) for name in members}
        self._last_resort = settings.resilience.last_resort
        events += [event for member in members.values() for event in self._unpinned(member, now)]
        kept = frozenset(name for name, member in members.items() if before.get(name) is member)
        return [*events, *self._compare_from_now(settings.resilience, kept, now), *self.refresh(now)]

    def member(self, name: str) -> Member:
        """The member with this id or alias; raises `UnknownModel`."""
        member = self._names.get(name)
        if member is None:
            raise UnknownModel(name, tuple(self.members))
        return member

    def plan(self, member: Member, now: float, draws: tuple[float, float] = (0.0, 0.0)) -> Plan:
        """Who is asked for one operation of this member; see `routing.plan_for`."""
        return plan_for(member, self.members, self._turns[member.settings.id], now, draws=draws)

    def serving(self, model_id: str) -> str | None:
        """Who answered this model's requests at the last `refresh`."""
        return self._serving[model_id]

    def compare(self, model_id: str, now: float, *, is_failure: bool) -> None:
        """Counts a judged call of real traffic for the comparison of success rates, where that is wanted."""
        if self._outliers is not None and model_id in self.members:
            self._outliers.record(model_id, now, is_failure=is_failure)

    def refresh(self, now: float) -> list[Event]:
        """Judges every member afresh and says whose traffic is answered by somebody else now."""
        events: list[Event] = []
        for member in self.members.values():
            events += member.refresh(now)
        if self._outliers is not None and now - self._swept_at >= SWEEP_EVERY:
            events += self._sweep(self._outliers, now)
        for model_id, member in self.members.items():
            serving = serving_of(member, self.members, now)
            old = self._serving[model_id]
            if serving != old:
                self._serving[model_id] = serving
                events.append(TrafficMoved(at=now, model=model_id, old=old, new=serving))
        return events

    def last_resort(self, candidates: tuple[str, ...], now: float) -> tuple[str | None, list[Event]]:
        """The model nearest to its trial, tried early, when every candidate refuses and the policy says so."""
        if self._last_resort is LastResort.REFUSE or any(
            self.members[name].would_admit(now) for name in candidates
        ):
            return None, []
        waiting = [
            (member.breaker.open_until or now, name)
            for name in candidates
            for member in (self.members[name],)
            if member.breaker.state is BreakerState.OPEN and not member.fault and not member.breaker.is_frozen(now)
            if not member.is_throttled(now) and not member.ejection
            if now - member.breaker.since >= LAST_RESORT_PAUSE
        ]
        if not waiting:
            return None, []
        chosen = min(waiting, key=lambda pair: pair[0])[1]
        cause = "last resort: every model of the chain is out"
        return chosen, self.members[chosen].half_open(now, cause, trigger=Trigger.LAST_RESORT)

    def retry_in(self, candidates: tuple[str, ...], now: float) -> float | None:
        """Seconds until the first of these models may admit a call again; `None` when nobody knows."""
        waits = [self.members[name].retry_in(now) for name in candidates]
        return min((wait for wait in waits if wait is not None), default=None)

    def save(self) -> dict[str, Any]:
        """What must survive a restart, by model."""
        return {name: save_member(member) for name, member in self.members.items()}

    def restore(self, saved: Mapping[str, Any], now: float) -> list[Event]:
        """Takes what `save` gave; models that are no longer there are left out, as are pins to them.

        A state that cannot be read is told and not taken: that model begins afresh, the others do not.
        """
        events: list[Event] = []
        for name, member in self.members.items():
            if name in saved:
                try:
                    events += restore_member(member, saved[name], now)
                except UnreadableState as error:
                    message = f"it cannot be read, the model begins afresh: {error}"
                    events.append(ServiceFailed(at=now, service=f"the saved state of {name}", message=message))
                else:
                    events += self._pin_again(member, now)
        return events

    def _unpinned(self, member: Member, now: float) -> list[Event]:
        """Ends a pin to a model that has left."""
        target = member.pinned_to
        if target is None or target in self.members:
            return []
        member.pinned_to = None
        cause = f"{target} is no longer configured"
        return [RoutePinned(at=now, model=member.settings.id, target=None, cause=cause)]

    def _compare_from_now(self, fleet: ResilienceSettings, kept: frozenset[str], now: float) -> list[Event]:
        """Compares success rates as these settings want it, among those who are there now."""
        if not fleet.outlier_ejection:
            self._outliers = None
            return [event for member in self.members.values() for event in member.readmit(now)]
        if self._outliers is None:
            self._outliers = OutlierPool(tuple(self.members), _outlier_policy(fleet))
        else:
            self._outliers.reshape(tuple(self.members), _outlier_policy(fleet), kept=kept)
        return []

    def _pin_again(self, member: Member, now: float) -> list[Event]:
        target = member.pinned_to
        if target is None:
            return []
        cause = AS_BEFORE
        if target not in self.members:
            member.pinned_to, cause = None, f"{clean(target, NAME_LIMIT)} is no longer configured"
        return [RoutePinned(at=now, model=member.settings.id, target=member.pinned_to, cause=cause)]

    def _sweep(self, outliers: OutlierPool, now: float) -> list[Event]:
        self._swept_at = now
        before = outliers.ejected
        available = [name for name, member in self.members.items() if member.would_admit(now)]
        if before and eligible(tuple(self.members), available, PANIC_THRESHOLD).is_panic:
            for name in before:
                outliers.health_passed(name)
        ejected = outliers.sweep(now)
        events = [
            event for name in before if name not in outliers.ejected for event in self.members[name].readmit(now)
        ]
        for name in ejected:
            cause = "fails far more often than the others"
            events += self.members[name].eject(now, outliers.ejected_until(name) or now, cause)
        return events


def _by_every_name(settings: Settings, members: Roster[Member]) -> dict[str, Member]:
    return {name: members[model.id] for model in settings.models for name in (model.id, *model.aliases)}


def _outlier_policy(fleet: ResilienceSettings) -> OutlierPolicy:
    return OutlierPolicy(
        consecutive_failures=None,  # the breakers' own business
        max_ejected=fleet.max_ejection_share,
        success_rate=SuccessRatePolicy(COMPARABLE_MODELS, COMPARABLE_CALLS, STDEV_FACTOR),
    )
