"""Down the plan, one model after the other, until one answers (BIP-03 §Fallback Strategies)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from hive_console.core.errors import OperationFailed
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.outcome import Onward, Outcome, OutcomeKind
from hive_console.core.routing import Plan
from hive_console.core.settings import Strategy
from hive_console.engine.executor import Call, Executor
from hive_console.engine.operation import Operation
from hive_console.engine.race import Race

Result = TypeVar("Result")

_NO_CALL = frozenset({OutcomeKind.REFUSED, OutcomeKind.NO_ROOM})

NO_CANDIDATE = Outcome(OutcomeKind.REFUSED, message="no model of the chain may be called")


class Fallback:
    """Runs a plan."""

    def __init__(self, fleet: Fleet, executor: Executor) -> None:
        self._fleet = fleet
        self._executor = executor
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
        await self._try_last_resort(plan)
        if plan.strategy is Strategy.PARALLEL and len(plan.candidates) > 1 and allows_copies:
            winner, outcomes = await self._race.run(plan, operation, call)
            if winner is not None:
                return winner
            raise self._failure(plan, operation, most_telling(outcomes))
        return await self._in_turn(plan, operation, call)

    async def _in_turn(self, plan: Plan, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        outcomes: list[Outcome] = []
        waiting = [self._fleet.members[name] for name in plan.candidates]
        while waiting:
            member, *waiting = waiting
            if self._executor.clock.now() >= operation.deadline_at:
                outcomes.append(Outcome(OutcomeKind.TIMED_OUT, message="the operation's deadline is over"))
                break
            has_standby = partial(self._any_ready, tuple(waiting))
            tried = await self._executor.run(member, operation, call, has_standby=has_standby)
            if tried.result is not None:
                return member.settings.id, tried.result
            outcomes.append(tried.outcome)
            waiting = _onward(tried.outcome, member, waiting)
        raise self._failure(plan, operation, most_telling(outcomes))

    async def _try_last_resort(self, plan: Plan) -> None:
        """Where every model of the chain is out, and the policy says so, lets the nearest be tried early."""
        _, caused = self._fleet.last_resort(plan.candidates, self._executor.clock.now())
        self._executor.bus.publish(caused)

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
            trail=tuple(operation.hops),
        )


def most_telling(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome a client learns most from: the last of a real call, else the last refusal."""
    called = [outcome for outcome in outcomes if outcome.kind not in _NO_CALL]
    return (called or list(outcomes) or [NO_CANDIDATE])[-1]


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
