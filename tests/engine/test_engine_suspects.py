"""A model that failed twice in a row: traffic moves on before the breaker's threshold, and comes back at once."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.errors import OperationFailed
from hive_console.core.events import FailedOver, ProbeFinished
from hive_console.core.settings import ProbeKind, Strategy
from hive_console.core.states import BreakerState
from hive_console.core.task import Task
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import DOWN, Line, model, staged


def test_after_two_failures_in_a_row_one_operation_in_four_tries_the_model() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=100), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)
            for _ in range(2):
                await stage.ask("a")
            before = stage.provider.calls.count("a")

            for _ in range(16):
                assert await stage.ask("a") == "b"

            assert stage.provider.calls.count("a") - before == 4

    run_virtually(scene())


def test_an_operation_that_passes_a_suspect_over_is_a_failover_and_says_why() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=100), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)] * 2
            for _ in range(2):
                await stage.ask("a")

            reply = await stage.engine.execute(Task("a", {"messages": []}))

            assert [hop.cause for hop in reply.provenance.trail] == ["passed over: failed lately", "success"]
            assert stage.happened(FailedOver)[-1].cause == "passed over: failed lately"
            assert len(stage.happened(FailedOver)) == 3

    run_virtually(scene())


def test_a_good_answer_brings_all_of_the_traffic_back() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=100), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)] * 2
            served = [await stage.ask("a") for _ in range(12)]

            assert served == ["b"] * 5 + ["a"] * 7

    run_virtually(scene())


def test_a_suspect_serves_everything_when_nobody_else_can() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=100), model("b", threshold=1, retries=0)) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)] * 2
            await stage.ask("a")
            stage.provider.lines["b"] = Line(outcome=DOWN)
            with pytest.raises(OperationFailed):
                await stage.ask("a")

            assert [await stage.ask("a") for _ in range(5)] == ["a"] * 5

    run_virtually(scene())


def test_a_suspect_is_probed_at_once_and_its_breaker_opens_soon() -> None:
    async def scene() -> None:
        watched = model("a", "b", threshold=4, probe=ProbeKind.MODELS)
        async with staged(watched, model("b")) as stage:
            await asyncio.sleep(2)
            stage.provider.lines["a"] = Line(outcome=DOWN)
            before = len(stage.happened(ProbeFinished))
            for _ in range(2):
                await stage.ask("a")

            await asyncio.sleep(5)

            assert stage.view("a").breaker.state is BreakerState.OPEN
            assert len(stage.happened(ProbeFinished)) - before >= 2

    run_virtually(scene())


def test_the_others_weights_hold_while_one_is_suspected() -> None:
    async def scene() -> None:
        chain = (
            model("a", "b", "c", strategy=Strategy.WEIGHTED, threshold=100, weight=2),
            model("b", weight=1),
            model("c", weight=1),
        )
        async with staged(*chain) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)
            served = [await stage.ask("a") for _ in range(60)]

            assert "a" not in served
            tried = stage.provider.calls.count("a")
            assert tried <= 14
            assert abs(served.count("b") - served.count("c")) <= tried + 1  # who was tried in vain falls back to b

    run_virtually(scene())
