"""One client's connection: what is no HTTP is refused in JSON, slow headers are cut off, and there is a bound.

The HTTP library does the parsing; this is what its own connection lacks.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, cast

from aiohttp import web
from aiohttp.http_exceptions import ContentEncodingError, HttpProcessingError, LineTooLong

from hive_console.adapters.gateway.exchange import Response
from hive_console.adapters.gateway.failures import INVALID_REQUEST, SERVER, TIMEOUT, Failure
from hive_console.adapters.gateway.headers import headers_of_failure
from hive_console.adapters.gateway.incoming import Incoming
from hive_console.adapters.gateway.limits import Limits
from hive_console.adapters.gateway.writing import Written, head_of
from hive_console.core.settings import Dialect

_NO_HTTP = Failure(400, INVALID_REQUEST, "this is no HTTP request that can be read", code="malformed_http")
_LARGE_HEADERS = Failure(
    431, INVALID_REQUEST, "the request's headers are too many or too large", code="headers_too_large"
)
_UNKNOWN_ENCODING = Failure(
    415,
    INVALID_REQUEST,
    "the request's Content-Encoding is not read here; send gzip, deflate or none",
    code="encoding",
)
_SLOW_HEADERS = Failure(
    408, TIMEOUT, "the request's headers did not arrive in time", code="request_timeout", retry_after=1
)
_TOO_MANY = Failure(
    503, SERVER, "the gateway has as many connections as it can; try again soon", code="busy", retry_after=1
)

_TOO_MANY_HEADERS = "Too many headers"
"""How the HTTP library's one error without a class of its own begins."""


class Connection(web.RequestHandler):
    """The HTTP library's connection, with the limits it lacks."""

    __slots__ = ("_head_began", "_head_timer", "_limits")

    def __init__(self, server: Connections, *, limits: Limits, **kwargs: Any) -> None:  # the library's own
        super().__init__(server, **kwargs)
        self._limits = limits
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_began = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection, or turns it away where there are too many."""
        server = cast("Connections", self._manager)
        if len(server.connections) >= self._limits.max_connections:
            self._turn_away(cast(asyncio.Transport, transport))
            return
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Ends what was under way for it."""
        self.head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser; the first bytes of a request start the clock for the rest of its headers."""
        super().data_received(data)
        if self._is_idle():
            self._head_began = True
            if self._head_timer is None:
                self._await_head()

    def head_came(self) -> None:
        """Stops the clock: a request is complete up to its body."""
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        self._head_began = False

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,  # noqa: ARG002 - the library's signature
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request
    ) -> web.StreamResponse:
        """Answers what cannot be parsed, in our own words; the connection ends with it."""
        if not isinstance(exc, HttpProcessingError):
            self.log_exception("Unhandled exception", exc_info=exc)
        if request.transport is not None:
            request.transport.write(_told(_failure_of(exc)))
        return Written(keeps_alive=False)

    def _await_head(self) -> None:
        self._head_timer = self._loop.call_later(self._limits.head_timeout, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        if not self._is_idle() or self.transport is None:
            return  # a request is being handled after all
        if self._head_began:
            self.transport.write(_told(_SLOW_HEADERS))
        self.force_close()

    def _is_idle(self) -> bool:
        """Whether the next request is waited for, and its headers are not complete."""
        return self._waiter is not None and not self._waiter.done()

    def _turn_away(self, transport: asyncio.Transport) -> None:
        """Says why and hangs up; what the client sends is not read."""
        self._force_close = True
        transport.write(_told(_TOO_MANY))
        if transport.can_write_eof():
            transport.write_eof()
        # Closing at once, with its request unread, would reset the connection before the client reads why.
        self._loop.call_later(self._limits.lingering_time, transport.close)


class Connections(web.Server):
    """Makes a `Connection` for each client."""

    def __init__(self, handler: Any, *, limits: Limits, **kwargs: Any) -> None:  # the library's own types
        super().__init__(handler, **kwargs)
        self._limits = limits

    def __call__(self) -> Connection:
        """A connection's protocol."""
        return Connection(self, limits=self._limits, loop=self._loop, **self._kwargs)


def _failure_of(exc: BaseException | None) -> Failure:
    if isinstance(exc, LineTooLong) or (
        isinstance(exc, HttpProcessingError) and exc.message.startswith(_TOO_MANY_HEADERS)
    ):
        return _LARGE_HEADERS
    return _UNKNOWN_ENCODING if isinstance(exc, ContentEncodingError) else _NO_HTTP


def _told(failure: Failure) -> bytes:
    """The whole answer; whoever cannot be understood is told in OpenAI's shape."""
    body = failure.body()
    headers = headers_of_failure(
        failure, request_id=secrets.token_hex(8), is_degraded=False, dialect=Dialect.OPENAI
    )
    headers["Content-Type"] = "application/json"
    return head_of(Response(failure.status, headers, body), len(body), keeps_alive=False) + body


def incoming_of(limits: Limits, max_body: int, loop: asyncio.AbstractEventLoop) -> Any:  # the library's own type
    """Makes requests that know their limits."""

    def make(message: Any, payload: Any, protocol: Connection, writer: Any, task: Any) -> Incoming:
        request = Incoming(message, payload, protocol, writer, task, loop)
        request.limits = limits
        request.max_body = max_body
        return request

    return make
