"""Since when calls wait: whole answers from their begin, streams for their first content and each next piece."""

from __future__ import annotations

import asyncio

from hive_console.core.settings import ModelSettings
from hive_console.core.task import Task
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import Line, Stage, model, staged

TASK = Task("a", {"messages": []})
MODELS: tuple[ModelSettings, ...] = (model("a"), model("b"))


def waits_since(stage: Stage, name: str = "a") -> float | None:
    view = stage.engine.snapshot().model(name)
    assert view is not None
    return view.oldest_call


def test_the_call_that_has_waited_longest_is_told_and_none_when_all_are_answered() -> None:
    async def scene() -> None:
        async with staged(*MODELS) as stage:
            stage.provider.lines["a"] = Line(seconds=3.0)
            await asyncio.sleep(1.0)
            begun = stage.engine.now()
            first = asyncio.ensure_future(stage.engine.execute(TASK))
            await asyncio.sleep(1.0)
            second = asyncio.ensure_future(stage.engine.execute(TASK))
            await asyncio.sleep(1.5)

            assert waits_since(stage) == begun
            assert waits_since(stage, "b") is None

            await asyncio.gather(first, second)
            await asyncio.sleep(1.5)
            assert waits_since(stage) is None

    run_virtually(scene())


def test_a_stream_whose_reader_takes_its_time_waits_for_nothing() -> None:
    async def scene() -> None:
        async with staged(*MODELS) as stage:
            stream = await stage.engine.open_stream(TASK)
            await asyncio.sleep(3.0)

            assert waits_since(stage) is None
            assert len([piece async for piece in stream]) == 4

    run_virtually(scene())


def test_a_stream_that_fell_silent_waits_since_its_next_piece_was_asked_for() -> None:
    async def scene() -> None:
        silent = model("a", idle_timeout=100.0)
        async with staged(silent) as stage:
            stage.provider.lines["a"] = Line(pieces=2)
            stream = await stage.engine.open_stream(TASK)
            assert await anext(stream) == b": hello\n\n"
            assert await anext(stream) == b"data: 0\n\n"
            await asyncio.sleep(5.0)
            asked = stage.engine.now()
            stage.provider.hush = 4.0
            piece = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(2.0)

            assert waits_since(stage) == asked
            assert await piece == b"data: 1\n\n"
            await asyncio.sleep(1.5)
            assert waits_since(stage) is None
            await stream.aclose()

    run_virtually(scene())
