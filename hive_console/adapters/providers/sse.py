"""Server-sent events, split from bytes as they arrive. Events keep their bytes, so that they can be relayed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hive_console.core.errors import HiveError

EVENT_CAP = 1024 * 1024
"""Bytes of one event (1 MiB): the largest real ones are tool arguments of some 100 kB."""

_LINE_END = rb"(?>\r\n|\n|\r)"
# Atomic groups, or "\r\n" alone would count as two line ends.
_BOUNDARY = re.compile(_LINE_END + _LINE_END)
_LONGEST_BOUNDARY = 4
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLarge(HiveError):
    """One event grew past the cap without ending."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One server-sent event.

    Attributes:
        raw: its bytes as they came, the empty line at its end included.
        name: its `event:` field, or ``""``.
        data: its `data:` lines joined by line feeds; `None` when it has none (a comment, a keep-alive).
    """

    raw: bytes = field(repr=False)
    name: str
    data: bytes | None = field(repr=False)


class EventSplitter:
    """Collects bytes and gives the events that are complete; holds at most one event and one read."""

    def __init__(self, cap: int = EVENT_CAP) -> None:
        self._cap = cap
        self._held = bytearray()
        self._scanned = 0
        self._is_started = False

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that `data` completes, in order; raises `EventTooLarge`."""
        self._held += data
        if not self._is_started:
            if len(self._held) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(self._held):
                return []
            self._is_started = True
            if self._held.startswith(_BYTE_ORDER_MARK):
                del self._held[: len(_BYTE_ORDER_MARK)]
        events: list[ServerEvent] = []
        start, search_from = 0, self._scanned
        while (found := _BOUNDARY.search(self._held, search_from)) is not None:
            end = found.end()
            if end == len(self._held) and self._held.endswith(b"\r"):
                break  # the other half of "\r\n" may still be on its way
            if end - start > self._cap:
                raise EventTooLarge(f"an event is larger than {self._cap} bytes")
            events.append(_event(bytes(self._held[start:end])))
            start = search_from = end
        del self._held[:start]
        if len(self._held) > self._cap:
            raise EventTooLarge(f"an event is larger than {self._cap} bytes")
        self._scanned = max(0, len(self._held) - _LONGEST_BOUNDARY)
        return events

    def finish(self) -> list[ServerEvent]:
        """The last event, when the stream ended without the empty line after it."""
        left = bytes(self._held).rstrip(b"\r\n")
        self._held.clear()
        return [_event(left + b"\n\n")] if left else []


def _event(raw: bytes) -> ServerEvent:
    name = ""
    data: list[bytes] = []
    for line in raw.splitlines():
        label, _, value = line.partition(b":")
        if label == b"data":
            data.append(value.removeprefix(b" "))
        elif label == b"event":
            name = value.removeprefix(b" ").decode("ascii", "replace")
    return ServerEvent(raw, name, b"\n".join(data) if data else None)
