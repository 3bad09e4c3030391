"""Turns host names into addresses that may be called: what is checked here is what is connected to.

A name's owner can let it lead anywhere, and elsewhere at the next look (DNS rebinding). So the check is made on the
answer itself, for each new answer, and the connection goes to the address that passed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from aiohttp.abc import AbstractResolver, ResolveResult

from hive_console.adapters.endpoints import EndpointRules


class AddressRefused(OSError):
    """A name leads only to addresses that may not be called; `why` says so, and names no address."""

    def __init__(self, why: str) -> None:
        super().__init__(None, why)
        self.why = why


class GuardedResolver(AbstractResolver):
    """Asks another resolver and leaves out what may not be called.

    Args:
        inner: who knows the names; closed with this one.
        rules: what is allowed now; asked at each resolution, because the settings may be read anew.
    """

    def __init__(self, inner: AbstractResolver, rules: Callable[[], EndpointRules]) -> None:
        self._inner = inner
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses that may be called; raises `AddressRefused` when there are others only."""
        rules = self._rules()
        allowed: list[ResolveResult] = []
        why = ""
        for found in await self._inner.resolve(host, port, family):
            refusal = rules.refusal_of_address(host, found["host"])
            if refusal:
                why = why or refusal
            else:
                allowed.append(found)
        if why and not allowed:
            raise AddressRefused(why)
        return allowed

    async def close(self) -> None:
        """Closes the other resolver."""
        await self._inner.close()
