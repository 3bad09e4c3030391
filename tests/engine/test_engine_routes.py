"""Routes: a virtual model leads to a chain of its own, and everybody can see who answers it."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.errors import OperationFailed, UnknownModel
from hive_console.core.events import (
    AlertRaised,
    AlertResolved,
    FallbacksExhausted,
    OperationFinished,
    TrafficMoved,
)
from hive_console.core.settings import Replay, RouteSettings, Strategy
from hive_console.core.snapshot import RouteView
from hive_console.core.states import Action, AlertRule, OperationClass
from hive_console.core.task import Task, Work
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, model, staged

SMART = RouteSettings("smart", "a", ("c",))


def test_a_route_answers_from_its_primary_and_then_from_its_own_fallbacks() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b"), model("c"), routes=(SMART,)) as stage:
            first = await stage.ask("smart")
            stage.provider.lines["a"] = Line(outcome=DOWN)

            assert (first, await stage.ask("smart"), await stage.ask("a")) == ("a", "c", "b")

    run_virtually(scene())


def test_the_answer_and_the_recording_name_route_and_primary() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("c"), routes=(SMART,)) as stage:
            reply = await stage.engine.execute(Task("smart", {"messages": []}))
            await stage.ask("a")

            assert (reply.provenance.route, reply.provenance.requested) == ("smart", "a")
            assert not reply.provenance.is_fallback
            finished = stage.happened(OperationFinished)
            assert [(event.route, event.requested) for event in finished] == [("smart", "a"), ("", "a")]

    run_virtually(scene())


def test_an_unknown_name_is_told_with_the_routes_among_the_known_ones() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("c"), routes=(SMART,)) as stage:
            with pytest.raises(UnknownModel, match="configured: a, c, smart"):
                await stage.ask("nobody")

    run_virtually(scene())


def test_a_pin_of_the_primary_by_hand_comes_first_on_its_routes_too() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b"), model("c"), routes=(SMART,)) as stage:
            await stage.say(Action.FAIL_OVER, "a", "b")

            assert await stage.ask("smart") == "b"
            stage.provider.lines["b"] = Line(outcome=DOWN)
            assert await stage.ask("smart") == "a"

    run_virtually(scene())


@pytest.mark.parametrize(
    "wish",
    [{"operation_class": OperationClass.IDENTITY_BOUND}, {"allow_fallback": False}, {"work": Work.COUNT}],
)
def test_who_is_bound_to_a_model_gets_only_the_primary_of_a_route(wish: dict[str, object]) -> None:
    async def scene() -> None:
        async with staged(model("a", retries=0), model("c"), routes=(SMART,)) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)

            with pytest.raises(OperationFailed, match="no model answered for smart: tried a;"):
                await stage.ask("smart", **wish)

            assert stage.provider.calls == ["a"]
            assert stage.happened(FallbacksExhausted) == []

    run_virtually(scene())


def test_each_route_has_turns_by_weight_of_its_own() -> None:
    async def scene() -> None:
        routes = tuple(RouteSettings(name, "a", ("c",), Strategy.WEIGHTED) for name in ("left", "right"))
        async with staged(model("a"), model("c"), routes=routes) as stage:
            served = [await stage.ask(name) for _ in range(2) for name in ("left", "right")]

            assert served == ["a", "a", "c", "c"]

    run_virtually(scene())


def test_each_route_has_a_retry_budget_of_its_own() -> None:
    async def scene() -> None:
        lonely = model("a", threshold=1000, places=100)
        route = RouteSettings("smart", "a")
        async with staged(lonely, routes=(route,), retry_budget=0.0, retry_budget_floor=2) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN, seconds=0)

            asked = [stage.ask(name) for name in ("a", "smart") for _ in range(5)]
            await asyncio.gather(*asked, return_exceptions=True)

            assert len(stage.provider.calls) == 10 + 2 + 2

    run_virtually(scene())


def test_a_parallel_route_has_its_own_pace_of_copies() -> None:
    async def scene() -> None:
        route = RouteSettings("quick", "a", ("c",), Strategy.PARALLEL, hedge_after=2.0)
        async with staged(model("a"), model("c"), routes=(route,)) as stage:
            stage.provider.lines["a"] = Line(seconds=4)

            assert await stage.ask("quick") == "c"
            first, second = stage.provider.called_at
            assert second - first == pytest.approx(2.0)

    run_virtually(scene())


@pytest.mark.parametrize(
    ("wish", "calls"),
    [
        ({"strategy": Strategy.PARALLEL}, ["a", "c"]),
        ({"strategy": Strategy.SEQUENTIAL}, ["a"]),
        ({"strategy": Strategy.PARALLEL, "replay": Replay.DENY}, ["a"]),
    ],
)
def test_a_callers_wish_for_a_strategy_goes_before_the_routes(wish: dict[str, object], calls: list[str]) -> None:
    async def scene() -> None:
        async with staged(model("a"), model("c"), routes=(SMART,)) as stage:
            await stage.ask("smart", **wish)

            assert stage.provider.calls == calls

    run_virtually(scene())


def test_a_wish_for_turns_by_weight_where_nobody_has_weight_is_served_in_order() -> None:
    async def scene() -> None:
        async with staged(model("a", weight=0), model("c", weight=0), routes=(SMART,)) as stage:
            assert await stage.ask("smart", strategy=Strategy.WEIGHTED) == "a"

    run_virtually(scene())


def test_the_snapshot_says_who_serves_a_route() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("c"), routes=(SMART,)) as stage:
            before = stage.engine.snapshot().routes
            await stage.say(Action.DEACTIVATE, "a")

            assert before == (RouteView("smart", "a", "a", Strategy.SEQUENTIAL, ("a", "c")),)
            assert stage.engine.snapshot().routes[0].serving == "c"
            moved = [(event.model, event.new, event.primary) for event in stage.happened(TrafficMoved)]
            assert ("smart", "c", "a") in moved

    run_virtually(scene())


def test_a_route_that_nobody_answers_has_an_alert_of_its_own() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", retries=0), model("b"), model("c", retries=0), routes=(SMART,)) as stage:
            for name in ("a", "c"):
                stage.provider.lines[name] = Line(outcome=BROKEN)
            with pytest.raises(OperationFailed):
                await stage.ask("smart")

            raised = [event for event in stage.happened(AlertRaised) if event.rule is AlertRule.FALLBACKS_EXHAUSTED]
            assert [event.subject for event in raised] == ["smart"]
            assert raised[0].text.startswith("no model answered for smart")

            await asyncio.sleep(40)
            await stage.ask("a")  # an answer on another way ends nothing
            assert [event.rule for event in stage.happened(AlertResolved)].count(AlertRule.FALLBACKS_EXHAUSTED) == 0
            stage.provider.lines.clear()
            await stage.ask("smart")
            assert [event.rule for event in stage.happened(AlertResolved)].count(AlertRule.FALLBACKS_EXHAUSTED) == 1

    run_virtually(scene())


def test_when_a_route_is_down_its_caller_hears_of_the_earliest_trial_of_its_chain() -> None:
    async def scene() -> None:
        pair = (model("a", threshold=1, retries=0), model("c", threshold=1, retries=0, recovery_timeout=7.0))
        async with staged(*pair, routes=(SMART,)) as stage:
            for name in ("a", "c"):
                stage.provider.lines[name] = Line(outcome=DOWN, seconds=0)
            with pytest.raises(OperationFailed):
                await stage.ask("smart")

            with pytest.raises(OperationFailed) as whole:
                await stage.ask("smart")
            with pytest.raises(OperationFailed) as bound:
                await stage.ask("smart", allow_fallback=False)

            assert whole.value.route == "smart"
            assert whole.value.retry_after == pytest.approx(7.0)
            assert bound.value.retry_after == pytest.approx(20.0)

    run_virtually(scene())
