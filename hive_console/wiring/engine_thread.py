"""The engine's own thread and loop: whatever happens to the screen, traffic flows on.

Measured: with the engine on the screen's loop a stalled terminal stopped every request; on a thread of its own
nothing was lost. The short switch interval keeps a busy screen from holding the interpreter for 5 ms at a time.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from hive_console.core.errors import HiveError, place_of
from hive_console.core.events import ConsoleAttached, Event
from hive_console.engine.local_client import LocalClient
from hive_console.wiring.launch import Launch

SWITCH_INTERVAL = 0.0005
"""Seconds a thread may hold the interpreter while another waits: the gateway's p99 beside a busy screen rose
by 8 % with it and by 36 % with Python's 5 ms."""

STOP_SECONDS = 10.0
"""Seconds `stop` waits for the drain and the last commit."""


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
        client: connected as soon as the engine runs.
        actor: who sits before the screen, for the recording.
        on_failure: told, on the engine's thread, when it could not start or ended by an error.
    """

    def __init__(
        self, launch: Launch, client: LocalClient, *, actor: str, on_failure: Callable[[str], None]
    ) -> None:
        self._launch = launch
        self._actor = actor
        self._client = client
        self._on_failure = on_failure
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._publish: Callable[[Event], None] | None = None
        self._is_stopping = False
        self._guard = threading.Lock()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins; returns at once."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._thread.start()

    def publish(self, event: Event) -> None:
        """Puts an event of the screen's side on the engine's bus; nothing when the engine is not up."""
        loop, publish = self._loop, self._publish
        if loop is not None and publish is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(publish, event)

    def stop(self) -> bool:
        """Drains and ends it; `False` when that took longer than `STOP_SECONDS`."""
        with self._guard:
            self._is_stopping = True
            if self._loop is not None and self._end is not None and self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._end.set)
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            run_on_loop(self._live())
        except HiveError as error:
            self._on_failure(str(error))
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; its owner is told
            self._on_failure(f"the engine ended by an error: {place_of(error)}")

    async def _live(self) -> None:
        # aiohttp and aiosqlite take 300 ms to import: the screen paints meanwhile.
        from hive_console.wiring.house import open_house

        end = asyncio.Event()
        with self._guard:
            self._loop = asyncio.get_running_loop()
            self._end = end
            if self._is_stopping:
                return
        async with open_house(self._launch) as house:
            engine = house.engine
            self._publish = engine.publish
            self._client.attach(engine, self._loop, reload=house.reloader.reload)
            engine.publish(ConsoleAttached(at=engine.now(), actor=self._actor))
            await end.wait()
