"""A streamed answer on its way out: the engine's events, and one explicit last word when they break off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from hive_console.adapters.gateway.failures import SERVER, Failure, failure_of_stream
from hive_console.core.errors import StreamBroken
from hive_console.core.settings import Dialect
from hive_console.core.task import ReplyStream

Unexpected = Callable[[Exception, str], Failure]
"""Takes note of an error that should not be, with the request's id, and says what its client is told."""

_CUT_SHORT = Failure(503, SERVER, "the gateway stops; the answer above is incomplete", code="stopping")


class EventStream:
    """Server-sent events as bytes, several whole ones at a time; read once, closed by whoever writes it.

    A stream that breaks ends in an error event of the client's dialect, and never in the dialect's own end:
    nobody takes half an answer for a whole one.
    """

    __slots__ = ("_dialect", "_is_over", "_stream", "_unexpected")

    def __init__(self, stream: ReplyStream, dialect: Dialect, unexpected: Unexpected) -> None:
        self._stream = stream
        self._dialect = dialect
        self._unexpected = unexpected
        self._is_over = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Itself."""
        return self

    async def __anext__(self) -> bytes:
        """The next events; raises nothing but `StopAsyncIteration` and what cancels the reader."""
        if self._is_over:
            raise StopAsyncIteration
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            self._is_over = True
            raise
        except StreamBroken as broken:
            self._is_over = True
            return self._last_word(failure_of_stream(broken.outcome, self._stream.provenance.served_by))
        except Exception as exc:  # noqa: BLE001 - the headers are out: the client must hear of it inside the stream
            self._is_over = True
            return self._last_word(self._unexpected(exc, self._stream.provenance.operation))

    def cut_short(self) -> bytes:
        """What is said to a client whose stream the gateway's stop ends."""
        return self._last_word(_CUT_SHORT)

    async def aclose(self) -> None:
        """Ends the upstream call, if it still runs; harmless after the end."""
        self._is_over = True
        try:
            await self._stream.aclose()
        except Exception as exc:  # noqa: BLE001 - a second answer on this connection would garble the first
            self._unexpected(exc, self._stream.provenance.operation)

    def _last_word(self, failure: Failure) -> bytes:
        return failure.event(self._dialect, self._stream.provenance.operation)
