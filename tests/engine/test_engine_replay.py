"""Replay safety: what was sent once, and nobody knows what became of it, is not sent again where that is denied."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hive_console.core.errors import OperationFailed
from hive_console.core.events import FallbacksExhausted
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Replay, Strategy
from hive_console.engine.fallback import UNSURE
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, Stage, model, staged

CUT = Outcome(OutcomeKind.CONNECTION_FAILED, message="reset", is_uncertain=True)
WORDLESS = Outcome(OutcomeKind.CONNECTION_FAILED, is_uncertain=True)

DENIED: list[tuple[dict[str, Any], dict[str, Any]]] = [({"replay": Replay.DENY}, {}), ({}, {"replay": Replay.DENY})]
"""Denied by the caller, and by the settings."""


async def failed(stage: Stage, **options: object) -> OperationFailed:
    with pytest.raises(OperationFailed) as caught:
        await stage.ask("a", **options)
    return caught.value


@pytest.mark.parametrize(("wish", "fleet"), DENIED)
@pytest.mark.parametrize("fallbacks", [(), ("b",)])
def test_an_uncertain_call_is_neither_repeated_nor_handed_on(
    wish: dict[str, Any], fleet: dict[str, Any], fallbacks: tuple[str, ...]
) -> None:
    async def scene() -> None:
        async with staged(model("a", *fallbacks), model("b"), **fleet) as stage:
            stage.provider.lines["a"] = Line(outcome=CUT)

            error = await failed(stage, **wish)

            assert stage.provider.calls == ["a"]
            assert error.outcome.is_uncertain
            assert str(error).endswith(f"(reset; {UNSURE})")

    run_virtually(scene())


@pytest.mark.parametrize(("wish", "fleet"), DENIED)
def test_the_connection_is_told_too_that_nothing_may_be_sent_twice(
    fleet: dict[str, Any], wish: dict[str, Any]
) -> None:
    async def scene() -> None:
        async with staged(model("a"), **fleet) as stage:
            await stage.ask("a", **wish)

            assert [task.replay for task in stage.provider.tasks] == [Replay.DENY]

    run_virtually(scene())


def test_a_timeout_of_ours_is_uncertain() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), replay=Replay.DENY) as stage:
            stage.provider.lines["a"] = Line(seconds=1000)

            error = await failed(stage)

            assert (error.outcome.kind, error.outcome.is_uncertain) == (OutcomeKind.TIMED_OUT, True)
            assert stage.provider.calls == ["a"]

    run_virtually(scene())


def test_an_uncertain_call_without_words_says_so_all_the_same() -> None:
    async def scene() -> None:
        async with staged(model("a"), replay=Replay.DENY) as stage:
            stage.provider.lines["a"] = Line(outcome=WORDLESS)

            assert (await failed(stage)).outcome.message == UNSURE

    run_virtually(scene())


@pytest.mark.parametrize("outcome", [DOWN, BROKEN])
def test_a_certain_failure_is_repeated_and_handed_on_as_ever(outcome: Outcome) -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), replay=Replay.DENY) as stage:
            stage.provider.lines["a"] = Line(outcome=outcome)

            assert await stage.ask("a") == "b"
            stage.provider.queues["b"] = [Line(outcome=outcome)]
            assert await stage.ask("b") == "b"

    run_virtually(scene())


@pytest.mark.parametrize(("wish", "fleet"), [({}, {}), ({"replay": Replay.ALLOW}, {"replay": Replay.DENY})])
def test_where_it_is_allowed_a_fallback_answers_what_timed_out(wish: dict[str, Any], fleet: dict[str, Any]) -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), **fleet) as stage:
            stage.provider.lines["a"] = Line(outcome=CUT)

            assert await stage.ask("a", **wish) == "b"

    run_virtually(scene())


@pytest.mark.parametrize("hedge_after", [0.0, 1.0])
def test_no_copies_are_sent_of_what_must_not_be_replayed(hedge_after: float) -> None:
    async def scene() -> None:
        first = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=hedge_after)
        async with staged(first, model("b"), replay=Replay.DENY) as stage:
            stage.provider.lines["a"] = Line(seconds=4)

            assert await stage.ask("a") == "a"
            assert stage.provider.calls == ["a"]

    run_virtually(scene())


def test_a_call_that_could_not_be_handed_on_does_not_count_as_an_exhausted_chain() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=CUT)

            await failed(stage, replay=Replay.DENY)

            assert stage.happened(FallbacksExhausted) == []

    run_virtually(scene())


def test_a_request_that_must_not_be_replayed_goes_on_waiting_for_a_silent_model() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=2, places=20), model("b"), replay=Replay.DENY) as stage:
            stage.provider.lines["a"] = Line(seconds=1000)

            results = await asyncio.gather(*(stage.ask("a") for _ in range(6)), return_exceptions=True)

            assert [type(result) for result in results] == [OperationFailed] * 6

    run_virtually(scene())
