"""The file that stops everything: it works over any login, with no console, and where the disk is full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

FILE_NAME = "EMERGENCY_STOP"
"""Its name in the data folder; what is in it does not matter."""

LOOK = 1.0
"""Seconds between two looks."""


class StopFile:
    """Looks whether the file is there."""

    def __init__(self, folder: Path) -> None:
        """Of this data folder."""
        self._path = folder / FILE_NAME

    async def is_there(self) -> bool | None:
        """Whether it is; `None` when nobody can tell, so that a disk that fails stops and starts nothing."""
        return await asyncio.to_thread(self._look)

    async def watch(self, heed: Callable[[bool], Awaitable[None]]) -> None:
        """Tells for ever whether it is there."""
        while True:
            found = await self.is_there()
            if found is not None:
                await heed(found)
            await asyncio.sleep(LOOK)

    def _look(self) -> bool | None:
        try:
            self._path.lstat()  # a link that leads nowhere is there as well
        except FileNotFoundError:
            return False
        except OSError:
            return None
        return True
