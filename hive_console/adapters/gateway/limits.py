"""The gateway's limits that no setting names; tests shorten them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client can take from us at most.

    Attributes:
        body_timeout: seconds a request's body may take. 30: loopback needs milliseconds, and a client that
            stopped in the middle would hold its place for ever.
        stall_timeout: seconds a client may leave a stream unread before it counts as gone. 60: a reader
            stopped for longer holds one of the model's few places while others wait.
        idle_timeout: seconds a connection may stay without a complete request. 120: longer than common
            clients keep idle connections (Go: 90), so that they close first and never write into a closed one.
        lingering_time: seconds for which the rest of a refused body is read and thrown away, so that its
            client gets to read why. 1: a loopback client has noticed by then.
        max_requests: requests handled at once; more get 503. 2000: twice the engine's default queue, a
            bound for memory and not for load, which the engine sheds by itself.
        flush_timeout: seconds for the last bytes of finished answers when the gateway stops. 1: they are
            already in the kernel's hands, or nobody reads them.
    """

    body_timeout: float = 30.0
    stall_timeout: float = 60.0
    idle_timeout: float = 120.0
    lingering_time: float = 1.0
    max_requests: int = 2000
    flush_timeout: float = 1.0
