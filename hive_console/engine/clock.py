"""The clock of a real engine: Unix seconds that never run backwards, whatever is done to the wall clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Wall time at its making, advanced by the monotonic clock."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        return self._offset + time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits at least `seconds`."""
        await asyncio.sleep(seconds)
