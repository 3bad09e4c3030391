"""What the transport asks of a dialect: build a request, read an answer, read a stream. No sockets here."""

from __future__ import annotations

from typing import Protocol

from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.providers.sse import ServerEvent
from hive_console.adapters.providers.veil import Veil
from hive_console.core.settings import ModelSettings
from hive_console.core.task import Body, Piece

DONE_FRAME = b"data: [DONE]\n\n"
"""How every stream ends for the client."""


class EventReader(Protocol):
    """Reads one streamed answer; both methods raise `ProviderError` with a classified outcome."""

    @property
    def is_done(self) -> bool:
        """Whether the provider said that its answer is complete; nothing is read after that."""
        ...

    def feed(self, event: ServerEvent) -> list[Piece]:
        """What the client gets for this event."""
        ...

    def finish(self) -> list[Piece]:
        """What is still owed when the connection ends; raises `STREAM_CUT` when the answer is not whole."""
        ...


class Codec(Protocol):
    """One dialect."""

    def chat(self, model: ModelSettings, request: Body, *, key: str | None, stream: bool) -> HttpRequest:
        """The request for one answer; raises `ProviderError` for what the dialect cannot say."""
        ...

    def models(self, model: ModelSettings, *, key: str | None) -> HttpRequest:
        """The request for the list of models."""
        ...

    def answer(self, body: bytes, *, veil: Veil, now: float) -> bytes:
        """The answer as chat-completion JSON; raises `ProviderError` when it is none."""
        ...

    def reader(self, request: Body, *, veil: Veil, now: float) -> EventReader:
        """A reader for one streamed answer to `request`."""
        ...
