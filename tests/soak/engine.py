"""The program under the soak: `hive-console serve` as it is, which also tells its tasks when it gets SIGUSR1.

`python -m tests.soak.engine TASKS_FILE ARGUMENTS...`
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hive_console.__main__ import main as hive_console
from hive_console.wiring import engine_thread

END = "end"
"""The last line, so that a reader knows that it has read all."""


def _name(task: asyncio.Task[object]) -> str:
    """A task's own name, or what it runs."""
    name = task.get_name()
    return getattr(task.get_coro(), "__qualname__", name) if name.startswith("Task-") else name


def main() -> None:
    told = Path(sys.argv[1])
    sys.argv[1:] = sys.argv[2:]
    loops: list[asyncio.AbstractEventLoop] = []
    run = engine_thread.run_on_loop

    def run_noted(main: Coroutine[Any, Any, None]) -> None:
        async def noted() -> None:
            loops.append(asyncio.get_running_loop())
            await main

        run(noted())

    def tell() -> None:
        names = sorted(_name(task) for task in asyncio.all_tasks())
        told.write_text("\n".join([*names, END]))

    engine_thread.run_on_loop = run_noted
    signal.signal(signal.SIGUSR1, lambda *_: loops[0].call_soon_threadsafe(tell))
    hive_console()


if __name__ == "__main__":
    main()
