"""Bulkhead, breaker, retry and deadline around any coroutine function: the engine's parts without a fleet.

For a program's own calls (a database, a search service) that need what models get here. The order is deadline >
retry > bulkhead > breaker > call: a refusal costs no retry, and waiting for a place holds no permit.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from hive_console.core.breaker import Breaker
from hive_console.core.breaker_policy import BreakerPolicy
from hive_console.core.errors import HiveError
from hive_console.core.outcome import Verdict
from hive_console.core.retry import Backoff, RetryPolicy
from hive_console.core.transitions import Permit, Refusal
from hive_console.engine.bulkhead import Bulkhead
from hive_console.engine.deadlines import Deadlines

Result = TypeVar("Result")

FOREVER = 86_400.0
"""Seconds that stand for no deadline: nobody waits in a line for more than a day."""

MAX_WAITING = 1000
"""Calls that may wait for a place; more are refused at once."""


class CallRefused(HiveError):
    """No call was made: an open breaker, or no place in time.

    Attributes:
        cause: why.
        retry_after: seconds until a call may be made; `None` when nobody knows.
    """

    def __init__(self, cause: str, retry_after: float | None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.retry_after = retry_after


def failures_only(error: BaseException) -> Verdict:
    """The usual judgement: every `Exception` is a failure, a cancellation is nothing."""
    return Verdict.FAILURE if isinstance(error, Exception) else Verdict.NEUTRAL


class Guard:
    """Guards calls to one thing; use it on one loop.

    Attributes:
        breaker: its breaker, for views and for operators' words.
    """

    __slots__ = ("_clock", "_deadlines", "_is_timed", "_judge", "_places", "_retry", "_rng", "breaker")

    def __init__(
        self,
        breaker: BreakerPolicy | None = None,
        *,
        places: int | None = None,
        retry: RetryPolicy | None = None,
        deadline: float | None = None,
        judge: Callable[[BaseException], Verdict] = failures_only,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        """Makes a guard whose breaker is closed.

        Args:
            breaker: how the breaker behaves; BIP-03's numbers when left out.
            places: calls in flight at once; more wait in line. Unbounded when left out.
            retry: how failed calls are repeated; they are not when left out.
            deadline: seconds one `call` may take, waits and repetitions included; unbounded when left out.
            judge: how an exception counts: a failure, nothing, or even a success.
            clock: monotonic seconds.
            rng: where jitter is drawn from.
        """
        policy = BreakerPolicy(prober_goes_first=False) if breaker is None else breaker
        self.breaker = Breaker(policy, clock())
        self._places = None if places is None else Bulkhead(places, MAX_WAITING)
        self._retry = retry
        self._deadlines = None if deadline is None else Deadlines(deadline)
        self._judge = judge
        self._clock = clock
        self._is_timed = policy.trip.slow_seconds is not None
        self._rng = rng or random.Random()

    async def call(self, function: Callable[..., Awaitable[Result]], *args: Any) -> Result:
        """What `function(*args)` returns; raises what it raises, `CallRefused`, or `TimeoutError`."""
        number = 0 if self._deadlines is None else self._deadlines.begin()
        places = self._places
        permit: Permit | None = None
        had_to_wait = False
        begun = 0.0
        try:
            if places is not None and not places.try_take():
                had_to_wait = True
                await self._wait_for_place(places)
            permit = self.breaker.standing or self._permit()
            begun = self._clock() if self._is_timed else 0.0
            result = await function(*args)
        except BaseException as error:
            due = self._due(number)
            is_struck = self._is_struck(number)
            self._settle(error, permit, begun, was_given_time=is_struck and not had_to_wait)
            if is_struck:
                raise TimeoutError(f"not done within {self._seconds:g} s") from error
            if permit is None or self._retry is None or self._judge(error) is not Verdict.FAILURE:
                raise
            failure = error
        else:
            if number and self._deadlines is not None:
                self._deadlines.end(number)
            if places is not None:
                places.release()
            if not self.breaker.succeed(permit):
                self._succeed_slowly(permit, begun)
            return result
        return await self._repeat(failure, due, self._retry, function, args)

    async def _wait_for_place(self, places: Bulkhead) -> None:
        if not await places.take(FOREVER if self._deadlines is None else self._seconds):
            raise CallRefused("all places are taken and the line is full", None)

    def _permit(self) -> Permit:
        admission = self.breaker.acquire(self._clock())
        if isinstance(admission, Refusal):
            if self._places is not None:
                self._places.release()
            raise CallRefused(admission.cause, admission.retry_after)
        return admission

    async def _repeat(
        self,
        failure: BaseException,
        due: float | None,
        policy: RetryPolicy,
        function: Callable[..., Awaitable[Result]],
        args: tuple[Any, ...],
    ) -> Result:
        """Waits and calls again until it goes well, may not be repeated, or the time is up."""
        backoff = Backoff(policy)
        async with asyncio.timeout_at(due):
            while True:
                delay = backoff.next(self._rng.random())
                if delay is None or not self.breaker.would_admit(self._clock() + delay):
                    raise failure
                await asyncio.sleep(delay)
                permit: Permit | None = None
                begun = 0.0
                try:
                    if self._places is not None and not self._places.try_take():
                        await self._wait_for_place(self._places)
                    permit = self.breaker.standing or self._permit()
                    begun = self._clock()
                    result = await function(*args)
                except BaseException as error:
                    self._settle(error, permit, begun, was_given_time=False)
                    if permit is None or self._judge(error) is not Verdict.FAILURE:
                        raise
                    failure = error
                else:
                    if self._places is not None:
                        self._places.release()
                    self._succeed_slowly(permit, begun)
                    return result

    def _succeed_slowly(self, permit: Permit, begun: float) -> None:
        """Counts a good call where the breaker wants to know more than that it was good."""
        now = self._clock()
        self.breaker.settle(permit, Verdict.SUCCESS, now, duration=now - begun if self._is_timed else 0.0)

    def _settle(self, error: BaseException, permit: Permit | None, begun: float, *, was_given_time: bool) -> None:
        """Counts what became of a call. Our deadline is a failure of one that had all of it; of one that began
        late it says nothing, as somebody else's cancellation does.
        """
        if permit is None:  # no call was made, and a place that was taken has been given back
            return
        if self._places is not None:
            self._places.release()
        verdict = Verdict.FAILURE if was_given_time else self._judge(error)
        now = self._clock()
        duration = now - begun if self._is_timed else 0.0
        self.breaker.settle(permit, verdict, now, cause=type(error).__name__, duration=duration)

    @property
    def _seconds(self) -> float:
        return FOREVER if self._deadlines is None else self._deadlines.seconds

    def _due(self, number: int) -> float | None:
        return self._deadlines.due(number) if number and self._deadlines is not None else None

    def _is_struck(self, number: int) -> bool:
        return bool(number) and self._deadlines is not None and self._deadlines.end(number)
