"""The engine's promises under any traffic: whatever models answer, whoever leaves and whenever, nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hive_console.core.errors import OperationFailed, StreamBroken
from hive_console.core.events import AttemptFinished, Event, OperationFinished
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.settings import LastResort, ModelSettings, ProbeKind, RetryBeforeFallback, Strategy
from hive_console.core.states import OperationClass, Priority
from hive_console.core.task import Provenance, Task
from hive_console.engine.bus import NOTHING
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import Line, Stage, model, staged

NAMES = ("a", "b", "c")
DEADLINE = 30.0
LONGEST_CLOSING = 0.5
SLACK = 3 * LONGEST_CLOSING + 0.1
"""Seconds an operation may take beyond its deadline: three racers that give their connections back."""

BUSY = settings(
    max_examples=40,
    report_multiple_bugs=False,
    deadline=None,  # a busy machine is no counter-example
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One caller: when it comes, what it wants, and when it loses patience."""

    name: str
    comes_at: float
    is_streamed: bool
    leaves_after: float | None
    pieces_read: int | None
    deadline: float | None
    allow_fallback: bool
    priority: Priority
    operation_class: OperationClass


OUTCOMES = st.sampled_from(
    [SUCCESS] * 6
    + [
        Outcome(kind, retry_after=wait)
        for kind in OutcomeKind
        if kind not in {OutcomeKind.SUCCESS, OutcomeKind.REFUSED, OutcomeKind.NO_ROOM, OutcomeKind.CANCELLED}
        for wait in (None, 2.0)
    ]
)
LINES = st.builds(
    Line,
    seconds=st.sampled_from([0.0, 0.01, 0.1, 0.1, 1.0, 6.0]),
    outcome=OUTCOMES,
    pieces=st.integers(0, 4),
    cut_after=st.sampled_from([None, None, 0, 1, 3]),
    closing=st.sampled_from([0.0, 0.0, 0.1, LONGEST_CLOSING]),
).filter(lambda line: line.cut_after is None or not line.outcome.is_success)
VISITS = st.lists(
    st.builds(
        Visit,
        name=st.sampled_from(NAMES),
        comes_at=st.sampled_from([0.0, 0.0, 0.1, 0.11, 1.0, 5.0, 26.0]),
        is_streamed=st.booleans(),
        leaves_after=st.sampled_from([None, None, 0.0, 0.01, 0.1, 0.11, 1.0, 6.0]),
        pieces_read=st.sampled_from([None, None, 0, 1, 2]),
        deadline=st.sampled_from([None, None, 0.1, 3.0]),
        allow_fallback=st.sampled_from([True, True, False]),
        priority=st.sampled_from(Priority),
        operation_class=st.sampled_from([OperationClass.GENERAL] * 3 + [OperationClass.IDENTITY_BOUND]),
    ),
    min_size=1,
    max_size=30,
)


LIMITS = st.fixed_dictionaries(
    {
        "retry": st.sampled_from(RetryBeforeFallback),
        "queued": st.sampled_from([0, 2, 1000]),
        "max_total_requests": st.sampled_from([1, 4, 1000]),
        "last_resort": st.sampled_from(LastResort),
        "retry_budget_floor": st.sampled_from([0, 5]),
    }
)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[ModelSettings, ...]:
    return tuple(
        model(
            name,
            *(other for other in NAMES if other != name),
            strategy=draw(st.sampled_from(Strategy)),
            probe=draw(st.sampled_from([ProbeKind.NONE, ProbeKind.MODELS])),
            retries=draw(st.integers(0, 3)),
            threshold=draw(st.integers(1, 5)),
            places=draw(st.integers(1, 3)),
            weight=draw(st.sampled_from([0.0, 1.0, 3.0])),
            context=draw(st.sampled_from([0, 1000, 2000])),
            ramp=draw(st.sampled_from([0, 1, 20])),
            hedge_after=draw(st.sampled_from([0.0, 0.05, 1.0, None])),
            adaptive_concurrency=draw(st.booleans()),
            half_open_probes=draw(st.integers(1, 2)),
            recovery_timeout=draw(st.sampled_from([1.0, 20.0])),
        )
        for name in NAMES
    )


async def comes(stage: Stage, visit: Visit) -> None:
    """One caller from its coming to its end; what the engine refuses is no surprise to it."""
    task = Task(
        visit.name,
        {"messages": []},
        deadline=visit.deadline,
        allow_fallback=visit.allow_fallback,
        priority=visit.priority,
        operation_class=visit.operation_class,
    )
    await asyncio.sleep(visit.comes_at)
    try:
        async with asyncio.timeout(visit.leaves_after):
            if visit.is_streamed:
                await reads(stage, task, visit.pieces_read)
            else:
                stays_with_its_model(task, (await stage.engine.execute(task)).provenance)
    except (OperationFailed, StreamBroken, TimeoutError):
        pass


def stays_with_its_model(task: Task, provenance: Provenance) -> None:
    """No answer comes from a model that the task forbids (invariant 11)."""
    assert task.may_fall_back or provenance.served_by == provenance.requested


async def reads(stage: Stage, task: Task, pieces: int | None) -> None:
    stream = await stage.engine.open_stream(task)
    stays_with_its_model(task, stream.provenance)
    try:
        count = 0
        async for _ in stream:
            count += 1
            if count == pieces:
                return
    finally:
        await stream.aclose()


def at_rest(stage: Stage) -> None:
    """No place is taken, nobody stands in line, no permit and no connection is out."""
    assert [bulkhead.taken for bulkhead in stage.engine._publisher._executor.bulkheads.values()] == [0, 0, 0]
    assert [len(bulkhead._waiting) for bulkhead in stage.engine._publisher._executor.bulkheads.values()] == [
        0,
        0,
        0,
    ]
    assert [member.breaker._trials.out for member in stage.engine._fleet.members.values()] == [0, 0, 0]
    assert [member.in_flight for member in stage.engine._fleet.members.values()] == [0, 0, 0]
    assert (stage.engine._door.places.taken, len(stage.engine._door.places._waiting)) == (0, 0)
    assert set(stage.provider.in_flight.values()) <= {0}


def each_operation_ends_once(events: Sequence[Event], started: int) -> None:
    ends = [event for event in events if isinstance(event, OperationFinished)]
    assert len({end.operation for end in ends}) == len(ends) == started
    assert all(end.latency <= DEADLINE + SLACK for end in ends)


def attempts_stay_within_their_plans(events: Sequence[Event], fleet: Sequence[ModelSettings]) -> None:
    """Each call ends once, and before its operation does; there are no more than chain and retries allow."""
    most = sum(1 + member.max_retries for member in fleet)
    numbers: dict[str, list[int]] = {}
    for event in events:
        if isinstance(event, AttemptFinished):
            numbers.setdefault(event.operation, []).append(event.number)
        elif isinstance(event, OperationFinished):
            assert sorted(numbers.pop(event.operation, [])) == list(range(1, event.attempts + 1))
            assert event.attempts <= most
    assert numbers == {}


@BUSY
@given(
    fleet=fleets(),
    visits=VISITS,
    scripts=st.fixed_dictionaries({name: st.lists(LINES, max_size=12) for name in NAMES}),
    limits=LIMITS,
)
def test_nothing_is_kept_lost_or_counted_twice(
    fleet: tuple[ModelSettings, ...],
    visits: Sequence[Visit],
    scripts: dict[str, list[Line]],
    limits: dict[str, Any],  # arguments of `staged`
) -> None:
    async def scene() -> None:
        seen: list[Event] = []

        def see(event: Event) -> tuple[Event, ...]:
            seen.append(event)
            return NOTHING

        async with staged(*fleet, deadline=DEADLINE, **limits) as stage:
            earlier = len(stage.recorder.events)
            stage.engine._bus.subscribe(see)
            stage.provider.queues = {name: list(lines) for name, lines in scripts.items()}
            async with asyncio.TaskGroup() as group:
                for visit in visits:
                    group.create_task(comes(stage, visit))

        at_rest(stage)
        each_operation_ends_once(seen, len(visits))
        attempts_stay_within_their_plans(seen, fleet)
        assert all(stage.provider.most_in_flight.get(m.id, 0) <= m.max_concurrent_requests for m in fleet)
        assert stage.recorder.events[earlier:] == seen == list(stage.engine.feed.after(0).events[earlier:])
        assert [event.at for event in seen] == sorted(event.at for event in seen)

    run_virtually(scene())
