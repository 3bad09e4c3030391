"""The latest events, readable from another thread by cursor; old ones are overwritten and counted as lost."""

from __future__ import annotations

import threading
from collections import deque

from hive_console.core.events import Event
from hive_console.engine.bus import NOTHING
from hive_console.engine.client import EventPage

FEED_LENGTH = 5000
"""Events kept for screens: ten minutes of a busy fleet; the recorder keeps the rest."""


class EventFeed:
    """A bounded ring with a cursor. One writer (the engine's thread), any number of readers."""

    def __init__(self, length: int = FEED_LENGTH) -> None:
        self._events: deque[Event] = deque(maxlen=length)
        self._written = 0
        self._lock = threading.Lock()

    def take(self, event: Event) -> tuple[Event, ...]:
        """Keeps an event; a bus reader."""
        with self._lock:
            self._events.append(event)
            self._written += 1
        return NOTHING

    def lose(self, count: int) -> None:
        """Notes that events never came here. What is kept from before is let go, so that the order stays true."""
        with self._lock:
            self._events.clear()
            self._written += count

    def after(self, cursor: int) -> EventPage:
        """The events written since `cursor`, oldest first."""
        with self._lock:
            oldest = self._written - len(self._events)
            start = max(cursor, oldest)
            events = tuple(self._events)[start - oldest :]
            return EventPage(events, self._written, max(0, oldest - cursor) if cursor else 0)
