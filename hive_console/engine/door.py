"""The front door of the engine: every operation comes in here and ends here, exactly once.

In this order: is such work served at the fleet's present level, is there a place for one more operation, and
then the plan.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeVar

from hive_console.core.degradation import Degradation
from hive_console.core.errors import OperationFailed, ProviderError, StreamBroken
from hive_console.core.events import Event, FailedOver, FallbacksExhausted, OperationFinished
from hive_console.core.fleet import Fleet
from hive_console.core.hop import Hop
from hive_console.core.outcome import CANCELLED, SUCCESS, Onward, Outcome, OutcomeKind
from hive_console.core.routing import Plan
from hive_console.core.settings import Replay, ResilienceSettings, Settings
from hive_console.core.states import ADMITTING, DegradationLevel, OperationResult
from hive_console.core.task import Body, Provenance, Reply, Task
from hive_console.engine.bulkhead import Bulkhead
from hive_console.engine.bus import Bus
from hive_console.engine.calls import FirstContent, OpenedStream, WholeAnswer
from hive_console.engine.executor import Call, Executor
from hive_console.engine.fallback import Fallback
from hive_console.engine.fitness import Fitness
from hive_console.engine.operation import Operation
from hive_console.engine.ports import Clock, Provider

Result = TypeVar("Result")

_NOBODY_IS_PAGED_FOR = frozenset({OutcomeKind.UNFIT, OutcomeKind.KILLED})
"""What its caller asked for, and what a person ordered, which has an alert of its own."""


class Door:
    """Takes tasks, gives answers, tells the bus how each ended."""

    def __init__(
        self,
        settings: Settings,
        *,
        fleet: Fleet,
        executor: Executor,
        degradation: Degradation,
        provider: Provider,
        clock: Clock,
        bus: Bus,
        rng: random.Random,
        run_id: str,
    ) -> None:
        resilience = settings.resilience
        self._deadline = resilience.operation_deadline
        self._token_cap = resilience.degraded_token_cap
        self._fleet = fleet
        self._fallback = Fallback(fleet, executor, Fitness(fleet.members, provider))
        self._replay = resilience.replay
        self._budgets = executor.budgets
        self.places = Bulkhead(resilience.max_total_requests, resilience.max_queued_requests)
        self._rng = rng
        self._degradation = degradation
        self._provider = provider
        self._clock = clock
        self._bus = bus
        self._run_id = run_id
        self._numbers = itertools.count(1)

    def reconfigure(self, fleet: ResilienceSettings) -> None:
        """Admits by these settings from the next operation on."""
        self._deadline = fleet.operation_deadline
        self._token_cap = fleet.degraded_token_cap
        self._replay = fleet.replay
        self.places.bound(fleet.max_queued_requests)
        self.places.resize(fleet.max_total_requests)

    async def execute(self, task: Task) -> Reply:
        """Runs a task on its model or a fallback; raises `UnknownModel` or `OperationFailed`."""
        operation = self._admit(task)
        served_by, answer = await self._run(operation, WholeAnswer(self._provider))
        self._end(operation, SUCCESS, served_by=served_by)
        return Reply(answer, operation.provenance(served_by))

    async def open_stream(self, task: Task) -> EngineStream:
        """The same, streamed; returns when the first content is there."""
        operation = self._admit(task)
        served_by, opened = await self._run(operation, FirstContent(self._provider))
        return EngineStream(self, operation, served_by, opened)

    def _admit(self, task: Task) -> Operation:
        """The operation of a task; its deadline runs from here."""
        route = self._fleet.route(task.model)
        now = self._clock.now()
        patience = self._deadline if task.deadline is None else min(task.deadline, self._deadline)
        return Operation(
            id=f"{self._run_id}-{next(self._numbers)}",
            task=self._prepared(task),
            route=route,
            started_at=now,
            deadline_at=now + patience,
            may_replay=(task.replay or self._replay) is Replay.ALLOW,
            level=self._degradation.level,
        )

    def _prepared(self, task: Task) -> Task:
        """The task as the fleet serves it now: with its rule for replays, and capped answers."""
        if task.replay is None and self._replay is Replay.DENY:
            task = replace(task, replay=Replay.DENY)
        if not self._degradation.plan.caps_tokens or self._token_cap == 0:
            return task
        return replace(task, request=capped(task.request, self._token_cap))

    async def _run(self, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        plan = self._plan(operation)
        if plan.passed_over:
            operation.hops.append(Hop(plan.requested, f"passed over: {plan.passed_over}", 0.0))
        try:
            served_by, result = await self._within_places(plan, operation, call)
        except OperationFailed as failure:
            self._end_failed(operation, failure)
            raise
        except BaseException:
            self._end(operation, CANCELLED)
            raise
        self._tell_of_failover(operation, plan, served_by)
        return served_by, result

    def _plan(self, operation: Operation) -> Plan:
        route, task = operation.route, operation.task
        if not task.may_fall_back:
            return Plan(route.primary, (route.primary,), route.strategy)
        draws = (self._rng.random(), self._rng.random())
        return self._fleet.plan(
            route, operation.started_at, draws, wish=task.strategy, may_copy=operation.may_replay
        )

    async def _within_places(self, plan: Plan, operation: Operation, call: Call[Result]) -> tuple[str, Result]:
        """Runs the plan if such work is served now and a place becomes free in time."""
        level = self._degradation.plan
        if operation.task.priority in self._degradation.sheds and not self._is_spared(plan, operation.started_at):
            said = f"the fleet is degraded ({operation.level.value}); {operation.task.priority.value} work waits"
            raise self._turned_away(operation, Outcome(OutcomeKind.SHED, message=said))
        patience = operation.deadline_at - operation.started_at
        if not self.places.try_take() and not await self.places.take(patience):
            raise self._turned_away(operation, Outcome(OutcomeKind.NO_ROOM, message="too many operations at once"))
        try:
            self._budgets[operation.route.name].deposit(operation.started_at)
            return await self._fallback.run(plan, operation, call, allows_copies=level.allows_copies)
        finally:
            self.places.release()

    def _is_spared(self, plan: Plan, now: float) -> bool:
        """Whether turning this operation away protects nothing, or keeps a model from coming back.

        With no usable model there is no capacity to keep for others, and what is refused learns why and for
        how long. An operation that is some model's trial may be the only one: where there is no prober, a fleet
        that sheds it would stay degraded for ever.
        """
        if self._degradation.available_share == 0:
            return True
        members = (self._fleet.members[name] for name in plan.candidates)
        return any(member.breaker.state not in ADMITTING and member.would_admit(now) for member in members)

    def _turned_away(self, operation: Operation, outcome: Outcome) -> OperationFailed:
        return OperationFailed(
            operation.requested,
            outcome,
            tried=(),
            retry_after=None,
            operation=operation.id,
            attempts=0,
            route=operation.route.virtual_name,
            trail=tuple(operation.hops),
        )

    def _tell_of_failover(self, operation: Operation, plan: Plan, served_by: str) -> None:
        """A model that was merely slower in a race has no bad end behind it: that is no failover."""
        first = plan.requested if plan.passed_over else plan.candidates[0]
        causes = [hop.cause for hop in operation.hops if hop.model == first]
        if served_by != first and causes:
            moved = FailedOver(
                at=self._clock.now(),
                operation=operation.id,
                from_model=first,
                to_model=served_by,
                cause=causes[-1],
            )
            self._bus.publish([moved])

    def _end_failed(self, operation: Operation, failure: OperationFailed) -> None:
        outcome = failure.outcome
        self._end(operation, outcome)
        if outcome.judgement.onward is not Onward.ANY or outcome.kind in _NOBODY_IS_PAGED_FOR:
            return
        if not self._was_bound_by_its_caller(operation, outcome):
            self._bus.publish(
                [
                    FallbacksExhausted(
                        at=self._clock.now(),
                        operation=operation.id,
                        requested=operation.requested,
                        tried=tuple(dict.fromkeys(operation.tried)),
                        kind=outcome.kind,
                        cause=outcome.message or outcome.kind.value.replace("_", " "),
                        route=operation.route.virtual_name,
                    )
                ]
            )

    def _was_bound_by_its_caller(self, operation: Operation, outcome: Outcome) -> bool:
        """Whether the fleet was given no real chance (no fallback, no second try, a short deadline), or the way has
        left the settings meanwhile: nobody is paged.
        """
        task, route = operation.task, operation.route
        is_hasty = task.deadline is not None and task.deadline < self._fleet.members[route.primary].settings.timeout
        is_final = not task.may_fall_back or (outcome.is_uncertain and not operation.may_replay)
        has_left = route.name not in self._fleet.routes
        return has_left or is_hasty or (is_final and bool(route.fallbacks))

    def _end(self, operation: Operation, outcome: Outcome, *, served_by: str | None = None) -> None:
        now = self._clock.now()
        finished: Event = OperationFinished(
            at=now,
            operation=operation.id,
            requested=operation.route.primary,
            result=_result_of(outcome),
            latency=now - operation.started_at,
            attempts=operation.attempts,
            served_by=served_by,
            kind=outcome.kind,
            is_degraded=operation.level is not DegradationLevel.FULL,
            priority=operation.task.priority,
            level=operation.level,
            route=operation.route.virtual_name,
        )
        self._bus.publish([finished])

    def end_stream(self, operation: Operation, outcome: Outcome, served_by: str) -> None:
        """Ends a streamed operation; called once by its stream."""
        self._end(operation, outcome, served_by=served_by)


def capped(request: Body, cap: int) -> Body:
    """The request with at most `cap` tokens of answer where its caller set a limit.

    None is added where there was none: the newest models refuse `max_tokens`, other servers the newer name, and
    a saving must not fail the operation.
    """
    wishes = {name: request.get(name) for name in ("max_completion_tokens", "max_tokens")}
    lowered = {name: cap for name, wish in wishes.items() if isinstance(wish, int) and wish > cap}
    return {**request, **lowered} if lowered else request


def _result_of(outcome: Outcome) -> OperationResult:
    match outcome.kind:
        case OutcomeKind.SUCCESS:
            return OperationResult.ANSWERED
        case OutcomeKind.CANCELLED:
            return OperationResult.CANCELLED
        case OutcomeKind.NO_ROOM | OutcomeKind.SHED:
            return OperationResult.SHED
        case OutcomeKind.UNFIT:
            return OperationResult.REJECTED  # no model of the chain can, however well it is
        case _ if outcome.judgement.onward is Onward.ANY:
            return OperationResult.FAILED
        case _:
            return OperationResult.REJECTED


class EngineStream:
    """A streamed answer on its way to the client (fits `core.task.ReplyStream`)."""

    def __init__(self, door: Door, operation: Operation, served_by: str, opened: OpenedStream) -> None:
        self._door = door
        self._operation = operation
        self._opened = opened
        self._buffered = list(reversed(opened.pieces))
        self._is_over = False
        self.provenance: Provenance = operation.provenance(served_by)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Itself: a stream is read once."""
        return self

    async def __anext__(self) -> bytes:
        """The next event's bytes; raises `StreamBroken` when the model broke off."""
        if self._buffered:
            return self._buffered.pop()
        if self._is_over:
            raise StopAsyncIteration
        try:
            data = await self._opened.next()
        except ProviderError as error:
            self._end(error.outcome)
            raise StreamBroken(error.outcome) from error
        except BaseException:
            await self.aclose()
            raise
        if data is None:
            self._end(SUCCESS)
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Ends it early; neutral for the model. Harmless after the end."""
        if self._is_over:
            return
        self._is_over = True
        try:
            await self._opened.abandon()
        finally:
            self._end(CANCELLED)

    def _end(self, outcome: Outcome) -> None:
        self._is_over = True
        self._door.end_stream(self._operation, outcome, self.provenance.served_by)
