"""Where an engine's control socket is, and who may get at it; both sides ask here."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from pathlib import Path

from hive_console.core.errors import HiveError

SOCKET_NAME = "control.sock"

PATH_LIMIT = 100
"""Bytes a socket's path may have; the kernel takes 107 (macOS: 103)."""

ROOT = 0


class ControlSocketError(HiveError):
    """The control socket cannot be opened; the message says why and what to do."""


def socket_path(folder: Path) -> Path:
    """Where the control socket of the engine with this data folder is.

    It is in the folder, unless that path is too long for a socket: then in a private folder of the folder's
    owner under the system's temporary one, named by a hash of the data folder.
    """
    folder = folder.absolute()
    inside = folder / SOCKET_NAME
    if len(os.fsencode(inside)) <= PATH_LIMIT:
        return inside
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hive-console-{owner_of(folder)}" / f"{name}.sock"


def owner_of(folder: Path) -> int:
    """The user id of the folder's owner; ours where there is no such folder."""
    try:
        return folder.stat().st_uid
    except OSError:
        return os.getuid()


def bound(path: Path) -> socket.socket:
    """A socket bound to the path with mode 0600, not yet listening: nobody gets in before the mode is set.

    Raises:
        ControlSocketError: the path cannot be taken.
    """
    try:
        return _bound(path)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise ControlSocketError(
            f"the control socket {path} cannot be opened: {reason}; check the folder's owner and mode"
        ) from exc


def _bound(path: Path) -> socket.socket:
    if path.name != SOCKET_NAME:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not is_private(path.parent, os.getuid()):
            raise ControlSocketError(
                f"{path.parent} is not a private folder of this user; remove it, or use a shorter path with --data"
            )
    if path.is_socket():
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.bind(str(path))
        path.chmod(0o600)
    except BaseException:
        sock.close()
        raise
    return sock


def is_private(folder: Path, owner: int) -> bool:
    """Whether only its owner or root can enter; the temporary folder is everybody's, so anyone can lay traps."""
    info = folder.lstat()
    return stat.S_ISDIR(info.st_mode) and info.st_uid in {owner, ROOT} and not info.st_mode & 0o077


def file_identity(path: Path) -> tuple[int, int] | None:
    """Which file is there now: another one after it was replaced."""
    try:
        info = path.lstat()
    except OSError:
        return None
    return info.st_dev, info.st_ino
