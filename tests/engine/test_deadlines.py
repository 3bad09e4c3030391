"""One timer for many calls: each is cut at its own time, and nobody's cancellation is mistaken for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from hive_console.engine.deadlines import Deadlines
from hive_console.sim.virtual_time import run_virtually


def now() -> float:
    return asyncio.get_running_loop().time()


def test_each_call_is_cut_at_its_own_time() -> None:
    async def scene() -> None:
        deadlines = Deadlines(5.0)
        ended: list[float] = []

        async def hang() -> None:
            with pytest.raises(TimeoutError):
                async with deadlines.limit():
                    await asyncio.sleep(60)
            ended.append(now())

        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(hang())
                await asyncio.sleep(1)

        assert ended == pytest.approx([5.0, 6.0, 7.0])

    run_virtually(scene())


def test_a_call_that_ends_in_time_is_not_touched() -> None:
    async def scene() -> None:
        deadlines = Deadlines(5.0)
        async with deadlines.limit():
            await asyncio.sleep(4.999)

        await asyncio.sleep(60)

    run_virtually(scene())


def test_a_quick_call_does_not_shorten_a_later_one() -> None:
    async def scene() -> None:
        deadlines = Deadlines(5.0)
        async with deadlines.limit():
            await asyncio.sleep(1)

        with pytest.raises(TimeoutError):
            async with deadlines.limit():
                await asyncio.sleep(60)

        assert now() == pytest.approx(6.0)

    run_virtually(scene())


def test_a_cancellation_from_outside_stays_one() -> None:
    async def scene() -> None:
        deadlines = Deadlines(5.0)

        async def hang() -> None:
            async with deadlines.limit():
                await asyncio.sleep(60)

        task = asyncio.create_task(hang())
        await asyncio.sleep(1)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(scene())


def test_a_cancellation_in_the_same_moment_wins_over_the_deadline() -> None:
    async def scene() -> None:
        deadlines = Deadlines(5.0)

        async def hang() -> None:
            async with deadlines.limit():
                await asyncio.sleep(60)

        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(5.0, task.cancel)

        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(scene())


def test_an_error_of_the_call_goes_on_as_it_is() -> None:
    async def scene() -> None:
        with pytest.raises(KeyError):
            async with Deadlines(5.0).limit():
                raise KeyError("mine")

    run_virtually(scene())


def test_a_call_that_swallows_its_cancellation_ends_well_and_leaves_no_trace() -> None:
    async def scene() -> None:
        async with Deadlines(1.0).limit():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(1)

    run_virtually(scene())


def test_nested_limits_of_one_kind_cut_the_outer_first() -> None:
    async def scene() -> None:
        deadlines = Deadlines(5.0)

        async def outer() -> None:
            async with deadlines.limit():
                await asyncio.sleep(3)
                async with deadlines.limit():
                    await asyncio.sleep(60)

        with pytest.raises(TimeoutError):
            await outer()

        assert now() == pytest.approx(5.0)

    run_virtually(scene())


def test_a_loop_that_ended_does_not_keep_the_clock_of_the_next() -> None:
    deadlines = Deadlines(5.0)

    async def scene() -> None:
        with pytest.raises(TimeoutError):
            async with deadlines.limit():
                await asyncio.sleep(60)

    run_virtually(scene())
    run_virtually(scene())


def test_a_call_may_be_ended_before_its_time() -> None:
    async def scene() -> None:
        deadlines = Deadlines(5.0)
        limit = deadlines.limit()
        asyncio.get_running_loop().call_later(2.0, limit.strike)

        with pytest.raises(TimeoutError):
            async with limit:
                await asyncio.sleep(60)

        assert now() == pytest.approx(2.0)
        await asyncio.sleep(60)

    run_virtually(scene())


def test_ending_a_call_that_has_ended_touches_nobody() -> None:
    async def scene() -> None:
        limit = Deadlines(5.0).limit()
        async with limit:
            await asyncio.sleep(1)

        limit.strike()

        await asyncio.sleep(60)

    run_virtually(scene())


def test_a_call_ended_before_its_time_is_not_struck_again() -> None:
    async def scene() -> None:
        limit = Deadlines(5.0).limit()
        for delay in (1.0, 1.0):
            asyncio.get_running_loop().call_later(delay, limit.strike)

        with pytest.raises(TimeoutError):
            async with limit:
                await asyncio.sleep(60)

        await asyncio.sleep(60)
        assert now() == pytest.approx(61.0)

    run_virtually(scene())
