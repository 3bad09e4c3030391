"""Degraded mode of the whole fleet in levels: quick to begin, slow to end, one level at a time on the way back.

full       --(fewer usable models than the threshold)-->   reduced
reduced    --(fewer than half of it, for 2 s)-->            essential
essential  --(fewer than a quarter of it, for 2 s)-->       critical
any        --(enough models again, for 10 s)-->             the level before
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hive_console.core.events import DegradationChanged, DegradedModeEntered, DegradedModeLeft, Event
from hive_console.core.saved_state import Checks, is_instant, is_number, is_word_of, record_of
from hive_console.core.states import DegradationLevel, ModelStatus, Priority

HOLD = 10.0
"""Seconds the share must be good enough before a level is left."""

CONFIRMATION = 2.0
"""Seconds the share must be too low before a level that turns work away is entered: a blip sheds nothing."""

LEVELS = tuple(DegradationLevel)
"""From the best to the worst."""

PARTS = (1.0, 0.5, 0.25)
"""Parts of the threshold below which each level after the first begins."""


@dataclass(frozen=True, slots=True)
class LevelPlan:
    """What a level turns away and what it reduces.

    Attributes:
        sheds: priorities that are refused at the door.
        allows_copies: whether one operation may be sent to several models at once or hedged.
        caps_tokens: whether callers' limits of tokens are lowered.
    """

    sheds: frozenset[Priority] = frozenset()
    allows_copies: bool = True
    caps_tokens: bool = False


PLANS: Mapping[DegradationLevel, LevelPlan] = {
    DegradationLevel.FULL: LevelPlan(),
    DegradationLevel.REDUCED: LevelPlan(allows_copies=False),
    DegradationLevel.ESSENTIAL: LevelPlan(frozenset({Priority.BACKGROUND}), allows_copies=False, caps_tokens=True),
    DegradationLevel.CRITICAL: LevelPlan(
        frozenset({Priority.BACKGROUND, Priority.NORMAL}), allows_copies=False, caps_tokens=True
    ),
}
"""What the fleet still does at each level; every answer tells its level (`Provenance.level`)."""


_SAVED: Checks = {"level": is_word_of(DegradationLevel), "since": is_instant, "available_share": is_number}


class Degradation:
    """How much of the fleet can be used, and what follows from that.

    Attributes:
        threshold: share of usable models below which the fleet is degraded.
        available_share: models that are not unavailable / all models.
        level: how much of the service the fleet gives.
        plan: what that level sheds and reduces.
        since: when degraded mode began; `None` outside it.
    """

    __slots__ = ("_better_since", "_worse_since", "available_share", "level", "plan", "since", "threshold")

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.available_share = 1.0
        self.level = DegradationLevel.FULL
        self.plan = PLANS[DegradationLevel.FULL]
        self.since: float | None = None
        self._worse_since: float | None = None
        self._better_since: float | None = None

    @property
    def is_degraded(self) -> bool:
        """Whether degraded mode is on, at whatever level."""
        return self.level is not DegradationLevel.FULL

    @property
    def sheds(self) -> frozenset[Priority]:
        """Priorities that are turned away now.

        A level that is only held any more turns away no more than the present share means: the models are
        there again, and ten seconds of refusals would only lengthen the outage.
        """
        if self.level is DegradationLevel.FULL:
            return self.plan.sheds
        return PLANS[LEVELS[min(LEVELS.index(self.level), self._target())]].sheds

    def look(self, statuses: Iterable[ModelStatus], now: float) -> list[Event]:
        """Takes the statuses of all models; unchecked ones are given the benefit of the doubt."""
        listed = list(statuses)
        usable = sum(1 for status in listed if status is not ModelStatus.UNAVAILABLE)
        self.available_share = usable / len(listed) if listed else 1.0
        here, target = LEVELS.index(self.level), self._target()
        self._worse_since = (now if self._worse_since is None else self._worse_since) if target > here else None
        self._better_since = (now if self._better_since is None else self._better_since) if target < here else None
        if self._worse_since is not None and (here == 0 or now - self._worse_since >= CONFIRMATION):
            return self._move(here + 1, now)
        if self._better_since is not None and now - self._better_since >= HOLD:
            return self._move(here - 1, now)
        return []

    def save(self) -> dict[str, Any]:
        """The level and since when, as JSON values."""
        return {"level": self.level.value, "since": self.since, "available_share": self.available_share}

    def restore(self, saved: object, now: float, cause: str) -> list[Event]:
        """Takes what `save` gave before a restart, and tells a level that is not the full one; raises
        `UnreadableState`. A level that is no longer meant ends after its hold, as it always does.
        """
        record = record_of(saved, _SAVED)
        level = DegradationLevel(record["level"])
        if level is DegradationLevel.FULL:
            return []
        self.level, self.plan = level, PLANS[level]
        self.since = now if record["since"] is None else min(record["since"], now)
        self.available_share = share = record["available_share"]
        return [
            DegradationChanged(at=now, old=DegradationLevel.FULL, new=level, available_share=share, cause=cause)
        ]

    def _target(self) -> int:
        """The level that this share alone would mean."""
        return sum(self.available_share < self.threshold * part for part in PARTS)

    def _move(self, number: int, now: float) -> list[Event]:
        old, self.level = self.level, LEVELS[number]
        self.plan = PLANS[self.level]
        self._worse_since = now if self._target() > number else None
        self._better_since = now if self._target() < number else None
        changed = DegradationChanged(at=now, old=old, new=self.level, available_share=self.available_share)
        if old is DegradationLevel.FULL:
            self.since = now
            return [
                DegradedModeEntered(at=now, available_share=self.available_share, threshold=self.threshold),
                changed,
            ]
        if self.is_degraded or self.since is None:
            return [changed]
        lasted, self.since = now - self.since, None
        left = DegradedModeLeft(
            at=now, available_share=self.available_share, threshold=self.threshold, lasted=lasted
        )
        return [left, changed]
