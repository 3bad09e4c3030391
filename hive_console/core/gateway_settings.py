"""Settings of the two borders: where callers come in, and which endpoints may be called."""

from __future__ import annotations

from dataclasses import dataclass, field

from hive_console.core.bounds import within
from hive_console.core.errors import SettingsError

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that only programs on this machine reach."""

LONGEST_DRAIN = 600.0
"""Seconds a drain may take: longer than any answer, and a supervisor kills whoever takes longer."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where the gateway listens. An address that other machines reach needs a token to ask for.

    Attributes:
        host: an address of this machine.
        port: 1..65535, or 0 for any free port.
        max_body: bytes a request may have (8 MiB: room for a few images, 413 above).
        token: where the token is that callers must send, as `env:NAME` or `file:PATH`; `None` asks for none.
        drain: seconds that requests under way may go on for when the engine stops, 0 to 600. 1: with it a process
            that is told to end has ended within 3 s; whoever replaces it without cutting long answers waits longer.
    """

    host: str = "127.0.0.1"
    port: int = 8484
    max_body: int = 8 * 1024 * 1024
    token: str | None = field(default=None, repr=False)
    drain: float = 1.0

    def __post_init__(self) -> None:
        """Refuses every address that other machines could reach without a token."""
        if not self.is_local and self.token is None:
            raise SettingsError(
                "host",
                f"{self.host} is not a loopback address; use 127.0.0.1, or set gateway.token (a wider bind needs"
                " one)",
            )
        within("port", self.port, 0, 65_535)
        within("maxBody", self.max_body, 1024, 1024**3)
        within("drain", self.drain, 0, LONGEST_DRAIN)

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine can reach it."""
        return self.host in LOOPBACK_HOSTS


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Which endpoints may be called.

    Attributes:
        allowed_endpoints: hosts (`llm.internal`, `*.example.com`), addresses or networks (`10.0.0.0/8`) that may be
            called although they are private, or over plain http; empty allows https to public addresses, and
            loopback by its own name.
    """

    allowed_endpoints: tuple[str, ...] = ()
