"""From exceptions of sockets and HTTP to outcomes. Messages hold no address, no header and no key."""

from __future__ import annotations

import errno
import os
import ssl
from dataclasses import replace

import aiohttp
from aiohttp.http import HttpProcessingError

from hive_console.adapters.transport.resolver import AddressRefused
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.text import clean_message

TRANSPORT_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
"""Everything a request or a read can raise for what the other side, the network or an address did."""

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection closed while the request was sent",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EMFILE: "this process has no file descriptor left",
}


def failed_request(error: BaseException, connect_timeout: float, *, is_sent: bool) -> Outcome:
    """The outcome of an exception that came before an answer's headers.

    Args:
        error: what the request raised.
        connect_timeout: seconds it had to reach the endpoint.
        is_sent: whether a connection was there, so that the provider may have read the request.
    """
    return replace(_outcome_of(error, connect_timeout), is_uncertain=is_sent)


def failed_read(error: BaseException) -> Outcome:
    """The outcome of an exception that came after an answer's headers."""
    if isinstance(error, HttpProcessingError):
        return Outcome(OutcomeKind.MALFORMED, message="the answer's body is not valid HTTP")
    return Outcome(OutcomeKind.STREAM_CUT, message="the connection was lost in the middle of the answer")


def _outcome_of(error: BaseException, connect_timeout: float) -> Outcome:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return _unconnected(f"not connected within {connect_timeout:g} s")
        case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, AddressRefused):
            return not_allowed(error.os_error.why)
        case aiohttp.ClientConnectorDNSError():
            return _unconnected("the endpoint's host name cannot be resolved")
        case aiohttp.ClientConnectorCertificateError():
            return _unconnected("the endpoint's certificate is not trusted")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return _unconnected("the TLS handshake failed")
        case aiohttp.ClientConnectorError():
            return _unconnected(reason_of(error.os_error))
        case aiohttp.ServerDisconnectedError():
            return _unconnected("the connection was closed before an answer")
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return Outcome(
                OutcomeKind.MALFORMED, message="the answer is not valid HTTP, or its headers are too large"
            )
        case TimeoutError():
            return Outcome(OutcomeKind.TIMED_OUT, message="the connection timed out")
        case OSError():
            return _unconnected(reason_of(error))
        case ValueError() | aiohttp.NonHttpUrlClientError():
            return _unconnected("the endpoint is no usable http or https address")
        case _:
            return _unconnected("the connection failed")


def not_allowed(why: str) -> Outcome:
    """The outcome of a call that the settings forbid: nobody but a person mends it, and no call was made."""
    return Outcome(OutcomeKind.ENDPOINT_REFUSED, message=f"the endpoint {why}")


def _unconnected(message: str) -> Outcome:
    return Outcome(OutcomeKind.CONNECTION_FAILED, message=message)


def reason_of(error: OSError) -> str:
    """A socket's failure in words that hold no address."""
    if error.errno is None:
        return "the connection failed"
    # Not str(error): it names the address.
    return _WORDS.get(error.errno) or clean_message(os.strerror(error.errno).lower())
