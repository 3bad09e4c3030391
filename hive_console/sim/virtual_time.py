"""An event loop whose time jumps to the next timer: waits of days take no time, and the order never varies.

The engine runs on it unmodified. What it needs in return stands in docs/architecture.md: nobody but the
injected clock asks the time, and nobody iterates over a set of tasks.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

Result = TypeVar("Result")

EPOCH = 1_700_000_000.0
"""Unix seconds at which virtual time begins: some day in November 2023, the same in every run."""

_Ready = list[tuple[selectors.SelectorKey, int]]

_OWN_PIPE = 1
"""File descriptors that a loop registers for itself, to be woken by other threads. A simulation has none."""


class _JumpingSelector(selectors.SelectSelector):
    """Never blocks: what would be waited for is added to the loop's time instead.

    The kernel is asked only where somebody registered more than the loop's own pipe: in a simulation nobody
    does, and a call of `select` for each turn of the loop costs as much as the turn.
    """

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0
        self._descriptors = 0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:  # typeshed's Any
        self._descriptors += 1
        return super().register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:  # typeshed's Any
        self._descriptors -= 1
        return super().unregister(fileobj)

    @property
    def is_listening(self) -> bool:
        """Whether anything but the loop's own pipe is registered."""
        return self._descriptors > _OWN_PIPE

    def select(self, timeout: float | None = None) -> _Ready:
        if self.is_listening:
            ready = super().select(0)
            if ready:
                return ready
        if timeout is None:
            raise RuntimeError("nothing will ever happen: every task waits for another")
        if timeout > 0:
            self.elapsed += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose `time()` is a number that its selector moves."""

    if TYPE_CHECKING:  # what asyncio's own loop keeps, and typeshed does not tell
        _ready: deque[asyncio.Handle]
        _scheduled: list[asyncio.TimerHandle]
        _clock_resolution: float
        _timer_cancelled_count: int

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.elapsed

    def _run_once(self) -> None:
        """One turn, as `BaseEventLoop` makes it: timers that are due, then what is ready, in the same order.

        A turn of the original looks for sockets, for slow callbacks and for too many cancelled timers; none of
        that is met here, and leaving it out makes a simulation a third faster.
        """
        if self._jumping.is_listening or self.get_debug():
            super()._run_once()  # type: ignore[misc]  # typeshed does not tell of it
            return
        ready, scheduled = self._ready, self._scheduled
        while scheduled and scheduled[0].cancelled():
            self._forget(heapq.heappop(scheduled))
        if not ready:
            if not scheduled:
                raise RuntimeError("nothing will ever happen: every task waits for another")
            self._jumping.elapsed = max(self._jumping.elapsed, scheduled[0].when())
        due = self._jumping.elapsed + self._clock_resolution
        while scheduled and scheduled[0].when() < due:
            handle = heapq.heappop(scheduled)
            if handle.cancelled():
                self._forget(handle)
            else:
                handle._scheduled = False  # type: ignore[attr-defined]  # noqa: SLF001 - as asyncio does
                ready.append(handle)
        for _ in range(len(ready)):
            handle_now = ready.popleft()
            if not handle_now.cancelled():
                handle_now._run()  # noqa: SLF001 - as asyncio does

    def _forget(self, timer: asyncio.TimerHandle) -> None:
        self._timer_cancelled_count -= 1
        timer._scheduled = False  # type: ignore[attr-defined]  # noqa: SLF001 - as asyncio does


class VirtualClock:
    """The clock of an engine on a `VirtualLoop` (fits `engine.ports.Clock`)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Unix seconds, beginning at `EPOCH`."""
        return EPOCH + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Waits without any time passing outside."""
        await asyncio.sleep(seconds)


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
