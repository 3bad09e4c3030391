"""Down the plan: one model after the other, or all at once, until one answers (BIP-03 §Fallback Strategies)."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
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

_Racers = list[tuple[str, asyncio.Task[Tried[Result]]]]

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
        racers: _Racers[Result] = []
        try:
            async with asyncio.TaskGroup() as group:
                racers.extend(
                    (name, group.create_task(self._run_beside(racers, name, operation, call)))
                    for name in plan.candidates
                )
                winner = await _first_answer(racers)
                for _, task in racers:
                    task.cancel()
            await _abandon(_open_streams(racers, but=winner))
        except BaseException:  # the caller left in the end: nobody is there to read even the winner's stream
            await _abandon(_open_streams(racers, but=None))
            raise
        if winner is None:
            outcomes = [task.result().outcome for _, task in racers]
            raise self._failure(plan, operation, reduce(_telling, outcomes, NO_CANDIDATE))
        return winner

    async def _run_beside(
        self, racers: _Racers[Result], name: str, operation: Operation, call: Call[Result]
    ) -> Tried[Result]:
        """One racer. The others are its standby while they run, so only the last one waits (for a place, to
        try again).
        """

        def has_standby() -> bool:
            return any(not task.done() for other, task in racers if other != name)

        return await self._executor.run(self._fleet.members[name], operation, call, has_standby=has_standby)

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


async def _first_answer(racers: _Racers[Result]) -> tuple[str, Result] | None:
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


def _open_streams(racers: _Racers[Result], *, but: tuple[str, Result] | None) -> list[OpenedStream]:
    """The streams that racers opened, without the winner's."""
    ended = [task for _, task in racers if task.done() and not task.cancelled() and task.exception() is None]
    results = [task.result().result for task in ended]
    return [
        result for result in results if isinstance(result, OpenedStream) and (but is None or result is not but[1])
    ]


async def _abandon(streams: list[OpenedStream]) -> None:
    """Closes them in order; a cancellation or an error while one closes keeps none of the others open."""
    async with AsyncExitStack() as closing:
        for stream in reversed(streams):
            closing.push_async_callback(stream.abandon)
