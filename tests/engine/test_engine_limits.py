"""Rate limits: a model is avoided before it answers 429, and what is used is counted."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.errors import OperationFailed
from hive_console.core.events import AttemptFinished
from hive_console.core.outcome import CANCELLED, Outcome, OutcomeKind
from hive_console.core.pace import NEARLY_USED_UP
from hive_console.core.raw_body import RawBody
from hive_console.core.settings import ProbeKind, Strategy
from hive_console.core.task import RateLimits, ReplyStream, Task, Usage
from hive_console.engine.executor import request_tokens
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import DOWN, Line, model, staged

USED_UP = RateLimits(requests_left=0, requests_reset=7.0)


async def read(stream: ReplyStream) -> None:
    async for _ in stream:
        pass


def test_a_model_with_nothing_left_is_avoided_until_its_reset() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.queues["a"] = [Line(limits=USED_UP, seconds=0)]

            first = await stage.ask("a")
            reply = await stage.engine.execute(Task("a", {"messages": []}))
            await asyncio.sleep(7)

            assert (first, reply.served_by) == ("a", "b")
            assert reply.provenance.trail[0].cause == f"refused: {NEARLY_USED_UP}"
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_the_snapshot_shows_until_when_a_limit_holds() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stage.provider.queues["a"] = [Line(limits=USED_UP, seconds=0)]
            before = stage.engine.now()
            await stage.ask("a")
            await asyncio.sleep(2)

            assert stage.view("a").throttled_until == pytest.approx(before + 7.0)

    run_virtually(scene())


def test_a_stream_tells_its_limits_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.queues["a"] = [Line(limits=USED_UP, seconds=0)]

            stream = await stage.engine.open_stream(Task("a", {"messages": []}))

            assert await stage.ask("a") == "b"
            await stream.aclose()

    run_virtually(scene())


def test_calls_beyond_a_models_limit_go_to_the_next() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", requests_per_minute=3), model("b")) as stage:
            served = [await stage.ask("a") for _ in range(5)]
            await asyncio.sleep(61)

            assert served == ["a", "a", "a", "b", "b"]
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_without_a_fallback_the_caller_hears_when_the_limit_is_over() -> None:
    async def scene() -> None:
        async with staged(model("a", requests_per_minute=1)) as stage:
            await stage.ask("a")
            await asyncio.sleep(20)

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.outcome.message == "its limit of 1 requests a minute is used up"
            assert caught.value.retry_after == pytest.approx(41, abs=1)

    run_virtually(scene())


def test_a_completion_that_probes_counts_like_a_call() -> None:
    async def scene() -> None:
        probed = model("a", "b", requests_per_minute=1, probe=ProbeKind.COMPLETION, health_check_interval=300.0)
        async with staged(probed, model("b")) as stage:
            await asyncio.sleep(2)

            assert await stage.ask("a") == "b"

    run_virtually(scene())


def test_a_free_probe_does_not_count() -> None:
    async def scene() -> None:
        probed = model("a", "b", requests_per_minute=1, probe=ProbeKind.MODELS)
        async with staged(probed, model("b")) as stage:
            await asyncio.sleep(2)

            assert await stage.ask("a") == "a"

    run_virtually(scene())


# --- tokens --------------------------------------------------------------------------------------


def test_an_attempt_tells_the_tokens_that_its_provider_told() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stage.provider.queues["a"] = [Line(usage=Usage(12, 34)), Line()]
            for _ in range(2):
                await stage.ask("a")

            tokens = [(event.read_tokens, event.written_tokens) for event in stage.happened(AttemptFinished)]
            assert tokens == [(12, 34), (None, None)]

    run_virtually(scene())


def test_an_attempt_costs_what_its_tokens_do_where_their_prices_are_known() -> None:
    async def scene() -> None:
        priced = model("a", "b", input_price=3_000_000, output_price=15_000_000)
        async with staged(priced, model("b")) as stage:
            stage.provider.queues["a"] = [Line(usage=Usage(12, 34)), Line()]
            stage.provider.queues["b"] = [Line(usage=Usage(12, 34))]
            for name in ("a", "a", "b"):
                await stage.ask(name)

            assert [event.cost for event in stage.happened(AttemptFinished)] == [546, None, None]

    run_virtually(scene())


def test_a_stream_costs_what_it_told_in_the_end() -> None:
    async def scene() -> None:
        async with staged(model("a", input_price=1_000_000, output_price=2_000_000)) as stage:
            stage.provider.lines["a"] = Line(usage=Usage(12, 34))
            await read(await stage.engine.open_stream(Task("a", {"messages": []})))

            assert stage.happened(AttemptFinished)[0].cost == 80

    run_virtually(scene())


def test_a_stream_tells_what_it_read_first_and_what_it_wrote_last() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stage.provider.lines["a"] = Line(usage=Usage(12, 34))
            await read(await stage.engine.open_stream(Task("a", {"messages": []})))

            told = stage.happened(AttemptFinished)[0]
            assert (told.read_tokens, told.written_tokens) == (12, 34)

    run_virtually(scene())


@pytest.mark.parametrize("is_streamed", [False, True])
def test_tokens_beyond_a_models_limit_go_to_the_next(*, is_streamed: bool) -> None:
    async def scene() -> None:
        async with staged(model("a", "b", tokens_per_minute=100), model("b")) as stage:
            stage.provider.lines["a"] = Line(usage=Usage(40, 20))
            for _ in range(2):
                if is_streamed:
                    await read(await stage.engine.open_stream(Task("a", {"messages": []})))
                else:
                    await stage.ask("a")

            assert await stage.ask("a") == "b"

    run_virtually(scene())


def test_tokens_that_nobody_told_are_estimated_from_the_bytes() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", tokens_per_minute=100), model("b")) as stage:
            request = RawBody(b'{"messages": "%s"}' % (b"x" * 400))

            served = [(await stage.engine.execute(Task("a", request))).served_by for _ in range(2)]

            assert served == ["a", "b"]

    run_virtually(scene())


def test_a_streams_events_are_its_tokens_where_nobody_told_them() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", tokens_per_minute=30), model("b")) as stage:
            stage.provider.lines["a"] = Line(pieces=40)
            await read(await stage.engine.open_stream(Task("a", {})))

            assert await stage.ask("a") == "b"

    run_virtually(scene())


@pytest.mark.parametrize(
    "outcome", [DOWN, Outcome(OutcomeKind.SERVER_ERROR, status=500), Outcome(OutcomeKind.BAD_REQUEST, status=400)]
)
def test_a_call_that_was_turned_down_used_no_tokens(outcome: Outcome) -> None:
    async def scene() -> None:
        async with staged(model("a", "b", tokens_per_minute=50, retries=0), model("b")) as stage:
            request = RawBody(b'{"messages": "%s"}' % (b"x" * 400))
            stage.provider.queues["a"] = [Line(outcome=outcome)]
            await asyncio.gather(stage.engine.execute(Task("a", request)), return_exceptions=True)

            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_a_call_that_was_given_up_used_tokens() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", tokens_per_minute=50, retries=0), model("b")) as stage:
            request = RawBody(b'{"messages": "%s"}' % (b"x" * 400))
            stage.provider.queues["a"] = [Line(outcome=CANCELLED, seconds=100)]
            given_up = asyncio.ensure_future(stage.engine.execute(Task("a", request)))
            await asyncio.sleep(1)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)

            assert await stage.ask("a") == "b"

    run_virtually(scene())


def test_a_plain_mapping_is_measured_as_text() -> None:
    assert request_tokens(Task("a", {"messages": "x" * 400})) == pytest.approx(104, abs=2)


def test_a_limit_holds_in_a_race_too() -> None:
    async def scene() -> None:
        racing = model("a", "b", strategy=Strategy.PARALLEL, requests_per_minute=1)
        async with staged(racing, model("b")) as stage:
            served = [await stage.ask("a") for _ in range(2)]

            assert served == ["a", "b"]
            assert stage.provider.calls == ["a", "b", "b"]

    run_virtually(scene())
