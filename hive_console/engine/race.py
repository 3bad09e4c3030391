"""Several models asked for one answer: all at once (BIP-03's parallel fallback), or staggered, which is hedging.

The first answer wins; the losers are cancelled and count as nothing. Copies that are sent before the first one
failed are extra load: staggered ones need the chain's budget.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from hive_console.core.fleet import Fleet
from hive_console.core.hedging import HedgePlan, HedgeState, hedge_delay
from hive_console.core.outcome import Onward, Outcome, OutcomeKind
from hive_console.core.routing import Plan
from hive_console.engine.calls import OpenedStream
from hive_console.engine.executor import Call, Executor, Tried
from hive_console.engine.operation import Operation

Result = TypeVar("Result")

SHORTEST_HEDGE = 0.05
"""Seconds between two copies at least: a p95 of a few fast answers must not send everything twice."""


@dataclass(slots=True)
class _Field(Generic[Result]):
    """One race under way: who runs, in the order of the plan.

    `too_long` is how a model said that it cannot hold the request, `held` the most tokens of any that did.
    """

    plan: Plan
    operation: Operation
    call: Call[Result]
    hedges: HedgePlan
    is_staggered: bool
    racers: list[tuple[str, asyncio.Task[Tried[Result]]]] = field(default_factory=list)
    winner: tuple[str, Result] | None = None
    too_long: Outcome | None = None
    held: float = 0.0

    def running(self) -> list[asyncio.Task[Tried[Result]]]:
        """The copies that the plan still waits for."""
        return [self.racers[number][1] for number in self.hedges.running]

    def outcomes(self) -> list[Outcome]:
        """What came of those that ended by themselves, in the order of the plan."""
        done = [task for _, task in self.racers if task.done() and not task.cancelled()]
        return [task.result().outcome for task in done]


class Race:
    """Runs parallel plans."""

    def __init__(self, fleet: Fleet, executor: Executor) -> None:
        self._fleet = fleet
        self._executor = executor

    async def run(
        self, plan: Plan, operation: Operation, call: Call[Result]
    ) -> tuple[tuple[str, Result] | None, Sequence[Outcome]]:
        """The winner and its answer, or `None`; and what came of the others, in the order of the plan."""
        delay = self._delay(plan)
        hedges = HedgePlan(len(plan.candidates), delay, self._executor.clock.now())
        race = _Field(plan, operation, call, hedges, is_staggered=delay > 0)
        try:
            async with asyncio.TaskGroup() as group:
                await self._to_the_end(race, group)
                for _, task in race.racers:
                    task.cancel()
            await _abandon(_open_streams(race.racers, but=race.winner))
        except BaseException:  # the caller left in the end: nobody is there to read even the winner's stream
            await _abandon(_open_streams(race.racers, but=None))
            raise
        return race.winner, race.outcomes()

    async def _to_the_end(self, race: _Field[Result], group: asyncio.TaskGroup) -> None:
        while race.hedges.state is HedgeState.RUNNING:
            self._send_what_is_due(race, group)
            now = self._executor.clock.now()
            wait = None if race.hedges.next_at is None else max(0.0, race.hedges.next_at - now)
            running = race.running()
            if running:
                await asyncio.wait(running, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            else:
                await self._executor.clock.sleep(wait or 0.0)
            self._take_results(race)

    def _send_what_is_due(self, race: _Field[Result], group: asyncio.TaskGroup) -> None:
        """Starts the copies whose time has come. One sent while another runs is extra, and needs budget."""
        now = self._executor.clock.now()
        hedges = race.hedges
        while hedges.next_at is not None and now >= hedges.next_at:
            is_extra = race.is_staggered and bool(hedges.running)
            if is_extra and not self._executor.budgets[race.operation.route.name].withdraw(now):
                hedges.stop()
                return
            number = hedges.due(now)
            if number is None:
                return
            name = race.plan.candidates[number]
            race.racers.append((name, group.create_task(self._run_beside(race, number))))

    def _take_results(self, race: _Field[Result]) -> None:
        """Tells the plan what came; of several in the same moment the first of the plan wins."""
        now = self._executor.clock.now()
        for number in race.hedges.running:
            name, task = race.racers[number]
            if not task.done():
                continue
            tried = task.result()
            if tried.result is not None:
                race.winner = (name, tried.result)
                race.hedges.on_success(number)
                return
            if tried.outcome.judgement.onward is Onward.LARGER_CONTEXT:
                size = self._fleet.members[name].settings.context_window
                race.too_long = tried.outcome
                race.held = max(race.held, size or math.inf)  # of an unknown size nobody is known to be larger
            if self._ends_the_race(race, name, tried.outcome):
                race.hedges.on_fatal(number)
            else:
                race.hedges.on_nonfatal(number, now)

    async def _run_beside(self, race: _Field[Result], number: int) -> Tried[Result]:
        """One racer. The others are its standby while they run, so only the last one waits (for a place, to
        try again).
        """

        def has_standby() -> bool:
            others = (task for other, (_, task) in enumerate(race.racers) if other != number)
            return race.hedges.next_at is not None or any(not task.done() for task in others)

        member = self._fleet.members[race.plan.candidates[number]]
        if race.too_long is not None and member.settings.context_window <= race.held:
            return Tried(race.too_long)
        return await self._executor.run(member, race.operation, race.call, has_standby=has_standby)

    def _delay(self, plan: Plan) -> float:
        """Seconds between two copies: what the settings say, or the p95 of the one that is asked first."""
        if plan.hedge_after is not None:
            return plan.hedge_after
        first = self._fleet.members[plan.candidates[0]]
        return hedge_delay(first.record.window.p95, floor=SHORTEST_HEDGE, ceiling=first.settings.timeout)

    def _ends_the_race(self, race: _Field[Result], name: str, outcome: Outcome) -> bool:
        """Whether no other copy may answer after this: a staggered one would fail like it, and what a content
        filter refused is told to the caller unless the settings say otherwise.
        """
        if outcome.kind is OutcomeKind.CONTENT_FILTER:
            return not self._fleet.members[name].settings.content_filter_fallback
        return race.is_staggered and outcome.judgement.onward is Onward.NOWHERE


def _open_streams(
    racers: Sequence[tuple[str, asyncio.Task[Tried[Result]]]], *, but: tuple[str, Result] | None
) -> list[OpenedStream]:
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
