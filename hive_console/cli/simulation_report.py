"""What `hive-console simulate` prints: eighty columns for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hive_console.core.settings import Settings
from hive_console.core.success import Goal, SuccessReport
from hive_console.sim.rehearsal.climate import providers_of
from hive_console.sim.rehearsal.fronts import Baseline
from hive_console.sim.rehearsal.rehearse import Outcome
from hive_console.sim.rehearsal.summary import Estimate, Line, estimate, summarize

_TITLES = {
    Goal.UPTIME: "system uptime",
    Goal.RECOVERY: "recovery, p95",
    Goal.IMPACT: "failure impact",
    Goal.MANUAL: "manual intervention",
    Goal.FALLBACK_WAIT: "added wait in fallback",
    Goal.CAPACITY: "capacity when degraded",
}

_COUNTS = ("answered", "failed", "shed", "rejected", "cancelled", "fallbacks", "degraded")


@dataclass(frozen=True, slots=True)
class Ran:
    """All that was run.

    Attributes:
        settings: the fleet.
        days: virtual days of each rehearsal.
        outcomes: the engine's by seed, then each baseline's by seed.
        replays: the commands that run the broken ones again, in order.
    """

    settings: Settings
    days: float
    outcomes: tuple[Outcome, ...]
    replays: tuple[str, ...]

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """The baselines that were run."""
        return tuple(dict.fromkeys(one.baseline for one in self.outcomes if one.baseline is not None))

    def of(self, baseline: Baseline | None) -> tuple[Outcome, ...]:
        """The outcomes of one baseline, or (`None`) of the engine."""
        return tuple(one for one in self.outcomes if one.baseline is baseline)

    def reports(self, baseline: Baseline | None) -> tuple[SuccessReport, ...]:
        """Their metrics."""
        return tuple(one.report for one in self.of(baseline))

    def lines(self, baseline: Baseline | None) -> tuple[Line, ...]:
        """Their metrics over all seeds."""
        return summarize(self.reports(baseline))


def as_text(ran: Ran) -> str:
    """The report for people, at most eighty columns wide."""
    return "\n".join(_lines(ran))


def _lines(ran: Ran) -> Iterator[str]:
    engine = ran.of(None)
    reports = ran.reports(None)
    first, last = engine[0].seed, engine[-1].seed
    seeds = f"seed {first}" if len(engine) == 1 else f"seeds {first} to {last}"
    fleet = _count(len(ran.settings.models), "model"), _count(len(providers_of(ran.settings)), "provider")
    yield f"{fleet[0]} of {fleet[1]}, {_count(ran.days, 'day')}, {seeds}"
    pieces, events = sum(one.episodes for one in engine), sum(one.events for one in engine)
    yield f"{_count(pieces, 'piece')} of bad weather, {events:,} events"
    totals = ", ".join(f"{sum(getattr(report, name) for report in reports):,} {name}" for name in _COUNTS[:5])
    yield f"operations: {totals}"
    yield ""
    yield f"{'metric':<24}{'value':>11}  {'95 % interval':<20}{'target':<11}"
    for line in ran.lines(None):
        target = f"{'>' if line.target.is_floor else '<'} {_shown(line.goal, line.target.bound)}"
        value = _mean(line.goal, line.estimate)
        yield f"{_TITLES[line.goal]:<24}{value:>11}  {_interval(line):<20}{target:<11}{line.word.value}"
    yield ""
    yield from _beside(reports)
    if ran.baselines:
        yield ""
        yield from _compared(ran)
    yield ""
    for one in engine[:1] if len(engine) > 1 else engine:
        yield f"digest {one.digest} (seed {one.seed})"
    promises = "every promise was kept" if not ran.replays else "PROMISES WERE BROKEN"
    yield f"invariants: {promises}"


def _beside(reports: Sequence[SuccessReport]) -> Iterator[str]:
    """What the targets do not ask for and a reader wants to know."""
    recoveries = sum(report.recoveries for report in reports)
    failed = sum(report.failed_recoveries for report in reports)
    fallbacks = sum(report.fallbacks for report in reports)
    hard = _mean(Goal.RECOVERY, estimate([report.failed_recovery_p95 for report in reports]))
    yield f"  routes' episodes: {recoveries:,}, {failed:,} of them with a failed operation (p95 {hard})"
    episodes = sum(report.episodes for report in reports)
    people = sum(report.for_people for report in reports)
    yield f"  models' episodes: {episodes:,}; only people could mend {people:,} more"
    slower = estimate([report.fallback_slowness for report in reports])
    late = estimate([report.fallback_wait_p95 for report in reports])
    waited = estimate([report.stand_in_wait for report in reports])
    yield f"  answered by a stand-in: {fallbacks:,}; these alone waited {_mean(Goal.FALLBACK_WAIT, waited)} of the"
    yield f"    normal time more (p95 {_mean(Goal.FALLBACK_WAIT, late)});"
    yield f"    stand-ins themselves slower by {_mean(Goal.FALLBACK_WAIT, slower)}"
    yield f"  in degraded mode: {sum(report.degraded for report in reports):,} operations"


def _compared(ran: Ran) -> Iterator[str]:
    """The same weather and traffic with less than the engine."""
    kinds: tuple[Baseline | None, ...] = (None, *ran.baselines)
    names = ["engine" if kind is None else kind.value for kind in kinds]
    yield f"{'same weather, same traffic':<28}" + "".join(f"{name:>12}" for name in names)
    columns = [ran.lines(kind) for kind in kinds]
    for number, line in enumerate(columns[0]):
        values = [_mean(line.goal, column[number].estimate) for column in columns]
        yield f"{_TITLES[line.goal]:<28}" + "".join(f"{value:>12}" for value in values)


def _count(number: float, noun: str) -> str:
    return f"{number:,g} {noun}{'' if number == 1 else 's'}" if number < 1e6 else f"{number:,.0f} {noun}s"


def _shown(goal: Goal, value: float) -> str:
    if goal is Goal.RECOVERY:
        return f"{value:.3g} s" if value < 100 else f"{value:,.0f} s"
    percent = value * 100
    if goal is Goal.UPTIME:
        return f"{percent:.4g} %" if percent == round(percent, 1) else f"{percent:.3f} %"
    return f"{percent:.3g} %" if percent < 1000 else f"{percent:,.0f} %"


def _mean(goal: Goal, value: Estimate) -> str:
    return "-" if value.mean is None else _shown(goal, value.mean)


def _interval(line: Line) -> str:
    mean, margin = line.estimate.mean, line.estimate.margin
    if mean is None:
        return ""
    if margin is None:
        return "one seed"
    low, high = (
        _shown(line.goal, value).removesuffix(" %").removesuffix(" s") for value in (mean - margin, mean + margin)
    )
    return f"{low} to {high}"


def as_json(ran: Ran) -> str:
    """Everything as JSON: metrics with their intervals, counts, and each seed's digest."""
    engine = ran.of(None)
    return json.dumps(
        {
            "models": [model.id for model in ran.settings.models],
            "providers": list(providers_of(ran.settings)),
            "days": ran.days,
            "interval": "95 % t-interval of the mean over seeds",
            "engine": _side_json(ran, None),
            "baselines": {kind.value: _side_json(ran, kind) for kind in ran.baselines},
            "runs": [
                {"seed": one.seed, "digest": one.digest, "events": one.events, "episodes": one.episodes}
                for one in engine
            ],
            "broken": [
                {"seed": one.seed, "invariant": broken.invariant.value, "at": broken.at, "what": broken.what}
                for one in engine
                for broken in one.broken
            ],
            "replays": list(ran.replays),
        },
        indent=2,
    )


def _side_json(ran: Ran, kind: Baseline | None) -> dict[str, object]:
    reports = ran.reports(kind)
    metrics = [
        {
            "name": line.goal.value,
            "value": line.estimate.mean,
            "margin": line.estimate.margin,
            "seeds": line.estimate.seeds,
            "target": line.target.bound,
            "mustExceed": line.target.is_floor,
            "word": line.word.value,
        }
        for line in ran.lines(kind)
    ]
    names = (*_COUNTS, "recoveries", "failed_recoveries", "episodes", "for_people")
    return {
        "metrics": metrics,
        "counts": {name: sum(getattr(report, name) for report in reports) for name in names},
    }
