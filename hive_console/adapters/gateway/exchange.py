"""One request and one answer as the gateway's front sees them: HTTP without a socket.

The server and the in-process transport both speak in these words, so that both give the very same service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hive_console.adapters.gateway.event_stream import EventStream


class Headers(Protocol):
    """A request's headers; names are looked up without regard to case."""

    def get(self, name: str, /) -> str | None:
        """The (first) value, or `None`."""
        ...


class Request(Protocol):
    """A request whose headers are there and whose body may still be under way."""

    @property
    def method(self) -> str:
        """In capitals."""
        ...

    @property
    def target(self) -> str:
        """The path as it was sent, with its query."""
        ...

    @property
    def headers(self) -> Headers:
        """What came with it."""
        ...

    def hosts(self) -> Sequence[str]:
        """Every `Host` header."""
        ...

    async def body(self) -> bytes:
        """The whole body; raises `RequestRefused` (400, 408, 413) where it cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: a whole body, or events that are still to come.

    Attributes:
        status: the HTTP status.
        headers: names and values, safe to be written as they are; no length and no connection among them.
        body: bytes, or a stream that whoever writes it must close.
        closes: whether the connection must not be used again (the rest of a refused body is under way).
    """

    status: int
    headers: dict[str, str]
    body: bytes | EventStream = field(repr=False)
    closes: bool = False
