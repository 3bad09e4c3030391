"""In which order the models of a chain are asked, explainable and without dice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hive_console.core.member import Member
from hive_console.core.settings import Strategy


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is asked for one operation.

    Attributes:
        requested: the model the caller asked for.
        candidates: in the order they are asked; under `parallel` all at once.
        strategy: how they are asked.
    """

    requested: str
    candidates: tuple[str, ...]
    strategy: Strategy


class WeightedTurns:
    """Smooth weighted round robin (nginx, M. Dounin, 2012): exact shares, evenly spread, no dice."""

    __slots__ = ("_current",)

    def __init__(self) -> None:
        self._current: dict[str, float] = {}

    def next(self, weights: Sequence[tuple[str, float]]) -> str | None:
        """Whose turn it is among (model, weight) pairs; weights of 0 never have one."""
        total = sum(weight for _, weight in weights)
        if total <= 0:
            return None
        self._current = {name: self._current.get(name, 0.0) + weight for name, weight in weights if weight > 0}
        chosen = max(self._current, key=lambda name: self._current[name])
        self._current[chosen] -= total
        return chosen


def chain_of(member: Member) -> tuple[str, ...]:
    """The models that may answer for this one, in order; a pin by hand comes first, whoever it is."""
    chain = (member.settings.id, *member.settings.fallbacks)
    if member.pinned_to is None:
        return chain
    return (member.pinned_to, *(name for name in chain if name != member.pinned_to))


def plan_for(member: Member, members: Mapping[str, Member], turns: WeightedTurns, now: float) -> Plan:
    """The plan for one operation. Fallback lists are not followed further than one step."""
    chain = chain_of(member)
    strategy = member.settings.strategy
    if strategy is Strategy.WEIGHTED:
        weighted = _weighted(chain, members, turns, now)
        pin = member.pinned_to
        chain = weighted if pin is None else (pin, *(name for name in weighted if name != pin))
    return Plan(member.settings.id, chain, strategy)


def _weighted(
    chain: tuple[str, ...], members: Mapping[str, Member], turns: WeightedTurns, now: float
) -> tuple[str, ...]:
    """The one whose turn it is, then the others by weight; who would refuse now has no turn."""
    weights = [(name, members[name].settings.weight) for name in chain]
    ready = [(name, weight) for name, weight in weights if members[name].would_admit(now)]
    first = turns.next(ready or weights)
    rest = sorted(
        ((name, weight) for name, weight in weights if name != first and weight > 0), key=lambda pair: -pair[1]
    )
    return (*(() if first is None else (first,)), *(name for name, _ in rest))


def serving_of(member: Member, members: Mapping[str, Member], now: float) -> str | None:
    """The model that answers this one's requests now: the first of its chain that admits a call."""
    for name in chain_of(member):
        candidate = members[name]
        is_weightless = member.settings.strategy is Strategy.WEIGHTED and candidate.settings.weight == 0
        if candidate.fault or (is_weightless and member.pinned_to != name):
            continue
        if candidate.would_admit(now):
            return name
    return None
