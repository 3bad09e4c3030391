"""Opens a connection to a mail server: the address that was checked is the one that is called."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver

from hive_console.adapters.endpoints import EndpointRules, address_of
from hive_console.adapters.transport.failures import reason_of
from hive_console.adapters.transport.resolver import AddressRefused, GuardedResolver

SECONDS_EACH = 4.0
"""Seconds for one of several addresses: a name whose first address is dead still leads somewhere in time."""


@dataclass(frozen=True, slots=True)
class Number:
    """An address that may be called."""

    host: str
    family: socket.AddressFamily


class Unreachable(Exception):
    """No connection; `why` says so without an address.

    Attributes:
        is_forbidden: whether the settings forbid it, so that no later attempt fares better.
    """

    def __init__(self, why: str, *, is_forbidden: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_forbidden = is_forbidden


async def dial(
    host: str, port: int, rules: EndpointRules, resolver: AbstractResolver | None = None
) -> socket.socket:
    """A connected socket; raises `Unreachable`. The caller bounds the time by cancelling."""
    numbers = await _numbers(host, port, rules, resolver)
    why = "its name leads to no address"
    for number in numbers:
        opened = socket.socket(number.family, socket.SOCK_STREAM)
        opened.setblocking(False)
        try:
            async with asyncio.timeout(SECONDS_EACH if number is not numbers[-1] else None):
                await asyncio.get_running_loop().sock_connect(opened, (number.host, port))
        except TimeoutError:
            opened.close()
            why = "the connection timed out"
        except OSError as error:
            opened.close()
            why = reason_of(error)
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise Unreachable(why)


async def _numbers(host: str, port: int, rules: EndpointRules, resolver: AbstractResolver | None) -> list[Number]:
    literal = address_of(host)
    refusal = rules.refusal_of_url(
        f"https://[{host}]" if literal is not None and literal.version == 6 else f"https://{host}"
    )
    if refusal:
        raise Unreachable(f"the server {refusal}", is_forbidden=True)
    if literal is not None:
        return [Number(host, socket.AF_INET if literal.version == 4 else socket.AF_INET6)]
    guarded = GuardedResolver(resolver or ThreadedResolver(), lambda: rules)
    try:
        found = await guarded.resolve(host, port, socket.AF_UNSPEC)
    except AddressRefused as error:
        refused = error.why
    except OSError:
        raise Unreachable("the server's name cannot be resolved") from None
    else:
        return [Number(one["host"], socket.AddressFamily(one["family"])) for one in found]
    raise Unreachable(f"the server: {refused}", is_forbidden=True)
