"""Which endpoints may be called: https to public addresses, this machine by its own name, and what is listed.

A key and a prompt go to whatever address a name leads to. So a name may lead to public addresses only, unless
the settings say otherwise (`network.allowedEndpoints`), and this machine is called only by whoever spells it out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from enum import Enum
from urllib.parse import urlsplit

from hive_console.core.errors import SettingsError

MAX_ALLOWED = 1000
"""Entries of the list: each address is compared with every network in it."""

LISTING = "network.allowedEndpoints"
"""What every refusal names: the setting that would allow it."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,126}}")
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?")
"""How C libraries read addresses that are none to us (127.1, 0x7f.1, 2130706433); WHATWG: "ends in a number"."""

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's wire server, a public address by its number
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # Amazon
        "fd20:ce::254",  # Google
    )
)
"""Where clouds hand out credentials beside 169.254.169.254, which is link-local like its neighbours."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_LOW_32 = 0xFFFF_FFFF


class Flaw(Enum):
    """Why an address is not public; values are how messages call it."""

    LOOPBACK = "a loopback address"
    UNSPECIFIED = "the unspecified address"
    LINK_LOCAL = "a link-local address"
    MULTICAST = "a multicast address"
    METADATA = "a cloud's metadata address"
    PRIVATE = "a private address"
    RESERVED = "a reserved address"


_NEVER_BY_NAME = frozenset({Flaw.LOOPBACK, Flaw.UNSPECIFIED, Flaw.LINK_LOCAL, Flaw.MULTICAST, Flaw.METADATA})
"""Where not even a listed name may lead: whoever answers for the name could reach this machine's own services."""


class EndpointRules:
    """Judges endpoints by their URL and, once a name is resolved, by the very address that will be called.

    Args:
        allowed: hosts (`llm.internal`, `*.example.com`), addresses and networks; raises `SettingsError` for others.
    """

    __slots__ = ("_hosts", "_networks", "_suffixes")

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        if len(allowed) > MAX_ALLOWED:
            raise SettingsError("allowedEndpoints", f"has {len(allowed)} entries; at most {MAX_ALLOWED}")
        hosts: set[str] = set()
        suffixes: list[str] = []
        networks: list[Network] = []
        for entry in allowed:
            read = read_entry(entry)
            if not isinstance(read, str):
                networks.append(read)
            elif read.startswith("*"):
                suffixes.append(read[1:])
            else:
                hosts.add(read)
        self._hosts = frozenset(hosts)
        self._suffixes = tuple(suffixes)
        self._networks = tuple(networks)

    def refusal_of_url(self, url: str) -> str:
        """Why this URL is never called, as a sentence about it, or ``""``; a name is judged again when resolved."""
        try:
            parts = urlsplit(url)
            host = parts.hostname if parts.port != 0 else None
        except ValueError:
            return "is no URL"
        if parts.scheme not in {"http", "https"} or not host:
            return "is no http or https URL"
        literal = address_of(host)
        if literal is None:
            return self._refusal_of_name(parts.scheme, host)
        if is_loopback(host) or self._lists(literal):
            return ""
        flaw = flaw_of(literal)
        if flaw is not None:
            return f"is {flaw.value}; if it is meant, add it to {LISTING}"
        return "" if parts.scheme == "https" else _plain_http()

    def refusal_of_address(self, host: str, text: str) -> str:
        """Why `host` may not be called at the address it was resolved to, or ``""``; the address is not told."""
        address = address_of(text)
        if address is None:
            return "its name leads to no address"
        if self._lists(address):
            return ""
        flaw = flaw_of(address)
        if flaw is None or (flaw is Flaw.LOOPBACK and host == "localhost"):
            return ""
        if flaw in _NEVER_BY_NAME:
            return f"its name leads to {flaw.value}; if it is meant, add that address to {LISTING}"
        return "" if self._names(host) else f"its name leads to {flaw.value}; if it is meant, add it to {LISTING}"

    def _refusal_of_name(self, scheme: str, host: str) -> str:
        if _ENDS_IN_A_NUMBER.fullmatch(host):
            return "is an odd spelling of an address; write it plainly, such as 127.0.0.1"
        plain = host.rstrip(".")
        if host != "localhost" and (plain == "localhost" or plain.endswith(".localhost")):
            return "is another name of this machine; write localhost or 127.0.0.1"
        return "" if scheme == "https" or host == "localhost" or self._names(host) else _plain_http()

    def _names(self, host: str) -> bool:
        name = host.lower().removesuffix(".")
        return name in self._hosts or any(name.endswith(suffix) and name != suffix for suffix in self._suffixes)

    def _lists(self, address: Address) -> bool:
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return any(address in network or (mapped is not None and mapped in network) for network in self._networks)


def read_entry(entry: str) -> str | Network:
    """A list's entry: a host or `*.domain` in small letters, or a network (one address is one, too).

    Raises `SettingsError` that says what would be right, and repeats nothing.
    """
    text = entry.strip().lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if "://" in text:
        raise SettingsError("allowedEndpoints", "holds a URL; write the host alone, without scheme, port and path")
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        pass
    else:
        if network.prefixlen == 0:
            raise SettingsError("allowedEndpoints", "allows every address; name the networks that are meant")
        return network
    wildcard, host = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    if not _HOST.fullmatch(host) or _ENDS_IN_A_NUMBER.fullmatch(host):
        raise SettingsError(
            "allowedEndpoints",
            "holds what is neither a host (llm.internal), a domain (*.example.com), an address nor a network"
            " (10.0.0.0/8, without bits beyond its length)",
        )
    return wildcard + host


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very spelling (localhost, 127.0.0.1, ::1); no resolver is asked."""
    if host == "localhost":
        return True
    address = address_of(host)
    return address is not None and address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def address_of(host: str) -> Address | None:
    """The address that `host` plainly is, or `None` for names and for spellings that only C libraries know."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def flaw_of(address: Address) -> Flaw | None:
    """Why an address is not public, or `None`; of one that carries another (mapped, NAT64, 6to4) both count."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return flaw_of(address.ipv4_mapped)
        if address in _NAT64:  # how networks without IPv4 reach all of it
            return flaw_of(ipaddress.IPv4Address(int(address) & _LOW_32))
        if address.is_site_local:
            return Flaw.PRIVATE
        for inner in _carried(address):
            flaw = flaw_of(inner)
            if flaw is not None:
                return flaw
    return _own_flaw(address)


def _carried(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    low = ipaddress.IPv4Address(int(address) & _LOW_32)
    if address in _LOCAL_NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return [low]
    if address.sixtofour is not None:
        return [address.sixtofour]
    return list(address.teredo or ())


def _own_flaw(address: Address) -> Flaw | None:
    checks = (
        (address.is_loopback, Flaw.LOOPBACK),
        (address.is_unspecified, Flaw.UNSPECIFIED),
        (address.is_link_local, Flaw.LINK_LOCAL),
        (address.is_multicast, Flaw.MULTICAST),
        (address in _METADATA, Flaw.METADATA),
        (address.is_reserved, Flaw.RESERVED),
        (address in _LOCAL_NAT64, Flaw.RESERVED),
        (not address.is_global, Flaw.PRIVATE),
    )
    return next((flaw for is_so, flaw in checks if is_so), None)


def _plain_http() -> str:
    return f"is plain http, where anybody on the way could read keys; write https://, or add its host to {LISTING}"
