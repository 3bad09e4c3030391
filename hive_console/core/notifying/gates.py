"""When the news of a group may be told: what belongs together waits for its rest, and a storm for its digest."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hive_console.core.alert_settings import AlertSettings
from hive_console.core.notifying.ledger import Group

STORM: Group = ("", "")
"""The group of everything, while there is a storm."""

STORM_WINDOW = 60.0
"""Seconds over which new alerts are counted."""


@dataclass(slots=True)
class _Gate:
    opens_at: float | None = None
    opened_at: float | None = None


class Gates:
    """One gate a group; it opens `group_wait` after the first news, and not again within `group_interval`."""

    __slots__ = ("_gates", "_news", "_settings")

    def __init__(self, settings: AlertSettings) -> None:
        self._settings = settings
        self._gates: dict[Group, _Gate] = {}
        self._news: deque[float] = deque(maxlen=settings.storm_above + 1)

    def reconfigure(self, settings: AlertSettings) -> None:
        """Uses these settings from now on."""
        self._settings = settings
        self._news = deque(self._news, maxlen=settings.storm_above + 1)

    def count(self, now: float) -> None:
        """Another alert began to fire."""
        self._news.append(now)

    def is_storm(self, now: float) -> bool:
        """Whether more alerts began to fire within a minute than are told one by one."""
        return len(self._news) > self._settings.storm_above and now - self._news[0] < STORM_WINDOW

    def opens_at(self, group: Group, now: float, *, since: float | None = None) -> float:
        """When news of this group may be told, which the group has from now on.

        What is told in a storm has waited for its group already, and so has what is so since long before now: the
        engine was away, or it was quiet.
        """
        gate = self._gates.setdefault(group, _Gate())
        if gate.opens_at is None:
            waits_since = now if since is None else min(since, now)
            ready = now if group == STORM else max(now, waits_since + self._settings.group_wait)
            again = now if gate.opened_at is None else gate.opened_at + self._settings.group_interval
            gate.opens_at = max(ready, again)
        return gate.opens_at

    def opened(self, group: Group, now: float) -> None:
        """News of this group was told."""
        self._gates[group] = _Gate(opened_at=now)

    def forget(self, now: float) -> None:
        """Lets go of gates that would open for news as if they were new."""
        span = self._settings.group_interval
        for group, gate in list(self._gates.items()):
            is_idle = gate.opens_at is None or gate.opens_at < now - span
            if is_idle and (gate.opened_at is None or now - gate.opened_at > span):
                del self._gates[group]
