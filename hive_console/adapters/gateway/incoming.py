"""A request as it comes over a socket: its body is read with a limit of bytes and of seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from hive_console.adapters.gateway.failures import INVALID_REQUEST, TIMEOUT, Failure, RequestRefused
from hive_console.adapters.gateway.limits import Limits

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_BROKEN_BODY = Failure(
    400, INVALID_REQUEST, "the request's body cannot be read: its length or its encoding is wrong", closes=True
)
_OTHER_EXPECTATION = Failure(417, INVALID_REQUEST, "the Expect header may only say 100-continue", closes=True)


class Incoming(web.BaseRequest):
    """One HTTP request, in the words of `exchange.Request`.

    Attributes:
        limits: what its client may take.
        max_body: bytes the body may have, after decompression.
    """

    limits: Limits
    max_body: int

    @property
    def target(self) -> str:
        """The path as it was sent, with its query."""
        return self.raw_path

    def hosts(self) -> Sequence[str]:
        """Every `Host` header."""
        return self.headers.getall("Host", ())

    async def body(self) -> bytes:
        """The whole body; raises `RequestRefused` with 400, 408, 413 or 417."""
        content = self.content
        if content.is_eof() and content.exception() is None:  # small bodies come with their headers
            body = content.read_nowait()
            if len(body) <= self.max_body:
                return body
            raise self._too_large()
        if (self.content_length or 0) > self.max_body:
            raise self._too_large()
        self._invite()
        return await self._collected()

    def _invite(self) -> None:
        """Tells a client that waits for our word to send its body."""
        expectation = self.headers.get("Expect")
        if expectation is None:
            return
        if expectation.lower() != "100-continue":
            raise RequestRefused(_OTHER_EXPECTATION)
        if self.transport is not None:
            self.transport.write(_CONTINUE)

    async def _collected(self) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.body_timeout):
                async for chunk in self.content.iter_any():
                    body += chunk
                    if len(body) > self.max_body:
                        raise self._too_large()
        except TimeoutError:
            message = f"the request's body did not arrive within {self.limits.body_timeout:g} s"
            failure = Failure(408, TIMEOUT, message, code="request_timeout", closes=True)
            raise RequestRefused(failure) from None
        except (web.RequestPayloadError, ValueError) as exc:
            raise RequestRefused(_BROKEN_BODY) from exc
        return bytes(body)

    def _too_large(self) -> RequestRefused:
        message = f"the request's body is larger than {self.max_body} bytes (the gateway's maxBody)"
        return RequestRefused(Failure(413, INVALID_REQUEST, message, code="request_too_large", closes=True))
