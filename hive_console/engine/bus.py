"""The bus: synchronous, ordered fan-out. Readers never publish in the middle of a delivery; what they cause
goes to the back of the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from hive_console.core.errors import place_of
from hive_console.core.events import Event, ServiceFailed

Reader = Callable[[Event], Iterable[Event]]
"""Takes an event at once and returns the events it causes, usually none."""

NOTHING: tuple[Event, ...] = ()
"""What a reader returns that causes nothing."""


class Bus:
    """Delivers every event to its readers, in the order of publication and of subscription."""

    def __init__(self) -> None:
        self._readers: list[tuple[Reader, tuple[type[Event], ...]]] = []
        self._readers_of: dict[type[Event], tuple[Reader, ...]] = {}
        self._queue: deque[Event] = deque()
        self._is_delivering = False

    def subscribe(self, reader: Reader, *kinds: type[Event]) -> None:
        """Adds a reader behind the ones that are there; of these kinds of events, or of all."""
        self._readers.append((reader, kinds))
        self._readers_of.clear()

    def publish(self, events: Iterable[Event]) -> None:
        """Delivers the events and all they cause before it returns (unless a delivery is under way)."""
        queue = self._queue
        queue.extend(events)
        if self._is_delivering or not queue:
            return
        self._is_delivering = True
        try:
            while queue:
                self._deliver(queue.popleft())
        finally:
            self._is_delivering = False

    def _deliver(self, event: Event) -> None:
        kind = type(event)
        readers = self._readers_of.get(kind)
        if readers is None:
            readers = tuple(reader for reader, kinds in self._readers if not kinds or kind in kinds)
            self._readers_of[kind] = readers
        for reader in readers:
            try:
                caused = reader(event)
            except Exception as error:  # noqa: BLE001 - a reader's bug keeps the event from nobody else; it is told
                caused = _told(event, error)
            if caused:
                self._queue.extend(caused)


def _told(event: Event, error: Exception) -> Iterable[Event]:
    """The event that tells of a reader's bug, unless telling of it is what failed."""
    if isinstance(event, ServiceFailed):
        return NOTHING
    return (ServiceFailed(at=event.at, service="a reader of events", message=place_of(error)),)
