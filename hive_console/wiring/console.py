"""The screen and the engine in one process: the engine on its own thread, and going on when the screen goes."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from hive_console.adapters.identity import current_actor
from hive_console.core.errors import HiveError
from hive_console.core.events import ConsoleDetached
from hive_console.core.snapshot import FleetSnapshot, before_start
from hive_console.engine.local_client import LocalClient
from hive_console.ui.splash import splash
from hive_console.ui.terminal import wants_ascii, wants_no_color
from hive_console.wiring.engine_thread import EngineThread
from hive_console.wiring.launch import Launch
from hive_console.wiring.serve import ENDING_SIGNALS
from hive_console.wiring.startup import collect_garbage_from_now_on

FAILED = 1

ORPHANED_DEMO_SECONDS = 600.0
"""Seconds a demo goes on without its screen: long enough to see that it does, and then nobody wants it."""


class EngineFailed(HiveError):
    """The engine could not start, or ended by an error, while the console was open."""


def show(launch: Launch, say: Callable[[str], None], *, is_read_only: bool) -> int:
    """Shows the console until it is quit; returns the exit code, or raises `EngineFailed`.

    Quitting stops the engine. A terminal that goes away does not: the engine then serves on without a screen
    until SIGTERM or SIGINT.

    Args:
        launch: what to run.
        say: told what to show in the terminal once the screen is gone.
        is_read_only: whether nothing may be acted on.
    """
    first = before_start(launch.settings, time.time())
    with splash(first):
        return _show(launch, first, say, is_read_only=is_read_only)


def _show(launch: Launch, first: FleetSnapshot, say: Callable[[str], None], *, is_read_only: bool) -> int:
    from hive_console.ui.app import HiveApp  # 300 ms, spent behind the first frame

    actor = current_actor(os.environ)
    client = LocalClient(first, actor=actor)
    failure: list[str] = []
    gone: list[str] = []

    def on_failure(message: str) -> None:
        failure.append(message)
        with suppress(RuntimeError):  # the screen is gone already
            app.call_from_thread(app.exit, None, FAILED)

    def on_first_paint() -> None:
        collect_garbage_from_now_on()
        engine.start()

    app = HiveApp(
        client,
        now=time.time,
        read_only=is_read_only,
        on_terminal_gone=gone.append,
        on_first_paint=on_first_paint,
        no_color=wants_no_color(os.environ),
        is_ascii=wants_ascii(os.environ),
    )
    engine = EngineThread(launch, client, actor=actor, on_failure=on_failure)
    code = 0
    try:
        app.run()
        code = app.return_code or 0
        if gone and not failure and engine.is_alive:
            engine.publish(ConsoleDetached(at=time.time(), cause=gone[0]))
            _serve_on(engine, ORPHANED_DEMO_SECONDS if launch.is_demo else math.inf)
            code = 0
        elif engine.is_alive:
            say("stopping: requests under way may finish")
    finally:
        engine.stop()
    if failure:
        raise EngineFailed(failure[0])
    return code


def _serve_on(engine: EngineThread, patience: float) -> None:
    """Waits for a signal to end, or for `patience` seconds, with nothing left to write to."""
    _silence()
    over = threading.Event()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in ENDING_SIGNALS:
        signal.signal(number, lambda *_: over.set())
    ends_at = time.monotonic() + patience
    while engine.is_alive and time.monotonic() < ends_at and not over.wait(1.0):
        pass


def _silence() -> None:
    """Turns the dead terminal's descriptors into the null device: a late write must not end the process."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
