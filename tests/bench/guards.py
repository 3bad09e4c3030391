"""What a guarded call costs when all is well: `python -m tests.bench.guards`.

Ratios to a bare await of the same coroutine function in the same run. The field's libraries stand beside ours
where they are installed (`pip install -e '.[bench]'`); each in the way its own documentation shows.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

from hive_console.core.breaker_policy import BreakerPolicy, TripRule
from hive_console.core.retry import RetryPolicy
from hive_console.engine.guard import Guard

CALLS = 20_000
ROUNDS = 15
"""The smallest of so many is taken: what is measured is the code, not what else the machine does."""

Run = Callable[[], Awaitable[Any]]
"""One guarded call of `answer`."""


async def answer() -> int:
    return 42


async def _bare(calls: int) -> None:
    for _ in range(calls):
        await answer()


async def _guarded(run: Run, calls: int) -> None:
    for _ in range(calls):
        await run()


async def _seconds(loop: Callable[[int], Awaitable[None]]) -> float:
    """Seconds of one call, the least of all rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        begin = time.perf_counter()
        await loop(CALLS)
        best = min(best, (time.perf_counter() - begin) / CALLS)
    return best


async def _bound(guard: Guard, calls: int) -> None:
    call = guard.call
    for _ in range(calls):
        await call(answer)


def _ours() -> Iterator[tuple[str, Guard]]:
    rates = BreakerPolicy(
        TripRule(window_seconds=60.0, failure_rate=0.5, minimum_calls=10), prober_goes_first=False
    )
    yield "hive-console: breaker", Guard()
    yield "hive-console: breaker with a failure rate over 60 s", Guard(rates)
    yield "hive-console: bulkhead + retry + breaker", Guard(places=10, retry=RetryPolicy())
    yield "hive-console: deadline + bulkhead + retry + breaker", Guard(places=10, retry=RetryPolicy(), deadline=30)


def _pybreaker(lib: Any) -> Run:  # a foreign module, which may have no types
    breaker = lib.CircuitBreaker(fail_max=5, reset_timeout=30)

    async def run() -> int:
        with breaker.calling():
            return await answer()

    return run


def _aiobreaker(lib: Any) -> Run:  # as above
    breaker = lib.CircuitBreaker(fail_max=5, timeout_duration=timedelta(seconds=30))
    return lambda: breaker.call_async(answer)


def _circuitbreaker(lib: Any) -> Run:  # as above
    guarded: Run = lib.circuit(failure_threshold=5, recovery_timeout=30)(answer)
    return guarded


def _purgatory(lib: Any) -> Run:  # as above
    factory = lib.AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=30)

    async def run() -> int:
        async with await factory.get_breaker("answer"):
            return await answer()

    return run


def _hyx(lib: Any) -> Run:  # as above
    guarded: Run = lib.circuitbreaker.consecutive_breaker(failure_threshold=5, recovery_time_secs=30)(answer)
    return guarded


def _hyx_stack(lib: Any) -> Run:  # as above
    guarded: Run = lib.bulkhead.bulkhead(max_concurrency=10, max_capacity=10)(
        lib.retry.retry(attempts=3)(_hyx(lib))
    )
    return guarded


def _interlock(lib: Any) -> Run:  # as above
    breaker = lib.CircuitBreaker(name="answer")
    return lambda: breaker.call_async(answer)


def _stamina(lib: Any) -> Run:  # as above
    guarded: Run = lib.retry(on=OSError, attempts=3)(answer)
    return guarded


def _tenacity(lib: Any) -> Run:  # as above
    guarded: Run = lib.retry(stop=lib.stop_after_attempt(3))(answer)
    return guarded


def _timeout(lib: Any) -> Run:  # as above
    async def run() -> int:
        async with lib.timeout(30):
            return await answer()

    return run


PEERS: tuple[tuple[str, str, tuple[str, ...], Callable[[Any], Run]], ...] = (
    ("asyncio.timeout alone", "asyncio", (), _timeout),
    ("pybreaker: breaker", "pybreaker", (), _pybreaker),
    ("aiobreaker: breaker", "aiobreaker", (), _aiobreaker),
    ("circuitbreaker: breaker", "circuitbreaker", (), _circuitbreaker),
    ("purgatory: breaker", "purgatory", (), _purgatory),
    ("hyx: breaker", "hyx", ("hyx.circuitbreaker",), _hyx),
    ("hyx: bulkhead + retry + breaker", "hyx", ("hyx.circuitbreaker", "hyx.bulkhead", "hyx.retry"), _hyx_stack),
    ("interlock-cb: breaker", "interlock", (), _interlock),
    ("stamina: retry", "stamina", (), _stamina),
    ("tenacity: retry", "tenacity", (), _tenacity),
)


def _installed() -> Iterator[tuple[str, Run | None]]:
    for name, module, parts, make in PEERS:
        try:
            lib = import_module(module)
            for part in parts:
                import_module(part)
        except ImportError:
            yield name, None
        else:
            yield name, make(lib)


async def _measure() -> list[tuple[str, float | None]]:
    rows: list[tuple[str, float | None]] = [("bare await", await _seconds(_bare))]
    for name, guard in _ours():
        rows.append((name, await _seconds(lambda calls, guard=guard: _bound(guard, calls))))  # type: ignore[misc]
    for name, run in _installed():
        if run is None:
            rows.append((name, None))
            continue
        await run()
        rows.append((name, await _seconds(lambda calls, run=run: _guarded(run, calls))))  # type: ignore[misc]
    rows.append(("bare await, again", await _seconds(_bare)))
    return rows


def main() -> None:
    rows = asyncio.run(_measure())
    bare = min(seconds for name, seconds in rows if name.startswith("bare") and seconds is not None)
    print(f"{'':<52} {'ns':>7} {'ratio':>7}")
    for name, seconds in rows:
        if seconds is None:
            print(f"{name:<52} not installed")
        else:
            print(f"{name:<52} {seconds * 1e9:>7.0f} {seconds / bare:>7.2f}")


if __name__ == "__main__":
    main()
