"""One model, one operation: place, permit, call, settle; wait, and again while that makes sense.

The same code runs whole answers and streams: a `Call` says how one attempt is made. A stream's permit stays
out until its last event, so its `Lease` is handed on instead of being settled here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from hive_console.core.budget import RetryBudget
from hive_console.core.errors import ProviderError, place_of
from hive_console.core.events import AttemptFinished, ServiceFailed
from hive_console.core.fleet import Fleet
from hive_console.core.member import Member
from hive_console.core.outcome import CANCELLED, SUCCESS, Outcome, OutcomeKind, Verdict
from hive_console.core.policies import retry_policy_of
from hive_console.core.retry import Backoff
from hive_console.core.roster import Roster
from hive_console.core.settings import ModelSettings, ResilienceSettings, RetryBeforeFallback, Settings
from hive_console.core.task import Hop, Task
from hive_console.core.transitions import Permit, Refusal
from hive_console.engine.bulkhead import Bulkhead
from hive_console.engine.bus import Bus
from hive_console.engine.deadlines import Deadlines
from hive_console.engine.operation import Operation
from hive_console.engine.ports import Clock

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")


class Lease:
    """A place and a permit for one call; given back exactly once, whatever happens."""

    def __init__(self, executor: Executor, member: Member, permit: Permit, operation: Operation) -> None:
        self._executor = executor
        self._member = member
        self._permit = permit
        self._operation = operation
        self._number = operation.attempts
        self._started_at = executor.clock.now()
        self._is_settled = False
        self.first_token: float | None = None

    def mark_first_token(self) -> None:
        """Notes when the first content came; a stream's latency is the time to here."""
        self.first_token = self._executor.clock.now() - self._started_at

    def settle(self, outcome: Outcome) -> None:
        """Tells breaker, health and recording what came of the call and frees its place."""
        if self._is_settled:
            return
        self._is_settled = True
        now = self._executor.clock.now()
        seconds = now - self._started_at
        model_id = self._member.settings.id
        latency = seconds if self.first_token is None else self.first_token
        caused = self._member.settle(self._permit, outcome, now, latency=latency)
        self._executor.settled(self._member, outcome, now)
        finished = AttemptFinished(
            at=now,
            operation=self._operation.id,
            model=model_id,
            number=self._number,
            kind=outcome.kind,
            latency=seconds,
            first_token=self.first_token,
            status=outcome.status,
            message=outcome.message,
        )
        self._executor.bus.publish([finished, *caused])


class Call(Protocol[Result_co]):
    """How one attempt is made."""

    @property
    def keeps_lease(self) -> bool:
        """Whether the result carries the lease on (a stream) instead of ending with the call."""
        ...

    def patience(self, model: ModelSettings) -> float:
        """Seconds one attempt may take until its answer, or its first content."""
        ...

    async def __call__(self, model: ModelSettings, task: Task, lease: Lease) -> Result_co:
        """Calls the provider; raises `ProviderError`."""
        ...


@dataclass(frozen=True, slots=True)
class Tried(Generic[Result]):
    """What came of trying one model; `result` is there exactly when `outcome` is a success."""

    outcome: Outcome
    result: Result | None = None


class Executor:
    """Runs operations on single models."""

    def __init__(self, settings: Settings, *, fleet: Fleet, clock: Clock, bus: Bus, rng: random.Random) -> None:
        self.clock = clock
        self.bus = bus
        self._fleet = fleet
        self._rng = rng
        self._resilience = settings.resilience
        self.bulkheads = Roster(
            {
                model.id: Bulkhead(model.max_concurrent_requests, settings.resilience.max_queued_requests)
                for model in settings.models
            }
        )
        self._limits: dict[float, Deadlines] = {}  # as many as the settings have different timeouts
        self._retries = Roster({model.id: retry_policy_of(model, settings.resilience) for model in settings.models})
        # One budget a chain: its retries and hedges together, whichever of its models they go to.
        self.budgets = Roster({model.id: _budget_of(settings.resilience) for model in settings.models})

    def reconfigure(self, settings: Settings) -> None:
        """Runs by these settings from the next attempt on; who has a place or waits for one keeps it."""
        fleet = self._resilience = settings.resilience
        self._limits = {}  # those that run go on; the others would only pile up
        self._retries.become({model.id: retry_policy_of(model, fleet) for model in settings.models})
        bulkheads: dict[str, Bulkhead] = {}
        budgets: dict[str, RetryBudget] = {}
        for model in settings.models:
            places = self._fleet.members[model.id].places
            # One that returns before its calls ended has those still: they come back to the same places.
            bulkheads[model.id] = self.bulkheads.known(model.id) or Bulkhead(places, fleet.max_queued_requests)
            bulkheads[model.id].bound(fleet.max_queued_requests)
            bulkheads[model.id].resize(places)
            budgets[model.id] = self.budgets.known(model.id) or _budget_of(fleet)
            budgets[model.id].ratio, budgets[model.id].floor = fleet.retry_budget, fleet.retry_budget_floor
        self.bulkheads.become(bulkheads)
        self.budgets.become(budgets)

    def forget(self, models: Iterable[str]) -> None:
        """Forgets models that have left and that no operation asks any more."""
        for roster in (self.bulkheads, self.budgets, self._retries):
            roster.forget(models)

    async def run(
        self,
        member: Member,
        operation: Operation,
        call: Call[Result],
        *,
        has_standby: Callable[[], bool],
    ) -> Tried[Result]:
        """Tries one model until it answered, may not be tried again, or another should have its turn.

        Args:
            member: the model.
            operation: whose deadline bounds everything, waits included.
            call: how one attempt is made.
            has_standby: whether another candidate would admit a call now.
        """
        started_at = self.clock.now()
        tried = await self._attempt(member, operation, call, has_standby=has_standby)
        if not tried.outcome.is_success:
            tried = await self._again(tried, member, operation, call, has_standby=has_standby)
        seconds = self.clock.now() - started_at
        operation.hops.append(Hop(member.settings.id, _said(tried.outcome), seconds))
        return tried

    def settled(self, member: Member, outcome: Outcome, now: float) -> None:
        """A call of real traffic came back: its place is free, and it counts in the fleet's comparison."""
        bulkhead = self.bulkheads[member.settings.id]
        bulkhead.release()
        if member.is_retired:
            return
        if member.limit is not None:
            bulkhead.resize(member.places)
        if outcome.verdict is not Verdict.NEUTRAL:
            self._fleet.compare(member.settings.id, now, is_failure=outcome.verdict is Verdict.FAILURE)

    async def _again(
        self,
        tried: Tried[Result],
        member: Member,
        operation: Operation,
        call: Call[Result],
        *,
        has_standby: Callable[[], bool],
    ) -> Tried[Result]:
        """Waits and calls again for as long as that makes sense: BIP-03's ladder, within deadline and budget."""
        backoff = Backoff(self._retries[member.settings.id])
        budget = self.budgets[operation.requested]
        while not tried.outcome.is_success and self._may_retry(tried.outcome, member, has_standby):
            now = self.clock.now()
            # A throttle that names no time is a wait like one that does: retrying within it would be refused.
            floor = max(tried.outcome.retry_after or 0.0, member.retry_in(now) or 0.0)
            delay = backoff.next(self._rng.random(), retry_after=floor)
            if delay is None or now + delay >= operation.deadline_at or not budget.withdraw(now):
                break
            await self._sleep_until(now + delay)
            tried = await self._attempt(member, operation, call, has_standby=has_standby)
        return tried

    async def _sleep_until(self, due: float) -> None:
        """Waits until `due` and never less: a timer that fires early would retry before Retry-After is over."""
        while (left := due - self.clock.now()) > 0:
            await self.clock.sleep(left)

    def _may_retry(self, outcome: Outcome, member: Member, has_standby: Callable[[], bool]) -> bool:
        wish = self._resilience.retry_before_fallback
        if not outcome.may_retry or wish is RetryBeforeFallback.NEVER:
            return False
        if not member.breaker.would_admit(self.clock.now()):
            return False
        return wish is RetryBeforeFallback.ALWAYS or not has_standby()

    async def _attempt(
        self, member: Member, operation: Operation, call: Call[Result], *, has_standby: Callable[[], bool]
    ) -> Tried[Result]:
        if not member.would_admit(self.clock.now()):
            return Tried(self._refusal(member))
        bulkhead = self.bulkheads[member.settings.id]
        patience = operation.deadline_at - self.clock.now()
        if not bulkhead.try_take() and (has_standby() or not await bulkhead.take(patience)):
            return Tried(Outcome(OutcomeKind.NO_ROOM, message="all its places are taken"))
        admission, caused = member.acquire(self.clock.now())
        self.bus.publish(caused)
        if isinstance(admission, Refusal):
            bulkhead.release()
            return Tried(self._refusal(member))
        operation.attempts += 1
        operation.tried.append(member.settings.id)
        lease = Lease(self, member, admission, operation)
        return await self._call(member.settings, operation, call, lease)

    async def _call(
        self, model: ModelSettings, operation: Operation, call: Call[Result], lease: Lease
    ) -> Tried[Result]:
        """One call under the shorter of the model's timeout and what is left of the deadline."""
        left = operation.deadline_at - self.clock.now()
        patience = call.patience(model)
        outcome = CANCELLED
        result: Result | None = None
        try:
            async with self._limit(patience, left):
                result = await call(model, operation.task, lease)
            outcome = SUCCESS
        except TimeoutError:
            said = f"no answer within {min(patience, left):.3g} s"
            outcome = Outcome(OutcomeKind.TIMED_OUT, message=said)
            # A caller in a hurry says nothing about the model: only its own full timeout counts against it.
            lease.settle(outcome if left >= patience else CANCELLED)
        except ProviderError as error:
            outcome = error.outcome
        except Exception as error:  # noqa: BLE001 - an adapter's bug must not end the engine; it is published
            outcome = Outcome(OutcomeKind.MALFORMED, message=f"internal: {place_of(error)}")
            self.bus.publish([ServiceFailed(at=self.clock.now(), service="provider", message=outcome.message)])
        finally:
            if result is None or not call.keeps_lease:
                lease.settle(outcome)
        return Tried(outcome, result)

    def _limit(self, patience: float, left: float) -> AbstractAsyncContextManager[object]:
        """Bounds one attempt: by a model's patience, which many calls share, or by what its operation has left."""
        if left < patience:
            return asyncio.timeout(left)
        if patience not in self._limits:
            self._limits[patience] = Deadlines(patience)
        return self._limits[patience].limit()

    def _refusal(self, member: Member) -> Outcome:
        now = self.clock.now()
        if member.fault:
            why = member.fault
        elif member.is_throttled(now):
            why = "rate limited by the provider"
        elif member.ejection:
            why = member.ejection
        else:
            why = f"breaker {member.breaker.state.value}"
        return Outcome(OutcomeKind.REFUSED, message=why, retry_after=member.retry_in(now))


def _budget_of(fleet: ResilienceSettings) -> RetryBudget:
    return RetryBudget(fleet.retry_budget, floor=fleet.retry_budget_floor)


def _said(outcome: Outcome) -> str:
    return f"refused: {outcome.message}" if outcome.kind is OutcomeKind.REFUSED else outcome.kind.value
