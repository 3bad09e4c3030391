"""Streams through the whole engine, in virtual time: fallback until the first content, and honesty after it."""

from __future__ import annotations

import pytest

from hive_console.core.errors import StreamBroken
from hive_console.core.events import (
    BreakerChanged,
    OperationFinished,
)
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Strategy
from hive_console.core.states import BreakerState, OperationResult
from hive_console.core.task import Task
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, Line, Stage, model, staged


async def _all(stage: Stage, name: str) -> list[bytes]:
    stream = await stage.engine.open_stream(Task(name, {"messages": []}))
    return [data async for data in stream]


def test_stream_falls_back_until_its_first_content() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)

            data = await _all(stage, "a")

            assert data == [b": hello\n\n", b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
            [ended] = stage.happened(OperationFinished)
            assert isinstance(ended, OperationFinished)
            assert (ended.served_by, ended.result) == ("b", OperationResult.ANSWERED)

    run_virtually(scene())


def test_stream_that_breaks_after_its_first_content_says_so_and_counts() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.STREAM_CUT), cut_after=1)
            stream = await stage.engine.open_stream(Task("a", {"messages": []}))

            received = [await anext(stream), await anext(stream)]
            with pytest.raises(StreamBroken):
                await anext(stream)

            assert received == [b": hello\n\n", b"data: 0\n\n"]
            assert stage.provider.calls == ["a"]
            [opened] = stage.happened(BreakerChanged)
            assert isinstance(opened, BreakerChanged)
            assert opened.new is BreakerState.OPEN
            [ended] = stage.happened(OperationFinished)
            assert isinstance(ended, OperationFinished)
            assert ended.result is OperationResult.FAILED

    run_virtually(scene())


def test_stream_without_any_content_is_passed_on() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(pieces=0)

            assert len(await _all(stage, "a")) == 4
            assert stage.provider.calls == ["a", "b"]

    run_virtually(scene())


def test_client_that_leaves_a_stream_is_neutral_and_frees_everything() -> None:
    async def scene() -> None:
        async with staged(model("a", places=1, threshold=1)) as stage:
            stream = await stage.engine.open_stream(Task("a", {"messages": []}))
            await anext(stream)
            await stream.aclose()
            await stream.aclose()

            assert stage.provider.closed_streams == 1
            assert await stage.ask("a") == "a"
            ends = list(stage.happened(OperationFinished))
            assert [event.result for event in ends] == [OperationResult.CANCELLED, OperationResult.ANSWERED]
            assert [data async for data in stream] == [b"data: 0\n\n"]  # what had come already

    run_virtually(scene())


def test_stream_holds_its_place_until_its_end() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", places=1), model("b")) as stage:
            stream = await stage.engine.open_stream(Task("a", {"messages": []}))

            assert await stage.ask("a") == "b"
            async for _ in stream:
                pass
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_parallel_streams_close_the_losers() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=Strategy.PARALLEL), model("b")) as stage:
            stage.provider.lines = {"a": Line(seconds=1), "b": Line(seconds=1)}
            stream = await stage.engine.open_stream(Task("a", {"messages": []}))

            assert stream.provenance.served_by == "a"
            assert stage.provider.closed_streams == 1
            await stream.aclose()
            assert stage.provider.closed_streams == 2

    run_virtually(scene())
