"""All members, the routes that lead to them, and the questions that concern more than one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_console.core.errors import UnknownModel
from hive_console.core.events import (
    BreakerChanged,
    Event,
    KeyQuarantined,
    KeyRestored,
    RoutePinned,
    ServiceFailed,
    TrafficMoved,
)
from hive_console.core.faults import KeyFault
from hive_console.core.keys import inherit, keys_of
from hive_console.core.member import Member
from hive_console.core.outcome import Outcome, Verdict
from hive_console.core.outliers import OutlierPolicy, OutlierPool, SuccessRatePolicy
from hive_console.core.panic import eligible
from hive_console.core.restart import AS_BEFORE, restore_member, save_member
from hive_console.core.roster import Roster
from hive_console.core.route import Route, routes_of
from hive_console.core.routing import Plan, WeightedTurns, plan_for, serving_of, strategy_for
from hive_console.core.saved_state import UnreadableState
from hive_console.core.settings import LastResort, ResilienceSettings, Settings, Strategy
from hive_console.core.states import BreakerState
from hive_console.core.succession import successor
from hive_console.core.text import NAME_LIMIT, clean
from hive_console.core.transitions import Trigger
from hive_console.core.warden import Warden

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

OUTLIER = "fails far more often than the others"
"""The cause of an ejection."""

STDEV_FACTOR = 1.3
"""Standard deviations below the mean. Of n models one alone lies at most √(n-1) away: Envoy's 1.9 can never be
reached by three or four."""


class Fleet:
    """The models of one engine."""

    __slots__ = (
        "_keys",
        "_outliers",
        "_routes",
        "_serving",
        "_swept_at",
        "_turns",
        "has_last_resort",
        "members",
        "routes",
        "warden",
    )

    def __init__(self, settings: Settings, now: float) -> None:
        keys = keys_of(settings.models)
        self.members = Roster({model.id: Member(model, now, key=keys[model.id]) for model in settings.models})
        self.warden = Warden(self.members)
        self._hand_out(keys)
        # Every way through the fleet by its name, the models' own first.
        self.routes = routes_of(settings)
        self._routes = _by_every_name(settings, self.routes)
        self._turns = {name: WeightedTurns() for name in self.routes}
        self._serving: dict[str, str | None] = {name: route.primary for name, route in self.routes.items()}
        self.has_last_resort = settings.resilience.last_resort is not LastResort.REFUSE
        self._outliers: OutlierPool | None = None
        self._swept_at = now
        if settings.resilience.outlier_ejection:
            self._outliers = OutlierPool(tuple(self.members), _outlier_policy(settings.resilience))

    def begin(self, now: float) -> list[Event]:
        """What must be told at the start: breakers that are not closed, because their settings say so."""
        return [event for member in self.members.values() for event in _first_word(member, now)]

    def reconfigure(self, settings: Settings, now: float) -> list[Event]:
        """Takes other settings at once; what that changed. Members that stay the same stay as they are."""
        before = dict(self.members)
        keys = keys_of(settings.models)
        events: list[Event] = inherit(keys, self._keys, now)
        members: dict[str, Member] = {}
        for model in settings.models:
            member = before.get(model.id)
            if member is None:
                member = Member(model, now, key=keys[model.id])
                events += _first_word(member, now)
            else:
                member.restraint.key = keys[model.id]
                if member.settings != model:
                    member, caused = successor(member, model, now)
                    events += caused
            members[model.id] = member
        for name, member in before.items():
            if name not in members:
                member.retire()
        self.members.become(members)
        self._hand_out(keys)
        self._reroute(settings)
        events += self.warden.follow(now)
        kept = frozenset(name for name, member in members.items() if before.get(name) is member)
        return [*events, *self._compare_from_now(settings.resilience, kept, now), *self.refresh(now)]

    def _hand_out(self, keys: Mapping[str, KeyFault]) -> None:
        self._keys = tuple(dict.fromkeys(keys.values()))
        for key in self._keys:
            key.holders = tuple(self.members[name].restraint for name in key.models)

    def _reroute(self, settings: Settings) -> None:
        self.routes = routes_of(settings)
        self._routes = _by_every_name(settings, self.routes)
        self._turns = {name: self._turns.get(name, WeightedTurns()) for name in self.routes}
        self._serving = {name: self._serving.get(name, route.primary) for name, route in self.routes.items()}
        self.has_last_resort = settings.resilience.last_resort is not LastResort.REFUSE

    def route(self, name: str) -> Route:
        """The route of this model, alias or virtual model; raises `UnknownModel`."""
        route = self._routes.get(name)
        if route is None:
            raise UnknownModel(name, tuple(self.routes))
        return route

    def member(self, name: str) -> Member:
        """The member with this id or alias, or the primary of this virtual model; raises `UnknownModel`."""
        return self.members[self.route(name).primary]

    def plan(
        self,
        route: Route,
        now: float,
        draws: tuple[float, float] = (0.0, 0.0),
        *,
        wish: Strategy | None = None,
        may_copy: bool = True,
    ) -> Plan:
        """Who is asked for one operation on this route; see `routing.plan_for` and `routing.strategy_for`."""
        strategy = route.strategy
        if self.warden.book.is_safe:
            return plan_for(
                route, self.members, self._turns[route.name], now, draws=draws, strategy=Strategy.SEQUENTIAL
            )
        if wish is not None or strategy is Strategy.PARALLEL:
            strategy = strategy_for(route, wish, self.members, may_copy=may_copy)
        return plan_for(route, self.members, self._turns[route.name], now, draws=draws, strategy=strategy)

    def serving(self, name: str) -> str | None:
        """Who answered the requests of this model or virtual model at the last `refresh`."""
        return self._serving[name]

    def compare(self, model_id: str, now: float, *, is_failure: bool) -> None:
        """Counts a judged call of real traffic for the comparison of success rates, where that is wanted."""
        if self._outliers is not None and model_id in self.members:
            self._outliers.record(model_id, now, is_failure=is_failure)

    def settled(self, member: Member, outcome: Outcome, now: float) -> list[Event]:
        """What a settled call of real traffic means beyond its own model; ask after `Member.settle`."""
        if self._outliers is not None and outcome.verdict is not Verdict.NEUTRAL:
            self.compare(member.settings.id, now, is_failure=outcome.verdict is Verdict.FAILURE)
        key = member.restraint.key
        return self.key_news(key, now) if key.is_refused is not key.is_told else []

    def key_news(self, key: KeyFault, now: float, *, cause: str = "") -> list[Event]:
        """Tells that a key was refused, or is taken again, and what that makes of every model that uses it."""
        if key.is_refused is key.is_told:
            return []
        key.is_told = key.is_refused
        told: Event
        if key.is_refused:
            told = KeyQuarantined(at=now, key=key.key, provider=key.provider, models=key.models, cause=cause)
        else:
            told = KeyRestored(at=now, key=key.key, provider=key.provider, models=key.models)
        return [told, *(event for name in key.models for event in self.members[name].refresh(now))]

    def free_keys(self, now: float) -> list[Event]:
        """Lets every model with a refused key be called again: its keys may have been replaced."""
        for key in self._keys:
            key.forget()
        return [event for key in self._keys for event in self.key_news(key, now)]

    def refresh(self, now: float) -> list[Event]:
        """Judges every member afresh and says whose traffic is answered by somebody else now."""
        events = self.warden.end_overdue(now)
        for key in self._keys:
            events += self.key_news(key, now)
        for member in self.members.values():
            events += member.refresh(now)
        if self._outliers is not None and now - self._swept_at >= SWEEP_EVERY:
            events += self._sweep(self._outliers, now)
        for name, route in self.routes.items():
            serving = serving_of(route, self.members, now, is_plain=self.warden.book.is_safe)
            old = self._serving[name]
            if serving != old:
                self._serving[name] = serving
                primary = route.primary if route.virtual_name else ""
                events.append(TrafficMoved(at=now, model=name, old=old, new=serving, primary=primary))
        return events

    def last_resort(self, candidates: tuple[str, ...], now: float) -> tuple[str | None, list[Event]]:
        """The model nearest to its trial, tried early, when every candidate refuses and the policy says so."""
        if not self.has_last_resort or any(self.members[name].would_admit(now) for name in candidates):
            return None, []
        waiting = [
            (member.breaker.open_until or now, name)
            for name in candidates
            for member in (self.members[name],)
            if member.breaker.state is BreakerState.OPEN and not member.fault and not member.breaker.is_frozen(now)
            if member.refusal(now) is None
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
        return {name: self.save_model(name) for name in self.members}

    def save_model(self, name: str) -> dict[str, Any]:
        """What must survive a restart of this model."""
        ejection = None if self._outliers is None else self._outliers.save(name)
        return {**save_member(self.members[name]), "ejection": ejection, "holds": self.warden.save(name)}

    @property
    def keys(self) -> tuple[KeyFault, ...]:
        """The keys that the models use, each once."""
        return self._keys

    def is_refused_under(self, model: str) -> bool:
        """Whether a key is refused whose refusal is told under this model."""
        return any(key.is_refused and key.models[0] == model for key in self._keys)

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
                    events += self._eject_again(member, saved[name].get("ejection"), now)
        return events

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

    def _eject_again(self, member: Member, saved: Mapping[str, Any] | None, now: float) -> list[Event]:
        if saved is None or self._outliers is None:
            return []
        self._outliers.restore(member.settings.id, saved, now)
        until = self._outliers.ejected_until(member.settings.id)
        return [] if until is None else member.eject(now, until, f"{AS_BEFORE}: {OUTLIER}")

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
            events += self.members[name].eject(now, outliers.ejected_until(name) or now, OUTLIER)
        return events


def _first_word(member: Member, now: float) -> list[Event]:
    state = member.breaker.state
    if state is BreakerState.CLOSED:
        return []
    said, name = "its settings say so", member.settings.id
    return [
        BreakerChanged(at=now, model=name, old=BreakerState.CLOSED, new=state, cause=said, trigger="configured")
    ]


def _by_every_name(settings: Settings, routes: dict[str, Route]) -> dict[str, Route]:
    return {**routes, **{alias: routes[model.id] for model in settings.models for alias in model.aliases}}


def _outlier_policy(fleet: ResilienceSettings) -> OutlierPolicy:
    return OutlierPolicy(
        consecutive_failures=None,  # the breakers' own business
        max_ejected=fleet.max_ejection_share,
        success_rate=SuccessRatePolicy(COMPARABLE_MODELS, COMPARABLE_CALLS, STDEV_FACTOR),
    )
