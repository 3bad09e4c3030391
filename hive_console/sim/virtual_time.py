"""An event loop whose time jumps to the next timer: waits of days take no time, and the order never varies.

The engine runs on it unmodified. What it needs in return stands in docs/architecture.md: nobody but the
injected clock asks the time, and nobody iterates over a set of tasks.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

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

    def select(self, timeout: float | None = None) -> _Ready:
        if self._descriptors > _OWN_PIPE:
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

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.elapsed


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
