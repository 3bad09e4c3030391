"""What the transport asks of a pair of dialects: build a request, read an answer or a stream. No sockets here."""

from __future__ import annotations

from typing import Protocol

from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.providers.sse import ServerEvent
from hive_console.adapters.providers.veil import Veil
from hive_console.core.settings import ModelSettings
from hive_console.core.task import Task, Usage

DONE_FRAME = b"data: [DONE]\n\n"
"""How every stream of chat completions ends for the client."""


class EventReader(Protocol):
    """Reads one streamed answer; both methods raise `ProviderError` with a classified outcome.

    Both give the bytes for the client, which are whole events or nothing, and whether the model said something in
    them (`core.task.Piece.has_content`).
    """

    @property
    def is_done(self) -> bool:
        """Whether the provider said that its answer is complete; nothing is read after that."""
        ...

    @property
    def usage(self) -> Usage | None:
        """Tokens so far, where the stream told them."""
        ...

    def feed(self, event: ServerEvent) -> tuple[bytes, bool]:
        """What the client gets for this event."""
        ...

    def finish(self) -> bytes:
        """What is still owed when the connection ends; raises `STREAM_CUT` when the answer is not whole."""
        ...


class Codec(Protocol):
    """One dialect of callers at models of one dialect, for one kind of work."""

    def check(self, task: Task) -> None:
        """Raises `ProviderError` (`UNFIT`) for what the models' dialect cannot say."""
        ...

    def request(self, model: ModelSettings, task: Task, *, key: str | None, stream: bool) -> HttpRequest:
        """The request for one answer; raises as `check` does."""
        ...

    def answer(
        self, body: bytes, *, model: ModelSettings, task: Task, veil: Veil, now: float
    ) -> tuple[bytes, Usage | None]:
        """The answer in the caller's dialect, named after `model.id`; raises `ProviderError` when it is none."""
        ...

    def reader(self, *, model: ModelSettings, task: Task, veil: Veil, now: float) -> EventReader:
        """A reader for one streamed answer."""
        ...
