"""The engine without a screen: for systemd, containers and terminals that come and go."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from hive_console.wiring.engine_thread import run_on_loop
from hive_console.wiring.launch import Launch
from hive_console.wiring.startup import collect_garbage_from_now_on

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(launch: Launch, say: Callable[[str], None]) -> None:
    """Runs until SIGTERM or SIGINT, then drains; SIGHUP reads the settings file again and applies it.

    Args:
        launch: what to run.
        say: told the few lines a service's log should hold.
    """
    run_on_loop(_serve(launch, say))


async def _serve(launch: Launch, say: Callable[[str], None]) -> None:
    from hive_console.wiring.house import open_house  # heavy: the warnings are said before it loads

    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ENDING_SIGNALS:
        loop.add_signal_handler(number, end.set)
    asked_to_reload = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, asked_to_reload.set)
    async with open_house(launch, say=say, asked_to_reload=asked_to_reload) as house:
        collect_garbage_from_now_on()
        say(f"gateway {house.engine.snapshot().gateway}  data {launch.folder.path}")
        await end.wait()
        say("stopping: requests under way may finish")
    say("stopped")
