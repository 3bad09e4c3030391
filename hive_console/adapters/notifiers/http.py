"""Sends one bounded HTTP request for a notice and says what came of it. Knows no service.

It goes over the wire of the calls to models: the same rules of which addresses may be called, the same bounds of
headers and waits, redirects off, no proxy of the environment. A library of its own would be a second set of those,
and loading it would hold the engine's loop for a tenth of a second (ADR 0024).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver

from hive_console.adapters.endpoints import EndpointRules
from hive_console.adapters.notifiers.hiding import hidden
from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.providers.retry_after import retry_after_of
from hive_console.adapters.transport.clocks import Clocks
from hive_console.adapters.transport.wire import Received, Wire
from hive_console.core.errors import ProviderError
from hive_console.core.gateway_settings import NetworkSettings
from hive_console.core.outcome import OutcomeKind

ANSWER_CAP = 4 * 1024
"""Bytes of an answer that are read: its status decides, and a person reads one line of the rest."""

ANSWER_SECONDS = 2.0
"""Seconds an answer's body may take after its status."""

JSON_HEADERS = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent; nothing of it shows in its `repr`.

    Attributes:
        url: where to.
        body: what; a GET where there is none.
        headers: beside the usual ones.
        may_repeat: whether the receiver takes the same twice as once, so that a connection that was closed under
            our hands may be tried anew at once.
    """

    url: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: JSON_HEADERS, repr=False)
    may_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What came back.

    Attributes:
        status: the HTTP status; `None` where no answer came.
        text: the beginning of the answer's body, as it came: hostile, and maybe with our own words in it.
        retry_after: seconds the other side asks to wait, 0..900.
        failure: why no answer came, in words without an address; `""` where one came.
        is_forbidden: whether the settings forbid the address: nothing was sent.
    """

    status: int | None = None
    text: str = field(default="", repr=False)
    retry_after: float | None = None
    failure: str = ""
    is_forbidden: bool = False


class Outgoing:
    """The connections of all channels; opens at the first send, on the loop that sends.

    Args:
        network: which addresses may be called.
        now: Unix seconds, for dates in `Retry-After`.
        secrets: exact texts to keep out of what is told.
        resolver: who knows the hosts' names; the system's own when left out.
    """

    def __init__(
        self,
        network: NetworkSettings,
        *,
        now: Callable[[], float],
        secrets: Callable[[], tuple[str, ...]] = tuple,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.rules = EndpointRules(network.allowed_endpoints)
        self._now = now
        self._secrets = secrets
        self._resolver = resolver
        self._wire: Wire | None = None

    def use(self, network: NetworkSettings) -> None:
        """Other rules of which addresses may be called, from the next send on."""
        self.rules = EndpointRules(network.allowed_endpoints)
        if self._wire is not None:
            self._wire.use(self.rules)

    async def close(self) -> None:
        """Closes every connection; a later send opens anew."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.__aexit__(None, None, None)

    async def send(self, post: Post, seconds: float) -> Said:
        """Sends it and waits at most so many seconds for the answer's status; never raises for the other side."""
        wire = await self._opened()
        clocks = Clocks(seconds, total=seconds)
        method = "GET" if post.body is None else "POST"
        request = HttpRequest(method, post.url, post.headers, post.body)
        try:
            received = await wire.send(request, clocks, may_repeat=post.may_repeat)
        except ProviderError as error:
            outcome = error.outcome
            return Said(failure=outcome.message, is_forbidden=outcome.kind is OutcomeKind.ENDPOINT_REFUSED)
        try:
            text = await _beginning(received)
        finally:
            received.close()
        return Said(received.status, text, retry_after_of(received.headers, self._now()))

    def told(self, said: Said, post: Post) -> str:
        """What people may read of it: one short line without an address, a secret or a part of what was sent."""
        return said.failure or hidden(said.text, post.url, self._secrets(), sent=post.body or b"")

    async def _opened(self) -> Wire:
        if self._wire is None:
            wire = Wire(self.rules, self._resolver)
            self._wire = wire  # before the wait: two channels that begin at once share it
            await wire.__aenter__()
        return self._wire


async def _beginning(received: Received) -> str:
    body = bytearray()
    if received.is_plain:
        # What came of a body that is cut off or too slow says as much as is needed.
        with suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while len(body) < ANSWER_CAP and (chunk := await received.next_bytes()):
                    body += chunk
    return bytes(body[:ANSWER_CAP]).decode("utf-8", "replace")
