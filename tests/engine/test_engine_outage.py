"""What a dead or hanging primary costs its callers: no more slow answers than the breaker needs to see it."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass, field

import pytest

from hive_console.core.errors import OperationFailed
from hive_console.core.events import AttemptFinished, BreakerChanged, OperationFinished
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ProbeKind, RetryBeforeFallback
from hive_console.core.states import Action, BreakerState
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import DOWN, Line, Stage, model, staged

THRESHOLD = 5
TIMEOUT = 10.0
USUAL = 0.5
OUTAGE = 150.0
HANGS = Line(seconds=1e6)
ANSWERS = "a"
STANDS_IN = "b"


@dataclass
class Crowd:
    """Clients that ask one after the other, without a pause; what each answer took, by when it was asked for."""

    stage: Stage
    answers: list[tuple[float, float]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    is_over: bool = False

    async def client(self, number: int) -> None:
        await asyncio.sleep(0.013 * number)
        loop = asyncio.get_running_loop()
        while not self.is_over:
            asked_at = loop.time()
            self.served.append(await self.stage.ask(ANSWERS))
            self.answers.append((asked_at, loop.time() - asked_at))

    def slower_than(self, seconds: float) -> int:
        return sum(took >= seconds for _, took in self.answers)


async def outage(clients: int, line: Line, *, probe: ProbeKind, seconds: float = OUTAGE) -> tuple[Crowd, float]:
    """A minute of health, then an outage; the crowd, and when the outage began."""
    primary = model(ANSWERS, STANDS_IN, probe=probe, threshold=THRESHOLD, places=50, timeout=TIMEOUT)
    async with staged(primary, model(STANDS_IN, places=50)) as stage:
        stage.provider.lines = {name: Line(seconds=USUAL) for name in (ANSWERS, STANDS_IN)}
        crowd = Crowd(stage)
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(crowd.client(number))
            await asyncio.sleep(60)
            began = asyncio.get_running_loop().time()
            stage.provider.lines[ANSWERS] = line
            await asyncio.sleep(seconds)
            crowd.is_over = True
        return crowd, began


@pytest.mark.parametrize("clients", [1, 4, 5, 6, 10, 40])
def test_a_hanging_model_costs_no_more_slow_answers_than_its_threshold(clients: int) -> None:
    crowd, _ = run_virtually(outage(clients, HANGS, probe=ProbeKind.MODELS))

    assert 0 < crowd.slower_than(TIMEOUT) <= THRESHOLD
    assert crowd.slower_than(TIMEOUT / 2) <= THRESHOLD


@pytest.mark.parametrize("clients", [1, 10])
def test_without_probes_a_trial_an_interval_is_all_that_comes_on_top(clients: int) -> None:
    crowd, _ = run_virtually(outage(clients, HANGS, probe=ProbeKind.NONE))

    assert crowd.slower_than(TIMEOUT / 2) <= THRESHOLD + OUTAGE / 20


@pytest.mark.parametrize("clients", [1, 10, 40])
def test_with_the_breaker_open_an_answer_takes_what_the_backup_takes(clients: int) -> None:
    crowd, began = run_virtually(outage(clients, HANGS, probe=ProbeKind.MODELS))

    late = [took for asked_at, took in crowd.answers if asked_at > began + 40]
    assert len(late) > 100
    assert statistics.median(late) == pytest.approx(USUAL)
    assert max(late) == pytest.approx(USUAL)


def test_a_dead_model_costs_nobody_a_slow_answer() -> None:
    crowd, _ = run_virtually(outage(10, Line(outcome=DOWN, seconds=0.01), probe=ProbeKind.MODELS))

    assert crowd.slower_than(USUAL * 1.5) == 0


def test_callers_beyond_the_threshold_are_moved_on_after_three_times_the_usual_time() -> None:
    crowd, began = run_virtually(outage(10, HANGS, probe=ProbeKind.MODELS, seconds=30.0))

    moved = [took for asked_at, took in crowd.answers if asked_at > began - USUAL and USUAL * 1.5 < took < TIMEOUT]
    assert len(moved) == 10 - THRESHOLD
    assert (
        max(moved) < 3 * USUAL + USUAL + USUAL
    )  # three times the usual, the rest of a last answer, the backup's own


async def busy(stage: Stage, *, answers: int = 10) -> None:
    """A history that says how long an answer usually takes."""
    for _ in range(answers):
        await stage.ask(ANSWERS)


def test_a_call_that_is_moved_on_says_nothing_against_the_model() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=2, places=50, timeout=TIMEOUT)
        async with staged(primary, model(STANDS_IN)) as stage:
            await busy(stage)
            stage.provider.lines[ANSWERS] = HANGS

            await asyncio.gather(*(stage.ask(ANSWERS) for _ in range(6)))

            kinds = [event.kind for event in stage.happened(AttemptFinished) if event.model == ANSWERS][10:]
            assert kinds == [OutcomeKind.CANCELLED] * 4 + [OutcomeKind.TIMED_OUT] * 2

    run_virtually(scene())


def test_a_model_that_answers_somebody_keeps_its_long_calls() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=2, places=50, timeout=30.0)
        async with staged(primary, model(STANDS_IN)) as stage:
            await busy(stage)
            stage.provider.queues[ANSWERS] = [Line(seconds=8)] * 6
            long_calls = asyncio.gather(*(stage.ask(ANSWERS) for _ in range(6)))
            for _ in range(20):
                await asyncio.sleep(0.4)
                await stage.ask(ANSWERS)

            assert await long_calls == [ANSWERS] * 6

    run_virtually(scene())


def test_while_nobody_else_is_ready_a_silent_model_is_waited_for() -> None:
    async def scene() -> None:
        async with staged(model(ANSWERS, threshold=2, places=50, timeout=TIMEOUT, retries=0)) as stage:
            await busy(stage)
            stage.provider.queues[ANSWERS] = [Line(seconds=8)] * 6

            assert await asyncio.gather(*(stage.ask(ANSWERS) for _ in range(6))) == [ANSWERS] * 6

    run_virtually(scene())


def test_a_frozen_model_is_waited_for() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=2, places=50, timeout=TIMEOUT)
        async with staged(primary, model(STANDS_IN)) as stage:
            await busy(stage)
            await stage.say(Action.FREEZE, ANSWERS)
            stage.provider.queues[ANSWERS] = [Line(seconds=8)] * 6

            assert await asyncio.gather(*(stage.ask(ANSWERS) for _ in range(6))) == [ANSWERS] * 6

    run_virtually(scene())


def test_who_wants_the_same_model_asked_again_is_not_moved_on() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=2, places=50, timeout=TIMEOUT)
        async with staged(primary, model(STANDS_IN), retry=RetryBeforeFallback.ALWAYS) as stage:
            await busy(stage)
            stage.provider.queues[ANSWERS] = [Line(seconds=8)] * 6

            assert await asyncio.gather(*(stage.ask(ANSWERS) for _ in range(6))) == [ANSWERS] * 6

    run_virtually(scene())


def test_a_model_whose_usual_time_is_unknown_has_half_of_its_timeout() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=2, places=50, timeout=10.0)
        async with staged(primary, model(STANDS_IN)) as stage:
            stage.provider.lines[ANSWERS] = HANGS

            await asyncio.gather(*(stage.ask(ANSWERS) for _ in range(6)))

            took = sorted(round(event.latency, 3) for event in stage.happened(OperationFinished))
            assert took == [5.1] * 4 + [10.1] * 2

    run_virtually(scene())


def test_callers_who_came_a_moment_apart_are_moved_on_a_moment_apart() -> None:
    """Also where the timeout is shorter than the pause between two looks at a model that nobody can leave."""

    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=THRESHOLD, places=50, timeout=0.5)
        async with staged(primary, model(STANDS_IN, places=50)) as stage:
            stage.provider.lines[ANSWERS] = HANGS
            crowd = Crowd(stage)
            async with asyncio.TaskGroup() as group:
                for number in range(12):
                    group.create_task(crowd.client(number))
                await asyncio.sleep(4)
                crowd.is_over = True

            assert crowd.slower_than(0.5) == THRESHOLD
            assert crowd.slower_than(0.25) == 12

    run_virtually(scene())


def test_while_a_model_is_silent_new_callers_go_to_the_next() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=2, places=50, timeout=TIMEOUT)
        async with staged(primary, model(STANDS_IN)) as stage:
            await busy(stage)
            stage.provider.lines[ANSWERS] = HANGS
            crowd = asyncio.gather(*(stage.ask(ANSWERS) for _ in range(4)))
            await asyncio.sleep(2)
            before = len(stage.provider.calls)

            assert [await stage.ask(ANSWERS) for _ in range(5)] == [STANDS_IN] * 5

            assert stage.provider.calls[before:] == [STANDS_IN] * 5
            await crowd
            assert stage.view(ANSWERS).breaker.state is BreakerState.OPEN
            assert len(stage.happened(BreakerChanged)) == 1

    run_virtually(scene())


def test_after_one_timeout_no_more_calls_are_under_way_than_failures_are_missing() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, STANDS_IN, threshold=3, places=50, timeout=TIMEOUT)
        async with staged(primary, model(STANDS_IN, places=50)) as stage:
            stage.provider.queues[ANSWERS] = [Line(outcome=Outcome(OutcomeKind.TIMED_OUT))]
            await stage.ask(ANSWERS)
            stage.provider.lines[ANSWERS] = HANGS

            await asyncio.gather(*(stage.ask(ANSWERS) for _ in range(20)))

            assert stage.provider.calls.count(ANSWERS) == 3

    run_virtually(scene())


def test_a_failure_of_every_model_is_told_after_the_judges_are_back() -> None:
    async def scene() -> None:
        primary = model(ANSWERS, threshold=1, places=50, timeout=TIMEOUT, retries=0)
        async with staged(primary) as stage:
            stage.provider.lines[ANSWERS] = HANGS

            ends = await asyncio.gather(*(stage.ask(ANSWERS) for _ in range(4)), return_exceptions=True)

            assert [type(end) for end in ends] == [OperationFailed] * 4
            assert [event.latency for event in stage.happened(OperationFinished)] == pytest.approx([TIMEOUT] * 4)

    run_virtually(scene())
