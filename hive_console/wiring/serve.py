"""The engine without a screen: for systemd, containers and terminals that come and go."""

from __future__ import annotations

import signal
from asyncio import AbstractEventLoop
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING

from hive_console.wiring.engine_thread import EngineThread
from hive_console.wiring.last_exit import ENDING_SIGNALS, LastExit, say_last
from hive_console.wiring.launch import Launch
from hive_console.wiring.startup import collect_garbage_from_now_on

if TYPE_CHECKING:
    from hive_console.wiring.house import House


def serve(launch: Launch, say: Callable[[str], None]) -> None:
    """Runs until SIGTERM or SIGINT, then drains; SIGHUP reads the settings file again and applies it.

    However its end goes, the process is gone in time: see `LastExit`. Raises what the engine failed with.

    Args:
        launch: what to run.
        say: told the few lines a service's log should hold.
    """
    heard: SimpleQueue[int] = SimpleQueue()  # signals; 0 when the engine has ended

    def on_up(house: House, _loop: AbstractEventLoop) -> None:
        collect_garbage_from_now_on()
        say(f"gateway {house.engine.snapshot().gateway}  data {launch.folder.path}")

    engine = EngineThread(
        launch, on_up=on_up, on_end=lambda: heard.put(0), say=say, stop=lambda: last_exit.ask(signal.SIGTERM)
    )
    last_exit = LastExit(
        launch.settings.gateway.drain,
        stop=engine.ask_to_stop,
        hurry=engine.hurry,
        undone=lambda: engine.part,
        say=say_last,
        on_signal=heard.put,
    )
    last_exit.hear(*ENDING_SIGNALS, signal.SIGHUP)
    engine.start()
    is_stopping = False
    while number := heard.get():
        if number == signal.SIGHUP:
            engine.reload()
        elif number in ENDING_SIGNALS and not is_stopping:
            is_stopping = True
            say("stopping: requests under way may finish")
    last_exit.begin()
    engine.stop()
    if engine.failure is not None:
        raise engine.failure
    say("stopped")
