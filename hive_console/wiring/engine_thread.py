"""The engine's own thread and loop: whatever happens to the screen, traffic flows on.

The main thread has the signals and must be free to take them: a disk that hangs holds up this thread, not that one.

Measured: with the engine on the screen's loop a stalled terminal stopped every request; on a thread of its own
nothing was lost. The short switch interval keeps a busy screen from holding the interpreter for 5 ms at a time.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hive_console.wiring.launch import Launch

if TYPE_CHECKING:
    from hive_console.wiring.house import House

SWITCH_INTERVAL = 0.0005
"""Seconds a thread may hold the interpreter while another waits: the gateway's p99 beside a busy screen rose
by 8 % with it and by 36 % with Python's 5 ms."""


def run_on_loop(main: Coroutine[Any, Any, None]) -> None:
    """Runs `main` on uvloop where there is one (a quarter less CPU a request), else on asyncio's own loop."""
    try:
        import uvloop  # not on every platform
    except ImportError:
        factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


class EngineThread:
    """Runs the house on a thread until `stop`.

    Args:
        launch: what to run.
        on_up: told of the house and its loop, on that loop, once everything runs.
        on_end: told, on the engine's thread, when it has ended; `failure` says why, if by an error.
        say: told what a service's log should hold while it runs.
        stop: begins the end where a console asks for it; called on the engine's loop, and returns at once.
    """

    def __init__(
        self,
        launch: Launch,
        *,
        on_up: Callable[[House, asyncio.AbstractEventLoop], None],
        on_end: Callable[[], None],
        say: Callable[[str], None] = lambda _line: None,
        stop: Callable[[], None] | None = None,
    ) -> None:
        self._launch = launch
        self._on_up, self._on_end, self._say = on_up, on_end, say
        self._stop = stop
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._asked_to_reload: asyncio.Event | None = None
        self._house: House | None = None
        self._part = "the start"
        self._is_stopping = False
        self._wants_reload = False
        self._guard = threading.Lock()
        self.failure: Exception | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def is_new(self) -> bool:
        """Whether it was never started."""
        return self._thread.ident is None

    @property
    def part(self) -> str:
        """What is being opened or ended, in words; once the thread is gone, what Python waits for after it."""
        return self._part if self.is_alive else "a thread that waits for the system"

    def start(self) -> None:
        """Begins; returns at once."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._thread.start()

    def reload(self) -> None:
        """Has the settings file read again and applied, as SIGHUP asks; kept until the engine is up."""
        with self._guard:
            self._wants_reload = True
            if self._asked_to_reload is not None:
                self._tell(self._asked_to_reload.set)

    def ask_to_stop(self) -> None:
        """Begins the drain and returns at once; an engine that was not started yet does not run any more."""
        with self._guard:
            self._is_stopping = True
            if self._end is not None:
                self._tell(self._end.set)

    def hurry(self) -> None:
        """Ends the drain under way."""
        house = self._house
        if house is not None:
            self._tell(house.hurry)

    def stop(self) -> None:
        """Drains and ends it; whoever cannot wait for ever has a `LastExit` asked before."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join()

    def _tell(self, act: Callable[[], None]) -> None:
        if self._loop is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # its loop closed in this very moment
                self._loop.call_soon_threadsafe(act)

    def _note(self, part: str) -> None:
        self._part = part

    def _main(self) -> None:
        try:
            run_on_loop(self._live())
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; its owner reads `failure`
            self.failure = error
        self._on_end()

    async def _live(self) -> None:
        # aiohttp and aiosqlite take 300 ms to import: the screen paints meanwhile.
        from hive_console.wiring.house import open_house

        end, asked_to_reload = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        with self._guard:
            self._loop, self._end, self._asked_to_reload = loop, end, asked_to_reload
            if self._is_stopping:
                return
            if self._wants_reload:
                asked_to_reload.set()
        opening = open_house(
            self._launch, say=self._say, asked_to_reload=asked_to_reload, note=self._note, stop=self._stop
        )
        async with opening as house:
            self._house = house
            self._on_up(house, loop)
            await end.wait()
        self._note("the reading of a file")
