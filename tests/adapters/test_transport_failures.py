"""Every exception of sockets and HTTP has an outcome, and its message names no address and no header."""

from __future__ import annotations

import errno
import ssl
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http import HttpProcessingError

from hive_console.adapters.transport import HttpProviders
from hive_console.adapters.transport.failures import failed_read, failed_request
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
        (aiohttp.ConnectionTimeoutError(SECRET), "connection_failed", "not connected within 5 s"),
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
    outcome = failed_request(error, 5.0, is_sent=False)

    assert (outcome.kind.value, outcome.message, outcome.is_uncertain) == (kind, message, False)
    assert failed_request(error, 5.0, is_sent=True).is_uncertain


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


async def test_providers_that_are_not_open_say_so() -> None:
    providers: Any = HttpProviders(Keys(), now=lambda: 0.0)

    with pytest.raises(RuntimeError, match="async with"):
        await providers.complete(model_at("http://127.0.0.1:1"), Task.chat("m", "ping"))
