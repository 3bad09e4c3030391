"""An event loop whose time jumps to the next timer: waits of days take no time, and the order never varies.

The engine runs on it unmodified. What it needs in return stands in docs/architecture.md: nobody but the
injected clock asks the time, and nobody iterates over a set of tasks.

A month of six models is four million turns of the loop, so its three busy parts (call soon, call at, one turn)
are written anew, without what only sockets, threads and debugging need; all else is asyncio's.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
from typing import Any, TypeVar, final

Result = TypeVar("Result")

EPOCH = 1_700_000_000.0
"""Unix seconds at which virtual time begins: some day in November 2023, the same in every run."""

_OWN_PIPE = 1
"""File descriptors that a loop registers for itself, to be woken by other threads. A simulation has none."""

_Callback = Callable[..., object]


@final
class _Call:
    """A callback that waits for its turn; stands for asyncio's `Handle` and `TimerHandle`."""

    __slots__ = ("_when", "args", "callback", "context")

    def __init__(self, callback: _Callback, args: tuple[Any, ...], context: Context | None, when: float) -> None:
        self.callback: _Callback | None = callback
        self.args = args
        self.context = context
        self._when = when

    def cancel(self) -> None:
        """Takes it back; it stays where it is and does nothing."""
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        """Whether it was taken back."""
        return self.callback is None

    def when(self) -> float:
        """The loop's time at which it is due."""
        return self._when


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose `time()` is a number. It moves when nobody has anything to do, to the time of the next timer.

    Timers of one moment run in the order in which they were set.
    """

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._timers: list[tuple[float, int, _Call]] = []
        self._timers_set = 0
        self._sockets = selectors.SelectSelector()
        super().__init__(self._sockets)
        self._ready: deque[_Call | asyncio.Handle] = deque()  # where asyncio's own parts put what is due

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._elapsed

    # What they give back fits asyncio's handles by shape; making those costs as much as a turn of the loop.
    # Asyncio's own are generic in the callback's arguments; nothing is said about those here.

    def call_soon(self, callback: _Callback, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        """Runs the callback in the next turn."""
        call = _Call(callback, args, context, self._elapsed)
        self._ready.append(call)
        return call

    def call_later(self, delay: float, callback: _Callback, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        """Runs the callback after so many virtual seconds."""
        when = self._elapsed + delay
        call = _Call(callback, args, context, when)
        self._timers_set += 1
        heappush(self._timers, (when, self._timers_set, call))
        return call

    def call_at(self, when: float, callback: _Callback, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        """Runs the callback when `time()` is `when`."""
        call = _Call(callback, args, context, when)
        self._timers_set += 1
        heappush(self._timers, (when, self._timers_set, call))
        return call

    def _run_once(self) -> None:
        """One turn: lets time pass if nobody has anything to do, then runs what is due."""
        ready, timers = self._ready, self._timers
        while timers and timers[0][2].callback is None:
            heappop(timers)
        if not ready and not self._heard_of_sockets():
            if not timers:
                raise RuntimeError("nothing will ever happen: every task waits for another")
            self._elapsed = max(self._elapsed, timers[0][0])
        while timers and timers[0][0] <= self._elapsed:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            call = ready.popleft()
            if type(call) is not _Call:
                call._run()  # noqa: SLF001 - as asyncio's own loop does
                continue
            callback = call.callback
            if callback is None:
                continue
            try:
                if call.context is None:  # a timer's callback: it wakes somebody, who has a context of his own
                    callback(*call.args)
                else:
                    call.context.run(callback, *call.args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001 - as asyncio's own handles do
                self.call_exception_handler({"message": f"exception in callback {callback!r}", "exception": error})

    def _heard_of_sockets(self) -> bool:
        """Asks the kernel where somebody registered more than the loop's own pipe: in a simulation nobody does."""
        if len(self._sockets.get_map()) <= _OWN_PIPE:
            return False
        self._process_events(self._sockets.select(0))
        return bool(self._ready)

    def _process_events(self, event_list: Any) -> None:  # asyncio's own, which typeshed does not know
        super()._process_events(event_list)  # type: ignore[misc]


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


class VirtualClock:
    """The clock of an engine on a `VirtualLoop` (fits `engine.ports.Clock`)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Unix seconds, beginning at `EPOCH`."""
        return EPOCH + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Waits without any time passing outside, as `asyncio.sleep` does at twice the cost."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_later(seconds, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()


def run_virtually(main: Coroutine[Any, Any, Result]) -> Result:  # the two others are never used
    """Runs a coroutine to its end in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        for left in asyncio.all_tasks(loop):  # of a scene that failed: its error is the one to be read
            left.cancel()
            loop.run_until_complete(asyncio.wait([left]))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
