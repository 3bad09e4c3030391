"""The gateway's limits that no setting names; tests shorten them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client can take from us at most.

    Attributes:
        head_timeout: seconds from a connection's first moment, or from the first byte of a later request, until
            the request's headers must be complete. 10: loopback needs microseconds, a bad line a few seconds, and
            whoever drips them byte by byte would hold a connection for ever.
        body_timeout: seconds a request's body may take. 30: loopback needs milliseconds, and a client that
            stopped in the middle would hold its place for ever.
        stall_timeout: seconds a client may leave an answer unread before it counts as gone. 60: a reader
            stopped for longer holds one of the model's few places while others wait.
        idle_timeout: seconds a connection may stay without a request. 120: longer than common clients keep
            idle connections (Go: 90), so that they close first and never write into a closed one.
        lingering_time: seconds for which the rest of a refused body is read and thrown away, so that its
            client gets to read why. 1: a loopback client has noticed by then.
        max_connections: connections at once; more get 503 and are closed. 4000: twice the requests.
        max_requests: requests handled at once; more get 503. 2000: twice the engine's default queue, a
            bound for memory and not for load, which the engine sheds by itself.
        max_headers: headers of one request. 100: the official clients send about twenty.
        max_field: bytes of the request line and of one header, name included. 8190, as Apache has it.
        flush_timeout: seconds for the last bytes of finished answers when the gateway stops, twice at most. 0.25:
            they are already in the kernel's hands, or nobody reads them; the end of the process waits for them.
        goodbye_timeout: seconds in which a client whose stream the stop ends may read why. 0.2: what is in the
            way are the last few kilobytes of its own stream.
    """

    head_timeout: float = 10.0
    body_timeout: float = 30.0
    stall_timeout: float = 60.0
    idle_timeout: float = 120.0
    lingering_time: float = 1.0
    max_connections: int = 4000
    max_requests: int = 2000
    max_headers: int = 100
    max_field: int = 8190
    flush_timeout: float = 0.25
    goodbye_timeout: float = 0.2
