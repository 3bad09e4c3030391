"""An incident report as data: what a recording told of a window, weighed. `core.report_page` makes a page of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hive_console.core.alerts_found import AlertsFound
from hive_console.core.events import OperatorActed
from hive_console.core.metrics import metrics_of
from hive_console.core.outages import Outage
from hive_console.core.rollup import Sums
from hive_console.core.snapshot import AlertView, MetricsView
from hive_console.core.states import ModelStatus
from hive_console.core.store import FleetAt, Gap, Run, Series
from hive_console.core.success import BY_BIP_03, Goal, SuccessReport, Target
from hive_console.core.summary_lines import SummaryLine

MODELS_TOLD = 20
"""Models in the table; the others are counted."""

MODELS_IN_DETAIL = 8
"""Models of which before, during and after are told: those that were down longest."""

OUTAGES_IN_DETAIL = 3
"""Outages of one of them that "during" is made of: the longest."""

AROUND = 1_800.0
"""Seconds before an outage and after it at most that it is compared with."""

ACTS_TOLD, ALERTS_TOLD, GAPS_TOLD, OUTAGES_TOLD = 100, 100, 50, 100

CHART_COLUMNS = 60
"""Columns of a chart at most, so that a page fits 80."""

STEPS = (10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 604_800, 2_592_000)
"""Seconds of a column: windows that the recording keeps, or a whole number of them."""

_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was asked about a model that was down: its sums before the first outage, in the longest, after the last.

    Attributes:
        before: `None` where nothing is known.
        during: likewise.
        after: likewise; and while it is still down.
        stand_in: the model that answered in its place in the longest outage.
        stand_in_sums: what that one did meanwhile.
    """

    before: Sums | None = None
    during: Sums | None = None
    after: Sums | None = None
    stand_in: str = ""
    stand_in_sums: Sums | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a store answered about a window.

    Attributes:
        begin: Unix seconds.
        end: Unix seconds.
        models: the models that were asked for; empty for all.
        fleet: the fleet as it was at the end.
        outages: that touch the window, in the order they began.
        outages_forgotten: that found no room.
        lines: what mattered.
        lines_left_out: what found no room.
        degraded_for: seconds in degraded mode.
        acts: the newest deeds of operators, with what became of each.
        acts_counted: how many there were.
        alerts: the newest that fired, newest first.
        alerting: how alerts, notices and silences fared.
        gaps: stretches that are not whole.
        runs: lives of engines that touch the window.
        totals: the sums of each model.
        compared: of the models that were down longest.
        charts: the sums of each model in steps, without latencies.
        success: BIP-03's success metrics; `None` where its requests were too many to be looked at one by one.
        operations_seen: operations they were computed from.
        skipped: rows that this version does not know.
        recorded_from: when the recording begins, where that is later than what was asked for; else `None`.
        recorded_until: when it ends, where nobody records into it and that is earlier; else `None`.
    """

    begin: float
    end: float
    models: tuple[str, ...] = ()
    fleet: FleetAt
    outages: tuple[Outage, ...] = ()
    outages_forgotten: int = 0
    lines: tuple[SummaryLine, ...] = ()
    lines_left_out: int = 0
    degraded_for: float = 0.0
    acts: tuple[OperatorActed, ...] = ()
    acts_counted: int = 0
    alerts: tuple[AlertView, ...] = ()
    alerting: AlertsFound = field(default_factory=AlertsFound)
    gaps: tuple[Gap, ...] = ()
    runs: tuple[Run, ...] = ()
    totals: Mapping[str, Sums] = field(default_factory=dict)
    compared: Mapping[str, Compared] = field(default_factory=dict)
    charts: Mapping[str, Series] = field(default_factory=dict)
    success: SuccessReport | None = None
    operations_seen: int = 0
    skipped: int = 0
    recorded_from: float | None = None
    recorded_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How a model fared in one stretch: share of failures 0..1 and seconds; `None` where nothing was judged."""

    error_rate: float | None = None
    p95: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFound:
    """One model in the window.

    Attributes:
        model: its id.
        status: at the end of the window; `None` where the recording does not tell.
        outages: how often it was down.
        down_for: seconds of the window in which it was.
        longest: seconds of the longest outage in the window.
        mttr: mean seconds until it was back, of the outages that ended; `None` without one.
        availability: share of the known time it was not down.
        operations: operations that asked for it.
        failed: of them, those that nobody answered.
        saved: of them, those that another model answered because it could not.
        overall: how it fared in the whole window.
        before: before its first outage; `None` of a model that was not looked at so closely.
        during: in its longest outages.
        after: after its last one.
        served_by: who answered in its place.
        had_nobody: whether for some of the time nobody did.
        stand_in: who answered in the longest outage.
        stand_in_rates: how that one fared meanwhile.
        cost: micro-dollars of its calls, where prices are known.
    """

    model: str
    status: ModelStatus | None
    outages: int = 0
    down_for: float = 0.0
    longest: float = 0.0
    mttr: float | None = None
    availability: float | None = None
    operations: int = 0
    failed: int = 0
    saved: int = 0
    overall: Rates = field(default_factory=Rates)
    before: Rates | None = None
    during: Rates | None = None
    after: Rates | None = None
    served_by: tuple[str, ...] = ()
    had_nobody: bool = False
    stand_in: str = ""
    stand_in_rates: Rates | None = None
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalFound:
    """One of BIP-03's success metrics: a share 0..1, or seconds for the recovery; `None` where nothing is known."""

    goal: Goal
    value: float | None
    target: Target

    @property
    def is_met(self) -> bool | None:
        """Whether the value is on the right side; `None` where there is none."""
        return None if self.value is None else self.target.is_met_by(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a chart: one value a step of `step` seconds from `begin` on; `None` is a gap."""

    begin: float
    step: float
    values: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a report tells; bounded, and what is left out is counted.

    Attributes:
        begin: Unix seconds.
        end: Unix seconds.
        asked_for: the models it is about; empty for all.
        environment: the fleet's word for the title bar.
        models: those that had trouble, worst first, at most `MODELS_TOLD`.
        models_in_trouble: how many there were.
        models_down: of them, how many were down.
        models_known: how many the recording tells of in the window.
        outages: in the order they began, at most `OUTAGES_TOLD`, the longest.
        outages_counted: how many there were.
        operations: all operations that were judged or not.
        failed: operations that nobody answered.
        saved: operations that a fallback answered.
        mttr: mean seconds until a model was back; `None` without a recovery.
        degraded_for: seconds in degraded mode.
        metrics: BIP-03's ResilienceMetrics of the window.
        goals: BIP-03's success metrics.
        operations_seen: operations that the goals were computed from.
        lines: what mattered, oldest first.
        lines_left_out: lines that found no room.
        acts: the newest deeds of operators, oldest first.
        acts_counted: how many there were.
        alerts: oldest first.
        alerts_left_out: whether there were more, older ones.
        alerting: how alerts, notices and silences fared.
        gaps: stretches that are not whole, oldest first, at most `GAPS_TOLD`.
        gaps_counted: how many there were.
        events_lost: events that are in none of it, for good.
        restarts: engines that started in the window.
        error_rates: failures of all models / what was judged.
        response_times: mean seconds of good answers of all models.
        cost: micro-dollars of all calls.
        skipped: rows that this version does not know.
        recorded_from: as in `Findings`.
        recorded_until: likewise.
    """

    begin: float
    end: float
    asked_for: tuple[str, ...]
    environment: str
    models: tuple[ModelFound, ...]
    models_in_trouble: int
    models_down: int
    models_known: int
    outages: tuple[Outage, ...]
    outages_counted: int
    operations: int
    failed: int
    saved: int
    mttr: float | None
    degraded_for: float
    metrics: MetricsView
    goals: tuple[GoalFound, ...]
    operations_seen: int
    lines: tuple[SummaryLine, ...]
    lines_left_out: int
    acts: tuple[OperatorActed, ...]
    acts_counted: int
    alerts: tuple[AlertView, ...]
    alerts_left_out: bool
    alerting: AlertsFound
    gaps: tuple[Gap, ...]
    gaps_counted: int
    events_lost: int
    restarts: int
    error_rates: Line
    response_times: Line
    cost: int
    skipped: int
    recorded_from: float | None
    recorded_until: float | None


def step_of(begin: float, end: float) -> int:
    """Seconds of a column, so that a window takes at most `CHART_COLUMNS`."""
    return next((step for step in STEPS if (end - begin) / step <= CHART_COLUMNS - 1), STEPS[-1])


def longest_down(outages: Sequence[Outage], begin: float, end: float) -> tuple[str, ...]:
    """Models by the time they were down in the window, longest first."""
    down: dict[str, float] = {}
    for outage in outages:
        down[outage.model] = down.get(outage.model, 0.0) + outage.within(begin, end)
    return tuple(sorted(down, key=lambda model: -down[model]))


def report_of(found: Findings) -> Report:
    """Weighs what was found."""
    names = tuple(dict.fromkeys((*(model.model for model in found.fleet.models), *found.totals)))
    if found.models:
        names = tuple(name for name in names if name in found.models)
    models = [_model(name, found) for name in names]
    troubled = sorted((model for model in models if _is_troubled(model)), key=_worst_first)
    ended = [outage.end - outage.begin for outage in found.outages if outage.end is not None]
    told = sorted(found.outages, key=lambda outage: -outage.within(found.begin, found.end))[:OUTAGES_TOLD]
    return Report(
        begin=found.begin,
        end=found.end,
        asked_for=found.models,
        environment=found.fleet.environment,
        models=tuple(troubled[:MODELS_TOLD]),
        models_in_trouble=len(troubled),
        models_down=sum(bool(model.outages) for model in troubled),
        models_known=len(names),
        outages=tuple(sorted(told, key=lambda outage: outage.begin)),
        outages_counted=len(found.outages) + found.outages_forgotten,
        operations=sum(sums.operations for sums in found.totals.values()),
        failed=sum(sums.unanswered for sums in found.totals.values()),
        saved=sum(sums.moved_out for sums in found.totals.values()),
        mttr=sum(ended) / len(ended) if ended else None,
        degraded_for=found.degraded_for,
        metrics=metrics_of(found.totals),
        goals=_goals(found),
        operations_seen=found.operations_seen,
        lines=found.lines,
        lines_left_out=found.lines_left_out,
        acts=found.acts[-ACTS_TOLD:],
        acts_counted=found.acts_counted,
        alerts=tuple(reversed(found.alerts[:ALERTS_TOLD])),
        alerts_left_out=len(found.alerts) > ALERTS_TOLD,
        alerting=found.alerting,
        gaps=found.gaps[-GAPS_TOLD:],
        gaps_counted=len(found.gaps),
        events_lost=sum(gap.dropped for gap in found.gaps),
        restarts=sum(found.begin <= run.started < found.end for run in found.runs),
        error_rates=_line(found, _error_rate),
        response_times=_line(found, _response_time),
        cost=sum(sums.cost for sums in found.totals.values()),
        skipped=found.skipped,
        recorded_from=found.recorded_from,
        recorded_until=found.recorded_until,
    )


def _model(name: str, found: Findings) -> ModelFound:
    sums = found.totals.get(name, Sums())
    state = next((model for model in found.fleet.models if model.model == name), None)
    outages = [outage for outage in found.outages if outage.model == name]
    spans = [outage.within(found.begin, found.end) for outage in outages]
    ended = [outage.end - outage.begin for outage in outages if outage.end is not None]
    compared = found.compared.get(name)
    return ModelFound(
        model=name,
        status=None if state is None else state.status,
        outages=len(outages),
        down_for=sum(spans),
        longest=max(spans, default=0.0),
        mttr=sum(ended) / len(ended) if ended else None,
        availability=sums.available_ms / sums.known_ms if sums.known_ms else None,
        operations=sums.operations,
        failed=sums.unanswered,
        saved=sums.moved_out,
        overall=_rates(sums) or Rates(),
        before=None if compared is None else _rates(compared.before),
        during=None if compared is None else _rates(compared.during),
        after=None if compared is None else _rates(compared.after),
        served_by=tuple(dict.fromkeys(by for outage in outages for by in outage.served_by)),
        had_nobody=any(outage.had_nobody for outage in outages),
        stand_in="" if compared is None else compared.stand_in,
        stand_in_rates=None if compared is None else _rates(compared.stand_in_sums),
        cost=sums.cost,
    )


def _is_troubled(model: ModelFound) -> bool:
    is_bad_now = model.status in {ModelStatus.UNAVAILABLE, ModelStatus.DEGRADED}
    return bool(model.outages or model.failed or model.saved or model.overall.error_rate) or is_bad_now


def _worst_first(model: ModelFound) -> tuple[float, int, int, float]:
    return -model.down_for, -model.failed, -model.saved, -(model.overall.error_rate or 0.0)


def _rates(sums: Sums | None) -> Rates | None:
    if sums is None:
        return None
    p95 = sums.latency.quantile(0.95)
    if p95 is not None and sums.latency_max_us is not None:
        p95 = min(p95, sums.latency_max_us / _US)
    return Rates(error_rate=_error_rate(sums), p95=p95)


def _error_rate(sums: Sums) -> float | None:
    """Failures / what was judged, health checks included."""
    judged = sums.calls - sums.neutral + sums.probes
    return (sums.failed + sums.probes_failed) / judged if judged > 0 else None


def _response_time(sums: Sums) -> float | None:
    """Mean seconds of good answers."""
    answers = sums.calls - sums.failed - sums.neutral
    return sums.latency_us / answers / _US if answers > 0 else None


def _line(found: Findings, value: Callable[[Sums], float | None]) -> Line:
    """All models as one, step by step."""
    series = [found.charts[model] for model in found.charts]
    if not series:
        return Line(begin=found.begin, step=float(step_of(found.begin, found.end)))
    values: list[float | None] = []
    for points in zip(*(each.points for each in series), strict=True):
        known = [point for point in points if point is not None]
        whole = Sums()
        for point in known:
            whole.add(point)
        values.append(value(whole) if known else None)
    return Line(begin=series[0].begin, step=series[0].step, values=tuple(values))


def _goals(found: Findings) -> tuple[GoalFound, ...]:
    """From each request where they were looked at; else what sums and outages can tell.

    Affected are then those that failed or had to move, however quickly: what was late without either is not known.
    """
    values: dict[Goal, float | None] = dict.fromkeys(BY_BIP_03)
    if found.success is not None:
        values = {goal: found.success.value(goal) for goal in BY_BIP_03}
    else:
        sums = found.totals.values()
        judged = sum(each.answered + each.unanswered for each in sums)
        ended = [outage for outage in found.outages if outage.end is not None and not outage.is_by_hand]
        values[Goal.UPTIME] = metrics_of(found.totals).system_reliability
        if judged:
            values[Goal.IMPACT] = sum(each.unanswered + each.moved_out for each in sums) / judged
        if ended:
            values[Goal.MANUAL] = sum(outage.ended_by_hand for outage in ended) / len(ended)
    return tuple(GoalFound(goal=goal, value=values[goal], target=target) for goal, target in BY_BIP_03.items())
