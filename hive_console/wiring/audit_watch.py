"""Verifies the audit trail in the background, so that a broken chain is an alert and no surprise at an audit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from hive_console.core.errors import HiveError
from hive_console.core.events import AuditChecked, Event
from hive_console.wiring.history import open_history

FIRST = 10.0
"""Seconds after the start of the first look: nobody waits for it, and a start has enough to do."""

EVERY = 3_600.0
"""Seconds between two looks: as often as the recorder writes an anchor down."""


class AuditWatch:
    """Looks at the whole trail and its anchors, on a thread of its own, page by page.

    All of it each time: what somebody changes are old rows. A million of them take some ten seconds of that thread.
    """

    def __init__(self, folder: Path, *, publish: Callable[[Event], None], now: Callable[[], float]) -> None:
        """Of this data folder.

        Args:
            folder: where the recording is.
            publish: takes what was found; called on the loop that runs the watch.
            now: Unix seconds.
        """
        self._folder = folder
        self._publish = publish
        self._now = now

    async def watch(self) -> None:
        """Looks for ever."""
        await asyncio.sleep(FIRST)
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Verifies once and tells what was found; nothing where nobody can tell: the recorder tells that itself."""
        history = open_history(self._folder)
        try:
            found = await asyncio.wrap_future(history.verify())
        except HiveError:
            return
        finally:
            # A disk that hangs keeps whoever closes waiting, and nobody may have to.
            threading.Thread(target=history.close, name="audit watch", daemon=True).start()
        if found.first_bad is not None or not found.problem:
            problem = f"row {found.first_bad}: {found.problem}" if found.problem else ""
            self._publish(AuditChecked(at=self._now(), rows=found.rows, problem=problem))
