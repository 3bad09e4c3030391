"""Degraded mode of the whole fleet, with a hold on the way out so that it does not flicker."""

from __future__ import annotations

from collections.abc import Iterable

from hive_console.core.events import DegradedModeEntered, DegradedModeLeft, Event
from hive_console.core.states import ModelStatus

HOLD = 10.0
"""Seconds the share must stay at or above the threshold before degraded mode is left."""


class Degradation:
    """Whether fewer models than the threshold can be used."""

    __slots__ = ("_well_since", "available_share", "since", "threshold")

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.available_share = 1.0
        self.since: float | None = None
        self._well_since: float | None = None

    @property
    def is_degraded(self) -> bool:
        """Whether degraded mode is on."""
        return self.since is not None

    def look(self, statuses: Iterable[ModelStatus], now: float) -> list[Event]:
        """Takes the statuses of all models; unchecked ones are given the benefit of the doubt."""
        listed = list(statuses)
        usable = sum(1 for status in listed if status is not ModelStatus.UNAVAILABLE)
        self.available_share = usable / len(listed) if listed else 1.0
        if self.available_share < self.threshold:
            self._well_since = None
            return self._enter(now)
        if self.since is None:
            return []
        if self._well_since is None:
            self._well_since = now
        return self._leave(now, self.since) if now - self._well_since >= HOLD else []

    def _enter(self, now: float) -> list[Event]:
        if self.since is not None:
            return []
        self.since = now
        return [DegradedModeEntered(at=now, available_share=self.available_share, threshold=self.threshold)]

    def _leave(self, now: float, since: float) -> list[Event]:
        self.since = None
        self._well_since = None
        return [
            DegradedModeLeft(
                at=now, available_share=self.available_share, threshold=self.threshold, lasted=now - since
            )
        ]
