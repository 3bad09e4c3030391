"""What bounds the load: retry budgets, Retry-After, hedges, places, shedding, token caps and probes' money."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.degradation import CONFIRMATION, HOLD
from hive_console.core.errors import OperationFailed
from hive_console.core.events import (
    AttemptFinished,
    BreakerChanged,
    OperationFinished,
    ProbeBudgetSpent,
)
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind, RetryBeforeFallback, Strategy
from hive_console.core.states import (
    Action,
    BreakerState,
    DegradationLevel,
    OperationClass,
    OperationResult,
    Priority,
)
from hive_console.core.task import Task
from hive_console.sim.virtual_time import EPOCH, VirtualClock, run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, Stage, model, staged

OVERLOADED = Outcome(OutcomeKind.OVERLOADED, status=529)
BAD_REQUEST = Outcome(OutcomeKind.BAD_REQUEST, status=400)


def now() -> float:
    return asyncio.get_running_loop().time()


async def ask_all(stage: Stage, count: int, name: str = "a", **options: object) -> list[str]:
    """So many operations at once: who answered each, or how it failed."""
    results = await asyncio.gather(*(stage.ask(name, **options) for _ in range(count)), return_exceptions=True)
    return [result.outcome.kind.value if isinstance(result, OperationFailed) else str(result) for result in results]


# --- retries -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("floor", "retries"), [(0, 0), (3, 3), (7, 7)])
def test_without_a_share_only_the_floor_is_retried(floor: int, retries: int) -> None:
    async def scene() -> None:
        lonely = model("a", threshold=1000, places=100)
        async with staged(lonely, retry_budget=0.0, retry_budget_floor=floor) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN, seconds=0)

            await ask_all(stage, 10)

            assert len(stage.provider.calls) == 10 + retries

    run_virtually(scene())


def test_a_fifth_of_the_operations_may_be_retried() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1000, places=200)) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN, seconds=0)

            await ask_all(stage, 100)

            assert len(stage.provider.calls) == 120

    run_virtually(scene())


def test_the_budget_is_whole_again_after_ten_seconds() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1000, places=100), retry_budget=0.0) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN, seconds=0)
            await ask_all(stage, 10)
            await asyncio.sleep(11)

            await ask_all(stage, 10)

            assert len(stage.provider.calls) == 26

    run_virtually(scene())


def test_each_chain_has_a_budget_of_its_own() -> None:
    async def scene() -> None:
        models = (model("a", threshold=1000, places=100), model("b", threshold=1000, places=100))
        async with staged(*models, retry_budget=0.0, retry_budget_floor=1) as stage:
            for name in "ab":
                stage.provider.lines[name] = Line(outcome=BROKEN, seconds=0)

            await asyncio.gather(ask_all(stage, 5, "a"), ask_all(stage, 5, "b"))

            assert [stage.provider.calls.count(name) for name in "ab"] == [6, 6]

    run_virtually(scene())


class HastyClock(VirtualClock):
    """Wakes a tenth too early, as timers of real systems do by milliseconds (.NET #7001)."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds * 0.9)


def test_retry_after_is_never_slept_short_though_a_timer_fires_early() -> None:
    async def scene() -> None:
        async with staged(model("a"), make_clock=HastyClock) as stage:
            stage.provider.queues["a"] = [Line(seconds=0, outcome=Outcome(OutcomeKind.OVERLOADED, retry_after=4))]

            await stage.ask("a")

            first, second = stage.provider.called_at
            assert second - first >= 4

    run_virtually(scene())


def test_a_retry_on_the_fallback_that_asked_for_time_waits_for_it_too() -> None:
    async def scene() -> None:
        always = RetryBeforeFallback.ALWAYS
        async with staged(model("a", "b", retries=0), model("b"), retry=always) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN, seconds=0)
            stage.provider.queues["b"] = [Line(seconds=0, outcome=Outcome(OutcomeKind.OVERLOADED, retry_after=6))]

            await stage.ask("a")

            _, second, third = stage.provider.called_at
            assert third - second >= 6

    run_virtually(scene())


def test_no_call_is_repeated_on_a_breaker_that_opened() -> None:
    async def scene() -> None:
        always = RetryBeforeFallback.ALWAYS
        async with staged(model("a", threshold=2, retries=3), retry=always) as stage:
            stage.provider.lines["a"] = Line(outcome=BROKEN, seconds=0)

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert stage.provider.calls == ["a", "a"]
            assert caught.value.outcome.kind is OutcomeKind.SERVER_ERROR

    run_virtually(scene())


def test_the_providers_word_that_a_call_is_not_to_be_repeated_is_kept_to() -> None:
    async def scene() -> None:
        async with staged(model("a")) as stage:
            never = Outcome(OutcomeKind.SERVER_ERROR, should_retry=False)
            stage.provider.lines["a"] = Line(outcome=never)

            with pytest.raises(OperationFailed):
                await stage.ask("a")

            assert stage.provider.calls == ["a"]

    run_virtually(scene())


# --- hedges --------------------------------------------------------------------------------------


def test_the_second_copy_is_sent_after_the_p95_and_the_loser_counts_as_nothing() -> None:
    async def scene() -> None:
        hedged = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=None, threshold=1)
        async with staged(hedged, model("b", threshold=1)) as stage:
            stage.provider.lines["b"] = Line(seconds=9)
            stage.provider.queues["a"] = [Line(seconds=0.5), *([Line(seconds=0.1)] * 18)]
            for _ in range(19):
                await stage.ask("a")
            assert stage.provider.calls == ["a"] * 19
            stage.provider.lines = {"a": Line(seconds=3), "b": Line(seconds=0.1)}
            before = now()

            assert await stage.ask("a") == "b"

            assert stage.provider.calls[19:] == ["a", "b"]
            assert stage.provider.called_at[-1] - stage.provider.called_at[-2] == pytest.approx(0.5)
            assert now() - before == pytest.approx(0.6)
            kinds = [event.kind for event in stage.happened(AttemptFinished) if event.model == "a"]
            assert kinds[-1] is OutcomeKind.CANCELLED
            assert stage.happened(BreakerChanged) == []
            assert stage.provider.in_flight == {"a": 0, "b": 0}

    run_virtually(scene())


def test_an_answer_that_comes_before_its_p95_is_sent_once() -> None:
    async def scene() -> None:
        hedged = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=1.0)
        async with staged(hedged, model("b")) as stage:
            stage.provider.lines["a"] = Line(seconds=0.9)

            await stage.ask("a")

            assert stage.provider.calls == ["a"]

    run_virtually(scene())


def test_without_budget_no_copy_is_sent() -> None:
    async def scene() -> None:
        hedged = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=1.0)
        async with staged(hedged, model("b"), retry_budget=0.0, retry_budget_floor=0) as stage:
            stage.provider.lines["a"] = Line(seconds=3)

            assert await stage.ask("a") == "a"

            assert stage.provider.calls == ["a"]

    run_virtually(scene())


def test_retries_and_copies_share_one_budget() -> None:
    async def scene() -> None:
        hedged = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=1.0, places=100)
        async with staged(hedged, model("b", places=100), retry_budget=0.0, retry_budget_floor=2) as stage:
            stage.provider.lines = {"a": Line(seconds=3), "b": Line(seconds=3)}

            await ask_all(stage, 5)

            assert stage.provider.calls.count("b") == 2

    run_virtually(scene())


def test_after_a_failure_the_next_is_sent_at_once_and_needs_no_budget() -> None:
    async def scene() -> None:
        hedged = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=10.0)
        async with staged(hedged, model("b"), retry_budget=0.0, retry_budget_floor=0) as stage:
            stage.provider.lines["a"] = Line(outcome=DOWN, seconds=0.1)
            before = now()

            assert await stage.ask("a") == "b"

            assert now() - before == pytest.approx(0.2)

    run_virtually(scene())


def test_a_callers_own_fault_ends_a_staggered_race_for_all() -> None:
    async def scene() -> None:
        hedged = model("a", "b", strategy=Strategy.PARALLEL, hedge_after=1.0)
        async with staged(hedged, model("b")) as stage:
            stage.provider.lines = {"a": Line(outcome=BAD_REQUEST, seconds=2), "b": Line(seconds=4)}
            before = now()

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.outcome.kind is OutcomeKind.BAD_REQUEST
            assert now() - before == pytest.approx(2)
            assert stage.provider.in_flight == {"a": 0, "b": 0}

    run_virtually(scene())


def test_all_at_once_ends_with_the_first_answer_whatever_else_came() -> None:
    async def scene() -> None:
        racing = model("a", "b", "c", strategy=Strategy.PARALLEL)
        async with staged(racing, model("b"), model("c")) as stage:
            stage.provider.lines = {
                "a": Line(outcome=BAD_REQUEST, seconds=0.1),
                "b": Line(outcome=DOWN, seconds=0.2),
                "c": Line(seconds=1),
            }

            assert await stage.ask("a") == "c"

            assert stage.provider.calls == ["a", "b", "c"]

    run_virtually(scene())


def test_all_at_once_fails_with_the_last_error_when_nobody_answers() -> None:
    async def scene() -> None:
        racing = model("a", "b", strategy=Strategy.PARALLEL, retries=0)
        async with staged(racing, model("b", retries=0)) as stage:
            stage.provider.lines = {"a": Line(outcome=DOWN, seconds=0.1), "b": Line(outcome=BROKEN, seconds=1)}

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a")

            assert caught.value.outcome.kind is OutcomeKind.SERVER_ERROR

    run_virtually(scene())


def test_a_degraded_fleet_sends_no_copies() -> None:
    async def scene() -> None:
        racing = model("a", "b", strategy=Strategy.PARALLEL)
        async with staged(racing, model("b"), model("c"), model("d"), model("e")) as stage:
            for name in "cde":
                await stage.say(Action.DEACTIVATE, name)

            assert await stage.ask("a") == "a"

            assert stage.provider.calls == ["a"]

    run_virtually(scene())


# --- places --------------------------------------------------------------------------------------


def test_the_places_of_the_whole_fleet_are_given_out_in_order() -> None:
    async def scene() -> None:
        async with staged(model("a"), model("b"), max_total_requests=1) as stage:
            stage.provider.lines = {"a": Line(seconds=1), "b": Line(seconds=1)}
            before = now()

            served = await asyncio.gather(*(stage.ask(name) for name in "abab"))

            assert served == ["a", "b", "a", "b"]
            assert stage.provider.calls == ["a", "b", "a", "b"]
            assert now() - before == pytest.approx(4)

    run_virtually(scene())


def test_who_waits_for_a_place_of_the_fleet_waits_no_longer_than_its_deadline() -> None:
    async def scene() -> None:
        async with staged(model("a"), max_total_requests=1) as stage:
            stage.provider.lines["a"] = Line(seconds=4)
            first = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(0)
            before = now()

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a", deadline=0.5)

            assert caught.value.outcome.kind is OutcomeKind.NO_ROOM
            assert now() - before == pytest.approx(0.5)
            assert await first == "a"
            [shed, _] = stage.happened(OperationFinished)
            assert (shed.result, shed.attempts) == (OperationResult.SHED, 0)

    run_virtually(scene())


def test_a_full_line_of_the_fleet_refuses_at_once() -> None:
    async def scene() -> None:
        async with staged(model("a"), max_total_requests=1, queued=1) as stage:
            stage.provider.lines["a"] = Line(seconds=1)

            assert await ask_all(stage, 3) == ["a", "a", "no_room"]

    run_virtually(scene())


def test_every_end_of_an_operation_frees_its_place_of_the_fleet() -> None:
    async def scene() -> None:
        async with staged(model("a", retries=0), max_total_requests=1) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN), Line(seconds=9)]
            await ask_all(stage, 1)
            asking = asyncio.create_task(stage.ask("a"))
            await asyncio.sleep(1)
            asking.cancel()
            await asyncio.wait([asking])

            assert await stage.ask("a") == "a"

    run_virtually(scene())


def test_an_overloaded_model_is_asked_for_less_at_once() -> None:
    async def scene() -> None:
        adaptive = model("a", places=10, threshold=100, retries=0, adaptive_concurrency=True)
        async with staged(adaptive) as stage:
            stage.provider.lines["a"] = Line(outcome=OVERLOADED, seconds=1)
            await ask_all(stage, 3)
            stage.provider.most_in_flight.clear()
            stage.provider.lines["a"] = Line(outcome=BROKEN, seconds=1)

            await ask_all(stage, 20)

            assert stage.provider.most_in_flight["a"] == 7
            await asyncio.sleep(1)
            assert stage.view("a").max_in_flight == 7

    run_virtually(scene())


def test_a_model_that_takes_more_again_is_asked_for_more_by_those_who_wait() -> None:
    async def scene() -> None:
        adaptive = model("a", places=10, threshold=100, retries=0, adaptive_concurrency=True)
        async with staged(adaptive) as stage:
            stage.provider.lines["a"] = Line(outcome=OVERLOADED, seconds=1)
            await ask_all(stage, 3)
            stage.provider.most_in_flight.clear()
            stage.provider.lines["a"] = Line(seconds=1)

            assert await ask_all(stage, 40) == ["a"] * 40

            assert stage.provider.most_in_flight["a"] == 10

    run_virtually(scene())


# --- shedding ------------------------------------------------------------------------------------

EIGHT = "abcdefgh"


async def take_out(stage: Stage, count: int) -> None:
    """Deactivates the last `count` of the eight and waits until every level that follows is confirmed."""
    for name in EIGHT[8 - count :]:
        assert (await stage.say(Action.DEACTIVATE, name)).is_done
    await asyncio.sleep(4 * CONFIRMATION)


async def served_priorities(stage: Stage) -> set[Priority]:
    """The priorities whose work `a` does; the others are turned away."""
    served = {priority: await ask_all(stage, 1, priority=priority) for priority in Priority}
    assert all(result in (["a"], ["shed"]) for result in served.values())
    return {priority for priority, result in served.items() if result == ["a"]}


@pytest.mark.parametrize(
    ("out", "level", "served"),
    [
        (0, DegradationLevel.FULL, set(Priority)),
        (4, DegradationLevel.REDUCED, set(Priority)),
        (6, DegradationLevel.ESSENTIAL, {Priority.CRITICAL, Priority.NORMAL}),
        (7, DegradationLevel.CRITICAL, {Priority.CRITICAL}),
    ],
)
def test_each_level_serves_the_more_important_work(
    out: int, level: DegradationLevel, served: set[Priority]
) -> None:
    async def scene() -> None:
        async with staged(*(model(name) for name in EIGHT)) as stage:
            await take_out(stage, out)

            assert stage.engine.snapshot().level is level
            assert await served_priorities(stage) == served
            assert len(stage.provider.calls) == len(served)
            shed = [event for event in stage.happened(OperationFinished) if event.result is OperationResult.SHED]
            assert {event.priority for event in shed} == set(Priority) - served
            assert {event.level for event in stage.happened(OperationFinished)} == {level}

    run_virtually(scene())


def test_work_is_served_again_as_soon_as_the_models_are_there() -> None:
    async def scene() -> None:
        async with staged(*(model(name, probe=ProbeKind.MODELS) for name in EIGHT)) as stage:
            await take_out(stage, 7)
            for name in EIGHT[1:]:
                await stage.say(Action.ACTIVATE, name)
            await asyncio.sleep(1)

            assert stage.engine.snapshot().level is DegradationLevel.CRITICAL
            assert await served_priorities(stage) == set(Priority)
            await asyncio.sleep(4 * HOLD)
            assert stage.engine.snapshot().level is DegradationLevel.FULL

    run_virtually(scene())


def test_a_fleet_of_which_nothing_is_left_refuses_with_its_true_reason() -> None:
    async def scene() -> None:
        async with staged(*(model(name) for name in EIGHT)) as stage:
            await take_out(stage, 8)

            with pytest.raises(OperationFailed) as caught:
                await stage.ask("a", priority=Priority.BACKGROUND)

            assert caught.value.outcome == Outcome(OutcomeKind.REFUSED, message="breaker isolated")

    run_virtually(scene())


def test_work_that_would_be_turned_away_is_the_trial_that_brings_a_model_back() -> None:
    async def scene() -> None:
        models = (model("a", threshold=1, retries=0), *(model(name) for name in EIGHT[1:]))
        async with staged(*models) as stage:
            await take_out(stage, 6)
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            await ask_all(stage, 1)
            await asyncio.sleep(4 * CONFIRMATION)
            assert await ask_all(stage, 1) == ["shed"]
            await asyncio.sleep(20)

            assert await ask_all(stage, 1, "b") == ["shed"]
            assert await ask_all(stage, 1, "a") == ["a"]

    run_virtually(scene())


def test_a_lonely_model_without_a_prober_comes_back_through_normal_work() -> None:
    async def scene() -> None:
        async with staged(model("a", threshold=1, retries=0)) as stage:
            stage.provider.queues["a"] = [Line(outcome=DOWN)]
            await ask_all(stage, 1)
            await asyncio.sleep(20)

            assert await ask_all(stage, 1) == ["a"]
            assert stage.happened(BreakerChanged)[-1].new is BreakerState.CLOSED

    run_virtually(scene())


# --- shorter answers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "cap", "request_", "sent"),
    [
        (0, 1024, {"max_tokens": 5000}, {"max_tokens": 5000}),
        (4, 1024, {"max_tokens": 5000}, {"max_tokens": 5000}),
        (6, 1024, {"max_tokens": 5000}, {"max_tokens": 1024}),
        (6, 1024, {"max_tokens": 100}, {"max_tokens": 100}),
        (6, 1024, {}, {}),  # which name would be understood is the model's business
        (6, 1024, {"max_tokens": None}, {"max_tokens": None}),
        (6, 1024, {"max_completion_tokens": 5000}, {"max_completion_tokens": 1024}),
        (6, 0, {"max_tokens": 5000}, {"max_tokens": 5000}),
    ],
)
def test_a_fleet_that_does_only_the_essential_keeps_answers_short(
    out: int, cap: int, request_: dict[str, int | None], sent: dict[str, int | None]
) -> None:
    async def scene() -> None:
        async with staged(*(model(name) for name in EIGHT), degraded_token_cap=cap) as stage:
            await take_out(stage, out)

            await stage.engine.execute(Task("a", {"messages": [], **request_}))

            assert stage.provider.tasks[-1].request == {"messages": [], **sent}

    run_virtually(scene())


# --- who may answer ------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("is_pinned", [True, False])
def test_b2_no_other_model_ever_answers_identity_bound_work(strategy: Strategy, *, is_pinned: bool) -> None:
    async def scene() -> None:
        async with staged(model("a", "b", strategy=strategy, retries=0), model("b"), model("c")) as stage:
            if is_pinned:
                assert (await stage.say(Action.FAIL_OVER, "a", "b")).is_done
            vote = {"operation_class": OperationClass.IDENTITY_BOUND}
            assert await stage.ask("a", **vote) == "a"
            stage.provider.lines["a"] = Line(outcome=DOWN)

            with pytest.raises(OperationFailed):
                await stage.ask("a", **vote)

            assert stage.provider.calls == ["a", "a"]

    run_virtually(scene())


# --- probes --------------------------------------------------------------------------------------


def test_a_model_that_real_calls_have_judged_is_not_probed() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=ProbeKind.MODELS)) as stage:
            for _ in range(30):
                await stage.ask("a")
                await asyncio.sleep(10)

            assert len(stage.provider.probed) <= 1

    run_virtually(scene())


def test_a_model_that_nobody_asks_any_more_is_probed_after_its_interval() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=ProbeKind.MODELS)) as stage:
            await asyncio.sleep(5)
            await stage.ask("a")
            asked_at = now()
            await asyncio.sleep(40)

            later = [at for at, _ in stage.provider.probed if at > EPOCH + asked_at]
            assert later[0] - EPOCH - asked_at == pytest.approx(30, abs=4)

    run_virtually(scene())


def test_a_model_that_just_failed_is_probed_though_it_is_asked() -> None:
    async def scene() -> None:
        async with staged(model("a", "b", probe=ProbeKind.MODELS), model("b")) as stage:
            await asyncio.sleep(1)
            stage.provider.lines["a"] = Line(outcome=DOWN)
            stage.provider.probes["a"] = Line()
            for _ in range(4):
                await stage.ask("a")
                await asyncio.sleep(10)

            assert len(stage.provider.probed) > 1

    run_virtually(scene())


def test_paid_probes_give_way_to_free_ones_when_the_days_money_is_spent_and_return_the_next_day() -> None:
    async def scene() -> None:
        paid = model("a", probe=ProbeKind.COMPLETION, probe_cost=100, health_check_interval=600.0, timeout=5.0)
        async with staged(paid, probe_daily_budget=250, pace=600.0) as stage:
            await asyncio.sleep(6000)  # until shortly before midnight UTC
            today = list(stage.provider.probe_kinds)
            await asyncio.sleep(3000)
            tomorrow = stage.provider.probe_kinds[len(today) :]

            assert today[:3] == [ProbeKind.COMPLETION, ProbeKind.COMPLETION, ProbeKind.MODELS]
            assert today.count(ProbeKind.COMPLETION) == tomorrow.count(ProbeKind.COMPLETION) == 2
            spent = stage.happened(ProbeBudgetSpent)
            assert [(event.spent, event.budget) for event in spent] == [(200, 250)] * 2

    run_virtually(scene())


def test_free_probes_cost_nothing_of_the_budget() -> None:
    async def scene() -> None:
        async with staged(model("a", probe=ProbeKind.MODELS), probe_daily_budget=0) as stage:
            await asyncio.sleep(100)

            assert set(stage.provider.probe_kinds) == {ProbeKind.MODELS}
            assert stage.happened(ProbeBudgetSpent) == []

    run_virtually(scene())
