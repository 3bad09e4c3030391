"""The engine's Unix socket: another process of the same user asks for the fleet, or attaches a console to it.

The language is `core.console_wire`, one JSON object a line. `server` and `session` are the engine's side; `asking`
asks once, `link` is a console's connection.
"""

from __future__ import annotations

from hive_console.adapters.control_socket.asking import (
    EngineNotReachable,
    ask_to_do,
    ask_to_reload,
    fetch_snapshot,
)
from hive_console.adapters.control_socket.link import Link, LinkLost, attach_to
from hive_console.adapters.control_socket.peer import may_ask
from hive_console.adapters.control_socket.place import PATH_LIMIT, SOCKET_NAME, ControlSocketError, socket_path
from hive_console.adapters.control_socket.server import LINE_LIMIT, MAX_CONNECTIONS, ControlServer

__all__ = [
    "LINE_LIMIT",
    "MAX_CONNECTIONS",
    "PATH_LIMIT",
    "SOCKET_NAME",
    "ControlServer",
    "ControlSocketError",
    "EngineNotReachable",
    "Link",
    "LinkLost",
    "ask_to_do",
    "ask_to_reload",
    "attach_to",
    "fetch_snapshot",
    "may_ask",
    "socket_path",
]
