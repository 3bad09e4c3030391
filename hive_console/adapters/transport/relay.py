"""Relays one streamed answer: from bytes to events to pieces, with bounds on silence and on size."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.codec import EventReader
from hive_console.adapters.providers.error_body import NOTHING_SAID, read_error
from hive_console.adapters.providers.request import EVENT_STREAM_TYPE, JSON_TYPE
from hive_console.adapters.providers.sse import EVENT_CAP, EventSplitter, EventTooLarge
from hive_console.adapters.providers.veil import Veil
from hive_console.adapters.transport.clocks import Clocks
from hive_console.adapters.transport.pace import Pace
from hive_console.adapters.transport.wire import Received
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.task import Piece, RateLimits, Usage
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
    received: Received,
    reader: EventReader,
    *,
    veil: Veil,
    clocks: Clocks,
    pace: Pace,
    limits: RateLimits | None = None,
) -> AsyncGenerator[Piece, None]:
    """The pieces of a streamed answer, one for each read that completes any events; raises `ProviderError`.

    What is wrong in the middle of a read is raised after the good part before it was handed on.

    Args:
        received: the answer, its status already checked; the caller closes it.
        reader: understands the dialects.
        veil: hides what a message must not tell.
        clocks: bound each wait. Keep-alives do not wind them, and the time the consumer takes does not count.
        pace: judges how quickly content comes.
        limits: what the answer's headers told; goes with the first piece.
    """
    if received.content_type not in {EVENT_STREAM_TYPE, ""}:
        raise ProviderError(await _no_stream(received, veil, clocks))
    splitter, bounds = EventSplitter(), _Bounds()
    usage: Usage | None = None
    while data := await _next_bytes(received, clocks):
        bounds.add(len(data))
        batch = _read(splitter, reader, data)
        if batch.spoken:
            clocks.note_content()
            bounds.saw_content()
            pace.note(batch.spoken, clocks.waited)
        if batch.data:
            told = None if reader.usage is usage else reader.usage
            usage = reader.usage
            yield Piece(batch.data, batch.spoken > 0, told, limits)
            limits = None
        if reader.is_done:
            await received.drain(DRAIN_SECONDS)
            return
        failure = batch.failure or pace.too_slow(clocks.waited)
        if failure is not None:
            raise ProviderError(failure)
    last, has_content = _rest(splitter, reader)
    if last:
        yield Piece(last, has_content, None if reader.usage is usage else reader.usage, limits)
    if not reader.is_done:
        end = reader.finish()
        if end:
            yield Piece(end, has_content=False)


@dataclass(slots=True)
class _Batch:
    """What one read gave.

    Attributes:
        data: whole events for the client.
        spoken: how many events said something.
        failure: what is wrong with the event after them.
    """

    data: bytes
    spoken: int
    failure: Outcome | None


def _read(splitter: EventSplitter, reader: EventReader, data: bytes) -> _Batch:
    parts: list[bytes] = []
    spoken = 0
    failure = None
    try:
        for event in splitter.feed(data):
            told, has_content = reader.feed(event)
            parts.append(told)
            spoken += has_content
            if reader.is_done:
                break
    except EventTooLarge as error:
        failure = _malformed(str(error))
    except ProviderError as error:
        failure = error.outcome
    return _Batch(b"".join(parts), spoken, failure)


def _rest(splitter: EventSplitter, reader: EventReader) -> tuple[bytes, bool]:
    """What an event without its empty line gives; one that was cut in two is left to the reader's verdict."""
    try:
        events = splitter.finish()
    except EventTooLarge as error:
        failure = _malformed(str(error))
    else:
        try:
            return reader.feed(events[0]) if events else (b"", False)
        except ProviderError as error:
            if error.outcome.kind is not OutcomeKind.MALFORMED:
                raise
        return b"", False
    raise ProviderError(failure)


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
    data = received.at_hand()
    if data:
        return data  # a clock that cannot strike need not be set
    try:
        return await clocks.wait(received.next_bytes())
    except ProviderError as error:
        if error.outcome.kind is not OutcomeKind.STREAM_CUT:
            raise
        return b""


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
