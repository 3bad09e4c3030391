"""A loopback port that is kept for a server's whole life, and refuses connections while the server is out."""

from __future__ import annotations

import socket
import sys

LOOPBACK = "127.0.0.1"

BACKLOG = 128
"""Connections the kernel keeps for us while the loop is busy; asyncio's own default."""


def _bound_socket(port: int) -> socket.socket:
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform != "linux" and hasattr(socket, "SO_REUSEPORT"):
            # Elsewhere two sockets share an address only with this; on Linux it would let a second server in.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((LOOPBACK, port))
    except BaseException:
        held.close()
        raise
    return held


class Port:
    """Holds a port with a bound socket that never listens: the kernel refuses connections to it, and gives the
    number to nobody else, while the listening socket beside it comes and goes.

    `OSError` when the port is taken.
    """

    def __init__(self, number: int = 0) -> None:
        self._anchor = _bound_socket(number)
        self._listener: socket.socket | None = None
        self.number: int = self._anchor.getsockname()[1]

    def open(self) -> None:
        """From now on the kernel accepts connections and keeps them until a server takes the listener."""
        if self._listener is None:
            self._listener = self._listening_socket()

    def take(self) -> socket.socket:
        """The listening socket, opened if it was not; whoever takes it closes it."""
        listener, self._listener = self._listener, None
        return listener or self._listening_socket()

    def close(self) -> None:
        """Refuses connections, unless somebody took the listener."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def release(self) -> None:
        """Gives the port back."""
        self.close()
        self._anchor.close()

    def _listening_socket(self) -> socket.socket:
        listener = _bound_socket(self.number)
        try:
            listener.listen(BACKLOG)
            listener.setblocking(False)
        except BaseException:
            listener.close()
            raise
        return listener
