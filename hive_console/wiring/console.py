"""The screen and the engine in one process: the engine on its own thread, and going on when the screen goes."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from hive_console.adapters.copies import Copies
from hive_console.adapters.identity import current_actor, current_origin, terminal_name
from hive_console.core.errors import HiveError, place_of
from hive_console.core.snapshot import FleetSnapshot, before_start
from hive_console.engine.local_client import LocalClient
from hive_console.ui.look import Look
from hive_console.ui.splash import splash
from hive_console.ui.way_out import Tie
from hive_console.wiring.engine_thread import EngineThread
from hive_console.wiring.last_exit import ENDING_SIGNALS, LastExit, Terminal
from hive_console.wiring.last_looks import Looks
from hive_console.wiring.launch import Launch
from hive_console.wiring.screenless import SIGNALED, serve_on, wait_for_return
from hive_console.wiring.startup import collect_garbage_from_now_on

if TYPE_CHECKING:
    from hive_console.ui.app import HiveApp
    from hive_console.wiring.house import House

FAILED = 1

LEFT = "its screen was left"
FAILED_SCREEN = "its screen ended by an error"
"""Why a console detached that somebody left."""

ORPHANED_DEMO_SECONDS = 600.0
"""Seconds a demo goes on without its screen: long enough to see that it does, and then nobody wants it."""


class EngineFailed(HiveError):
    """The engine could not start, or ended by an error, while the console was open."""


def show(launch: Launch, say: Callable[[str], None], *, is_read_only: bool, look: Look) -> int:
    """Shows the console until the engine shall end; returns the exit code, or raises `EngineFailed`.

    Whoever quits says whether the engine stops or goes on without its screen. A terminal that goes away does not
    stop it: the engine then serves on without a screen until SIGTERM, SIGINT or a console's word. Once its end
    has begun the process is gone in time: see `LastExit`.

    Args:
        launch: what to run.
        say: told what to show in the terminal once the screen is gone.
        is_read_only: whether nothing may be acted on.
        look: how the screen looks and answers.
    """
    first = before_start(launch.settings, time.time())
    console = _Console(launch, first, say, is_read_only=is_read_only, look=look)
    with splash(first, is_ascii=look.is_ascii):
        from hive_console.ui.app import HiveApp  # 300 ms, spent behind the first frame

        code = console.run(HiveApp)
        failure = console.engine.failure
        if failure is not None:  # within the splash, which leaves its screen too
            raise EngineFailed(_words_of(failure))
    return code


class _Console:
    """One process with an engine, and a screen for as long as somebody looks at it."""

    def __init__(
        self,
        launch: Launch,
        first: FleetSnapshot,
        say: Callable[[str], None],
        *,
        is_read_only: bool,
        look: Look,
    ) -> None:
        self._launch, self._say, self._look = launch, say, look
        actor, origin = current_actor(), current_origin(os.environ, terminal_name())
        self._client = LocalClient(first, actor=actor, origin=origin, is_read_only=is_read_only)
        self._looks = Looks(
            launch.folder.path, environ=os.environ, actor=actor, now=time.time, is_remembered=not launch.is_demo
        )
        self._screen: tuple[HiveApp, asyncio.AbstractEventLoop] | None = None
        self._gone = ""
        self._asked: SimpleQueue[int] = SimpleQueue()
        self.engine = EngineThread(launch, on_up=self._on_up, on_end=self._on_end, stop=self._on_stop)
        self._last_exit = LastExit(
            launch.settings.gateway.drain,
            stop=self.engine.ask_to_stop,
            hurry=self.engine.hurry,
            undone=lambda: self.engine.part,
            say=Terminal().say_last,
            on_signal=self._on_signal,
        )
        self._last_exit.hear(*ENDING_SIGNALS)

    def run(self, make: type[HiveApp]) -> int:
        """Shows it, ends the engine in order, and returns the exit code."""
        try:
            return self._shown(make)
        finally:
            self._last_exit.begin()
            # Before the recorder: the last one to close the recording must be one that can write.
            self._looks.history.close()
            self.engine.ask_to_stop()
            if not self._gone and self.engine.is_alive:
                self._say("stopping: requests under way may finish")
            self.engine.stop()

    def _shown(self, make: type[HiveApp]) -> int:
        """Shows the screen, and again each time somebody comes back to it; the exit code once all shall end."""
        engine = self.engine
        while True:
            app = self._app(make)
            self._looks.until_left(partial(app.run, mouse=self._look.has_mouse))
            self._screen = None
            code = app.return_code or 0
            if engine.failure is not None or not engine.is_alive:
                return code
            if self._gone:
                self._client.detach(self._gone)
                patience = ORPHANED_DEMO_SECONDS if self._launch.is_demo else math.inf
                serve_on(lambda: engine.is_alive, self._asked, patience)
                return 0
            if not app.is_left and not app.has_failed:
                return code
            # A screen that fails is no reason for traffic to stop.
            self._client.detach(FAILED_SCREEN if app.has_failed else LEFT)
            self._tell_how_to_come_back()
            ended = wait_for_return(lambda: engine.is_alive, self._asked)
            if ended is not None:
                return ended
            self._client.arrive()

    def _app(self, make: type[HiveApp]) -> HiveApp:
        app = make(
            self._client,
            now=time.time,
            read_only=self._client.is_read_only,
            on_terminal_gone=self._on_terminal_gone,
            on_first_paint=lambda: self._on_first_paint(app),
            look=self._look,
            keep_copy=Copies(os.environ, time.time).keep,
            environ=os.environ,
            history=self._looks.history,
            digest=self._looks.digest,
            tie=Tie.SHARED_END if self._launch.is_demo else Tie.HOUSE,
        )
        return app

    def _tell_how_to_come_back(self) -> None:
        data = self._launch.folder.path
        self._say(f"the engine goes on in this terminal without its screen; data {data}")
        self._say(f"enter brings the screen back; elsewhere: hive-console attach --data {data}")
        self._say("ctrl+c stops the engine; closing this terminal does not")

    # --- what others tell, on their own threads ---

    def _on_first_paint(self, app: HiveApp) -> None:
        self._screen = app, asyncio.get_running_loop()
        if not self._asked.empty():  # before there was a screen to tell
            number = self._asked.get()
            app.terminate(SIGNALED + number if number else 0)
        elif self.engine.is_new:
            collect_garbage_from_now_on()
            self.engine.start()

    def _on_terminal_gone(self, reason: str) -> None:
        self._gone = reason

    def _on_up(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        self._client.attach(house.engine, loop, reload=house.reloader.reload)
        self._client.arrive()

    def _on_end(self) -> None:
        if self.engine.failure is not None:
            self._end_screen(FAILED)

    def _on_signal(self, number: int) -> None:
        if number in ENDING_SIGNALS:
            self._asked.put(number)
            self._end_screen(SIGNALED + number)

    def _on_stop(self) -> None:
        """A console asked for the end, this one or another."""
        self._asked.put(0)
        self._last_exit.begin()
        self._end_screen(0)

    def _end_screen(self, code: int) -> None:
        screen = self._screen
        if screen is not None:
            app, loop = screen
            with suppress(RuntimeError):  # it is gone already
                loop.call_soon_threadsafe(app.terminate, code)


def _words_of(failure: Exception) -> str:
    return str(failure) if isinstance(failure, HiveError) else f"the engine ended by an error: {place_of(failure)}"
