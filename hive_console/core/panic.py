"""Whom to ask when few are healthy: the panic threshold, and the gradual spill to the next level (Envoy)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

PANIC_THRESHOLD = 0.5
"""Share of available hosts below which health is no longer believed (Envoy's default): when most look dead,
the looking is the likelier fault, and the few left would drown in what the others had."""

OVERPROVISIONING = 1.4
"""How much more than its share a level carries before traffic spills (Envoy's default): it stays whole down
to 72 % of its hosts."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """Who may be asked.

    Attributes:
        hosts: in the order given; empty when nobody is.
        is_panic: whether health was left out of account.
    """

    hosts: tuple[str, ...]
    is_panic: bool


def eligible(hosts: Sequence[str], available: Collection[str], threshold: float = PANIC_THRESHOLD) -> Eligible:
    """The available hosts; below the threshold all of them.

    Args:
        hosts: everybody, in order.
        available: who is healthy; names that are no hosts count for nothing.
        threshold: a share, 0..1; exactly at it there is no panic, and 0 means never.
    """
    healthy = tuple(host for host in hosts if host in available)
    if len(healthy) < threshold * len(hosts):
        return Eligible(tuple(hosts), is_panic=True)
    return Eligible(healthy, is_panic=False)


def graded_load(healthy_shares: Sequence[float], overprovisioning: float = OVERPROVISIONING) -> tuple[float, ...]:
    """The share of traffic, 0..1, that each level carries; they add up to 1.

    Each level carries min(1, overprovisioning x its healthy share) of what the levels before it left; when
    all together cannot carry everything, each carries the same part more (Envoy, "Priority levels"). With
    nobody healthy the first level has it all.

    Args:
        healthy_shares: the healthy share of each level's hosts, 0..1, the preferred level first.
        overprovisioning: see `OVERPROVISIONING`.
    """
    able = [min(1.0, overprovisioning * share) for share in healthy_shares]
    total = min(1.0, sum(able))
    if total <= 0:
        return tuple(1.0 if level == 0 else 0.0 for level in range(len(able)))
    loads: list[float] = []
    left = 1.0
    for health in able:
        load = min(left, health / total)
        loads.append(load)
        left -= load
    return tuple(loads)
