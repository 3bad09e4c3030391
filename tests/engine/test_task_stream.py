"""`engine.stream(task)`: what a loop over it runs, and what leaving it early ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from hive_console.core.errors import OperationFailed, StreamBroken
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.task import Task
from hive_console.engine.task_stream import TaskStream
from tests.adapters.operations import DONE, FakeOperations, FakeStream, event_of

TASK = Task.chat("gpt-4", "hello")


async def hello() -> AsyncGenerator[bytes, None]:
    yield event_of("hel")
    yield event_of("lo") + DONE


async def broken() -> AsyncGenerator[bytes, None]:
    yield event_of("hel")
    raise StreamBroken(Outcome(OutcomeKind.STREAM_CUT))


async def endless() -> AsyncGenerator[bytes, None]:
    while True:
        yield event_of("on and on")


def operations_of(script: FakeStream) -> FakeOperations:
    operations = FakeOperations()
    operations.stream = script
    return operations


async def test_a_loop_gets_every_event_and_closes_the_stream() -> None:
    stream = FakeStream(hello)

    events = [events async for events in TaskStream(operations_of(stream), TASK)]

    assert events == [event_of("hel"), event_of("lo") + DONE]
    assert stream.closed.is_set()


async def test_leaving_the_loop_ends_the_upstream_call() -> None:
    stream = FakeStream(endless)

    async for _ in TaskStream(operations_of(stream), TASK):
        break

    await asyncio.wait_for(stream.closed.wait(), 10)


async def test_entering_tells_who_serves_and_leaving_closes_at_once() -> None:
    stream = FakeStream(endless)

    async with TaskStream(operations_of(stream), TASK) as opened:
        assert opened.provenance.served_by == "claude-3"
        assert await anext(opened) == event_of("on and on")

    assert stream.closed.is_set()


async def test_a_stream_that_breaks_raises_after_what_was_said() -> None:
    stream = FakeStream(broken)
    said: list[bytes] = []

    async def listen() -> None:
        async for events in TaskStream(operations_of(stream), TASK):
            said.append(events)  # noqa: PERF401 - what was said before the error is the point

    with pytest.raises(StreamBroken):
        await listen()

    assert said == [event_of("hel")]
    assert stream.closed.is_set()


async def test_a_task_that_nobody_answers_raises_before_the_first_event() -> None:
    operations = FakeOperations()
    operations.error = OperationFailed("gpt-4", Outcome(OutcomeKind.REFUSED), tried=(), retry_after=None)

    with pytest.raises(OperationFailed):
        await anext(aiter(TaskStream(operations, TASK)))


async def test_nothing_runs_before_the_stream_is_used() -> None:
    operations = FakeOperations()

    TaskStream(operations, TASK)

    assert not operations.tasks
