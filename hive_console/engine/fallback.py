"""Down the plan, one model after the other, until one answers (BIP-03 §Fallback Strategies)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from hive_console.core.errors import OperationFailed
from hive_console.core.fleet import Fleet
from hive_console.core.hop import Hop
from hive_console.core.member import Member
from hive_console.core.outcome import Onward, Outcome, OutcomeKind
from hive_console.core.routing import Plan
from hive_console.core.settings import Strategy
from hive_console.engine.executor import Call, Executor
from hive_console.engine.fitness import Fitness
from hive_console.engine.operation import Operation
from hive_console.engine.race import Race

Result = TypeVar("Result")

_NO_CALL = frozenset(
    {OutcomeKind.REFUSED, OutcomeKind.THROTTLED, OutcomeKind.NO_ROOM, OutcomeKind.UNFIT, OutcomeKind.KILLED}
)
"""What says nothing of a model's own; a call that a kill switch ended is one of them."""

NO_CANDIDATE = Outcome(OutcomeKind.REFUSED, message="no model of the chain may be called")

UNSURE = "it may have been carried out, and is not sent again"
"""What is said of a request that must not be replayed, where nobody knows what became of it."""


class Fallback:
    """Runs a plan."""

    def __init__(self, fleet: Fleet, executor: Executor, fitness: Fitness) -> None:
        self._fleet = fleet
        self._executor = executor
        self._fitness = fitness
        self._race = Race(fleet, executor)

    async def run(
        self, plan: Plan, operation: Operation, call: Call[Result], *, allows_copies: bool
    ) -> tuple[str, Result]:
        """The model that answered, and its answer; raises `OperationFailed` when none did.

        Args:
            plan: who is asked, and how.
            operation: what for.
            call: how one attempt is made.
            allows_copies: whether a parallel plan may really be run so; a degraded fleet asks one by one.
        """
        if self._fleet.has_last_resort:
            self._try_last_resort(plan)
        if plan.strategy is Strategy.PARALLEL and len(plan.candidates) > 1 and allows_copies:
            return await self._side_by_side(plan, operation, call)
        return await self._in_turn(plan, operation, call)

    async def _side_by_side(self, plan: Plan, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        """All at once, or staggered; who cannot serve such a request is not in the race."""
        outcomes: list[Outcome] = []
        fit: list[str] = []
        for name in plan.candidates:
            member = self._fleet.members[name]
            why = self._fitness.lack(member, operation)
            if why:
                outcomes.append(_unfit(member, operation, why))
            else:
                fit.append(name)
        if len(fit) == 1:
            return await self._in_turn(replace(plan, candidates=tuple(fit)), operation, call)
        if fit:
            winner, ends = await self._race.run(replace(plan, candidates=tuple(fit)), operation, call)
            if winner is not None:
                return winner
            outcomes.extend(ends)
        raise self._failure(plan, operation, outcomes)

    async def _in_turn(self, plan: Plan, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        outcomes: list[Outcome] = []
        waiting = [self._fleet.members[name] for name in plan.candidates]
        while waiting:
            member, *waiting = waiting
            if self._executor.clock.now() >= operation.deadline_at:
                outcomes.append(Outcome(OutcomeKind.TIMED_OUT, message="the operation's deadline is over"))
                break
            why = self._fitness.lack(member, operation)
            if why:
                outcomes.append(_unfit(member, operation, why))
                continue
            has_standby = partial(self._any_ready, tuple(waiting), operation)
            tried = await self._executor.run(member, operation, call, has_standby=has_standby)
            if tried.result is not None:
                return member.settings.id, tried.result
            outcomes.append(tried.outcome)
            waiting = _onward(tried.outcome, member, waiting, may_replay=operation.may_replay)
        raise self._failure(plan, operation, outcomes)

    def _try_last_resort(self, plan: Plan) -> None:
        """Where every model of the chain is out, lets the nearest to its trial be tried early."""
        _, caused = self._fleet.last_resort(plan.candidates, self._executor.clock.now())
        self._executor.bus.publish(caused)

    def _any_ready(self, members: tuple[Member, ...], operation: Operation) -> bool:
        now = self._executor.clock.now()
        return any(member.would_admit(now) and not self._fitness.lack(member, operation) for member in members)

    def _failure(self, plan: Plan, operation: Operation, outcomes: Sequence[Outcome]) -> OperationFailed:
        last = most_telling(outcomes)
        if last.is_uncertain and not operation.may_replay:
            last = replace(last, message=f"{last.message}; {UNSURE}" if last.message else UNSURE)
        members = self._fleet.members
        fit = tuple(name for name in plan.candidates if not self._fitness.lack(members[name], operation))
        wait = self._fleet.retry_in(fit, self._executor.clock.now())
        return OperationFailed(
            operation.requested,
            last,
            tried=tuple(operation.tried),
            retry_after=wait,
            operation=operation.id,
            attempts=operation.attempts,
            route=operation.route.virtual_name,
            trail=tuple(operation.hops),
        )


def _unfit(member: Member, operation: Operation, why: str) -> Outcome:
    """Notes as a hop that a model was not asked, and why; the same as an outcome."""
    operation.hops.append(Hop(member.settings.id, f"unfit: {why}", 0.0))
    return Outcome(OutcomeKind.UNFIT, message=f"{member.settings.id}: {why}")


def most_telling(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome a client learns most from: the last of a real call, else the last refusal, else every lack.

    A rate limit is told only where nothing else stood in the way: its caller may slow down, and that would help.
    """
    called = [outcome for outcome in outcomes if outcome.kind not in _NO_CALL]
    refused = [outcome for outcome in outcomes if outcome.kind is not OutcomeKind.UNFIT]
    broken = [outcome for outcome in refused if outcome.kind is not OutcomeKind.THROTTLED]
    if refused:
        return (called or broken or refused)[-1]
    if outcomes:
        return Outcome(OutcomeKind.UNFIT, message="; ".join(outcome.message for outcome in outcomes))
    return NO_CANDIDATE


def _onward(outcome: Outcome, member: Member, waiting: list[Member], *, may_replay: bool) -> list[Member]:
    """Who may still be asked after this outcome: of those that the ones before left."""
    if outcome.is_uncertain and not may_replay:
        return []
    match outcome.judgement.onward:
        case Onward.ANY:
            return waiting
        case Onward.NOWHERE:
            is_filtered = outcome.kind is OutcomeKind.CONTENT_FILTER
            return waiting if is_filtered and member.settings.content_filter_fallback else []
        case Onward.LARGER_CONTEXT:
            size = member.settings.context_window
            return [other for other in waiting if size and other.settings.context_window > size]
