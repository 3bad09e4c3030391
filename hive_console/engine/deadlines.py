"""One time limit for many calls, watched by one timer.

`asyncio.timeout` costs a timer a call, some fifty times a bare await. All calls of one limit end in the order
they began, so a dictionary in that order and one timer for its first entry are enough.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any


class Deadlines:
    """Cancels the task of a call that takes longer than `seconds`; use it on one loop.

    Attributes:
        seconds: what a call may take, above 0.
    """

    __slots__ = ("_loop", "_numbers", "_running", "_struck", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._numbers = 0
        self._running: dict[int, tuple[float, asyncio.Task[Any]]] = {}
        self._struck: dict[int, int] = {}

    def begin(self) -> int:
        """Starts the clock of a call of the current task; the number (1, 2, ...) to `end` it with."""
        loop = self._loop
        if loop is None or loop.is_closed():
            loop = self._loop = asyncio.get_running_loop()
            self._timer = None
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a deadline needs a task to cancel; call it from a coroutine of a task")
        self._numbers = number = self._numbers + 1
        due = loop.time() + self.seconds
        self._running[number] = (due, task)
        if self._timer is None:
            self._timer = loop.call_at(due, self._strike, loop)
        return number

    def due(self, number: int) -> float | None:
        """When the call's time is up, in the loop's seconds; `None` once it has been cancelled for it."""
        running = self._running.get(number)
        return None if running is None else running[0]

    def end(self, number: int) -> bool:
        """Stops a call's clock; `True` when it struck and nothing else cancelled the task.

        Call it exactly once, whether the call ended well or not: a struck clock has cancelled the task, and
        this takes that back.
        """
        running = self._running.pop(number, None)
        if running is not None:
            return False
        task = asyncio.current_task(self._loop)
        others = self._struck.pop(number)
        return task is not None and task.uncancel() <= others == 0

    def strike(self, number: int) -> None:
        """Ends a call now, as if its time were up; nothing when it has ended, or was struck already."""
        running = self._running.pop(number, None)
        if running is not None:
            _, task = running
            self._struck[number] = task.cancelling()
            task.cancel()

    def _strike(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancels the calls whose time is up, and waits for the next."""
        self._timer = None
        now = loop.time()
        for number, (due, task) in list(self._running.items()):
            if due > now:
                self._timer = loop.call_at(due, self._strike, loop)
                return
            del self._running[number]
            self._struck[number] = task.cancelling()
            task.cancel()

    def limit(self) -> Limit:
        """A block of the current task that is bounded, like `asyncio.timeout`; it may take all of `seconds`."""
        return Limit(self)


class Limit:
    """`async with` one call's clock: raises `TimeoutError` when it struck."""

    __slots__ = ("_deadlines", "_number")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._number = 0

    async def __aenter__(self) -> None:
        self._number = self._deadlines.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._deadlines.end(self._number) and kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def strike(self) -> None:
        """Ends the block now, as if its time were up."""
        self._deadlines.strike(self._number)
