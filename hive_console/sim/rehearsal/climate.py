"""Weather drawn from a seed: when which models get into which trouble, and for how long.

What is believed and where from: a timeline of a large provider's API incidents of 2026 holds 50 merged incidents
in 51.8 days, about one a day, with a median of about half an hour and a few that take most of a day. Status pages
say "elevated errors" far more often than "down". That much is measured; gaps and durations are drawn log-normal
because that has the long tail such timelines show. The shares of the kinds of trouble, and how often providers fail
together, are assumed: no public data set tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from hive_console.core.settings import Settings
from hive_console.sim.rehearsal.dice import Dice
from hive_console.sim.rehearsal.episodes import Episode, Trouble

HOUR = 3600.0
DAY = 24 * HOUR

INCIDENT_GAP = 16 * HOUR
"""Median time between two incidents of a provider; with `GAP_SIGMA` the mean is 24 h: one a day."""

GAP_SIGMA = 0.9
"""Of the logarithm of gaps: incidents come in clusters, and weeks go by without any."""

INCIDENT_LENGTH = 0.5 * HOUR
"""Median duration of an incident."""

LENGTH_SIGMA = 1.1
"""Of the logarithm of durations: one incident in ten takes longer than two hours."""

SHORTEST = 20.0
"""Seconds an incident takes at least: what is shorter reaches no status page and is chance in single calls."""

LONGEST = 12 * HOUR
"""No incident is longer: beyond that an operator has changed the settings."""

KINDS: tuple[tuple[Trouble, float], ...] = (
    (Trouble.PARTIAL, 0.45),
    (Trouble.SLOW, 0.20),
    (Trouble.LIMITED, 0.12),
    (Trouble.UNAVAILABLE, 0.12),
    (Trouble.REFUSING, 0.06),
    (Trouble.HANGING, 0.05),
)
"""Assumed shares of what an incident is: "elevated errors" first, a complete outage in about one of four."""

ONE_MODEL = 0.6
"""Assumed share of incidents that hit one model of a provider and not all of them."""

FAILING_SHARES = (0.05, 0.6)
"""Share of calls that fail in a partial incident, between these."""

SLOW_FACTORS = (2.0, 8.0)
"""How many times as long answers take in a slow-down, between these."""

RETRY_AFTERS: tuple[tuple[float, float], ...] = ((0.0, 0.4), (2.0, 0.3), (10.0, 0.2), (60.0, 0.1))
"""Seconds of Retry-After and how often they come; 0 is a 429 that names no time."""

SHARED_GAP = 20 * DAY
"""Median time between two causes that hit two providers together (a shared cloud, CDN or DNS); mean 30 days."""

SHARED_LENGTH = 20 * 60.0
"""Median duration of such a cause: many people work on it."""

REGION_GAP = 40 * DAY
"""Median time between two losses of a region; mean 60 days."""

REGION_LENGTH = 40 * 60.0
"""Median duration of a lost region."""

REGIONS = 2
"""Each provider's models are spread over so many regions by turns, as settings do not name regions."""


def draw_weather(settings: Settings, seed: str, length: float, *, storm: float = 1.0) -> tuple[Episode, ...]:
    """All episodes of the first `length` seconds. The same seed gives the same weather on every Python.

    Args:
        settings: whose models and providers.
        seed: of the whole rehearsal.
        length: seconds.
        storm: how many times as often something begins to go wrong; durations stay as they are.
    """
    providers = providers_of(settings)
    episodes: list[Episode] = []
    for provider, models in providers.items():
        sky = _Series(Dice(seed, f"weather/{provider}"), length, storm)
        episodes += _incidents(sky, provider, models)
    episodes += _shared(_Series(Dice(seed, "weather/shared"), length, storm), providers)
    episodes += _region_losses(_Series(Dice(seed, "weather/region"), length, storm), providers)
    return tuple(sorted(episodes, key=lambda episode: (episode.start, episode.end, episode.models)))


def providers_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The models of each provider, in the order of the settings."""
    providers: dict[str, tuple[str, ...]] = {}
    for model in settings.models:
        providers[model.provider] = (*providers.get(model.provider, ()), model.id)
    return providers


@dataclass(frozen=True, slots=True)
class _Series:
    """Episodes of one kind, one after the other.

    Attributes:
        dice: their chance.
        length: seconds after which none begins.
        storm: by which gaps are divided.
    """

    dice: Dice
    length: float
    storm: float

    def draw(self, make: Callable[[float, float], Episode], *, gap: float, lasts: float) -> list[Episode]:
        """Log-normal gaps and durations; the first gap is cut anywhere, as time began before us."""
        episodes: list[Episode] = []
        start = self._gap(gap) * self.dice.roll()
        while start < self.length:
            took = min(LONGEST, max(SHORTEST, self.dice.log_normal(lasts, LENGTH_SIGMA)))
            episodes.append(make(start, start + took))
            start += took + self._gap(gap)
        return episodes

    def _gap(self, median: float) -> float:
        return self.dice.log_normal(median, GAP_SIGMA) / self.storm


def _incidents(series: _Series, provider: str, models: Sequence[str]) -> list[Episode]:
    dice = series.dice

    def incident(start: float, end: float) -> Episode:
        hit = (dice.pick(models),) if dice.chance(ONE_MODEL) else tuple(models)
        trouble = dice.weighted(KINDS)
        return Episode(start, end, hit, trouble, _strength(dice, trouble), f"incident at {provider}")

    return series.draw(incident, gap=INCIDENT_GAP, lasts=INCIDENT_LENGTH)


def _shared(series: _Series, providers: dict[str, tuple[str, ...]]) -> list[Episode]:
    dice = series.dice
    pairs = list(combinations(providers, 2))
    if not pairs:
        return []

    def cause(start: float, end: float) -> Episode:
        first, second = dice.pick(pairs)
        trouble = Trouble.REFUSING if dice.chance(0.5) else Trouble.UNAVAILABLE
        return Episode(
            start, end, (*providers[first], *providers[second]), trouble, 1.0, f"{first} and {second} together"
        )

    return series.draw(cause, gap=SHARED_GAP, lasts=SHARED_LENGTH)


def _region_losses(series: _Series, providers: dict[str, tuple[str, ...]]) -> list[Episode]:
    dice = series.dice
    regions = [
        tuple(
            model
            for models in providers.values()
            for place, model in enumerate(models)
            if place % REGIONS == region
        )
        for region in range(REGIONS)
    ]
    if not all(regions):
        return []  # a fleet with one model a provider lives in one region: losing it would be losing everything

    def loss(start: float, end: float) -> Episode:
        region = int(dice.roll() * REGIONS)
        return Episode(start, end, regions[region], Trouble.REFUSING, 1.0, f"region {region + 1} lost")

    return series.draw(loss, gap=REGION_GAP, lasts=REGION_LENGTH)


def _strength(dice: Dice, trouble: Trouble) -> float:
    match trouble:
        case Trouble.PARTIAL:
            return dice.between(*FAILING_SHARES)
        case Trouble.SLOW:
            return dice.between(*SLOW_FACTORS)
        case Trouble.LIMITED:
            return dice.weighted(RETRY_AFTERS)
        case Trouble.REFUSING | Trouble.UNAVAILABLE | Trouble.HANGING:
            return 1.0
