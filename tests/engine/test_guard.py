"""A guard around any coroutine function: who counts, who waits, who is refused, and what is given back."""

from __future__ import annotations

import asyncio
import random

import pytest

from hive_console.core.breaker_policy import BreakerPolicy, OpenTime, TripRule
from hive_console.core.outcome import Verdict
from hive_console.core.retry import Jitter, RetryPolicy
from hive_console.core.states import BreakerState
from hive_console.engine.guard import CallRefused, Guard
from hive_console.sim.virtual_time import run_virtually

TWO_FAILURES = BreakerPolicy(TripRule(consecutive=2), OpenTime(10.0), prober_goes_first=False)
LADDER = RetryPolicy(max_retries=3, jitter=Jitter.NONE)


class Shaky:
    """Fails as often as it is told, then answers."""

    def __init__(self, failures: int = 0, seconds: float = 0.0) -> None:
        self.left = failures
        self.seconds = seconds
        self.calls = 0
        self.running = 0
        self.most_running = 0

    async def __call__(self, said: str = "yes") -> str:
        self.calls += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1
        if self.left > 0:
            self.left -= 1
            raise OSError("no")
        return said


def guard_of(**options: object) -> Guard:
    loop = asyncio.get_running_loop()
    known: dict[str, object] = {"clock": loop.time, "rng": random.Random("7")}
    return Guard(**(known | options))  # type: ignore[arg-type]  # the options are Guard's own


def test_a_good_call_is_what_it_was() -> None:
    async def scene() -> None:
        assert await guard_of().call(Shaky(), "fine") == "fine"

    run_virtually(scene())


def test_failures_in_a_row_open_its_breaker_and_the_next_call_is_refused_at_once() -> None:
    async def scene() -> None:
        guard, shaky = guard_of(breaker=TWO_FAILURES), Shaky(failures=9)
        for _ in range(2):
            with pytest.raises(OSError, match="no"):
                await guard.call(shaky)

        with pytest.raises(CallRefused) as caught:
            await guard.call(shaky)

        assert shaky.calls == 2
        assert caught.value.retry_after == pytest.approx(10.0)

    run_virtually(scene())


def test_after_the_open_time_one_good_call_closes_it() -> None:
    async def scene() -> None:
        guard, shaky = guard_of(breaker=TWO_FAILURES), Shaky(failures=2)
        for _ in range(2):
            with pytest.raises(OSError, match="no"):
                await guard.call(shaky)
        await asyncio.sleep(10)

        await guard.call(shaky)

        assert guard.breaker.state is BreakerState.CLOSED

    run_virtually(scene())


def test_a_failed_call_is_repeated_on_the_scale_of_the_policy() -> None:
    async def scene() -> None:
        began = asyncio.get_running_loop().time()

        await guard_of(retry=LADDER).call(Shaky(failures=3))

        assert asyncio.get_running_loop().time() - began == pytest.approx(1 + 2 + 4)

    run_virtually(scene())


def test_the_last_failure_is_raised_when_there_are_no_more_retries() -> None:
    async def scene() -> None:
        shaky = Shaky(failures=9)

        with pytest.raises(OSError, match="no"):
            await guard_of(retry=LADDER).call(shaky)

        assert shaky.calls == 4

    run_virtually(scene())


def test_an_open_breaker_is_never_retried() -> None:
    async def scene() -> None:
        shaky = Shaky(failures=9)

        with pytest.raises(OSError, match="no"):
            await guard_of(breaker=TWO_FAILURES, retry=LADDER).call(shaky)

        assert shaky.calls == 2

    run_virtually(scene())


def test_the_deadline_is_a_failure_and_a_timeout() -> None:
    async def scene() -> None:
        guard = guard_of(deadline=2.0)

        with pytest.raises(TimeoutError, match="not done within 2 s"):
            await guard.call(Shaky(seconds=5))

        assert guard.breaker.consecutive_failures == 1

    run_virtually(scene())


def test_the_deadline_spans_repetitions_and_their_waits() -> None:
    async def scene() -> None:
        guard, shaky = guard_of(deadline=2.5, retry=LADDER), Shaky(failures=9)
        began = asyncio.get_running_loop().time()

        with pytest.raises(TimeoutError):
            await guard.call(shaky)

        assert asyncio.get_running_loop().time() - began == pytest.approx(2.5)
        assert shaky.calls == 2

    run_virtually(scene())


def test_the_deadline_that_strikes_in_a_repetition_is_no_failure_of_it() -> None:
    async def scene() -> None:
        guard, shaky = guard_of(deadline=2.5, retry=LADDER), Shaky(failures=1, seconds=1.0)

        with pytest.raises(TimeoutError):
            await guard.call(shaky)

        assert guard.breaker.consecutive_failures == 1

    run_virtually(scene())


def test_a_cancelled_call_counts_as_nothing_and_frees_its_place() -> None:
    async def scene() -> None:
        guard = guard_of(places=1, deadline=50.0)
        asking = asyncio.create_task(guard.call(Shaky(seconds=9)))
        await asyncio.sleep(1)

        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

        assert guard.breaker.consecutive_failures == 0
        assert await guard.call(Shaky()) == "yes"

    run_virtually(scene())


def test_no_more_calls_run_than_there_are_places() -> None:
    async def scene() -> None:
        guard, shaky = guard_of(places=2), Shaky(seconds=1)

        await asyncio.gather(*(guard.call(shaky) for _ in range(6)))

        assert shaky.most_running == 2

    run_virtually(scene())


def test_a_call_that_waited_for_its_place_and_ran_out_of_time_is_no_failure() -> None:
    async def scene() -> None:
        guard = guard_of(places=1, deadline=2.0)
        busy = asyncio.create_task(guard.call(Shaky(seconds=1.9)))
        late = asyncio.create_task(guard.call(Shaky(seconds=1.9)))

        with pytest.raises(TimeoutError):
            await late

        assert await busy == "yes"
        assert guard.breaker.consecutive_failures == 0

    run_virtually(scene())


def test_a_refused_call_gives_its_place_back() -> None:
    async def scene() -> None:
        guard = guard_of(breaker=TWO_FAILURES, places=1)
        guard.breaker.trip(asyncio.get_running_loop().time(), "by hand")
        for _ in range(3):
            with pytest.raises(CallRefused):
                await guard.call(Shaky())
        guard.breaker.reset(asyncio.get_running_loop().time(), "by hand")

        assert await guard.call(Shaky()) == "yes"

    run_virtually(scene())


def test_what_the_judge_calls_nothing_is_neither_counted_nor_repeated() -> None:
    async def scene() -> None:
        def only_connection_errors(error: BaseException) -> Verdict:
            return Verdict.FAILURE if isinstance(error, ConnectionError) else Verdict.NEUTRAL

        guard, shaky = guard_of(retry=LADDER, judge=only_connection_errors), Shaky(failures=1)

        with pytest.raises(OSError, match="no"):
            await guard.call(shaky)

        assert shaky.calls == 1
        assert guard.breaker.consecutive_failures == 0

    run_virtually(scene())


def test_slow_calls_open_the_breaker_where_it_is_told_what_is_slow() -> None:
    async def scene() -> None:
        slow = TripRule(consecutive=None, window_calls=4, slow_seconds=1.0, slow_rate=0.5, minimum_calls=4)
        guard = guard_of(breaker=BreakerPolicy(slow, prober_goes_first=False))

        for seconds in (0.5, 2.0, 0.5):
            await guard.call(Shaky(seconds=seconds))
        before = guard.breaker.state
        with pytest.raises(OSError, match="no"):
            await guard.call(Shaky(failures=1, seconds=2.0))

        assert (before, guard.breaker.state) == (BreakerState.CLOSED, BreakerState.OPEN)

    run_virtually(scene())


def test_a_success_in_a_rate_window_is_counted_with_its_time() -> None:
    async def scene() -> None:
        rates = TripRule(consecutive=None, window_seconds=60, failure_rate=0.5, minimum_calls=2)
        guard = guard_of(breaker=BreakerPolicy(rates, prober_goes_first=False))
        await guard.call(Shaky())

        with pytest.raises(OSError, match="no"):
            await guard.call(Shaky(failures=1))

        assert guard.breaker.state is BreakerState.OPEN

    run_virtually(scene())
