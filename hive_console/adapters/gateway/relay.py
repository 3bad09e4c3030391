"""Answers on their way to the client: whole ones as they are, streamed ones event by event under back-pressure."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from hive_console.adapters.gateway.failures import SERVER, Failure, failure_of_stream
from hive_console.adapters.gateway.headers import headers_of
from hive_console.core.errors import StreamBroken
from hive_console.core.task import Reply, ReplyStream

JSON = "application/json"

_EVENTS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",  # a proxy in between must not collect the events
}

Unexpected = Callable[[Exception], Failure]
"""Takes note of an error that should not be, and says what its client is told."""


STOPPING = "the gateway stops"
"""What a request's task is cancelled with at the end of the drain, to tell it from a client that left."""

TOLD = "its client has been told"
"""What the cancellation goes on with after that: no second answer follows the first."""

GOODBYE = 0.5
"""Seconds that a client may take to read why its stream ends."""

_CUT_SHORT = Failure(503, SERVER, "the gateway stops; the answer above is incomplete", code="stopping")


class _ClientStalled(Exception):
    """The client does not read; this never leaves the module."""


def whole_answer(reply: Reply) -> web.Response:
    """The provider's bytes, untouched, with who served in the headers."""
    return web.Response(body=reply.answer.body, content_type=JSON, headers=headers_of(reply.provenance))


async def relay_stream(
    request: web.Request, stream: ReplyStream, *, stall_timeout: float, unexpected: Unexpected
) -> web.StreamResponse:
    """Writes a stream to its client and closes it in every case.

    The first byte goes out only here, after the first content came: whatever failed before was a proper HTTP
    error. A stream that breaks ends in an error event, never in `[DONE]`. A client that went away (this task
    is cancelled, or a write fails) or does not read for `stall_timeout` seconds ends the upstream call. One
    that the gateway cancels because it stops (`STOPPING`) is told so first.
    """
    response = web.StreamResponse(headers={**_EVENTS, **headers_of(stream.provenance)})
    try:
        await response.prepare(request)
        await _pump(stream, response, stall_timeout=stall_timeout, unexpected=unexpected)
    except asyncio.CancelledError as cancelled:
        if STOPPING not in cancelled.args:
            raise
        await _say_goodbye(response)
        raise asyncio.CancelledError(TOLD) from None
    except ConnectionError:
        pass  # the client is gone; closing the stream is all that is left to do
    except _ClientStalled:
        if request.transport is not None:
            request.transport.abort()
    finally:
        await _close(stream, unexpected)
    return response


async def _say_goodbye(response: web.StreamResponse) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(GOODBYE):
            await response.write(_CUT_SHORT.event())
            await response.write_eof()


async def _pump(
    stream: ReplyStream, response: web.StreamResponse, *, stall_timeout: float, unexpected: Unexpected
) -> None:
    events = aiter(stream)
    while True:
        event, is_last = await _next(events, stream, unexpected)
        try:
            async with asyncio.timeout(stall_timeout):
                if event:
                    await response.write(event)
                if is_last:
                    await response.write_eof()
                    return
        except TimeoutError:
            raise _ClientStalled from None


async def _next(events: AsyncIterator[bytes], stream: ReplyStream, unexpected: Unexpected) -> tuple[bytes, bool]:
    """The next event, and whether nothing follows it."""
    try:
        return await anext(events), False
    except StopAsyncIteration:
        return b"", True
    except StreamBroken as broken:
        return failure_of_stream(broken.outcome, stream.provenance.served_by).event(), True
    except Exception as exc:  # noqa: BLE001 - the headers are out: the client must hear of it inside the stream
        return unexpected(exc).event(), True


async def _close(stream: ReplyStream, unexpected: Unexpected) -> None:
    try:
        await stream.aclose()
    except Exception as exc:  # noqa: BLE001 - a second answer on this connection would garble the first
        unexpected(exc)
