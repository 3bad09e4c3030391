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
    """Delivers every event to every reader, in the order of publication and of subscription."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []
        self._queue: deque[Event] = deque()
        self._is_delivering = False

    def subscribe(self, reader: Reader) -> None:
        """Adds a reader behind the ones that are there."""
        self._readers.append(reader)

    def publish(self, events: Iterable[Event]) -> None:
        """Delivers the events and all they cause before it returns (unless a delivery is under way)."""
        self._queue.extend(events)
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._queue:
                event = self._queue.popleft()
                for reader in self._readers:
                    self._queue.extend(_delivered(event, reader))
        finally:
            self._is_delivering = False


def _delivered(event: Event, reader: Reader) -> Iterable[Event]:
    """What the reader causes. A reader's bug must not keep an event from the others, nor a place from its owner."""
    try:
        return reader(event)
    except Exception as error:  # noqa: BLE001 - published, unless telling of it is what failed
        if isinstance(event, ServiceFailed):
            return NOTHING
        return (ServiceFailed(at=event.at, service="a reader of events", message=place_of(error)),)
