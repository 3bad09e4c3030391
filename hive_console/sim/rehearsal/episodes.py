"""What can be wrong with models for a while, as data, and what of it holds for a model at a moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Trouble(Enum):
    """What a call meets; of troubles that overlap, the one that stands first here holds."""

    REFUSING = "refusing"  # no connection
    UNAVAILABLE = "unavailable"  # 503 to everybody
    HANGING = "hanging"  # the call is taken and never answered
    PARTIAL = "partial"  # a share of the calls fails
    LIMITED = "limited"  # most calls are answered with 429
    SLOW = "slow"  # every answer takes a multiple of its time


HARD = frozenset({Trouble.REFUSING, Trouble.UNAVAILABLE, Trouble.HANGING})
"""Troubles in which no call is answered."""

_RANK = {trouble: rank for rank, trouble in enumerate(Trouble)}


@dataclass(frozen=True, slots=True)
class Episode:
    """One thing that is wrong with some models for a while.

    Attributes:
        start: seconds after the beginning.
        end: when it is over.
        models: the ids of the models it hits.
        trouble: what their calls meet.
        strength: for `PARTIAL` the share of failing calls, for `SLOW` the factor, for `LIMITED` the seconds of
            Retry-After (0: the provider names no time); else 1.
        cause: in a few words, whose fault it is.
    """

    start: float
    end: float
    models: tuple[str, ...]
    trouble: Trouble
    strength: float = 1.0
    cause: str = ""


@dataclass(slots=True)
class _Course:
    """One model's weather: from each time on, the episode that holds; read forwards, so that a look is cheap."""

    times: list[float]
    holding: list[Episode | None]
    place: int = 0


class Sky:
    """Which episode holds for which model."""

    __slots__ = ("_courses", "episodes")

    def __init__(self, models: Sequence[str], episodes: Iterable[Episode]) -> None:
        self.episodes = tuple(sorted(episodes, key=lambda episode: (episode.start, episode.end)))
        self._courses = {model: _course(model, self.episodes) for model in models}

    def over(self, model: str, elapsed: float) -> Episode | None:
        """What is wrong with this model `elapsed` seconds after the beginning; an end is exclusive."""
        course = self._courses[model]
        times = course.times
        place = course.place
        if not (times[place] <= elapsed and (place + 1 == len(times) or elapsed < times[place + 1])):
            place = course.place = max(0, bisect_right(times, elapsed) - 1)
        return course.holding[place]

    def well_since(self, model: str, elapsed: float) -> float | None:
        """Since when nothing is wrong with this model; `None` while something is."""
        if self.over(model, elapsed) is not None:
            return None
        course = self._courses[model]
        return course.times[course.place]

    def hard_share(self, elapsed: float) -> float:
        """The share of models that answer no call, 0..1."""
        over = [self.over(model, elapsed) for model in self._courses]
        return sum(1 for episode in over if episode is not None and episode.trouble in HARD) / len(over)


def _course(model: str, episodes: Sequence[Episode]) -> _Course:
    own = [episode for episode in episodes if model in episode.models and episode.end > episode.start]
    times = sorted({0.0, *(edge for episode in own for edge in (episode.start, episode.end) if edge > 0)})
    holding: list[Episode | None] = []
    running: list[Episode] = []
    coming = 0
    for time in times:
        while coming < len(own) and own[coming].start <= time:
            running.append(own[coming])
            coming += 1
        running = [episode for episode in running if episode.end > time]
        holding.append(min(running, key=lambda episode: (_RANK[episode.trouble], -episode.strength), default=None))
    return _Course(times, holding)
