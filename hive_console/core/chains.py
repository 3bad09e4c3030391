"""Who serves whose traffic, who would be next, and what several chains have in common: read off a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from hive_console.core.settings import Strategy
from hive_console.core.snapshot import FleetSnapshot, HoldView, ModelView, RouteView
from hive_console.core.states import ADMITTING, HoldKind, ModelStatus


class Standing(Enum):
    """How a chain stands; the value is the word for people, the gravest first."""

    NOBODY = "NOBODY"  # its requests fail
    LAST = "LAST ONE"  # somebody serves and nobody who is behind could
    MOVED = "moved"  # another than the primary serves
    ALONE = "alone"  # it serves itself, and no fallback is configured
    PINNED = "pinned"  # a person decided who serves
    ITSELF = "itself"  # the primary serves, and somebody is behind it
    UNKNOWN = "unknown"  # nothing is known yet


@dataclass(frozen=True, slots=True)
class Link:
    """One model of a chain.

    Attributes:
        name: its id.
        model: its view; `None` where the fleet does not know it.
        can_serve: whether it would take a call now.
        share: the part of the traffic it gets, 0..1; `None` where that is not decided beforehand.
        is_next: whether it serves if the one that serves now fails.
    """

    name: str
    model: ModelView | None
    can_serve: bool
    share: float | None = 0.0
    is_next: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """A model or a virtual model and those who may answer for it.

    Attributes:
        name: as callers ask for it.
        links: the primary first, then whom a person chose, then the fallbacks in their order.
        serving: who answers now; `None` when nobody can.
        next: who answers after one more failure; `None` when nobody can.
        spare: how many could still take over: so many failures more, and one, and nobody serves.
        standing: how it stands.
        strategy: how the chain is used.
        is_virtual: whether it is a route rather than a model of its own.
        hold: by whom and until when its traffic is sent elsewhere by hand.
    """

    name: str
    links: tuple[Link, ...]
    serving: str | None
    next: str | None
    spare: int
    standing: Standing
    strategy: Strategy
    is_virtual: bool = False
    hold: HoldView | None = None

    @property
    def primary(self) -> str:
        """The model that should answer."""
        return self.links[0].name

    @property
    def failures_left(self) -> int:
        """After how many more failures nobody serves."""
        return self.spare + (self.serving is not None)


@dataclass(frozen=True, slots=True)
class SharedRisk:
    """One model that several chains would fall back on at once.

    Attributes:
        model: who is next.
        chains: for whom.
        load: calls it would have under way if all of them came now.
        places: calls it takes at a time; 0 where that is not known.
    """

    model: str
    chains: tuple[str, ...]
    load: int
    places: int

    @property
    def is_too_much(self) -> bool:
        """Whether it could not take them all."""
        return 0 < self.places < self.load


def can_serve(model: ModelView | None) -> bool:
    """Whether a model would take a call that another could not answer."""
    return (
        model is not None
        and model.breaker.state in ADMITTING
        and model.status is not ModelStatus.UNAVAILABLE
        and model.ejected_until is None
        and not model.fault
    )


def chains_of(fleet: FleetSnapshot) -> tuple[Chain, ...]:
    """Every model's chain and every route's, the gravest first, of equals in the order of the settings."""
    views = {model.model_id: model for model in fleet.models}
    chains = [
        *(_of_model(model, fleet, views) for model in fleet.models),
        *(_of_route(route, fleet, views) for route in fleet.routes),
    ]
    order = list(Standing)
    return tuple(sorted(chains, key=lambda chain: order.index(chain.standing)))


def shared_risks(chains: Iterable[Chain]) -> tuple[SharedRisk, ...]:
    """Models that are the next for two chains or more, those of most chains first."""
    waiting: dict[str, list[Chain]] = {}
    for chain in chains:
        if chain.next is not None:
            waiting.setdefault(chain.next, []).append(chain)
    risks = [_risk(name, behind) for name, behind in waiting.items() if len({c.serving for c in behind}) > 1]
    return tuple(sorted(risks, key=lambda risk: -len(risk.chains)))


def _risk(name: str, behind: list[Chain]) -> SharedRisk:
    models = {link.name: link.model for chain in behind for link in chain.links if link.model is not None}
    target = models[name]
    serving = {chain.serving for chain in behind} - {None}
    load = target.in_flight + sum(model.in_flight for model in models.values() if model.model_id in serving)
    return SharedRisk(name, tuple(chain.name for chain in behind), load, target.max_in_flight)


def _of_model(model: ModelView, fleet: FleetSnapshot, views: dict[str, ModelView]) -> Chain:
    names = (model.model_id, *model.fallbacks)
    return _chain(model.model_id, names, model.serving, model.strategy, fleet=fleet, views=views)


def _of_route(route: RouteView, fleet: FleetSnapshot, views: dict[str, ModelView]) -> Chain:
    names = route.chain or (route.primary,)
    return _chain(route.name, names, route.serving, route.strategy, fleet=fleet, views=views, is_virtual=True)


def _chain(
    name: str,
    configured: tuple[str, ...],
    serving: str | None,
    strategy: Strategy,
    *,
    fleet: FleetSnapshot,
    views: dict[str, ModelView],
    is_virtual: bool = False,
) -> Chain:
    primary = views.get(configured[0])
    pin = None if primary is None else primary.pinned_to
    # A recording may tell that somebody serves whom no setting it kept names.
    extra = [one for one in (pin, serving) if one is not None]
    names = tuple(dict.fromkeys((configured[0], *extra[: pin is not None], *configured[1:], *extra)))
    able = [one for one in names if can_serve(views.get(one))]
    spare = [one for one in able if one != serving]
    following = spare[0] if spare else None
    shares = _shares(able, serving, strategy, pin=pin, views=views)
    links = tuple(
        Link(one, views.get(one), one in able, shares.get(one, 0.0), is_next=one == following) for one in names
    )
    is_known = fleet.sequence > 0 and (primary is None or primary.status is not ModelStatus.UNKNOWN)
    standing = _standing(configured, serving, spare, pin=pin) if is_known else Standing.UNKNOWN
    hold = _pin_of(configured[0], fleet)
    return Chain(name, links, serving, following, len(spare), standing, strategy, is_virtual, hold)


def _standing(configured: tuple[str, ...], serving: str | None, spare: list[str], *, pin: str | None) -> Standing:
    if serving is None:
        return Standing.NOBODY
    if not spare:
        is_alone = len(configured) == 1 and serving == configured[0]
        return Standing.ALONE if is_alone else Standing.LAST
    if pin is not None:
        return Standing.PINNED
    return Standing.ITSELF if serving == configured[0] else Standing.MOVED


def _pin_of(model_id: str, fleet: FleetSnapshot) -> HoldView | None:
    return next((hold for hold in fleet.holds if hold.kind is HoldKind.PINNED and hold.target == model_id), None)


def _shares(
    able: list[str], serving: str | None, strategy: Strategy, *, pin: str | None, views: dict[str, ModelView]
) -> dict[str, float | None]:
    """The part of the traffic that each gets; a recovering one gets its ramp's, and the next ones the rest."""
    if serving is None:
        return {}
    if strategy in {Strategy.PARALLEL, Strategy.FASTEST} and pin is None:
        return dict.fromkeys(able)
    if strategy is Strategy.WEIGHTED and pin is None:
        weights = {name: views[name].weight * _part(views[name]) for name in able}
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()} if total else {serving: 1.0}
    shares: dict[str, float | None] = {}
    left = 1.0
    for name in sorted(able, key=lambda one: one != pin):
        taken = left if name == serving else left * _part(views[name])
        is_before = name == serving or _part(views[name]) < 1
        if left and is_before:
            shares[name] = taken
            left -= taken
    return shares if serving in shares else {serving: 1.0}


def _part(model: ModelView) -> float:
    return 1.0 if model.ramp is None else model.ramp
