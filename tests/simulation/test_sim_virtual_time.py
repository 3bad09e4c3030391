"""The loop whose time jumps: days pass at once, in order, and a standstill is told."""

from __future__ import annotations

import asyncio
import socket

import pytest

from hive_console.sim.virtual_time import EPOCH, VirtualClock, run_virtually


def test_a_month_passes_at_once() -> None:
    async def scene() -> float:
        clock = VirtualClock(asyncio.get_running_loop())
        await clock.sleep(30 * 86_400)
        return clock.now()

    assert run_virtually(scene()) == EPOCH + 30 * 86_400


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    async def scene() -> list[float]:
        woken: list[float] = []

        async def sleeper(seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append(seconds)

        async with asyncio.TaskGroup() as group:
            for seconds in (3.0, 1.0, 86_400.0, 2.0):
                group.create_task(sleeper(seconds))
        return woken

    assert run_virtually(scene()) == [1.0, 2.0, 3.0, 86_400.0]


def test_a_standstill_is_an_error_and_no_hang() -> None:
    async def scene() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="every task waits for another"):
        run_virtually(scene())


def test_the_kernel_is_asked_where_somebody_registered_a_socket() -> None:
    async def scene() -> bytes:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.send(b"news")
            return await loop.sock_recv(ours, 4)

    assert run_virtually(scene()) == b"news"


def test_a_registered_socket_without_news_lets_time_pass() -> None:
    async def scene() -> float:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            loop.add_reader(ours, lambda: None)
            await asyncio.sleep(60)
            loop.remove_reader(ours)
        return loop.time()

    assert run_virtually(scene()) == 60.0


def test_timers_of_one_moment_run_in_the_order_they_were_set() -> None:
    async def scene() -> list[str]:
        loop = asyncio.get_running_loop()
        ran: list[str] = []
        loop.call_at(5.0, ran.append, "first")
        loop.call_later(5.0, ran.append, "second")
        taken_back = loop.call_at(5.0, ran.append, "never")
        assert (taken_back.when(), taken_back.cancelled()) == (5.0, False)
        taken_back.cancel()
        assert taken_back.cancelled()
        soon = loop.call_soon(ran.append, "never either")
        soon.cancel()
        await asyncio.sleep(5.0)
        return ran

    assert run_virtually(scene()) == ["first", "second"]


def test_a_callback_that_fails_is_told_and_the_loop_goes_on() -> None:
    def fails() -> None:
        raise ValueError("oh")

    async def scene() -> list[str]:
        loop = asyncio.get_running_loop()
        told: list[str] = []
        loop.set_exception_handler(lambda _, context: told.append(repr(context["exception"])))
        loop.call_soon(fails)
        await asyncio.sleep(1)
        return told

    assert run_virtually(scene()) == ["ValueError('oh')"]


def test_an_interrupt_ends_the_loop() -> None:
    def interrupts() -> None:
        raise KeyboardInterrupt

    async def scene() -> None:
        asyncio.get_running_loop().call_soon(interrupts)
        await asyncio.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        run_virtually(scene())


def test_what_asyncio_itself_puts_in_line_runs_too() -> None:
    async def scene() -> list[int]:
        ran: list[int] = []
        asyncio.get_running_loop().call_soon_threadsafe(ran.append, 1)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return ran

    assert run_virtually(scene()) == [1]
