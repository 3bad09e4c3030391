"""Moves bytes: sends one request, hands back an answer that is read in bounded pieces. Knows no dialect."""

from __future__ import annotations

import asyncio
import io
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from hive_console.adapters.endpoints import EndpointRules
from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.transport.clocks import Clocks
from hive_console.adapters.transport.failures import TRANSPORT_ERRORS, failed_read, failed_request, not_allowed
from hive_console.adapters.transport.resolver import GuardedResolver
from hive_console.core.bounds import MAX_SECONDS
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind

KEEP_ALIVE = 15.0
"""Seconds an idle connection is kept: shorter than what common load balancers grant (20 s and more), so that
they seldom close it under our hands."""

READ_BUFFER = 64 * 1024
"""Bytes. At twice this the socket is not read any further until the caller has taken them."""

LINE_LIMIT = 8190
FIELD_LIMIT = 8190
HEADER_LIMIT = 128
"""Bytes of the status line, bytes of one header, and headers of an answer: the bounds of common servers."""

SMALL_BODY = 64 * 1024
"""Bytes of a request that are handed over at once: what a socket's buffer takes without waiting."""

UNSENT_LIMIT = 20_000
"""Milliseconds unacknowledged bytes may wait in the kernel. A closed connection is kept until they are sent:
a server that accepts a request and never reads it would hold the socket of each cancelled call for ever."""

VERDICTS_KEPT = 10_000
"""URLs whose verdicts are remembered: a few for each model of the largest fleet."""

_HEADERS = {"accept-encoding": "identity", "user-agent": "hive-console"}


@dataclass(slots=True)
class _Trip:
    """Filled in by the connector while one request is under way."""

    clocks: Clocks
    is_connected: bool = False
    is_reused: bool = False


class Received:
    """An answer whose headers are here; close it, whatever happens."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = response.headers

    @property
    def content_type(self) -> str:
        """The media type in lower case, without its parameters; ``""`` when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_plain(self) -> bool:
        """Whether the body is not compressed: it was asked for plain, and nothing here inflates."""
        return self.headers.get("content-encoding", "identity").strip().lower() in {"", "identity"}

    def at_hand(self) -> bytes:
        """What has come and was not taken yet, without waiting; ``b""`` when nothing has."""
        content = self._response.content
        try:
            return content.read_nowait()
        except TRANSPORT_ERRORS:
            # What came before the connection was lost is still there, and the library has no other door to it.
            # `next_bytes` tells what happened.
            return content._read_nowait(-1)  # noqa: SLF001

    async def next_bytes(self) -> bytes:
        """What has come since, at least one byte; ``b""`` at the end. Raises `ProviderError`."""
        try:
            return await self._response.content.readany()
        except TRANSPORT_ERRORS as error:
            failure = failed_read(error)
        raise ProviderError(failure)

    async def read(self, cap: int) -> bytes:
        """The whole body; raises `ProviderError` (`MALFORMED`) when it has more than `cap` bytes."""
        length = self._response.content_length
        body = bytearray()
        if length is None or length <= cap:
            while chunk := await self.next_bytes():
                body += chunk
                if len(body) > cap:
                    break
            else:
                return bytes(body)
        raise ProviderError(Outcome(OutcomeKind.MALFORMED, message=f"the answer is larger than {cap} bytes"))

    async def drain(self, seconds: float) -> None:
        """Waits a moment for the end of the body, so that the connection can be used again."""
        try:
            async with asyncio.timeout(seconds):
                await self._response.content.readany()
        except (*TRANSPORT_ERRORS, TimeoutError):
            return  # the answer is whole; the connection is closed instead

    def close(self) -> None:
        """Frees the connection: back to the pool when the body was read to its end, closed otherwise."""
        self._response.close()


class Wire:
    """The sessions of all providers: one that keeps connections alive, and one that never does.

    The second repeats a request at once when a kept connection turns out to have been closed by the server
    before the first byte of the answer. Other kept connections may be as dead, so the repeat takes a new one.

    Args:
        rules: which endpoints may be called.
        resolver: who knows the names, closed at the end; the system's own when left out.
    """

    def __init__(self, rules: EndpointRules, resolver: AbstractResolver | None = None) -> None:
        self._rules = rules
        self._inner = resolver
        self._resolver: GuardedResolver | None = None
        self._refusals: dict[str, str] = {}
        self._pooled: aiohttp.ClientSession | None = None
        self._fresh: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = self._resolver = GuardedResolver(self._inner or aiohttp.ThreadedResolver(), lambda: self._rules)
        self._pooled = _session(
            aiohttp.TCPConnector(
                limit=0,
                limit_per_host=0,
                keepalive_timeout=KEEP_ALIVE,
                socket_factory=_open_socket,
                resolver=resolver,
            )
        )
        self._fresh = _session(
            aiohttp.TCPConnector(
                limit=0, limit_per_host=0, force_close=True, socket_factory=_open_socket, resolver=resolver
            )
        )
        return self

    def use(self, rules: EndpointRules) -> None:
        """Other rules from the next new connection on; names resolved in the last seconds are not asked again."""
        self._rules = rules
        self._refusals.clear()

    def refusal_of(self, url: str) -> str:
        """Why this URL is never called, or ``""``; remembered, because it is asked before each request.

        Addresses in a URL never reach the resolver, so that this is the only look at them.
        """
        refusal = self._refusals.get(url)
        if refusal is None:
            if len(self._refusals) >= VERDICTS_KEPT:
                self._refusals.clear()
            refusal = self._refusals[url] = self._rules.refusal_of_url(url)
        return refusal

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._pooled, self._fresh):
            if session is not None:
                await session.close()
        if self._resolver is not None:
            await self._resolver.close()

    async def send(self, request: HttpRequest, clocks: Clocks, *, may_repeat: bool = True) -> Received:
        """Sends the request and waits for the answer's headers; raises `ProviderError`. Cancelling frees all.

        Args:
            request: what to send.
            clocks: bound the waits.
            may_repeat: whether a request may be sent a second time that a dead kept connection may have carried.
        """
        refusal = self.refusal_of(request.url)
        if refusal:
            raise ProviderError(not_allowed(refusal))
        received = await clocks.wait(self._send(request, clocks, may_repeat=may_repeat))
        clocks.note_headers()
        return received

    async def _send(self, request: HttpRequest, clocks: Clocks, *, may_repeat: bool) -> Received:
        trip = _Trip(clocks)
        try:
            return await _sent(self._pooled, request, trip)
        except TRANSPORT_ERRORS as error:
            failure = failed_request(error, clocks.connect, is_sent=trip.is_connected)
            is_stale = trip.is_reused and _is_closed_by_server(error)
        # Raised and repeated outside the handler: the exception above knows the request's headers.
        if not is_stale or not may_repeat:
            raise ProviderError(failure)
        try:
            return await _sent(self._fresh, request, _Trip(clocks))
        except TRANSPORT_ERRORS as error:
            # Sent once already, whatever became of the repeat.
            failure = failed_request(error, clocks.connect, is_sent=True)
        raise ProviderError(failure)


async def _sent(session: aiohttp.ClientSession | None, request: HttpRequest, trip: _Trip) -> Received:
    if session is None:
        raise RuntimeError("not open; use `async with`")
    trip.clocks.begin_connecting()
    response = await session.request(
        request.method,
        URL(request.url, encoded=True),
        headers=request.headers,
        data=_payload(request.body),
        allow_redirects=False,
        # Name, TCP and TLS together; the library would round what is above the threshold up to a full second.
        timeout=aiohttp.ClientTimeout(total=None, connect=trip.clocks.connect, ceil_threshold=MAX_SECONDS),
        trace_request_ctx=trip,
    )
    return Received(response)


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    """A large body as a file, which is sent in slices and with back-pressure; a small one as it is."""
    return io.BytesIO(body) if body is not None and len(body) > SMALL_BODY else body


def _is_closed_by_server(error: BaseException) -> bool:
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # otherwise it holds the part of an answer that did come
    return isinstance(error, ConnectionError) or (
        isinstance(error, aiohttp.ClientOSError) and not isinstance(error, aiohttp.ClientConnectorError)
    )


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_note_connected)
    trace.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=connector,
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # each request brings its own
        trust_env=False,  # proxies and netrc of the environment would see the keys
        auto_decompress=False,
        read_bufsize=READ_BUFFER,
        max_line_size=LINE_LIMIT,
        max_field_size=FIELD_LIMIT,
        max_headers=HEADER_LIMIT,
        trace_configs=[trace],
    )


async def _note_reuse(
    session: aiohttp.ClientSession,  # noqa: ARG001 - the library's shape
    context: object,
    parameters: aiohttp.TraceConnectionReuseconnParams,  # noqa: ARG001 - the library's shape
) -> None:
    trip = getattr(context, "trace_request_ctx", None)
    if isinstance(trip, _Trip):
        trip.is_reused = trip.is_connected = True
        trip.clocks.note_connected()


async def _note_connected(
    session: aiohttp.ClientSession,  # noqa: ARG001 - the library's shape
    context: object,
    parameters: aiohttp.TraceConnectionCreateEndParams,  # noqa: ARG001 - the library's shape
) -> None:
    trip = getattr(context, "trace_request_ctx", None)
    if isinstance(trip, _Trip):
        trip.is_connected = True
        trip.clocks.note_connected()


def _open_socket(address: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_LIMIT)
    return opened
