"""How many extra calls a chain may make: retries, hedges and the extras of a race share one budget.

Without one, retries multiply exactly when a provider is weakest: three retries on each of three models are
twelve calls for one. Two rules, for two moments: a share of the operations of the last seconds (Finagle,
M. Fowler and others, 2016), and a share of what is in flight at once (failsafe-go, 2025).
"""

from __future__ import annotations

import math

from hive_console.core.errors import SettingsError
from hive_console.core.rolling import RollingCounts

RATIO = 0.2
"""Extra calls per operation (Finagle's and failsafe-go's default)."""

TTL = 10.0
"""Seconds an operation counts for (Finagle's default)."""

FLOOR = 3
"""Extra calls per `TTL` that are always granted: with few operations 20 % would be none (failsafe-go's 3)."""

_ROUNDING = 1e-9
"""What float rounding may take from a share: 29 % of 100 must be 29, not 28."""


class RetryBudget:
    """A share of the operations of the last seconds, with a floor.

    Granted within any `ttl`: at most max(floor, ratio x operations) + min_per_second x ttl.
    """

    __slots__ = ("_counts", "floor", "min_per_second", "ratio")

    def __init__(
        self, ratio: float = RATIO, ttl: float = TTL, *, floor: int = FLOOR, min_per_second: float = 0.0
    ) -> None:
        """Makes an unspent budget.

        Args:
            ratio: extra calls per operation, 0 or more.
            ttl: seconds an operation, and an extra call, counts for.
            floor: extra calls per `ttl` that are granted however few operations there are.
            min_per_second: a reserve beside the share (Finagle's `minRetriesPerSec`; its default is 10).
        """
        for name, value in (("ratio", ratio), ("floor", floor), ("minPerSecond", min_per_second)):
            if value < 0:
                raise SettingsError(name, f"is {value:g}; must be 0 or more")
        if ttl <= 0:
            raise SettingsError("ttl", f"is {ttl:g} s; must be more than 0")
        self.ratio = ratio
        self.floor = floor
        self.min_per_second = min_per_second
        self._counts = RollingCounts(ttl)

    def deposit(self, now: float, count: int = 1) -> None:
        """Counts operations, each once, however many calls it makes."""
        self._counts.add(now, first=count)

    def withdraw(self, now: float, count: int = 1) -> int:
        """Takes up to `count` extra calls; how many were granted."""
        granted = min(count, self.balance(now))
        if granted > 0:
            self._counts.add(now, second=granted)
        return granted

    def balance(self, now: float) -> int:
        """Extra calls that would be granted now."""
        operations, extras = self._counts.read(now)
        share = max(float(self.floor), self.ratio * operations)
        reserve = self.min_per_second * self._counts.seconds
        return max(0, math.floor(share + reserve + _ROUNDING) - extras)


class InFlightBudget:
    """A share of the calls in flight, extras included; looked at before an extra is added, as failsafe-go does.

    So at 50 %, with one call and its one extra under way, another extra is granted, and a third is not.

    Attributes:
        in_flight: calls under way, extras included.
        extras: extras under way.
    """

    __slots__ = ("extras", "in_flight", "max_rate", "min_concurrency")

    def __init__(self, max_rate: float = RATIO, min_concurrency: int = FLOOR) -> None:
        if not 0 <= max_rate <= 1:
            raise SettingsError("maxRate", f"is {max_rate:g}; must be from 0 to 1")
        if min_concurrency < 0:
            raise SettingsError("minConcurrency", f"is {min_concurrency}; must be 0 or more")
        self.max_rate = max_rate
        self.min_concurrency = min_concurrency
        self.in_flight = 0
        self.extras = 0

    def begin(self) -> None:
        """Counts a first call as under way; it needs no grant."""
        self.in_flight += 1

    def end(self) -> None:
        """Counts a first call as over."""
        self.in_flight = max(self.extras, self.in_flight - 1)

    def acquire(self) -> bool:
        """Whether an extra may be sent; if so it is counted until `release`."""
        is_share_taken = self.extras > self.max_rate * self.in_flight + _ROUNDING
        if self.extras >= self.min_concurrency and (is_share_taken or self.in_flight == 0):
            return False
        self.extras += 1
        self.in_flight += 1
        return True

    def release(self) -> None:
        """Counts an extra as over; more releases than grants count for nothing."""
        if self.extras > 0:
            self.extras -= 1
            self.in_flight -= 1
