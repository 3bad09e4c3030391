"""In which order the models of a chain are asked, explainable: weights and shares without dice, `fastest` with
draws that come in as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hive_console.core.member import Member
from hive_console.core.route import Route
from hive_console.core.settings import Strategy

Members = Mapping[str, Member]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is asked for one operation.

    Attributes:
        requested: the model the caller asked for; of a route its primary.
        candidates: in the order they are asked; under `parallel` all at once, or staggered.
        strategy: how they are asked.
        hedge_after: seconds between two starts under `parallel`; `None` waits for a p95.
        passed_over: why the requested model is not asked first although it would admit a call; empty when it is
            asked, refuses, or has no turn by its weight.
    """

    requested: str
    candidates: tuple[str, ...]
    strategy: Strategy
    passed_over: str = ""
    hedge_after: float | None = 0.0


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


def chain_of(route: Route, members: Members) -> tuple[str, ...]:
    """The models that may answer on this route, in order; whom an operator sent its traffic to comes first."""
    pin = members[route.primary].pinned_to
    return route.chain if pin is None else _behind(pin, route.chain)


def strategy_for(route: Route, wish: Strategy | None, members: Members, *, may_copy: bool) -> Strategy:
    """How the candidates of one operation are used: the caller's wish, else the route's own way.

    What cannot be had is done one after the other: copies of a request that may be sent only once, and turns by
    weight where nobody has any.
    """
    strategy = route.strategy if wish is None else wish
    match strategy:
        case Strategy.PARALLEL if not may_copy:
            return Strategy.SEQUENTIAL
        case Strategy.WEIGHTED if not any(members[name].weight for name in route.chain):
            return Strategy.SEQUENTIAL
        case _:
            return strategy


def plan_for(
    route: Route,
    members: Members,
    turns: WeightedTurns,
    now: float,
    *,
    draws: tuple[float, float] = (0.0, 0.0),
    strategy: Strategy | None = None,
) -> Plan:
    """The plan for one operation. Fallback lists are not followed further than one step.

    Args:
        route: what is asked for.
        members: everybody.
        turns: this route's weighted turns.
        now: the time.
        draws: two uniform random numbers in 0..1, for `fastest`.
        strategy: how the candidates are used; `None` takes the route's.
    """
    member = members[route.primary]
    pin = member.pinned_to
    chain = route.chain if pin is None else _behind(pin, route.chain)
    if strategy is None:
        strategy = route.strategy
    if strategy is Strategy.WEIGHTED:
        chain = _behind(pin, _weighted(chain, members, turns, now))
    elif strategy is Strategy.FASTEST:
        chain = _behind(pin, _fastest(chain, members, now, draws))
    passed_over = ""
    # Under weights the part is in the weight already.
    if strategy is not Strategy.WEIGHTED and _has_partial(chain, members):
        asked_first = chain[0]
        chain = _parted(chain, members, now, pin=pin)
        if asked_first == route.primary != chain[0] and member.would_admit(now):
            passed_over = "recovering" if member.ramp is not None else "failed lately"
    return Plan(route.primary, chain, strategy, passed_over, route.hedge_after)


def _has_partial(chain: tuple[str, ...], members: Members) -> bool:
    for name in chain:  # noqa: SIM110 - every operation asks, and a generator costs more than all the rest
        if members[name].part < 1:
            return True
    return False


def effective_weight(member: Member) -> float:
    """Weight × the part that a recovering or suspect model gets × free places / places: its turns."""
    headroom = max(0.0, 1.0 - member.in_flight / member.places)
    return member.weight * member.part * headroom


def serving_of(route: Route, members: Members, now: float, *, is_plain: bool = False) -> str | None:
    """The model that answers this route's requests now: the first of its chain that admits a call.

    A recovering model gets a part only, so its traffic still counts as the other's. `is_plain` says that the chain
    is gone down in order, whatever strategy it has.
    """
    partly: str | None = None
    pin = members[route.primary].pinned_to
    for name in chain_of(route, members):
        candidate = members[name]
        is_weightless = not is_plain and route.strategy is Strategy.WEIGHTED and candidate.weight == 0
        if candidate.fault or (is_weightless and pin != name):
            continue
        if not candidate.would_admit(now):
            continue
        if candidate.share >= 0.5:
            return name
        partly = partly or name
    return partly


def _behind(pin: str | None, chain: tuple[str, ...]) -> tuple[str, ...]:
    return chain if pin is None else (pin, *(name for name in chain if name != pin))


def _weighted(chain: tuple[str, ...], members: Members, turns: WeightedTurns, now: float) -> tuple[str, ...]:
    """The one whose turn it is, then the others by weight; who would refuse now has no turn."""
    weights = [(name, members[name].weight) for name in chain]
    ready = [(name, effective_weight(members[name])) for name in chain if members[name].would_admit(now)]
    first = turns.next(ready) or turns.next(weights)
    rest = sorted(
        ((name, weight) for name, weight in weights if name != first and weight > 0), key=lambda pair: -pair[1]
    )
    return (*(() if first is None else (first,)), *(name for name, _ in rest))


def _fastest(chain: tuple[str, ...], members: Members, now: float, draws: tuple[float, float]) -> tuple[str, ...]:
    """The better of two that would admit a call (Mitzenmacher, 2001), then the others from fast to slow."""
    ready = [name for name in chain if members[name].would_admit(now)]
    rest = [name for name in chain if name not in ready]
    if len(ready) < 2:
        return (*ready, *rest)
    first = int(draws[0] * len(ready)) % len(ready)
    second = (first + 1 + int(draws[1] * (len(ready) - 1)) % (len(ready) - 1)) % len(ready)
    pair = sorted((first, second))  # of two alike the earlier of the chain
    chosen = min((ready[index] for index in pair), key=lambda name: _score(members[name]))
    others = sorted((name for name in ready if name != chosen), key=lambda name: _score(members[name]))
    return (chosen, *others, *rest)


def _score(member: Member) -> float:
    return member.record.ewma.score(member.in_flight)


def _parted(chain: tuple[str, ...], members: Members, now: float, *, pin: str | None) -> tuple[str, ...]:
    """Behind those that are ready: recovering and suspect models whose turn it is not. Each is asked once an
    operation, and only while somebody else can serve, so that its share is exact. Whom an operator chose gets
    everything.
    """
    whole = [name for name in chain if members[name].part == 1]
    if not any(members[name].would_admit(now) for name in whole):
        return chain
    partly = [name for name in chain if name not in whole and name != pin]
    waiting = [name for name in partly if not members[name].takes_its_share()]
    return (*(name for name in chain if name not in waiting), *waiting)
