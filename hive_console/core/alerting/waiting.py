"""Conditions that hold, but not for long enough yet to be alerts (`Rule.wait`, Prometheus' `for`)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hive_console.core.alerting.identity import Key, key_of
from hive_console.core.alerting.rules import Rule
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.alerting.timers import Timers
from hive_console.core.snapshot import PendingView

MOST_PENDING = 10_000
"""Conditions that wait to become alerts, at a time."""

SHOWN_PENDING = 200
"""Pending conditions that are shown: those first that fire first."""

CONFIRM_WITHIN = 60.0
"""Seconds after a restart within which a condition that was pending must be seen again, or it is forgotten."""


@dataclass(slots=True)
class Pending:
    """A condition that holds, but not for long enough yet.

    Attributes:
        seen: what was last said of it.
        rule: its rule as it is in force.
        since: since when it holds.
        is_confirmed: whether it was seen since this run began.
    """

    seen: Sighting
    rule: Rule
    since: float
    is_confirmed: bool = True

    @property
    def fires_at(self) -> float:
        """When it becomes an alert."""
        return self.since + self.rule.wait


class Waiting:
    """All pending conditions.

    Attributes:
        version: moves when one comes, goes, or fires at another time.
    """

    __slots__ = ("_pending", "_timers", "version")

    def __init__(self) -> None:
        self._pending: dict[Key, Pending] = {}
        self._timers: Timers[Key] = Timers()
        self.version = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._pending)

    def __iter__(self) -> Iterator[Pending]:
        """In the order in which they came."""
        return iter(self._pending.values())

    def see(self, seen: Sighting, rule: Rule, now: float) -> bool:
        """Has a condition wait, or go on waiting; whether there was room."""
        key = key_of(seen)
        pending = self._pending.get(key)
        if pending is None:
            if len(self._pending) >= MOST_PENDING:
                return False
            self._set(key, Pending(seen, rule, now))
            return True
        pending.seen = seen
        if not pending.is_confirmed or rule.wait != pending.rule.wait:
            pending.is_confirmed = True
            pending.rule = rule
            self._set(key, pending)
        return True

    def drop(self, key: Key) -> None:
        """The condition does not hold any more, or fires."""
        if self._pending.pop(key, None) is not None:
            self._timers.drop(key)
            self.version += 1

    def due(self, now: float) -> list[Pending]:
        """Takes out those that have waited for long enough; those are left out that nobody has seen in this run."""
        over: list[Pending] = []
        while (key := self._timers.due(now)) is not None:
            over.append(self._pending.pop(key))
        self.version += len(over)
        return [pending for pending in over if pending.is_confirmed]

    def next_at(self) -> float | None:
        """When one fires next."""
        return self._timers.next()

    def reconfigure(self, rule_of: Callable[[Sighting], Rule]) -> None:
        """Has all wait by their rules as they are now, from their own beginning."""
        for key, pending in self._pending.items():
            pending.rule = rule_of(pending.seen)
            if pending.is_confirmed:
                self._set(key, pending)

    def restore(self, seen: Sighting, rule: Rule, since: float, now: float) -> None:
        """Takes back a condition that waited before a restart, if its time was not over long ago.

        It fires once it is seen again, by the time it began; how it fared during a long stop nobody knows.
        """
        pending = Pending(seen, rule, min(since, now), is_confirmed=False)
        if pending.fires_at + CONFIRM_WITHIN >= now and len(self._pending) < MOST_PENDING:
            key = key_of(seen)
            self._pending[key] = pending
            self._timers.set(key, max(pending.fires_at, now + CONFIRM_WITHIN))
            self.version += 1

    def views(self) -> tuple[PendingView, ...]:
        """Those that fire next, the first first; at most `SHOWN_PENDING`."""
        first = heapq.nsmallest(SHOWN_PENDING, self._pending.values(), key=_soonest)
        return tuple(
            PendingView(one.seen.rule, one.seen.subject, one.seen.text, one.since, one.fires_at, one.seen.name)
            for one in first
        )

    def _set(self, key: Key, pending: Pending) -> None:
        self._pending[key] = pending
        self._timers.set(key, pending.fires_at)
        self.version += 1


def _soonest(pending: Pending) -> tuple[float, float]:
    return pending.fires_at, pending.since
