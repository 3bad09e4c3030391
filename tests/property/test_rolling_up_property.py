"""Roll-ups under any history: windows add up, and a fold that was cut goes on as if it had not been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hive_console.core import events as e
from hive_console.core.metrics import ResilienceMeter, metrics_of
from hive_console.core.outcome import OutcomeKind
from hive_console.core.rollup import Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus, OperationResult
from tests.core.rolled_rows import (
    MIDNIGHT,
    Recorded,
    attempt,
    breaker,
    failover,
    instant,
    operation,
    probe,
    recovered,
    reloaded,
    started,
    status,
    stopped,
)
from tests.property.modest import MODEST

MODELS = st.sampled_from(["a", "b", "c", "not configured"])
FLEETS = st.sampled_from([("a",), ("a", "b"), ("a", "b", "c")])
GAPS = st.one_of(
    st.integers(0, 3_000), st.integers(0, 40_000), st.integers(0, 400_000), st.integers(0, 9_000_000)
).map(lambda milliseconds: milliseconds / 1_000 + 0.000_125)
"""Seconds between events: most of them share a window; some are minutes, a few are hours apart."""

AT = Callable[[float], e.Event]
EVENTS: st.SearchStrategy[AT] = st.one_of(
    st.builds(
        lambda kind, model, latency, number: lambda at: attempt(at, kind, model, latency=latency, number=number),
        st.sampled_from(OutcomeKind),
        MODELS,
        st.floats(0.0, 100.0),
        st.integers(1, 3),
    ),
    st.builds(lambda new, model: lambda at: status(at, new, model), st.sampled_from(ModelStatus), MODELS),
    st.builds(lambda new, model: lambda at: breaker(at, new, model), st.sampled_from(BreakerState), MODELS),
    st.builds(lambda kind, model: lambda at: probe(at, kind, model), st.sampled_from(OutcomeKind), MODELS),
    st.builds(
        lambda result, model: lambda at: operation(at, result, model), st.sampled_from(OperationResult), MODELS
    ),
    st.builds(lambda model, to: lambda at: failover(at, model, to), MODELS, MODELS),
    st.builds(lambda model: lambda at: recovered(at, model), MODELS),
    st.builds(lambda fleet: lambda at: started(at, *fleet), FLEETS),
    st.builds(lambda fleet: lambda at: reloaded(at, *fleet), FLEETS),
    st.just(stopped),
)
HISTORY = st.lists(st.tuples(GAPS, EVENTS), min_size=1, max_size=30)
BEGIN = st.sampled_from([0.0, 3_570.0, 86_340.0, 86_395.0])


MILLISECONDS = st.integers(1, 600_000).map(lambda milliseconds: milliseconds / 1_000)
MEASURED: st.SearchStrategy[AT] = st.one_of(
    st.builds(lambda new, model: lambda at: status(at, new, model), st.sampled_from(ModelStatus), MODELS),
    st.builds(
        lambda result, model, is_degraded: lambda at: operation(at, result, model, is_degraded=is_degraded),
        st.sampled_from(OperationResult),
        MODELS,
        st.booleans(),
    ),
    st.builds(lambda model, to: lambda at: failover(at, model, to), MODELS, MODELS),
    st.builds(lambda model, down: lambda at: recovered(at, model, down), MODELS, st.floats(0.0, 9_000.0)),
)
"""What the meter counts, of models that are configured, at whole milliseconds: then it counts as sums do."""


def told(begin: float, history: list[tuple[float, AT]], models: tuple[str, ...] = ("a", "b")) -> list[e.Event]:
    at = begin
    events: list[e.Event] = [started(begin, *models)]
    for gap, event in history:
        at += gap
        events.append(event(at))
    return events


def seconds(event: e.Event) -> float:
    return event.at - MIDNIGHT


def boundary(event: e.Event) -> float:
    """The ten seconds that an event is in begin then."""
    return seconds(event) // 10 * 10


def fold(recorded: Recorded, events: list[e.Event]) -> Recorded:
    """As the recorder does it: windows that ended are closed before anything else is taken."""
    for event in events:
        recorded.close(boundary(event))
        recorded.observe(event)
    return recorded


def cut_at(events: list[e.Event], share: float) -> int:
    return min(int(share * len(events)), len(events) - 1)


@MODEST
@given(begin=BEGIN, history=HISTORY, share=st.floats(0, 1))
def test_after_a_crash_the_rows_are_those_of_a_fold_that_was_never_cut(
    begin: float, history: list[tuple[float, AT]], share: float
) -> None:
    events = told(begin, history)
    closed = boundary(events[cut_at(events, share)])
    before = [event for event in events if seconds(event) < closed]
    end = seconds(events[-1]) + 5
    whole = fold(Recorded(begin), events)
    whole.stop(end)

    crashed = fold(Recorded(begin), before)
    crashed.close(closed)
    resumed = fold(Recorded(closed, crashed.disk.values()), events[len(before) :])
    resumed.stop(end)

    assert resumed.disk == whole.disk


@MODEST
@given(begin=BEGIN, history=HISTORY, share=st.floats(0, 1), later=st.floats(0, 1))
def test_after_an_orderly_stop_nothing_has_to_be_observed_again(
    begin: float, history: list[tuple[float, AT]], share: float, later: float
) -> None:
    first_start, *others = told(begin, history)
    events = [first_start, *(event for event in others if not isinstance(event, e.EngineStarted))]
    cut = cut_at(events, share)
    latest = seconds(events[cut - 1]) + 0.000_001 if cut else begin
    ended = max(latest, boundary(events[cut]), later * seconds(events[cut]))
    end = seconds(events[-1]) + 5
    whole = fold(Recorded(begin), events)
    whole.stop(end)

    first = fold(Recorded(begin), events[:cut])
    first.stop(ended)
    second = fold(Recorded(ended, first.disk.values()), events[cut:])
    second.stop(end)

    assert second.disk == whole.disk


@MODEST
@given(begin=BEGIN, history=HISTORY)
def test_a_longer_window_is_the_exact_sum_of_the_shorter_ones(
    begin: float, history: list[tuple[float, AT]]
) -> None:
    events = told(begin, history)
    recorded = fold(Recorded(begin), events)
    recorded.stop(seconds(events[-1]) + 5)

    for lower, higher in ((Tier.TEN_SECONDS, Tier.MINUTE), (Tier.MINUTE, Tier.HOUR), (Tier.HOUR, Tier.DAY)):
        summed: dict[tuple[int, str], Sums] = {}
        for row in sorted(recorded.disk.values(), key=lambda each: each.begin):
            if row.tier is lower:
                summed.setdefault((row.begin // higher * higher, row.model), Sums()).add(row.sums)
        for row in recorded.disk.values():
            if row.tier is higher:
                parts = summed.get((row.begin, row.model), Sums())
                assert comparable(parts, lower) == comparable(row.sums, lower)


@MODEST
@given(history=st.lists(st.tuples(MILLISECONDS, MEASURED), max_size=60), rest=MILLISECONDS)
def test_the_metrics_of_sums_are_those_the_meter_tells(history: list[tuple[float, AT]], rest: float) -> None:
    models = ("a", "b", "c", "not configured")
    first, *events = told(0.0, history, models)
    end = seconds(events[-1] if events else first) + rest
    meter = ResilienceMeter(models, first.at)
    for event in events:
        meter.observe(event)
    recorded = fold(Recorded(), [first, *events])
    recorded.stop(end)

    view = meter.view(MIDNIGHT + end)
    of_sums = metrics_of({row.model: row.sums for row in recorded.disk.values() if row.tier is Tier.DAY})

    assert dict(of_sums.model_availability) == pytest.approx(dict(view.model_availability), abs=1e-6)
    assert of_sums.recovery_time == pytest.approx(view.recovery_time, abs=0.001)
    assert replace(of_sums, model_availability=(), recovery_time=None) == replace(
        view, model_availability=(), recovery_time=None
    )


def comparable(sums: Sums, lower: Tier) -> dict[str, object]:
    """Everything; of ten seconds all but what an idle model was, for it has no such rows."""
    numbers = asdict(sums)
    if lower is Tier.TEN_SECONDS:
        for name in ("known_ms", "available_ms", "status", "breaker"):
            del numbers[name]
    return numbers


@MODEST
@given(begin=BEGIN, history=HISTORY, parts=st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_added_up_in_parts_the_rows_are_those_of_windows_closed_at_once(
    begin: float, history: list[tuple[float, AT]], parts: list[int]
) -> None:
    events = told(begin, history)
    end = seconds(events[-1]) + 5
    whole = fold(Recorded(begin), events)
    whole.stop(end)

    sliced = Recorded(begin)
    for number, event in enumerate(events):
        sliced.rollups.turn(instant(boundary(event)))
        sliced.observe(event)
        if sliced.rollups.advance(parts[number % len(parts)]):
            sliced.fetch()
    sliced.stop(end)

    assert sliced.disk == whole.disk
