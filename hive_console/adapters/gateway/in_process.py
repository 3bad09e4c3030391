"""The gateway without HTTP: an httpx transport that hands a client's requests to an engine in this process.

    http = httpx2.AsyncClient(transport=AsyncOpenAITransport(engine))
    client = openai.AsyncOpenAI(api_key="unused", http_client=http)

It serves OpenAI's and Anthropic's clients, whatever their base URL is, on httpx or on httpx2: whichever library a
request comes from, its answer belongs to. Nothing is imported that the client has not imported itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol, Self

from hive_console.adapters.gateway.event_stream import EventStream
from hive_console.adapters.gateway.exchange import Headers, Response
from hive_console.adapters.gateway.front import Front
from hive_console.core.settings import Settings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.task import Operations

_AnyBase: Any = object
"""What both libraries' `AsyncBaseTransport` are to a type checker: neither is needed to have the other."""


class LocalEngine(Operations, Protocol):
    """An engine of this process: `hive_console.Engine`, or what looks like it."""

    @property
    def settings(self) -> Settings:
        """The fleet's settings."""
        ...

    def snapshot(self) -> FleetSnapshot:
        """The latest view of the fleet."""
        ...


class AsyncOpenAITransport(_AnyBase):  # type: ignore[misc]  # fits httpx's and httpx2's own base, see above
    """An asynchronous transport for `httpx.AsyncClient` and `httpx2.AsyncClient`.

    Requests are answered by the engine on the loop that runs it, which must be the client's. What the gateway
    would answer over HTTP is answered here: errors in the client's dialect, `x-hive-*` headers, streams. The
    client's timeouts count: `read` for the answer and for each piece of a stream. Cancelling a request, or
    closing a stream, ends the upstream call. No token is asked for.

    Args:
        engine: a running engine; closing the transport leaves it running.
    """

    def __init__(self, engine: LocalEngine) -> None:
        self._front = Front(engine, snapshot=engine.snapshot, settings=lambda: engine.settings)

    async def handle_async_request(self, request: Any) -> Any:  # httpx's or httpx2's Request and Response
        """Answers one request; raises the library's own `ReadTimeout` when the engine takes longer."""
        library = import_module(type(request).__module__.partition(".")[0])
        patience = (request.extensions.get("timeout") or {}).get("read")
        async with _within(patience, library, request):
            response = await self._front.answer(_Asked(request))
        return library.Response(
            response.status,
            headers=_headers_of(response),
            stream=_stream_of(response, patience, library, request),
            request=request,
        )

    async def aclose(self) -> None:
        """Nothing: the engine has its own life."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _Asked:
    """The library's request in the front's words."""

    __slots__ = ("_request", "headers", "method", "target")

    def __init__(self, request: Any) -> None:  # httpx's or httpx2's
        self._request = request
        self.method: str = request.method
        self.target: str = request.url.raw_path.decode("ascii")
        self.headers: Headers = request.headers

    def hosts(self) -> Sequence[str]:
        """Nobody asks: there is no door."""
        return ()

    async def body(self) -> bytes:
        """Whole; a client in this process has the memory it has."""
        body: bytes = await self._request.aread()
        return body


def _headers_of(response: Response) -> dict[str, str]:
    if isinstance(response.body, EventStream):
        return response.headers
    return {**response.headers, "Content-Length": str(len(response.body))}


def _stream_of(response: Response, patience: float | None, library: ModuleType, request: Any) -> Any:
    """The body as the library's own kind of stream, made for it: a client accepts no other."""
    body = response.body
    if not isinstance(body, EventStream):
        return library.ByteStream(body)

    return _kind_of_stream(library)(body, lambda: _within(patience, library, request))


_kinds: dict[str, Callable[..., Any]] = {}
"""A class of streams for each library; there are two."""


def _kind_of_stream(library: ModuleType) -> Callable[..., Any]:
    kind = _kinds.get(library.__name__)
    if kind is not None:
        return kind
    base: Any = library.AsyncByteStream

    class EngineStream(base):  # type: ignore[misc]  # the base is httpx's or httpx2's
        """The engine's events as the library reads a body."""

        def __init__(self, events: EventStream, within: Callable[[], AbstractAsyncContextManager[None]]) -> None:
            self._events = events
            self._within = within

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                async with self._within():
                    try:
                        event = await anext(self._events)
                    except StopAsyncIteration:
                        return
                yield event

        async def aclose(self) -> None:
            await self._events.aclose()

    return _kinds.setdefault(library.__name__, EngineStream)


@asynccontextmanager
async def _within(patience: float | None, library: ModuleType, request: Any) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(patience):
            yield
    except TimeoutError:
        raise library.ReadTimeout(f"no answer within {patience:g} s", request=request) from None
