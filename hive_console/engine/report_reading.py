"""What an incident report is made of: the questions that a store is asked about a window, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from hive_console.core import events as e
from hive_console.core.alerts_found import AlertMeter
from hive_console.core.outages import Outage, OutageBook
from hive_console.core.report import (
    ACTS_TOLD,
    ALERTS_TOLD,
    AROUND,
    MODELS_IN_DETAIL,
    OUTAGES_IN_DETAIL,
    Compared,
    Findings,
    longest_down,
    step_of,
)
from hive_console.core.rollup import Sums
from hive_console.core.settings import ResilienceSettings
from hive_console.core.sifting import MOVING
from hive_console.core.states import ActionPhase, ModelStatus
from hive_console.core.store import FleetAt, Run, Store, Wanted
from hive_console.core.success import SuccessReport
from hive_console.core.success_meter import SuccessMeter
from hive_console.core.summary_lines import SummaryLines

MOST_FOLDED = 20_000
"""Operations that are looked at one by one when nobody asks for all: half a second."""

_FOLDED = (
    e.EngineStarted,
    e.AttemptFinished,
    e.ProbeFinished,
    e.OperationFinished,
    e.StatusChanged,
    e.BreakerChanged,
    e.ModelRecovered,
    e.OperatorActed,
)
"""What the success metrics are computed from."""

_CHARTED = 500
"""Models in a chart: what one question may bring."""


async def findings_of(
    store: Store, begin: float, end: float, *, models: tuple[str, ...] = (), is_exact: bool = False
) -> Findings:
    """Everything about a window that a report tells.

    Args:
        store: the recording.
        begin: Unix seconds.
        end: Unix seconds; after `begin`.
        models: the models that it is about; empty for all.
        is_exact: looks at each request, however many there are.
    """
    holdings = await store.holdings()
    recorded_from = recorded_until = None
    if holdings.begin is not None and begin < holdings.begin < end:
        begin = recorded_from = holdings.begin
    if holdings.end is not None and holdings.end < end and not holdings.is_live:
        recorded_until = holdings.end
    wanted = Wanted(begin=begin, end=end, models=models or None)
    before, fleet = await store.state_at(begin), await store.state_at(end)
    names = models or tuple(dict.fromkeys(model.model for at in (before, fleet) for model in at.models))
    of_these = _only(before, names)
    book, summary, alerting = OutageBook(of_these), SummaryLines(), AlertMeter()
    acts: deque[e.OperatorActed] = deque(maxlen=ACTS_TOLD)
    acts_counted = 0
    async with aclosing(store.export(wanted, (*MOVING, e.OperatorActed))) as events:
        async for event in events:
            book.observe(event)
            summary.observe(event)
            alerting.observe(event)
            if isinstance(event, e.OperatorActed) and event.phase is not ActionPhase.INTENDED:
                acts.append(event)
                acts_counted += 1
    outages = tuple(outage for outage in book.outages() if outage.model in names)
    totals = await store.sketch(names, begin, end)
    operations = sum(sums.operations for sums in totals.values())
    success, seen = None, 0
    if is_exact or operations <= MOST_FOLDED:
        success, seen = await _success(store, wanted, of_these)
    lines, left_out = summary.lines()
    return Findings(
        begin=begin,
        end=end,
        models=models,
        fleet=fleet,
        outages=outages,
        outages_forgotten=book.forgotten,
        lines=lines,
        lines_left_out=left_out,
        degraded_for=book.degraded_for(begin, end),
        acts=tuple(acts),
        acts_counted=acts_counted,
        alerts=await store.alerts(replace(wanted, limit=ALERTS_TOLD + 1)),
        alerting=alerting.found(),
        gaps=await store.gaps(begin, end),
        runs=tuple(run for run in await store.runs() if _touches(run, begin, end)),
        totals=totals,
        compared=await _compared(store, outages, begin, end),
        charts=await store.series(names[:_CHARTED], begin, end, step=step_of(begin, end), with_latency=False)
        if names
        else {},
        success=success if seen else None,
        operations_seen=seen,
        recorded_from=recorded_from,
        recorded_until=recorded_until,
    )


def _only(fleet: FleetAt, names: Sequence[str]) -> FleetAt:
    return replace(fleet, models=tuple(model for model in fleet.models if model.model in names))


def _touches(run: Run, begin: float, end: float) -> bool:
    return run.started < end and (run.ended is None or run.ended >= begin)


async def _success(store: Store, wanted: Wanted, before: FleetAt) -> tuple[SuccessReport, int]:
    """The success metrics, and of how many operations; what was down before the window is known to be."""
    meter = SuccessMeter(ResilienceSettings().operation_deadline)
    for model in before.models:
        if model.status is not None and model.status is not ModelStatus.UNKNOWN:
            meter.observe(
                e.StatusChanged(
                    at=wanted.begin, model=model.model, old=ModelStatus.UNKNOWN, new=model.status, cause=""
                )
            )
    seen = 0
    async with aclosing(store.export(wanted, _FOLDED)) as events:
        async for event in events:
            meter.observe(event)
            seen += isinstance(event, e.OperationFinished)
    return meter.report(), seen


async def _compared(store: Store, outages: Sequence[Outage], begin: float, end: float) -> Mapping[str, Compared]:
    """Before the first outage, in the longest ones, after the last one: of the models that were down longest."""
    found: dict[str, Compared] = {}
    for model in longest_down(outages, begin, end)[:MODELS_IN_DETAIL]:
        own = [outage for outage in outages if outage.model == model]
        longest = sorted(own, key=lambda outage: -outage.within(begin, end))[:OUTAGES_IN_DETAIL]
        first, last = own[0], own[-1]
        stand_in = longest[0].served_by[0] if longest[0].served_by else ""
        stretches = [_clipped(outage, begin, end) for outage in longest]
        after = None if last.end is None else await _sums(store, model, (last.end, min(end, last.end + AROUND)))
        found[model] = Compared(
            before=await _sums(store, model, (first.begin - AROUND, first.begin)),
            during=await _sums(store, model, *stretches),
            after=after,
            stand_in=stand_in,
            stand_in_sums=await _sums(store, stand_in, stretches[0]) if stand_in else None,
        )
    return found


def _clipped(outage: Outage, begin: float, end: float) -> tuple[float, float]:
    return max(begin, outage.begin), end if outage.end is None else min(end, outage.end)


async def _sums(store: Store, model: str, *stretches: tuple[float, float]) -> Sums | None:
    whole: Sums | None = None
    for begin, end in stretches:
        sums = (await store.sketch((model,), begin, end)).get(model)
        if sums is not None:
            whole = whole or Sums()
            whole.add(sums)
    return whole
