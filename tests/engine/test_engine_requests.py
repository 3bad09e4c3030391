"""Operations through the whole engine, in virtual time: retry, fallback, breakers, bulkheads, deadlines."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.errors import OperationFailed, UnknownModel
from hive_console.core.events import (
    AttemptFinished,
    BreakerChanged,
    FailedOver,
    FallbacksExhausted,
    OperationFinished,
    ServiceFailed,
    TrafficMoved,
)
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.restraint import THROTTLE_SECONDS
from hive_console.core.settings import RetryBeforeFallback, Strategy
from hive_console.core.states import BreakerState, OperationResult
from hive_console.core.task import Task
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, model, staged

LIMITED = Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=60.0)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_healthy_primary_answers_in_one_attempt() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            reply = await stage.engine.execute(Task.chat("a", "hello"))

            assert reply.text == "from a"
            assert (reply.provenance.attempts, reply.provenance.is_fallback) == (1, False)
            assert stage.happened(FailedOver) == []

    run_virtually(scene())


def test_alias_reaches_the_same_model() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            assert await stage.ask("a-alias") == "a"

    run_virtually(scene())


def test_unknown_model_is_refused_with_the_known_names() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            with pytest.raises(UnknownModel, match="configured: a"):
                await stage.ask("nobody")

    run_virtually(scene())


def test_failing_primary_moves_on_without_waiting_while_a_fallback_is_ready() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN, seconds=0.01)
            before = now()

            assert await stage.ask("a") == "b"

            assert now() - before < 0.2
            assert stage.provider.calls == ["a", "b"]
            [moved] = stage.happened(FailedOver)
            assert isinstance(moved, FailedOver)
            assert (moved.from_model, moved.to_model, moved.cause) == ("a", "b", "connection_failed")

    run_virtually(scene())


def test_lonely_model_is_called_four_times_with_doubling_waits() -> None:
    async def scene() -> None:
        async with staged(model("a", retries=3)) as stage:
            stage.provider.queues["a"] = [Line(outcome=BROKEN, seconds=0)] * 3
            before = now()

            assert await stage.ask("a") == "a"

            assert stage.provider.calls == ["a"] * 4
            assert 3.5 <= now() - before <= 7.2  # 1 + 2 + 4 s, each between its half and its whole

    run_virtually(scene())


def test_retries_come_before_the_fallback_when_asked_for() -> None:
    async def scene() -> None:
        always = RetryBeforeFallback.ALWAYS
        async with staged(model("a", "b", retries=1), model("b"), retry=always) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)

            assert await stage.ask("a") == "b"

            assert stage.provider.calls == ["a", "a", "b"]

    run_virtually(scene())


def test_no_retry_at_all_when_it_is_switched_off() -> None:
    async def scene() -> None:
        async with staged(model("a"), retry=RetryBeforeFallback.NEVER) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN)

            with pytest.raises(OperationFailed):
                await stage.ask("a")

            assert stage.provider.calls == ["a"]

    run_virtually(scene())


@pytest.mark.parametrize("kind", [OutcomeKind.BAD_REQUEST, OutcomeKind.CONTENT_FILTER, OutcomeKind.TOO_LARGE])
def test_callers_own_fault_is_neither_retried_nor_passed_on(kind: OutcomeKind) -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(kind))

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.outcome.kind is kind
            assert stage.provider.calls == ["a"]
            assert stage.happened(FallbacksExhausted) == []
            [ended] = stage.happened(OperationFinished)
            assert isinstance(ended, OperationFinished)
            assert ended.result is OperationResult.REJECTED

    run_virtually(scene())


def test_context_length_goes_on_to_a_larger_model_only() -> None:
    async def scene() -> None:
        too_long = Line(outcome=Outcome(OutcomeKind.CONTEXT_LENGTH))
        fleet = (model("a", "small", "big", context=8), model("small", context=8), model("big", context=16))
        async with staged(*fleet) as stage:
            stage.provider.lines["a"] = too_long

            assert await stage.ask("a") == "big"

            assert stage.provider.calls == ["a", "big"]

    run_virtually(scene())


def test_breaker_opens_after_its_threshold_and_the_dead_model_is_left_alone() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=3), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)

            served = [await stage.ask("a") for _ in range(10)]

            assert served == ["b"] * 10
            assert stage.provider.calls.count("a") == 3
            [opened] = stage.happened(BreakerChanged)
            assert isinstance(opened, BreakerChanged)
            assert opened.new is BreakerState.OPEN

    run_virtually(scene())


def test_one_real_call_is_the_trial_when_there_is_no_probe() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1), model("b")) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            assert await stage.ask("a") == "b"
            await asyncio.sleep(20)
            stage.provider.lines["a"] = Line(seconds=1)

            served = await asyncio.gather(*(stage.ask("a") for _ in range(5)))

            assert sorted(served) == ["a", "b", "b", "b", "b"]
            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_everything_down_fails_with_the_time_of_the_earliest_trial() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1, retries=0), model("b", threshold=1, retries=0)) as stage:
            for name in "ab":
                stage.provider.lines[name] = Line(outcome=DOWN)
            with pytest.raises(OperationFailed):
                await stage.ask("a")

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.outcome.kind is OutcomeKind.REFUSED
            assert caught.value.retry_after == pytest.approx(20, abs=1)
            assert len(stage.happened(FallbacksExhausted)) == 2
            await asyncio.sleep(1.5)
            moves = list(stage.happened(TrafficMoved))
            assert ("a", None) in [(event.model, event.new) for event in moves]

    run_virtually(scene())


def test_a_failure_tells_the_whole_way_it_went() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", threshold=1, retries=0), model("b", threshold=1, retries=0)) as stage:
            for name in "ab":
                stage.provider.lines[name] = Line(outcome=DOWN)

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert [(hop.model, hop.cause) for hop in caught.value.trail] == [
                ("a", DOWN.kind.value),
                ("b", DOWN.kind.value),
            ]

    run_virtually(scene())


def test_task_that_forbids_fallback_is_served_by_its_model_or_not_at_all() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", retries=0), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN)

            with pytest.raises(OperationFailed):
                await stage.ask("a", allow_fallback=False)

            assert stage.provider.calls == ["a"]

    run_virtually(scene())


def test_hanging_model_is_left_at_its_timeout_and_counts_as_failed() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", timeout=2), model("b")) as stage:
            stage.provider.lines["a"] = Line(seconds=1000)
            before = now()

            assert await stage.ask("a") == "b"

            assert now() - before == pytest.approx(2.1, abs=0.05)
            view = stage.engine.snapshot().model("a")
            await asyncio.sleep(1)
            view = stage.engine.snapshot().model("a")
            assert view is not None
            assert view.breaker.consecutive_failures == 1

    run_virtually(scene())


def test_deadline_ends_everything_and_a_hurried_caller_does_not_blame_the_model() -> None:
    async def scene() -> None:
        async with staged(model("a", timeout=5)) as stage:
            stage.provider.lines["a"] = Line(seconds=1000)
            before = now()

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a", deadline=1.0)

            assert caught.value.outcome.kind is OutcomeKind.TIMED_OUT
            assert now() - before == pytest.approx(1.0, abs=0.05)
            await asyncio.sleep(1)
            view = stage.engine.snapshot().model("a")
            assert view is not None
            assert view.breaker.consecutive_failures == 0

    run_virtually(scene())


@pytest.mark.parametrize(("second", "kind"), [(LIMITED, OutcomeKind.THROTTLED), (DOWN, OutcomeKind.REFUSED)])
def test_rate_limits_are_told_where_nothing_else_is_in_the_way(second: Outcome, kind: OutcomeKind) -> None:
    async def scene() -> None:
        async with staged(model("a", "b", retries=0), model("b", retries=0, threshold=1)) as stage:
            stage.provider.lines = {"a": Line(outcome=LIMITED), "b": Line(outcome=second)}
            with pytest.raises(OperationFailed):
                await stage.ask("a")

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.outcome.kind is kind
            assert caught.value.trail[0].cause == "refused: rate limited by the provider"

    run_virtually(scene())


def test_retry_after_is_waited_for_and_longer_than_the_deadline_is_not() -> None:
    async def scene() -> None:
        async with staged(model("a"), deadline=10) as stage:
            patient = Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=4)
            stage.provider.queues["a"] = [Line(outcome=patient)]
            before = now()
            assert await stage.ask("a") == "a"
            assert now() - before == pytest.approx(4.2, abs=0.05)

            before = now()
            stage.provider.queues["a"] = [Line(outcome=Outcome(OutcomeKind.RATE_LIMITED, retry_after=60))]
            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")
            assert caught.value.outcome.kind is OutcomeKind.RATE_LIMITED
            assert now() - before < 1

    run_virtually(scene())


def test_throttle_that_names_no_time_is_waited_for_too() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            stage.provider.queues["a"] = [Line(outcome=Outcome(OutcomeKind.RATE_LIMITED, status=429))]
            before = now()

            assert await stage.ask("a") == "a"

            assert now() - before == pytest.approx(THROTTLE_SECONDS, abs=0.5)

    run_virtually(scene())


def test_rate_limited_model_is_avoided_until_its_time_and_its_breaker_stays_closed() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            limited = Outcome(OutcomeKind.RATE_LIMITED, status=429, retry_after=8)
            stage.provider.queues["a"] = [Line(outcome=limited)]

            assert [await stage.ask("a") for _ in range(3)] == ["b", "b", "b"]
            assert stage.provider.calls.count("a") == 1
            await asyncio.sleep(8)

            assert await stage.ask("a") == "a"
            assert stage.happened(BreakerChanged) == []

    run_virtually(scene())


def test_refused_key_takes_the_model_out_without_touching_its_breaker() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:
            stage.provider.lines["a"] = Line(outcome=Outcome(OutcomeKind.KEY_REFUSED, status=401))

            assert [await stage.ask("a") for _ in range(5)] == ["b"] * 5

            assert stage.provider.calls.count("a") == 1
            assert stage.happened(BreakerChanged) == []
            await asyncio.sleep(1)
            view = stage.engine.snapshot().model("a")
            assert view is not None
            assert view.fault == "key refused by the provider"

    run_virtually(scene())


def test_bulkhead_is_never_exceeded_and_its_queue_is_served_in_order() -> None:
    async def scene() -> None:
        async with staged(model("a", places=3)) as stage:
            stage.provider.lines["a"] = Line(seconds=1)
            before = now()

            served = await asyncio.gather(*(stage.ask("a") for _ in range(9)))

            assert served == ["a"] * 9
            assert stage.provider.most_in_flight["a"] == 3
            assert now() - before == pytest.approx(3, abs=0.1)

    run_virtually(scene())


def test_full_bulkhead_moves_on_to_a_fallback_and_is_no_failure() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", places=1), model("b")) as stage:
            stage.provider.lines["a"] = Line(seconds=1)

            served = await asyncio.gather(*(stage.ask("a") for _ in range(4)))

            assert sorted(served) == ["a", "b", "b", "b"]
            assert stage.happened(BreakerChanged) == []

    run_virtually(scene())


def test_full_queue_sheds_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a", places=1), queued=1) as stage:
            stage.provider.lines["a"] = Line(seconds=1)

            results = await asyncio.gather(*(stage.ask("a") for _ in range(3)), return_exceptions=True)

            assert [type(result).__name__ for result in results] == ["str", "str", "OperationFailed"]
            ends = list(stage.happened(OperationFinished))
            assert [event.result for event in ends].count(OperationResult.SHED) == 1

    run_virtually(scene())


def test_waiting_caller_that_leaves_frees_its_turn() -> None:
    async def scene() -> None:
        async with staged(model("a", places=1)) as stage:
            stage.provider.lines["a"] = Line(seconds=1)
            async with asyncio.TaskGroup() as group:
                first = group.create_task(stage.ask("a"))
                second = group.create_task(stage.ask("a"))
                third = group.create_task(stage.ask("a"))
                await asyncio.sleep(0.5)
                second.cancel()

            assert (first.result(), third.result()) == ("a", "a")
            assert second.cancelled()
            assert now() == pytest.approx(2, abs=0.1)

    run_virtually(scene())


def test_cancelled_call_is_neutral_and_frees_its_place() -> None:
    async def scene() -> None:
        async with staged(model("a", places=1, threshold=1)) as stage:
            stage.provider.lines["a"] = Line(seconds=10)
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(stage.ask("a"))
                await asyncio.sleep(1)
                asking.cancel()
            stage.provider.lines["a"] = Line()

            assert await stage.ask("a") == "a"

            assert stage.happened(BreakerChanged) == []
            kinds = [e.kind for e in stage.happened(AttemptFinished)]
            assert kinds == [OutcomeKind.CANCELLED, OutcomeKind.SUCCESS]

    run_virtually(scene())


def test_parallel_takes_the_first_answer_and_cancels_the_losers_neutrally() -> None:
    async def scene() -> None:
        parallel = model("a", "b", "c", strategy=Strategy.PARALLEL, threshold=1)
        async with staged(parallel, model("b", threshold=1), model("c", threshold=1)) as stage:
            stage.provider.lines = {"a": Line(seconds=9), "b": Line(seconds=1), "c": Line(seconds=9)}
            before = now()

            reply = await stage.engine.execute(Task("a", {"messages": []}))

            assert reply.served_by == "b"
            assert reply.provenance.attempts == 3
            assert now() - before == pytest.approx(1, abs=0.05)
            assert stage.happened(BreakerChanged) == []
            assert all(count == 0 for count in stage.provider.in_flight.values())

    run_virtually(scene())


def test_parallel_fails_only_when_all_failed() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=Strategy.PARALLEL), model("b", retries=0)) as stage:
            stage.provider.lines = {"a": Line(outcome=DOWN), "b": Line(outcome=BROKEN, seconds=1)}

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert sorted(caught.value.tried) == ["a", "b"]
            assert stage.provider.calls == ["a", "b"]

    run_virtually(scene())


def test_last_racer_is_asked_again_like_any_model_without_a_standby() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=Strategy.PARALLEL), model("b")) as stage:
            stage.provider.lines = {"a": Line(outcome=DOWN)}
            stage.provider.queues["b"] = [Line(outcome=BROKEN, seconds=1)]

            assert await stage.ask("a") == "b"

            assert stage.provider.calls == ["a", "b", "b"]

    run_virtually(scene())


def test_race_waits_in_line_when_every_racers_places_are_taken() -> None:
    async def scene() -> None:
        racing = model("a", "b", strategy=Strategy.PARALLEL, places=1)
        async with staged(racing, model("b", places=1)) as stage:
            served = await asyncio.gather(*(stage.ask("a") for _ in range(4)))

            assert served[0] == "a"
            assert set(served[1:]) == {"b"}

    run_virtually(scene())


def test_caller_that_leaves_while_the_losers_close_frees_the_winners_stream_too() -> None:
    async def scene() -> None:
        racing = model("a", "b", strategy=Strategy.PARALLEL)
        async with staged(racing, model("b")) as stage:
            stage.provider.lines = {"a": Line(seconds=0.1), "b": Line(seconds=9, closing=5)}
            asking = asyncio.create_task(stage.engine.open_stream(Task("a", {"messages": []})))
            await asyncio.sleep(1)  # a has answered, b is still giving its connection back

            asking.cancel()
            await asyncio.wait([asking])
            await asyncio.sleep(10)

            assert [view.in_flight for view in stage.engine.snapshot().models] == [0, 0]
            assert stage.provider.in_flight == {"a": 0, "b": 0}
            [ended] = stage.happened(OperationFinished)
            assert isinstance(ended, OperationFinished)
            assert ended.result is OperationResult.CANCELLED

    run_virtually(scene())


def test_weighted_shares_follow_the_weights_and_zero_gets_nothing() -> None:
    async def scene() -> None:
        weighted = model("a", "b", "c", strategy=Strategy.WEIGHTED, weight=3)
        async with staged(weighted, model("b", weight=1), model("c", weight=0)) as stage:
            served = [await stage.ask("a") for _ in range(8)]

            assert [served.count(name) for name in "abc"] == [6, 2, 0]
            assert stage.happened(FailedOver) == []

    run_virtually(scene())


def test_bug_of_an_adapter_is_published_and_passed_over() -> None:
    async def scene() -> None:
        async with staged(model("a", "b"), model("b")) as stage:

            async def explode(*_: object) -> None:
                raise ZeroDivisionError("secret prompt")

            original = stage.provider.complete
            stage.provider.complete = (  # type: ignore[method-assign]  # the bug to survive
                lambda settings, task: explode() if settings.id == "a" else original(settings, task)  # type: ignore[assignment,return-value]
            )

            assert await stage.ask("a") == "b"

            [failed] = stage.happened(ServiceFailed)
            assert isinstance(failed, ServiceFailed)
            assert "secret" not in failed.message

    run_virtually(scene())


def test_error_of_the_body_leaves_the_engine_as_it_is() -> None:
    async def scene() -> None:
        async with staged(model("a")):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run_virtually(scene())


def test_caller_in_a_hurry_or_bound_to_one_model_pages_nobody() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", retries=0), model("b", retries=0, threshold=1)) as stage:
            stage.provider.lines = {"a": Line(seconds=9), "b": Line(seconds=9)}
            with pytest.raises(OperationFailed):
                await stage.ask("a", deadline=0.1)
            stage.provider.lines = {"a": Line(outcome=DOWN)}
            with pytest.raises(OperationFailed):
                await stage.ask("a", allow_fallback=False)

            assert stage.happened(FallbacksExhausted) == []

    run_virtually(scene())


def test_lost_race_is_no_failover_and_a_failed_racer_is() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=Strategy.PARALLEL), model("b")) as stage:
            stage.provider.lines = {"a": Line(seconds=2), "b": Line(seconds=1)}
            assert await stage.ask("a") == "b"
            assert stage.happened(FailedOver) == []

            stage.provider.lines["a"] = Line(outcome=DOWN)
            assert await stage.ask("a") == "b"
            assert len(stage.happened(FailedOver)) == 1

    run_virtually(scene())
