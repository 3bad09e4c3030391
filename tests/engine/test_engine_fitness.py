"""Who may answer such a request at all: unfit models, content filters, contexts that are too small."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.errors import OperationFailed
from hive_console.core.events import AlertRaised, AttemptFinished, FallbacksExhausted, OperationFinished
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Strategy
from hive_console.core.states import BreakerState, OperationResult
from hive_console.core.task import Task, Work
from hive_console.engine.fitness import OTHER_VECTORS
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, Stage, model, staged

NO_TOOLS = "its dialect knows no tools"
FILTERED = Outcome(OutcomeKind.CONTENT_FILTER, status=400, message="filtered")
TOO_LONG = Outcome(OutcomeKind.CONTEXT_LENGTH, status=400, message="too long")


async def failed(stage: Stage, name: str = "a", **options: object) -> OperationFailed:
    with pytest.raises(OperationFailed) as caught:
        await stage.ask(name, **options)
    return caught.value


# --- unfit ---------------------------------------------------------------------------------------


def test_an_unfit_model_is_passed_with_its_reason_and_without_a_call() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.unfits["a"] = NO_TOOLS

            reply = await stage.engine.execute(Task("a", {"messages": []}))

            trail = [(hop.model, hop.cause) for hop in reply.provenance.trail]
            assert trail == [("a", f"unfit: {NO_TOOLS}"), ("b", "success")]
            assert (reply.provenance.attempts, reply.provenance.served_by) == (1, "b")
            assert stage.provider.calls == ["b"]
            assert [event.model for event in stage.happened(AttemptFinished)] == ["b"]

    run_virtually(scene())


def test_an_unfit_request_uses_up_no_trial_of_a_half_open_breaker() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1, retries=0), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            await stage.ask("a")
            await asyncio.sleep(20)
            stage.provider.unfits["a"] = NO_TOOLS
            await stage.ask("a")
            still = stage.view("a").breaker.state
            stage.provider.unfits.clear()

            assert still is BreakerState.OPEN
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_when_all_are_unfit_the_caller_learns_each_reason_and_nobody_is_paged() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.unfits.update(a=NO_TOOLS, b="no images")

            error = await failed(stage)

            assert error.outcome == Outcome(OutcomeKind.UNFIT, message=f"a: {NO_TOOLS}; b: no images")
            assert (error.tried, error.attempts, error.retry_after) == ((), 0, None)
            assert stage.happened(FallbacksExhausted) == []
            assert stage.happened(AlertRaised) == []
            assert stage.happened(OperationFinished)[0].result is OperationResult.REJECTED

    run_virtually(scene())


def test_a_refusal_tells_more_than_an_unfit_model_and_only_the_fit_say_when() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1, retries=0), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            await stage.ask("a")
            stage.provider.unfits["b"] = NO_TOOLS

            error = await failed(stage)

            assert error.outcome.kind is OutcomeKind.REFUSED
            assert error.retry_after == pytest.approx(19.9)

    run_virtually(scene())


def test_an_unfit_fallback_is_no_reason_not_to_try_again() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.unfits["b"] = NO_TOOLS
            stage.provider.queues["a"] = [Line(outcome=BROKEN)]

            assert await stage.ask("a") == "a"
            assert stage.provider.calls == ["a", "a"]

    run_virtually(scene())


def test_a_race_is_run_without_the_unfit() -> None:
    async def scene() -> None:
        chain = (model("a", "b", "c", strategy=Strategy.PARALLEL), model("b"), model("c"))
        async with staged(*chain) as stage:
            stage.provider.unfits["a"] = NO_TOOLS
            stage.provider.lines["b"] = Line(seconds=5)

            reply = await stage.engine.execute(Task("a", {"messages": []}))

            assert stage.provider.calls == ["b", "c"]
            assert reply.provenance.trail[0].cause == f"unfit: {NO_TOOLS}"
            assert reply.served_by == "c"

    run_virtually(scene())


def test_a_race_with_one_fit_model_is_an_ordinary_call() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=Strategy.PARALLEL), model("b")) as stage:
            stage.provider.unfits["a"] = NO_TOOLS
            stage.provider.queues["b"] = [Line(outcome=BROKEN)]

            assert await stage.ask("a") == "b"
            assert stage.provider.calls == ["b", "b"]

    run_virtually(scene())


def test_a_race_without_any_fit_model_fails_with_every_reason() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=Strategy.PARALLEL), model("b")) as stage:
            stage.provider.unfits.update(a="x", b="y")

            assert (await failed(stage)).outcome.message == "a: x; b: y"

    run_virtually(scene())


# --- other works ---------------------------------------------------------------------------------


def test_embeddings_of_another_model_do_not_stand_in() -> None:
    async def scene() -> None:
        twin = model("c", wire_name="a")
        async with staged(model("a", "b", "c", retries=0), model("b"), twin) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)

            reply = await stage.engine.execute(Task("a", {"input": "x"}, work=Work.EMBEDDINGS))

            assert reply.served_by == "c"
            assert [hop.cause for hop in reply.provenance.trail][1] == f"unfit: {OTHER_VECTORS}"

    run_virtually(scene())


def test_tokens_are_counted_by_the_very_model() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", retries=0), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)

            error = await failed(stage, work=Work.COUNT)

            assert error.tried == ("a",)
            assert stage.happened(FallbacksExhausted) == []

    run_virtually(scene())


# --- content filter ------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [Strategy.SEQUENTIAL, Strategy.PARALLEL])
def test_what_a_content_filter_refused_is_told_to_the_caller(strategy: Strategy) -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=strategy), model("b")) as stage:
            stage.provider.lines.update(a=Line(outcome=FILTERED), b=Line(seconds=5))

            assert (await failed(stage)).outcome == FILTERED

    run_virtually(scene())


@pytest.mark.parametrize("strategy", [Strategy.SEQUENTIAL, Strategy.PARALLEL])
def test_a_fallback_answers_what_was_filtered_where_the_settings_say_so(strategy: Strategy) -> None:
    async def scene() -> None:
        first = model("a", "b", strategy=strategy, content_filter_fallback=True)
        async with staged(first, model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=FILTERED)

            assert await stage.ask("a") == "b"
            stage.provider.lines["b"] = Line(outcome=FILTERED)
            assert (await failed(stage)).outcome == FILTERED

    run_virtually(scene())


# --- context length ------------------------------------------------------------------------------


@pytest.mark.parametrize("hedge_after", [0.0, 1.0])
@pytest.mark.parametrize("strategy", [Strategy.SEQUENTIAL, Strategy.PARALLEL])
def test_what_is_too_long_goes_to_larger_fit_models_only(strategy: Strategy, hedge_after: float) -> None:
    async def scene() -> None:
        first = model("a", "b", "c", "d", context=100, strategy=strategy, hedge_after=hedge_after)
        others = (model("b", context=100), model("c", context=200), model("d", context=200))
        async with staged(first, *others) as stage:
            stage.provider.lines["a"] = Line(outcome=TOO_LONG, seconds=0)
            stage.provider.lines["b"] = Line(outcome=TOO_LONG, seconds=0)
            stage.provider.unfits["c"] = NO_TOOLS

            assert await stage.ask("a") == "d"
            if strategy is Strategy.SEQUENTIAL or hedge_after:
                assert "b" not in stage.provider.calls

    run_virtually(scene())


def test_nobody_is_known_to_be_larger_than_a_model_of_unknown_size() -> None:
    async def scene() -> None:
        first = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=1.0)
        async with staged(first, model("b", context=200)) as stage:
            stage.provider.lines["a"] = Line(outcome=TOO_LONG, seconds=0)

            assert (await failed(stage)).outcome == TOO_LONG
            assert stage.provider.calls == ["a"]

    run_virtually(scene())
