"""Random numbers that are the same on every supported Python: all are made from `Random.random()` by hand.

`random.gauss`, `expovariate`, `choices` and `shuffle` may draw differently in the next version; the stream of
`random()` under a seed is what the documentation promises.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")

_NEVER_ZERO = 2.0**-54
"""Half the smallest step of `random()`: keeps logarithms finite and moves nothing."""


class Dice:
    """One stream of chance for one purpose."""

    __slots__ = ("roll",)

    def __init__(self, seed: str, purpose: str) -> None:
        self.roll = Random(f"{seed}/{purpose}").random

    def exponential(self, mean: float) -> float:
        """A waiting time with this mean."""
        return -mean * math.log(self.roll() + _NEVER_ZERO)

    def log_normal(self, median: float, sigma: float) -> float:
        """A positive number with this median; `sigma` is of its logarithm (Box and Muller, 1958)."""
        radius = math.sqrt(-2.0 * math.log(self.roll() + _NEVER_ZERO))
        return median * math.exp(sigma * radius * math.cos(math.tau * self.roll()))

    def between(self, low: float, high: float) -> float:
        """A number from `low` up to `high`, each as likely."""
        return low + (high - low) * self.roll()

    def chance(self, share: float) -> bool:
        """Whether something happens that happens this often (0..1)."""
        return self.roll() < share

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely."""
        return items[int(self.roll() * len(items))]

    def weighted(self, items: Sequence[tuple[Item, float]]) -> Item:
        """One of the items, as likely as its weight says."""
        left = self.roll() * sum(weight for _, weight in items)
        for item, weight in items:
            left -= weight
            if left < 0:
                return item
        return items[-1][0]
