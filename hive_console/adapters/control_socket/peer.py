"""Who is at the other end, as the kernel attests it, and whether they may ask."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from dataclasses import dataclass

from hive_console.adapters.control_socket.place import ROOT
from hive_console.adapters.identity import login_name

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


@dataclass(frozen=True, slots=True)
class Peer:
    """A process at the other end; `pid` is 0 where the system does not tell."""

    pid: int
    uid: int

    @property
    def name(self) -> str:
        """The account's name."""
        return login_name(self.uid)


def peer_of(writer: asyncio.StreamWriter) -> Peer:
    """Who is there (SO_PEERCRED); where no kernel tells (macOS), the socket's mode has checked already."""
    sock = writer.get_extra_info("socket")
    option = getattr(socket, "SO_PEERCRED", None)
    if sock is None or option is None:
        return Peer(0, os.getuid())
    pid, uid, _gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    return Peer(pid, uid)


def may_ask(uid: int) -> bool:
    """Whether the user with this id may ask the engine of this process."""
    return uid in {os.getuid(), ROOT}
