"""Where callers of a rehearsal knock: at the engine, or at a baseline that has only some of its parts.

Baselines tell the same events about attempts and operations, so that one fold measures them all. They have no
breakers, no probes and no degraded mode of their own; whether the fleet was degraded they take from the weather.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import count
from typing import Protocol

from hive_console.core.errors import ProviderError
from hive_console.core.events import AttemptFinished, Event, OperationFinished
from hive_console.core.outcome import CANCELLED, SUCCESS, Onward, Outcome, OutcomeKind
from hive_console.core.retry import RetryPolicy
from hive_console.core.settings import ModelSettings, Settings
from hive_console.core.states import OperationResult
from hive_console.core.task import Task
from hive_console.engine.ports import Clock, Provider
from hive_console.engine.supervisor import ResilienceEngine
from hive_console.sim.rehearsal.dice import Dice


class Baseline(Enum):
    """What is compared with the engine."""

    NONE = "none"  # one call to the model asked for
    LADDER = "ladder"  # BIP-03's retries on the model asked for, and nothing else
    NAIVE = "naive"  # one model after the other, each tried anew each time


class Front(Protocol):
    """Takes a caller's operation; whoever answered is told, every failure is an exception of `HiveError`."""

    async def ask(self, task: Task, *, is_streamed: bool) -> str:
        """Answers, to the last piece where it is streamed; the model that did."""
        ...


class EngineFront:
    """The engine."""

    def __init__(self, engine: ResilienceEngine) -> None:
        self._engine = engine

    async def ask(self, task: Task, *, is_streamed: bool) -> str:
        """One operation of the engine."""
        if not is_streamed:
            return (await self._engine.execute(task)).served_by
        stream = await self._engine.open_stream(task)
        try:
            async for _ in stream:
                pass
        finally:
            await stream.aclose()
        return stream.provenance.served_by


class BaselineFront:
    """Calls models directly, as a client without any of the engine's parts would.

    Args:
        kind: what it has.
        settings: timeouts, retries, chains and the deadline.
        provider: the simulated models.
        clock: virtual time.
        seed: of the jitter.
        publish: takes the events.
        is_degraded: whether fewer models than the threshold answer now.
    """

    def __init__(
        self,
        kind: Baseline,
        settings: Settings,
        *,
        provider: Provider,
        clock: Clock,
        seed: str,
        publish: Callable[[Event], None],
        is_degraded: Callable[[], bool],
    ) -> None:
        self._kind = kind
        self._models = {model.id: model for model in settings.models}
        self._names = {name: model for model in settings.models for name in (model.id, *model.aliases)}
        self._deadline = settings.resilience.operation_deadline
        self._provider = provider
        self._clock = clock
        self._dice = Dice(seed, f"baseline/{kind.value}")
        self._publish = publish
        self._is_degraded = is_degraded
        self._numbers = count(1)

    async def ask(self, task: Task, *, is_streamed: bool) -> str:
        """One operation, the way this baseline does it."""
        operation = f"{self._kind.value}-{next(self._numbers)}"
        model = self._names[task.model]
        started_at = self._clock.now()
        patience = self._deadline if task.deadline is None else min(task.deadline, self._deadline)
        is_degraded = self._is_degraded()
        attempts = 0
        outcome, served_by = CANCELLED, model.id
        try:
            for candidate, wait in self._ladder(model, task):
                left = started_at + patience - self._clock.now()
                if wait >= left:
                    break
                if wait:
                    await self._clock.sleep(wait)
                attempts += 1
                served_by = candidate.id
                outcome, is_told = await self._attempt(
                    candidate, task, operation, attempts, left=left - wait, whole=not is_streamed
                )
                if outcome.is_success or is_told or outcome.judgement.onward is not Onward.ANY:
                    break
        except asyncio.CancelledError:
            outcome = CANCELLED
            raise
        finally:
            now = self._clock.now()
            finished = OperationFinished(
                at=now,
                operation=operation,
                requested=model.id,
                result=_result_of(outcome),
                latency=now - started_at,
                attempts=attempts,
                served_by=served_by if outcome.is_success else None,
                kind=outcome.kind,
                is_degraded=is_degraded,
            )
            self._publish(finished)
        if not outcome.is_success:
            raise ProviderError(outcome)
        return served_by

    def _ladder(self, model: ModelSettings, task: Task) -> Sequence[tuple[ModelSettings, float]]:
        """The calls that may be made, each with the wait before it."""
        match self._kind:
            case Baseline.NONE:
                return ((model, 0.0),)
            case Baseline.LADDER:
                policy = RetryPolicy(max_retries=model.max_retries)
                waits = (policy.delay(number, self._dice.roll()) for number in range(1, model.max_retries + 1))
                return tuple((model, wait) for wait in (0.0, *waits))
            case Baseline.NAIVE:
                names = model.fallbacks if task.allow_fallback else ()
                return tuple((candidate, 0.0) for candidate in (model, *(self._models[name] for name in names)))

    async def _attempt(
        self, model: ModelSettings, task: Task, operation: str, number: int, *, left: float, whole: bool
    ) -> tuple[Outcome, bool]:
        """One call: what came of it, and whether the caller has heard a part of an answer already."""
        started_at = self._clock.now()
        outcome = CANCELLED
        is_told = False
        try:
            async with asyncio.timeout(min(model.timeout, left)):
                if whole:
                    await self._provider.complete(model, task)
                else:
                    async for piece in self._provider.stream(model, task):
                        is_told = is_told or piece.has_content
            outcome = SUCCESS
        except TimeoutError:
            outcome = Outcome(OutcomeKind.TIMED_OUT)
        except ProviderError as error:
            outcome = error.outcome
        finally:
            now = self._clock.now()
            self._publish(
                AttemptFinished(
                    at=now,
                    operation=operation,
                    model=model.id,
                    number=number,
                    kind=outcome.kind,
                    latency=now - started_at,
                )
            )
        return outcome, is_told


def _result_of(outcome: Outcome) -> OperationResult:
    if outcome.is_success:
        return OperationResult.ANSWERED
    if outcome.kind is OutcomeKind.CANCELLED:
        return OperationResult.CANCELLED
    return OperationResult.FAILED if outcome.judgement.onward is Onward.ANY else OperationResult.REJECTED
