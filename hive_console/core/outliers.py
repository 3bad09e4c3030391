"""Taking the odd one out of a pool: outlier ejection as Envoy does it (its "outlier detection", 2016..2025).

    consecutive failures, or a success rate far below the others'  -->  ejected
    ejected for base x (times it was), at most the longest          -->  back at the next sweep
    a passing health check                                          -->  back at once

A host that was ejected often stays out longer; each sweep that finds it well takes one off, so that one lucky
minute does not bring it back to the start. Not everybody may be ejected: the rest has to carry the load.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hive_console.core.errors import SettingsError

CONSECUTIVE_FAILURES = 5
"""Failures in a row that eject (Envoy's default)."""

BASE_EJECTION = 30.0
"""Seconds of the first ejection (Envoy's default)."""

MAX_EJECTION = 300.0
"""Seconds of the longest ejection (Envoy's default)."""

MAX_EJECTED = 0.1
"""Share of the pool that may be out at once (Envoy's default); one host always may."""

MIN_HOSTS = 5
"""Hosts with enough calls before they are compared (Envoy's default)."""

MIN_VOLUME = 100
"""Calls between two sweeps that make a host comparable (Envoy's default)."""

STDEV_FACTOR = 1.9
"""Standard deviations below the mean that make an outlier (Envoy's default)."""

_ROUNDING = 1e-9
"""What float rounding may take from a share: 29 % of 100 hosts are 29, not 28."""


@dataclass(frozen=True, slots=True)
class SuccessRatePolicy:
    """When a success rate is an outlier: below mean - factor x standard deviation of all comparable hosts.

    Attributes:
        min_hosts: comparable hosts it takes.
        min_volume: calls since the last sweep that make a host comparable.
        stdev_factor: see `STDEV_FACTOR`.
    """

    min_hosts: int = MIN_HOSTS
    min_volume: int = MIN_VOLUME
    stdev_factor: float = STDEV_FACTOR


@dataclass(frozen=True, slots=True)
class OutlierPolicy:
    """When hosts of a pool are ejected, and for how long.

    Attributes:
        consecutive_failures: failures in a row that eject; `None` for never.
        base_ejection: seconds of a host's first ejection; each further one is that much longer.
        max_ejection: seconds of the longest.
        max_ejected: share of the pool, 0..1, that may be out at once.
        always_eject_one: whether one host may be out even where that share is less than one host.
        enforcing: share of detections, 0..1, that eject; at 0 they are only counted (shadow mode).
        success_rate: how success rates are compared at each sweep; `None` for not at all.
    """

    consecutive_failures: int | None = CONSECUTIVE_FAILURES
    base_ejection: float = BASE_EJECTION
    max_ejection: float = MAX_EJECTION
    max_ejected: float = MAX_EJECTED
    always_eject_one: bool = True
    enforcing: float = 1.0
    success_rate: SuccessRatePolicy | None = None

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        if self.consecutive_failures is not None and self.consecutive_failures < 1:
            raise SettingsError("consecutiveFailures", f"is {self.consecutive_failures}; must be 1 or more")
        if self.base_ejection <= 0:
            raise SettingsError("baseEjection", f"is {self.base_ejection:g} s; must be more than 0")
        for name, share in (("maxEjected", self.max_ejected), ("enforcing", self.enforcing)):
            if not 0 <= share <= 1:
                raise SettingsError(name, f"is {share:g}; must be from 0 to 1")


@dataclass(frozen=True, slots=True)
class RateCheck:
    """What the last comparison of success rates found, in 0..1."""

    mean: float
    threshold: float


@dataclass(slots=True)
class _Host:
    calls: int = 0
    successes: int = 0
    failures_in_a_row: int = 0
    ejected_at: float | None = None
    multiplier: int = 0


class OutlierPool:
    """The hosts of one pool. Time and chance are arguments; ejections are returned.

    Attributes:
        detected: outliers found, ejected or not.
        ejections: ejections made.
        overflow: ejections not made because too many were out.
        last_rates: what the last sweep's comparison found; `None` when too few were comparable.
    """

    __slots__ = ("_hosts", "detected", "ejections", "last_rates", "overflow", "policy")

    def __init__(self, hosts: Sequence[str], policy: OutlierPolicy) -> None:
        self.policy = policy
        self._hosts = {name: _Host() for name in hosts}
        self.detected = 0
        self.ejections = 0
        self.overflow = 0
        self.last_rates: RateCheck | None = None

    def reshape(self, hosts: Sequence[str], policy: OutlierPolicy, *, kept: Collection[str]) -> None:
        """Has these hosts from now on, under this policy; what is known stays known of the kept ones."""
        self.policy = policy
        self._hosts = {name: self._hosts[name] if name in kept else _Host() for name in hosts}

    @property
    def ejected(self) -> tuple[str, ...]:
        """Who is out, in the order of the pool."""
        return tuple(name for name, host in self._hosts.items() if host.ejected_at is not None)

    def record(self, name: str, now: float, *, is_failure: bool, draw: float = 0.0) -> bool:
        """Counts one judged call; whether it ejected its host. What comes of an ejected host counts for nothing.

        Args:
            name: a host of the pool; `KeyError` for any other.
            now: when the call ended.
            is_failure: whether it failed.
            draw: a uniform random number in 0..1, for a policy that enforces a part.
        """
        host = self._hosts[name]
        if host.ejected_at is not None:
            return False
        host.calls += 1
        host.successes += not is_failure
        host.failures_in_a_row = host.failures_in_a_row + 1 if is_failure else 0
        if host.failures_in_a_row != self.policy.consecutive_failures:
            return False
        host.failures_in_a_row = 0
        return self._detect(host, now, draw)

    def sweep(self, now: float, draws: Sequence[float] = ()) -> tuple[str, ...]:
        """Ends ejections that are over, compares success rates, and forgets the calls since the last sweep.

        Args:
            now: when; Envoy sweeps every 10 s.
            draws: uniform random numbers in 0..1, one for each host found; missing ones are 0.

        Returns:
            the hosts ejected by it.
        """
        for host in self._hosts.values():
            if host.ejected_at is None:
                host.multiplier = max(0, host.multiplier - 1)
            elif now - host.ejected_at >= self._ejection_of(host):
                self._back(host)
        found = self._below_the_others()
        given = iter(draws)
        out = [name for name in found if self._detect(self._hosts[name], now, next(given, 0.0))]
        for host in self._hosts.values():
            host.calls = 0
            host.successes = 0
        return tuple(out)

    def health_passed(self, name: str) -> bool:
        """Ends a host's ejection early; whether it was ejected. How often it was stays in mind."""
        host = self._hosts[name]
        if host.ejected_at is None:
            return False
        self._back(host)
        return True

    def ejected_until(self, name: str) -> float | None:
        """From when on a sweep ends this host's ejection; `None` when it is not ejected."""
        host = self._hosts[name]
        return None if host.ejected_at is None else host.ejected_at + self._ejection_of(host)

    def save(self, name: str) -> dict[str, Any] | None:
        """Since when a host is out and how often it was, as JSON values; `None` when there is nothing to tell."""
        host = self._hosts[name]
        if host.ejected_at is None and not host.multiplier:
            return None
        return {"at": host.ejected_at, "multiplier": host.multiplier}

    def restore(self, name: str, saved: Mapping[str, Any], now: float) -> None:
        """Takes what `save` gave before a restart; an ejection that ran out meanwhile is over."""
        host = self._hosts[name]
        host.multiplier = saved["multiplier"]
        at = saved["at"]
        if at is not None and now < min(at, now) + self._ejection_of(host):
            host.ejected_at = min(at, now)

    def _detect(self, host: _Host, now: float, draw: float) -> bool:
        self.detected += 1
        if draw >= self.policy.enforcing:
            return False
        out = len(self.ejected)
        may_be_first = out == 0 and self.policy.always_eject_one
        if not may_be_first and out + 1 > self.policy.max_ejected * len(self._hosts) + _ROUNDING:
            self.overflow += 1
            return False
        self.ejections += 1
        host.ejected_at = now
        # It grows no further than the longest ejection needs, or a host would take hours of health to forget it.
        if self.policy.base_ejection * host.multiplier < self._longest:
            host.multiplier += 1
        return True

    @property
    def _longest(self) -> float:
        return max(self.policy.base_ejection, self.policy.max_ejection)

    def _ejection_of(self, host: _Host) -> float:
        return min(self.policy.base_ejection * host.multiplier, self._longest)

    def _back(self, host: _Host) -> None:
        host.ejected_at = None
        host.failures_in_a_row = 0

    def _below_the_others(self) -> list[str]:
        """Who has a success rate below the threshold, in the order of the pool; notes mean and threshold."""
        self.last_rates = None
        policy = self.policy.success_rate
        if policy is None:
            return []
        rates = {
            name: host.successes / host.calls
            for name, host in self._hosts.items()
            if host.ejected_at is None and host.calls >= max(1, policy.min_volume)
        }
        if not rates or len(rates) < policy.min_hosts:
            return []
        mean = sum(rates.values()) / len(rates)
        stdev = math.sqrt(sum((rate - mean) ** 2 for rate in rates.values()) / len(rates))
        self.last_rates = RateCheck(mean, mean - policy.stdev_factor * stdev)
        return [name for name, rate in rates.items() if rate < self.last_rates.threshold]
