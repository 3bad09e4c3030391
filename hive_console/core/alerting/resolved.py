"""The latest resolved alerts: what the inbox shows, and what may fire anew as the same episode."""

from __future__ import annotations

from collections.abc import Iterator

from hive_console.core.alerting.identity import Key, key_of
from hive_console.core.snapshot import AlertView

KEPT_RESOLVED = 200
"""Resolved alerts that the inbox shows; the recorder keeps them all."""

MOST_RESOLVED = 10_000
"""Resolved alerts kept at most: those that may fire anew, or whose end is still to be told."""

SETTLING = 120.0
"""Seconds for which a resolved alert is kept at least, so that whoever tells of its end still finds it."""


class Resolved:
    """Resolved alerts by id and, the latest of each, by key."""

    __slots__ = ("_by_id", "_latest")

    def __init__(self) -> None:
        self._by_id: dict[str, AlertView] = {}
        self._latest: dict[Key, str] = {}

    def __iter__(self) -> Iterator[AlertView]:
        """The latest first."""
        return reversed(self._by_id.values())

    def get(self, alert_id: str) -> AlertView | None:
        """The resolved alert of this id."""
        return self._by_id.get(alert_id)

    def latest(self, key: Key) -> AlertView | None:
        """The one of this key that ended last."""
        alert_id = self._latest.get(key)
        return None if alert_id is None else self._by_id[alert_id]

    def add(self, alert: AlertView) -> None:
        """Takes one in that ended just now, or changes one."""
        self._by_id[alert.alert_id] = alert
        self._latest[key_of(alert)] = alert.alert_id

    def change(self, alert: AlertView) -> None:
        """Changes one that is here."""
        self._by_id[alert.alert_id] = alert

    def take_out(self, alert: AlertView) -> None:
        """Forgets one."""
        del self._by_id[alert.alert_id]
        if self._latest[key_of(alert)] == alert.alert_id:
            del self._latest[key_of(alert)]

    def forget_oldest(self, now: float, reopen_within: float) -> list[str]:
        """Forgets what is not shown and cannot fire anew; the ids of that."""
        stays = max(reopen_within, SETTLING)
        forgotten: list[str] = []
        while len(self._by_id) > KEPT_RESOLVED:
            oldest = next(iter(self._by_id.values()))
            if len(self._by_id) <= MOST_RESOLVED and now - ended_at(oldest) <= stays:
                break
            self.take_out(oldest)
            forgotten.append(oldest.alert_id)
        return forgotten


def ended_at(alert: AlertView) -> float:
    """When a resolved alert was resolved."""
    return alert.resolved_at or 0.0
