"""Down the plan: one model after the other, or all at once, until one answers (BIP-03 §Fallback Strategies)."""

from __future__ import annotations

import asyncio
from functools import partial, reduce
from typing import TypeVar

from hive_console.core.errors import OperationFailed
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.outcome import Onward, Outcome, OutcomeKind
from hive_console.core.routing import Plan
from hive_console.core.settings import Strategy
from hive_console.engine.calls import OpenedStream
from hive_console.engine.executor import Call, Executor, Tried
from hive_console.engine.operation import Operation

Result = TypeVar("Result")

_NO_CALL = frozenset({OutcomeKind.REFUSED, OutcomeKind.NO_ROOM})

NO_CANDIDATE = Outcome(OutcomeKind.REFUSED, message="no model of the chain may be called")


class Fallback:
    """Runs a plan."""

    def __init__(self, fleet: Fleet, executor: Executor) -> None:
        self._fleet = fleet
        self._executor = executor

    async def run(self, plan: Plan, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        """The model that answered, and its answer; raises `OperationFailed` when none did."""
        if plan.strategy is Strategy.PARALLEL and len(plan.candidates) > 1:
            return await self._race(plan, operation, call)
        return await self._in_turn(plan, operation, call)

    async def _in_turn(self, plan: Plan, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        last = NO_CANDIDATE
        waiting = [self._fleet.members[name] for name in plan.candidates]
        while waiting:
            member, *waiting = waiting
            if self._executor.clock.now() >= operation.deadline_at:
                last = Outcome(OutcomeKind.TIMED_OUT, message="the operation's deadline is over")
                break
            has_standby = partial(self._any_ready, tuple(waiting))
            tried = await self._executor.run(member, operation, call, has_standby=has_standby)
            if tried.result is not None:
                return member.settings.id, tried.result
            last = _telling(last, tried.outcome)
            waiting = _onward(tried.outcome, member, waiting)
        raise self._failure(plan, operation, last)

    async def _race(self, plan: Plan, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        """All at once; the first answer wins, the losers are cancelled and count as nothing."""
        racers: list[tuple[str, asyncio.Task[Tried[Result]]]] = []
        winner: tuple[str, Result] | None = None
        try:
            async with asyncio.TaskGroup() as group:
                racers.extend(
                    (name, group.create_task(self._run_alone(name, operation, call))) for name in plan.candidates
                )
                winner = await _first_answer(racers)
                for _, task in racers:
                    task.cancel()
        finally:
            await _abandon_losers(racers, winner)
        if winner is None:
            outcomes = [task.result().outcome for _, task in racers]
            raise self._failure(plan, operation, reduce(_telling, outcomes, NO_CANDIDATE))
        return winner

    async def _run_alone(self, name: str, operation: Operation, call: Call[Result]) -> Tried[Result]:
        """One racer; the others are its standby, so it never waits to try again."""
        member = self._fleet.members[name]
        return await self._executor.run(member, operation, call, has_standby=lambda: True)

    def _any_ready(self, members: tuple[Member, ...]) -> bool:
        now = self._executor.clock.now()
        return any(member.would_admit(now) for member in members)

    def _failure(self, plan: Plan, operation: Operation, last: Outcome) -> OperationFailed:
        wait = self._fleet.retry_in(plan.candidates, self._executor.clock.now())
        return OperationFailed(
            operation.requested,
            last,
            tried=tuple(operation.tried),
            retry_after=wait,
            operation=operation.id,
            attempts=operation.attempts,
        )


def _telling(earlier: Outcome, later: Outcome) -> Outcome:
    """Of two outcomes the one a client learns more from: a real call's says more than a refusal."""
    return earlier if later.kind in _NO_CALL and earlier.kind not in _NO_CALL else later


def _onward(outcome: Outcome, member: Member, waiting: list[Member]) -> list[Member]:
    """Who may still be asked after this outcome."""
    match outcome.judgement.onward:
        case Onward.ANY:
            return waiting
        case Onward.NOWHERE:
            return []
        case Onward.LARGER_CONTEXT:
            size = member.settings.context_window
            return [other for other in waiting if size and other.settings.context_window > size]


async def _first_answer(racers: list[tuple[str, asyncio.Task[Tried[Result]]]]) -> tuple[str, Result] | None:
    """The first racer that answered; of several in the same moment the first of the plan."""
    running = [task for _, task in racers]
    while running:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for name, task in racers:
            if task in running and task.done():
                running.remove(task)
                result = task.result().result
                if result is not None:
                    return name, result
    return None


async def _abandon_losers(
    racers: list[tuple[str, asyncio.Task[Tried[Result]]]], winner: tuple[str, Result] | None
) -> None:
    """Closes the streams of racers that answered too late, or for nobody."""
    for _, task in racers:
        if not task.done() or task.cancelled() or task.exception() is not None:
            continue
        result = task.result().result
        if isinstance(result, OpenedStream) and (winner is None or result is not winner[1]):
            await result.abandon()
