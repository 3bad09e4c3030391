"""The screen and the engine in one process: the engine on its own thread, and going on when the screen goes."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from hive_console.adapters.identity import current_actor, current_origin, terminal_name
from hive_console.core.errors import HiveError, place_of
from hive_console.core.events import ConsoleAttached, ConsoleDetached
from hive_console.core.snapshot import before_start
from hive_console.engine.local_client import LocalClient
from hive_console.ui.splash import splash
from hive_console.ui.terminal import wants_ascii, wants_no_color
from hive_console.wiring.engine_thread import EngineThread
from hive_console.wiring.last_exit import ENDING_SIGNALS, LastExit, Terminal
from hive_console.wiring.launch import Launch
from hive_console.wiring.startup import collect_garbage_from_now_on

if TYPE_CHECKING:
    from hive_console.wiring.house import House

FAILED = 1

SIGNALED = 128
"""Added to a signal's number it is the exit code of a program that the signal ended in order."""

ORPHANED_DEMO_SECONDS = 600.0
"""Seconds a demo goes on without its screen: long enough to see that it does, and then nobody wants it."""


class EngineFailed(HiveError):
    """The engine could not start, or ended by an error, while the console was open."""


def show(launch: Launch, say: Callable[[str], None], *, is_read_only: bool) -> int:
    """Shows the console until it is quit; returns the exit code, or raises `EngineFailed`.

    Quitting stops the engine. A terminal that goes away does not: the engine then serves on without a screen
    until SIGTERM or SIGINT. Once its end has begun the process is gone in time: see `LastExit`.

    Args:
        launch: what to run.
        say: told what to show in the terminal once the screen is gone.
        is_read_only: whether nothing may be acted on.
    """
    first = before_start(launch.settings, time.time())
    actor, origin = current_actor(), current_origin(os.environ, terminal_name())
    client = LocalClient(first, actor=actor, origin=origin)
    who = f"{actor} ({origin})" if origin else actor
    gone: list[str] = []
    screen: list[asyncio.AbstractEventLoop] = []
    asked: SimpleQueue[int] = SimpleQueue()

    def on_up(house: House, loop: asyncio.AbstractEventLoop) -> None:
        client.attach(house.engine, loop, reload=house.reloader.reload)
        house.engine.publish(ConsoleAttached(at=house.engine.now(), actor=who))

    def on_end() -> None:
        if engine.failure is not None:
            with suppress(RuntimeError):  # the screen is gone already
                app.call_from_thread(app.exit, None, FAILED)

    def on_signal(number: int) -> None:
        if number in ENDING_SIGNALS:
            asked.put(number)
            for loop in screen:
                with suppress(RuntimeError):  # the screen is gone already
                    loop.call_soon_threadsafe(app.terminate, SIGNALED + number)

    engine = EngineThread(launch, on_up=on_up, on_end=on_end)
    last_exit = LastExit(
        launch.settings.gateway.drain,
        stop=engine.ask_to_stop,
        hurry=engine.hurry,
        undone=lambda: engine.part,
        say=Terminal().say_last,
        on_signal=on_signal,
    )

    def on_first_paint() -> None:
        collect_garbage_from_now_on()
        screen.append(asyncio.get_running_loop())
        if asked.empty():
            engine.start()
        else:  # before there was a screen to tell
            app.terminate(SIGNALED + asked.get())

    last_exit.hear(*ENDING_SIGNALS)
    with splash(first):
        from hive_console.ui.app import HiveApp  # 300 ms, spent behind the first frame

        app = HiveApp(
            client,
            now=time.time,
            read_only=is_read_only,
            on_terminal_gone=gone.append,
            on_first_paint=on_first_paint,
            no_color=wants_no_color(os.environ),
            is_ascii=wants_ascii(os.environ),
        )
        code = 0
        try:
            app.run()
            code = app.return_code or 0
            if gone and engine.failure is None and engine.is_alive:
                engine.publish(ConsoleDetached(at=time.time(), cause=gone[0]))
                _serve_on(engine, asked, ORPHANED_DEMO_SECONDS if launch.is_demo else math.inf)
                code = 0
        finally:
            last_exit.begin()
            engine.ask_to_stop()
            if not gone and engine.is_alive:
                say("stopping: requests under way may finish")
            engine.stop()
        if engine.failure is not None:
            raise EngineFailed(_words_of(engine.failure))
        return code


def _words_of(failure: Exception) -> str:
    return str(failure) if isinstance(failure, HiveError) else f"the engine ended by an error: {place_of(failure)}"


def _serve_on(engine: EngineThread, asked: SimpleQueue[int], patience: float) -> None:
    """Waits for a signal to end, or for `patience` seconds, with nothing left to write to."""
    _silence()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ends_at = time.monotonic() + patience
    while engine.is_alive and time.monotonic() < ends_at:
        with suppress(Empty):
            asked.get(timeout=1.0)
            return


def _silence() -> None:
    """Turns the dead terminal's descriptors into the null device: a late write must not end the process."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
