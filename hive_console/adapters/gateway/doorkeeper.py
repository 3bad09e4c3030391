"""Keeps web pages out: the gateway has no password, so a browser on this machine must not be a way in.

A page on any site can make a browser send requests to loopback. Those carry an `Origin` header, or, when the
page's own name was made to resolve to loopback (DNS rebinding), that name in `Host`. Programs send neither.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from hive_console.adapters.gateway.failures import PERMISSION, Failure, RequestRefused

_CROSS_SITE = frozenset({"cross-site", "same-site"})


def check_origin(request: web.Request) -> None:
    """Refuses, with 403, what comes from a web page or asks for another host than loopback."""
    headers = request.headers
    if "Origin" in headers or headers.get("Sec-Fetch-Site", "").lower() in _CROSS_SITE:
        raise _refused("requests from web pages are not served (an Origin or Sec-Fetch-Site header came)")
    hosts = headers.getall("Host", [])
    if len(hosts) != 1 or not is_loopback(hosts[0]):
        raise _refused("the Host header must name this machine's loopback: 127.0.0.1, localhost or [::1]")


def is_loopback(host: str) -> bool:
    """Whether a `Host` header's value names the loopback interface; never resolves a name."""
    try:
        name = urlsplit(f"//{host}").hostname
        if name is None or "@" in host or "/" in host:
            return False
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refused(message: str) -> RequestRefused:
    return RequestRefused(Failure(403, PERMISSION, message, code="not_local"))
