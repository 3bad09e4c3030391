"""Who may come in: no web page, nobody from another machine, and with a token only who sends it.

A page on any site can make a browser send requests to loopback. Those carry an `Origin` header, or, when the
page's own name was made to resolve to loopback (DNS rebinding), that name in `Host`. Programs send neither.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from hive_console.adapters.gateway.exchange import Headers, Request
from hive_console.adapters.gateway.failures import AUTHENTICATION, PERMISSION, SERVER, Failure, RequestRefused
from hive_console.core.errors import HiveError

_CROSS_SITE = frozenset({"cross-site", "same-site"})

_NO_TOKEN = Failure(
    401,
    AUTHENTICATION,
    "the gateway's token is missing or wrong; send it as the API key (Authorization: Bearer, or x-api-key)",
    code="invalid_api_key",
    challenges=True,
)
_LOST_TOKEN = Failure(
    503, SERVER, "the gateway's own token cannot be read; see gateway.token in its settings", code="no_token"
)


class Doorkeeper:
    """Checks a request's headers before anything else is looked at.

    Args:
        token: gives the token that callers must send; asked on each request, so that a replaced token file
            counts at once. `None` asks for none, and then only requests for loopback are let in.
    """

    def __init__(self, token: Callable[[], str] | None) -> None:
        self._token = token

    def check(self, request: Request, *, is_open: bool) -> None:
        """Raises `RequestRefused`, with 401 or 403, for whom may not come in.

        Args:
            request: its headers.
            is_open: whether what it asks for is answered without a token.
        """
        headers = request.headers
        if headers.get("Origin") is not None or (headers.get("Sec-Fetch-Site") or "").lower() in _CROSS_SITE:
            raise _refused("requests from web pages are not served (an Origin or Sec-Fetch-Site header came)")
        if self._token is None:
            hosts = request.hosts()
            if len(hosts) != 1 or not is_loopback(hosts[0]):
                raise _refused("the Host header must name this machine's loopback: 127.0.0.1, localhost or [::1]")
        elif not is_open:
            _check_token(headers, self._token)


def _check_token(headers: Headers, token: Callable[[], str]) -> None:
    """A page that rebinds a name knows no token, so the Host header does not matter here."""
    try:
        wanted = token().encode()
    except HiveError:
        wanted = b""
    if not wanted:  # never compared: an empty token would let everybody in
        raise RequestRefused(_LOST_TOKEN)
    scheme, _, bearer = (headers.get("Authorization") or "").partition(" ")
    sent = bearer.strip() if scheme.lower() == "bearer" else ""
    key = headers.get("x-api-key") or ""
    # Both are compared in full, whichever was sent, and each in the same time wherever the first difference is.
    is_bearer = hmac.compare_digest(sent.encode("utf-8", "surrogateescape"), wanted)
    is_key = hmac.compare_digest(key.encode("utf-8", "surrogateescape"), wanted)
    if not (is_bearer or is_key):
        raise RequestRefused(_NO_TOKEN)


def is_loopback(host: str) -> bool:
    """Whether a `Host` header's value names the loopback interface; never resolves a name."""
    if host.startswith("127.0.0.1:") and host[10:].isdecimal():  # nearly every request: no need to parse it
        return True
    try:
        name = urlsplit(f"//{host}").hostname
        if name is None or "@" in host or "/" in host:
            return False
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refused(message: str) -> RequestRefused:
    return RequestRefused(Failure(403, PERMISSION, message, code="not_local"))
