"""What the original implementation got wrong, asked of the whole engine (docs/known-bugs.md has the list)."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import itertools
from importlib import import_module

import pytest

import hive_console
from hive_console.core.degradation import PLANS, LevelPlan
from hive_console.core.errors import OperationFailed
from hive_console.core.events import BreakerChanged, Event, FailedOver, ProbeFinished
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind, Strategy
from hive_console.core.states import Action, BreakerState, ModelStatus
from hive_console.core.task import Task
from hive_console.sim.virtual_time import EPOCH, run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, model, staged


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("timeout", "deadline", "fleet_deadline", "ends_after"),
    [(0.05, None, 90.0, 0.05), (5.0, 0.05, 90.0, 0.05), (5.0, None, 0.1, 0.1)],
)
def test_f2_every_timeout_that_is_set_is_kept_to(
    timeout: float, deadline: float | None, fleet_deadline: float, ends_after: float
) -> None:
    async def scene() -> None:
        async with staged(model("a", timeout=timeout, retries=0), deadline=fleet_deadline) as stage:
            stage.provider.lines["a"] = Line(seconds=0.4)
            before = now()

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a", deadline=deadline)

            assert caught.value.outcome.kind is OutcomeKind.TIMED_OUT
            assert now() - before == pytest.approx(ends_after)

    run_virtually(scene())


def test_f2_a_streams_first_content_has_a_timeout_of_its_own() -> None:
    async def scene() -> None:
        async with staged(model("a", timeout=5.0, retries=0, first_token_timeout=0.05)) as stage:
            stage.provider.lines["a"] = Line(seconds=0.4)
            before = now()

            with pytest.raises(OperationFailed):
                await stage.engine.open_stream(Task("a", {"messages": []}))

            assert now() - before == pytest.approx(0.05)

    run_virtually(scene())


def test_f3_an_answer_that_is_none_counts_as_a_failure_and_opens_the_breaker() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=2), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.MALFORMED, status=200))

            assert [await stage.ask("a") for _ in range(2)] == ["b", "b"]

            assert [event.new for event in stage.happened(BreakerChanged)] == [BreakerState.OPEN]

    run_virtually(scene())


def test_f4_a_model_that_fails_is_asked_less_and_its_numbers_say_so() -> None:
    async def scene() -> None:
        weighted = model("a", "b", strategy=Strategy.WEIGHTED, weight=9, threshold=3)
        async with staged(weighted, model("b", weight=1)) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)

            served = [await stage.ask("a") for _ in range(40)]
            await asyncio.sleep(1)

            assert served == ["b"] * 40
            assert stage.provider.calls.count("a") == 3
            assert (stage.view("a").error_rate, stage.view("a").failure_count) == (1.0, 3)
            assert stage.view("a").status is ModelStatus.UNAVAILABLE

    run_virtually(scene())


@pytest.mark.parametrize("strategy", Strategy)
def test_f5_a_failover_is_reported_as_one_under_every_strategy(strategy: Strategy) -> None:
    async def scene() -> None:
        first = model("a", "b", strategy=strategy, weight=9, retries=0)
        async with staged(first, model("b", weight=1, retries=0)) as stage:
            stage.provider.lines = {"a": Line(outcome=DOWN), "b": Line(seconds=1)}

            reply = await stage.engine.execute(Task("a", {"messages": []}))

            assert (reply.provenance.requested, reply.served_by) == ("a", "b")
            assert reply.provenance.is_fallback
            assert [(event.from_model, event.to_model) for event in stage.happened(FailedOver)] == [("a", "b")]

    run_virtually(scene())


def test_f6_every_call_is_counted_and_every_hop_told() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            stage.provider.queues["b"] = [Line(outcome=BROKEN)] * 2

            reply = await stage.engine.execute(Task("a", {"messages": []}))

            assert reply.provenance.attempts == 4  # a, b, and b twice again
            assert [(hop.model, hop.cause) for hop in reply.provenance.trail] == [
                ("a", "connection_failed"),
                ("b", "success"),
            ]
            again = await stage.engine.execute(Task("a", {"messages": []}))
            assert again.provenance.trail[0].cause == "refused: breaker open"

    run_virtually(scene())


def test_f6_a_failed_operation_tells_its_calls_too() -> None:
    async def scene() -> None:
        async with staged(model("a", retries=2)) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.attempts == 3

    run_virtually(scene())


def test_f7_two_engines_of_the_same_settings_share_nothing() -> None:
    async def scene() -> None:
        models = (model("a", "b", threshold=1), model("b"))
        async with staged(*models) as first, staged(*models) as second:
            first.provider.lines["a"] = Line(outcome=DOWN)
            await first.ask("a")

            assert await second.ask("a") == "a"
            assert second.happened(BreakerChanged) == []

    run_virtually(scene())


def test_h1_the_health_of_a_model_that_nobody_can_ask_is_not_guessed() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=ProbeKind.NONE)) as stage:
            results = {(await stage.say(Action.CHECK_NOW, "a")).message for _ in range(50)}
            await asyncio.sleep(300)

            assert results == {"a: refused (probes are switched off for this model)"}
            assert stage.view("a").status is ModelStatus.UNKNOWN
            assert stage.happened(ProbeFinished) == []

    run_virtually(scene())


def test_h3_waits_before_retries_are_no_part_of_a_models_response_time() -> None:
    async def scene() -> None:
        async with staged(model("a", timeout=2.0)) as stage:
            stage.provider.queues["a"] = [Line(outcome=BROKEN, seconds=0.1)] * 3

            await stage.ask("a")
            await asyncio.sleep(1)

            assert stage.view("a").response_time == pytest.approx(0.1, abs=0.001)
            assert stage.view("a").p95 == pytest.approx(0.1, abs=0.001)

    run_virtually(scene())


def test_h4_a_hanging_check_delays_no_other_model_and_never_overlaps_itself() -> None:
    async def scene() -> None:
        hanging = model("a", probe=ProbeKind.MODELS, health_check_interval=2.0, probe_timeout=10.0, threshold=99)
        async with staged(hanging, model("b", probe=ProbeKind.MODELS)) as stage:
            stage.provider.probes["a"] = Line(seconds=1000)
            await asyncio.sleep(60)

            times = {name: [at - EPOCH for at, who in stage.provider.probed if who == name] for name in "ab"}
            gaps = [later - earlier for earlier, later in itertools.pairwise(times["a"])]
            assert all(gap >= 10 for gap in gaps)
            assert times["b"][0] < 1
            assert len(times["b"]) >= 2

    run_virtually(scene())


def test_h4_a_failed_trial_of_the_prober_keeps_traffic_away() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", probe=ProbeKind.MODELS, threshold=3), model("b")) as stage:
            stage.provider.probes["a"] = Line(outcome=DOWN, seconds=0)
            await asyncio.sleep(8)

            assert await stage.ask("a") == "b"
            assert stage.provider.calls == ["b"]

    run_virtually(scene())


def test_m1_the_state_of_a_breaker_is_shown_as_it_is_and_is_no_request() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)
            await stage.ask("a")
            await asyncio.sleep(1)

            assert stage.view("a").breaker.state is BreakerState.OPEN
            assert (stage.view("a").requests, stage.view("b").requests) == (1, 1)
            assert stage.engine.snapshot().metrics.operations == 1

    run_virtually(scene())


def test_m3_a_snapshot_is_plain_data_down_to_its_leaves() -> None:
    def leaves(value: object) -> list[object]:
        if dataclasses.is_dataclass(value):
            return [leaf for known in dataclasses.fields(value) for leaf in leaves(getattr(value, known.name))]
        if isinstance(value, tuple):
            return [leaf for item in value for leaf in leaves(item)]
        return [value]

    async def scene() -> None:
        async with staged(model("a"), model("b")) as stage:
            await stage.ask("a")
            await asyncio.sleep(1)

            found = leaves(stage.engine.snapshot())
            assert len(found) > 50
            assert not [leaf for leaf in found if inspect.isawaitable(leaf) or callable(leaf)]

    run_virtually(scene())


def test_d1_the_screens_view_is_drawn_again_and_again() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            numbers = []
            for _ in range(10):
                await asyncio.sleep(2)
                numbers.append(stage.engine.snapshot().sequence)

            assert all(later > earlier for earlier, later in itertools.pairwise(numbers))

    run_virtually(scene())


def test_d4_a_level_only_turns_away_sends_once_or_shortens_and_never_skips_a_check() -> None:
    assert {known.name for known in dataclasses.fields(LevelPlan)} == {"sheds", "allows_copies", "caps_tokens"}
    assert len(set(PLANS.values())) == len(PLANS)


def test_c1_the_same_seed_gives_the_same_events_to_the_last_digit() -> None:
    async def scene() -> list[Event]:
        models = (
            model("a", "b", probe=ProbeKind.MODELS, threshold=2, ramp=5, strategy=Strategy.FASTEST),
            model("b", "a", probe=ProbeKind.MODELS, threshold=2, ramp=5),
        )
        async with staged(*models) as stage:
            for number in range(120):
                is_bad = number % 40 < 12
                stage.provider.lines["a"] = Line(outcome=BROKEN) if is_bad else Line(seconds=0.1 + number % 7 / 50)
                await asyncio.gather(stage.ask("a"), stage.ask("b"), return_exceptions=True)
                await asyncio.sleep(1)
            return list(stage.recorder.events)

    first, second = run_virtually(scene()), run_virtually(scene())

    assert len(first) > 300
    assert first == second


def test_b1_every_public_name_can_be_imported() -> None:
    public = import_module("hive_console")

    assert hive_console.__all__
    assert not [name for name in hive_console.__all__ if getattr(public, name, None) is None]


def test_b2_copies_of_one_operation_go_to_different_models() -> None:
    async def scene() -> None:
        racing = model("a", "b", "c", strategy=Strategy.PARALLEL, retries=0)
        async with staged(racing, model("b", "a", retries=0), model("c", "a", retries=0)) as stage:
            for name in "abc":
                stage.provider.lines[name] = Line(outcome=DOWN)

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.tried == ("a", "b", "c")

    run_virtually(scene())
