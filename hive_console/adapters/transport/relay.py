"""Relays one streamed answer: from bytes to events to pieces, with bounds on silence and on size."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.codec import EventReader
from hive_console.adapters.providers.error_body import NOTHING_SAID, read_error
from hive_console.adapters.providers.request import EVENT_STREAM_TYPE, JSON_TYPE
from hive_console.adapters.providers.sse import EVENT_CAP, EventSplitter, EventTooLarge, ServerEvent
from hive_console.adapters.providers.veil import Veil
from hive_console.adapters.transport.clocks import Clocks
from hive_console.adapters.transport.wire import Received
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.task import Piece
from hive_console.core.text import NAME_LIMIT, clean

STREAM_CAP = 256 * 1024 * 1024
"""Bytes of a whole stream (256 MiB): the longest answers of today's models, at some 300 bytes a token, are a
fifth of it; an endless one is ended."""

EMPTY_CAP = 1024 * 1024
"""Bytes without content in a row (1 MiB): keep-alives at 1 kB a second would need a quarter of an hour."""

MISTAKEN_CAP = 64 * 1024
"""Bytes read of an answer that is no stream, to find the error in it."""

DRAIN_SECONDS = 0.1
"""Seconds waited for the end of the body after the answer's last event: it is mostly in the same segment."""


async def relay(
    received: Received, reader: EventReader, *, veil: Veil, clocks: Clocks
) -> AsyncGenerator[Piece, None]:
    """The pieces of a streamed answer; raises `ProviderError`.

    Args:
        received: the answer, its status already checked; the caller closes it.
        reader: understands the dialect.
        veil: hides what a message must not tell.
        clocks: bound each wait. Keep-alives do not wind them, and the time the consumer takes does not count.
    """
    if received.content_type not in {EVENT_STREAM_TYPE, ""}:
        raise ProviderError(await _no_stream(received, veil, clocks))
    splitter, bounds = EventSplitter(), _Bounds()
    while data := await _next_bytes(received, clocks):
        bounds.add(len(data))
        for event in _split(splitter, data):
            for piece in reader.feed(event):
                if piece.has_content:
                    clocks.note_content()
                    bounds.saw_content()
                yield piece
            if reader.is_done:
                await received.drain(DRAIN_SECONDS)
                return
    for event in splitter.finish():
        for piece in _last(reader, event):
            yield piece
    for piece in reader.finish():
        yield piece


class _Bounds:
    """Counts bytes, and raises when a stream is endless or says nothing."""

    def __init__(self) -> None:
        self._total = 0
        self._without_content = 0

    def add(self, size: int) -> None:
        self._total += size
        self._without_content += size
        if self._total > STREAM_CAP:
            raise ProviderError(_malformed(f"the stream is longer than {STREAM_CAP} bytes"))
        # One event may be as large as its own cap allows before it turns out to be content.
        if self._without_content > EVENT_CAP + EMPTY_CAP:
            raise ProviderError(_malformed("the stream goes on without saying anything"))

    def saw_content(self) -> None:
        self._without_content = 0


async def _next_bytes(received: Received, clocks: Clocks) -> bytes:
    """The next bytes; a lost connection is an end like any other: the reader knows whether the answer is whole."""
    try:
        return await clocks.wait(received.next_bytes())
    except ProviderError as error:
        if error.outcome.kind is not OutcomeKind.STREAM_CUT:
            raise
        return b""


def _split(splitter: EventSplitter, data: bytes) -> list[ServerEvent]:
    try:
        return splitter.feed(data)
    except EventTooLarge as error:
        raise ProviderError(_malformed(str(error))) from None


def _last(reader: EventReader, event: ServerEvent) -> list[Piece]:
    """The pieces of an event without its empty line; one that was cut in two is left to the reader's verdict."""
    try:
        return reader.feed(event)
    except ProviderError as error:
        if error.outcome.kind is not OutcomeKind.MALFORMED:
            raise
        return []


async def _no_stream(received: Received, veil: Veil, clocks: Clocks) -> Outcome:
    """What an answer is that is no event stream: an error in JSON, or a page of somebody else."""
    if received.content_type == JSON_TYPE:
        error = read_error(await clocks.wait(received.read(MISTAKEN_CAP)))
        if error != NOTHING_SAID:
            return classify_reported(error, veil=veil)
    kind = clean(veil.shown(received.content_type), NAME_LIMIT)
    return _malformed(f"answered with {kind} instead of an event stream")


def _malformed(message: str) -> Outcome:
    return Outcome(OutcomeKind.MALFORMED, message=message)
