"""From what a recording tells of an instant to the view that screens draw, as if it had been published then.

What a recording does not tell (calls in flight, waits, in older ones the settings) is zero, empty or `None`, and
never made up. Charts end with the last whole window before the instant: a past that knows its future explains
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hive_console.core.configured import ModelSetup
from hive_console.core.events import Event
from hive_console.core.narration import narrate
from hive_console.core.past import Mark, Past, PastFleet, Stretch, TimeLine
from hive_console.core.rollup import Sums
from hive_console.core.snapshot import (
    SERIES_BUCKET,
    SERIES_LENGTH,
    BreakerView,
    HoldView,
    MetricsView,
    ModelView,
    RouteView,
)
from hive_console.core.states import ADMITTING, BreakerState, HoldKind, ModelStatus, Severity
from hive_console.core.store import FleetAt, Gap, ModelAt, Run
from hive_console.core.store import Series as SumSeries
from hive_console.core.weights import weight_of
from hive_console.core.window import WINDOW_SECONDS

NOT_RECORDED = "not recorded"
"""Said in place of a cause that the recording does not tell."""

MOST_MARKS = 400
"""Marks of a time line at most: more than a wide terminal has cells."""

_BUCKETS_A_MINUTE = 6

_US = 1_000_000

_LOUDNESS = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a store answered about one instant.

    Attributes:
        fleet: the states.
        charts: of each model, the sums of the windows of ten seconds in `chart_window`.
        recent: of each model, the sums of `recent_window`.
        totals: of each model, the sums since the engine of that time started.
        metrics: BIP-03's metrics since then.
    """

    fleet: FleetAt
    charts: Mapping[str, SumSeries] = field(default_factory=dict)
    recent: Mapping[str, Sums] = field(default_factory=dict)
    totals: Mapping[str, Sums] = field(default_factory=dict)
    metrics: MetricsView = field(default_factory=MetricsView)


def chart_window(at: float) -> Stretch:
    """The half hour of whole ten-second windows that ended by `at`."""
    end = math.floor(at / SERIES_BUCKET) * SERIES_BUCKET
    return end - SERIES_BUCKET * SERIES_LENGTH, end


def recent_window(at: float) -> Stretch:
    """The two minutes that p95 and error rate are told of, as the live ones are."""
    _, end = chart_window(at)
    return end - WINDOW_SECONDS, end


def fleet_of(reading: Reading, past: Past, *, sequence: int) -> PastFleet:
    """The view of the fleet as it was."""
    fleet = reading.fleet
    coarse = _coarse_minutes(reading.charts.values())
    models = tuple(_model(model, reading, coarse) for model in fleet.models)
    return PastFleet(
        sequence=sequence,
        at=fleet.at,
        started_at=fleet.at if fleet.started_at is None else fleet.started_at,
        models=models,
        is_degraded=fleet.is_degraded,
        level=fleet.level,
        degraded_since=fleet.degraded_since,
        available_share=_share(models) if fleet.available_share is None else fleet.available_share,
        degraded_threshold=0.0 if fleet.degraded_threshold is None else fleet.degraded_threshold,
        alerts=fleet.alerts,
        metrics=reading.metrics,
        environment=fleet.environment,
        holds=fleet.holds,
        silences=fleet.silences,
        channels=fleet.channels,
        routes=tuple(
            RouteView(route.name, route.primary, route.serving, route.strategy, (route.primary, *route.fallbacks))
            for route in fleet.routes
        ),
        past=past,
    )


def gap_words(gap: Gap | None) -> str:
    """Why the recording is not whole at an instant; empty where it is."""
    if gap is None:
        return ""
    lost = f", {gap.dropped} events lost" if gap.dropped else ""
    return f"{gap.cause.value}{lost}"


def time_line(
    window: Stretch, *, moved: Iterable[Event] = (), gaps: Iterable[Gap] = (), runs: Iterable[Run] = (), end: float
) -> TimeLine:
    """The line of a stretch of a recording.

    Args:
        window: the stretch.
        moved: what moved something in it, oldest first.
        gaps: stretches that are not whole.
        runs: lives of engines.
        end: when the recording ends: a run of which nobody knows the end lasts until then.
    """
    return TimeLine(
        begin=window[0],
        end=window[1],
        marks=_marks(window, moved),
        gaps=tuple((gap.begin, gap.end) for gap in gaps),
        runs=tuple((run.started, end if run.ended is None else run.ended) for run in runs),
    )


def _marks(window: Stretch, moved: Iterable[Event]) -> tuple[Mark, ...]:
    """The loudest of what lies within one of `MOST_MARKS` parts of the window, without what a log leaves out."""
    begin, end = window
    loudest: dict[int, Mark] = {}
    for event in moved:
        line = narrate(event)
        if line.is_routine:
            continue
        part = math.floor((event.at - begin) / (end - begin) * MOST_MARKS)
        known = loudest.get(part)
        if known is None or _LOUDNESS.index(line.severity) > _LOUDNESS.index(known[1]):
            loudest[part] = (event.at, line.severity)
    return tuple(loudest[part] for part in sorted(loudest))


def _model(model: ModelAt, reading: Reading, coarse: frozenset[int]) -> ModelView:
    at = reading.fleet.at
    points = _filled(reading.charts[model.model].points, coarse) if model.model in reading.charts else ()
    recent = reading.recent.get(model.model, Sums())
    totals = reading.totals.get(model.model, Sums())
    setup = ModelSetup() if model.setup is None else model.setup
    return ModelView(
        model_id=model.model,
        provider=setup.provider,
        status=ModelStatus.UNKNOWN if model.status is None else model.status,
        status_since=at if model.status_since is None else model.status_since,
        status_cause=NOT_RECORDED if model.status is None else model.status_cause,
        breaker=_breaker(model, setup, at),
        last_health_check=_last_check(model, reading, points),
        p95=_p95(recent),
        error_rate=_error_rate(recent),
        failure_count=recent.failed + recent.probes_failed,
        requests=totals.calls + totals.probes,
        max_in_flight=setup.max_in_flight,
        fault=model.fault,
        pinned_to=model.pinned_to,
        serving=model.serving,
        fallbacks=setup.fallbacks,
        strategy=setup.strategy,
        weight=_weight(model.model, setup.weight, reading.fleet.holds),
        availability=totals.available_ms / totals.known_ms if totals.known_ms else None,
        response_times=tuple(None if sums is None else _response_time(sums) for sums in points),
        error_rates=tuple(None if sums is None else _error_rate(sums) for sums in points),
        ramp=model.ramp,
        ejected_until=model.ejected_until,
        last_error=model.last_error,
        is_setup_known=model.setup is not None,
    )


def _last_check(model: ModelAt, reading: Reading, points: tuple[Sums | None, ...]) -> float | None:
    """When it was last probed, or the end of the last window with a judged call, which is a check as well."""
    judged = [place for place, sums in enumerate(points) if sums is not None and sums.calls > sums.neutral]
    if not judged:
        return model.last_check
    chart = reading.charts[model.model]
    ended = min(chart.begin + (judged[-1] + 1) * chart.step, reading.fleet.at)
    return ended if model.last_check is None else max(model.last_check, ended)


def _breaker(model: ModelAt, setup: ModelSetup, at: float) -> BreakerView:
    state = BreakerState.CLOSED if model.breaker is None else model.breaker
    return BreakerView(
        state=state,
        since=at if model.breaker_since is None else model.breaker_since,
        failure_threshold=setup.breaker_threshold,
        recovery_timeout=setup.recovery_timeout,
        # One that admits has counted on since it last moved, and nothing tells how far.
        consecutive_failures=0 if state in ADMITTING else model.consecutive_failures,
        is_count_known=state not in ADMITTING,
        last_failure_cause="" if state in ADMITTING else model.breaker_cause,
        open_until=model.open_until,
        is_frozen=model.is_frozen,
        frozen_until=model.frozen_until,
        is_known=model.breaker is not None,
    )


def _weight(model: str, otherwise: float, holds: Iterable[HoldView]) -> float:
    """The weight that a person had set, else that of the settings."""
    set_by_hand = (
        weight_of(hold.detail) for hold in holds if (hold.kind, hold.target) == (HoldKind.WEIGHTED, model)
    )
    return next((weight for weight in set_by_hand if weight is not None), otherwise)


def _share(models: tuple[ModelView, ...]) -> float:
    """Models that are not unavailable / all of them."""
    up = sum(1 for model in models if model.status is not ModelStatus.UNAVAILABLE)
    return up / len(models) if models else 1.0


def _response_time(sums: Sums) -> float | None:
    """Mean seconds of good answers, else of good probes, as the live charts have it."""
    answers = sums.calls - sums.failed - sums.neutral
    if answers > 0:
        return sums.latency_us / answers / _US
    probes = sums.probes - sums.probes_failed
    return sums.probe_us / probes / _US if probes > 0 else None


def _error_rate(sums: Sums) -> float | None:
    """Failures / what was judged, probes included."""
    judged = sums.calls - sums.neutral + sums.probes
    return (sums.failed + sums.probes_failed) / judged if judged > 0 else None


def _p95(sums: Sums) -> float | None:
    """Of good answers, no longer than the longest of them; probes are kept as a mean only, which is none."""
    found = sums.latency.quantile(0.95)
    if found is None or sums.latency_max_us is None:
        return found
    return min(found, sums.latency_max_us / _US)


def _coarse_minutes(charts: Iterable[SumSeries]) -> frozenset[int]:
    """Places at which a whole minute stands for its six windows: where no model has anything in the other five.

    Windows of ten seconds are kept for models with something to tell, and probes come every half minute; so a
    minute in which nobody has an inner window is one of which only the minute is left.
    """
    firsts: set[int] = set()
    inner: set[int] = set()
    for chart in charts:
        shift = round(chart.begin / SERIES_BUCKET)
        for place, sums in enumerate(chart.points):
            if sums is None:
                continue
            within = (shift + place) % _BUCKETS_A_MINUTE
            (inner if within else firsts).add(place - within)
    return frozenset(firsts - inner)


def _filled(points: tuple[Sums | None, ...], coarse: frozenset[int]) -> tuple[Sums | None, ...]:
    """The points with each minute's value in all of its windows, where only the minute is left."""
    filled = list(points)
    for first in coarse:
        for place in range(first + 1, min(first + _BUCKETS_A_MINUTE, len(filled))):
            filled[place] = points[first]
    return tuple(filled)
