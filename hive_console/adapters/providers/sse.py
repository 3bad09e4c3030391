"""Server-sent events, split from bytes as they arrive. Events keep their bytes, so that they can be relayed."""

from __future__ import annotations

import re

import msgspec

from hive_console.core.errors import HiveError

EVENT_CAP = 1024 * 1024
"""Bytes of one event (1 MiB): the largest real ones are tool arguments of some 100 kB."""

_LINE_END = rb"(?>\r\n|\n|\r)"
# Atomic groups, or "\r\n" alone would count as two line ends.
_BOUNDARY = re.compile(_LINE_END + _LINE_END)
_LONGEST_BOUNDARY = 4
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DATA = b"data: "


class EventTooLarge(HiveError):
    """One event grew past the cap without ending."""


class ServerEvent(msgspec.Struct, frozen=True, gc=False):
    """One server-sent event. A struct, because thousands a second are made.

    Attributes:
        raw: its bytes as they came, the empty line at its end included.
        name: its `event:` field, or ``""``.
        data: its `data:` lines joined by line feeds; `None` when it has none (a comment, a keep-alive).
    """

    raw: bytes
    name: str
    data: bytes | None

    def __repr__(self) -> str:
        return f"ServerEvent({len(self.raw)} bytes)"  # answers show in no `repr`


class EventSplitter:
    """Collects bytes and gives the events that are complete; holds at most one event and one read."""

    def __init__(self, cap: int = EVENT_CAP) -> None:
        self._cap = cap
        self._held = bytearray()
        self._scanned = 0
        self._is_started = False
        self._has_returns = False
        self._is_overfull = False

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that `data` completes, in order.

        Raises `EventTooLarge`; when whole events came before the one that is, at the next call.
        """
        self._raise_if_overfull()
        self._held += data
        if not self._is_started:
            if len(self._held) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(self._held):
                return []
            self._is_started = True
            if self._held.startswith(_BYTE_ORDER_MARK):
                del self._held[: len(_BYTE_ORDER_MARK)]
        self._has_returns = self._has_returns or b"\r" in data
        events = self._by_any_line_end() if self._has_returns else self._by_line_feeds()
        if len(self._held) > self._cap:
            self._is_overfull = True
        if not events:
            self._raise_if_overfull()
        return events

    def finish(self) -> list[ServerEvent]:
        """The last event, when the stream ended without the empty line after it."""
        self._raise_if_overfull()
        left = bytes(self._held).rstrip(b"\r\n")
        self._held.clear()
        return [_event(left + b"\n\n")] if left else []

    def _by_line_feeds(self) -> list[ServerEvent]:
        """As nearly all servers write them: one split and no search for each event."""
        if self._held.find(b"\n\n", self._scanned) < 0:
            self._scanned = max(0, len(self._held) - 1)
            return []
        *wholes, rest = bytes(self._held).split(b"\n\n")
        self._held = bytearray(rest)
        self._scanned = max(0, len(rest) - 1)
        return [_event_of(whole) for whole in self._within_cap(wholes)]

    def _by_any_line_end(self) -> list[ServerEvent]:
        raws: list[bytes] = []
        start, search_from = 0, self._scanned
        while (found := _BOUNDARY.search(self._held, search_from)) is not None:
            end = found.end()
            if end == len(self._held) and self._held.endswith(b"\r"):
                break  # the other half of "\r\n" may still be on its way
            raws.append(bytes(self._held[start:end]))
            start = search_from = end
        del self._held[:start]
        self._scanned = max(0, len(self._held) - _LONGEST_BOUNDARY)
        return [_event(raw) for raw in self._within_cap(raws)]

    def _within_cap(self, raws: list[bytes]) -> list[bytes]:
        for at, raw in enumerate(raws):
            if len(raw) > self._cap:
                self._is_overfull = True
                return raws[:at]
        return raws

    def _raise_if_overfull(self) -> None:
        if self._is_overfull:
            raise EventTooLarge(f"an event is larger than {self._cap} bytes")


def _event_of(whole: bytes) -> ServerEvent:
    """The event of bytes without a carriage return and without the empty line at their end."""
    if whole.startswith(_DATA) and b"\n" not in whole:
        return ServerEvent(whole + b"\n\n", "", whole[len(_DATA) :])
    return _event(whole + b"\n\n")


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


def with_data(event: ServerEvent, data: bytes) -> bytes:
    """The event's bytes with other `data:` lines; its name, its id and its comments stay."""
    kept = [line for line in event.raw.splitlines() if line and line.partition(b":")[0] != b"data"]
    return b"\n".join((*kept, *(_DATA + line for line in data.split(b"\n")), b"", b""))
