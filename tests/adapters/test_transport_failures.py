"""Every exception of sockets and HTTP has an outcome, and its message names no address and no header."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from contextlib import ExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http import HttpProcessingError

from hive_console.adapters.transport import HttpProviders, wire
from hive_console.adapters.transport.failures import failed_read, failed_request
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import OutcomeKind
from hive_console.core.task import Task
from tests.adapters.upstream import Keys, model_at

SECRET = "secret.example"
AT = ConnectionKey(SECRET, 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)


def connector_error(number: int | None) -> aiohttp.ClientConnectorError:
    error = OSError(number, SECRET) if number else OSError(SECRET)
    return aiohttp.ClientConnectorError(AT, error)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (aiohttp.ConnectionTimeoutError(SECRET), "connection_failed", "no connection within 5 s"),
        (
            aiohttp.ClientConnectorDNSError(AT, OSError(-2, SECRET)),
            "connection_failed",
            "the endpoint's host name cannot be resolved",
        ),
        (
            aiohttp.ClientConnectorCertificateError(AT, ssl.SSLCertVerificationError(1, SECRET)),
            "connection_failed",
            "the endpoint's certificate is not trusted",
        ),
        (
            aiohttp.ClientConnectorSSLError(AT, ssl.SSLError(1, SECRET)),
            "connection_failed",
            "the TLS handshake failed",
        ),
        (ssl.SSLError(1, SECRET), "connection_failed", "the TLS handshake failed"),
        (connector_error(errno.ECONNREFUSED), "connection_failed", "connection refused"),
        (connector_error(errno.ENETDOWN), "connection_failed", "network is down"),
        (connector_error(None), "connection_failed", "the connection failed"),
        (aiohttp.ClientOSError(errno.ECONNRESET, SECRET), "connection_failed", "connection reset"),
        (aiohttp.ServerDisconnectedError(), "connection_failed", "the connection was closed before an answer"),
        (
            HttpProcessingError(message=SECRET),
            "malformed",
            "the answer is not valid HTTP, or its headers are too large",
        ),
        (TimeoutError(SECRET), "timed_out", "the connection timed out"),
        (aiohttp.InvalidURL(SECRET), "connection_failed", "the endpoint is no usable http or https address"),
        (aiohttp.ClientConnectionError(SECRET), "connection_failed", "the connection failed"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_before_the_answer_has_an_outcome(error: Exception, kind: str, message: str) -> None:
    outcome = failed_request(error)

    assert (outcome.kind.value, outcome.message) == (kind, message)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiohttp.ClientPayloadError(SECRET), OutcomeKind.STREAM_CUT),
        (ConnectionResetError(SECRET), OutcomeKind.STREAM_CUT),
        (HttpProcessingError(message=SECRET), OutcomeKind.MALFORMED),
    ],
)
def test_an_exception_inside_the_answer_has_an_outcome(error: Exception, kind: OutcomeKind) -> None:
    outcome = failed_read(error)

    assert outcome.kind is kind
    assert SECRET not in outcome.message


@pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux drops what a full backlog cannot hold"
)
async def test_a_host_that_does_not_take_connections_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CONNECT_TIMEOUT", 0.1)
    with ExitStack() as sockets:
        full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        async with asyncio.timeout(20), HttpProviders(Keys(), now=lambda: 0.0) as providers:
            model = model_at(f"http://127.0.0.1:{full.getsockname()[1]}/v1")
            with pytest.raises(ProviderError) as caught:
                await providers.complete(model, Task.chat("m", "ping"))

    assert caught.value.outcome.kind is OutcomeKind.CONNECTION_FAILED
    assert "no connection" in caught.value.outcome.message


async def test_providers_that_are_not_open_say_so() -> None:
    providers: Any = HttpProviders(Keys(), now=lambda: 0.0)

    with pytest.raises(RuntimeError, match="async with"):
        await providers.complete(model_at("http://127.0.0.1:1"), Task.chat("m", "ping"))
