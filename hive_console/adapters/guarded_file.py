"""Reads small files that must not be trusted blindly: no hanging on a FIFO, no endless file, no foreign hand in it.

The checks look at the opened file, not at the name, so that nobody can swap it in between.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)  # opening a FIFO would wait for its writer
_CLOSE_ON_EXEC = getattr(os, "O_CLOEXEC", 0)

WRITABLE_BY_OTHERS = 0o002
"""Mode bits that let anybody on the machine change a file."""

NOT_FOR_SECRETS = 0o137
"""Mode bits a secret's file must not have: anything for others, writing or running for the group."""


class UnusableFile(Exception):
    """Why a file cannot be used; `problem` names neither the file nor anything inside it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_guarded(path: Path, limit: int, *, forbidden_mode: int, advice: str) -> bytes:
    """Returns the content of a regular file of at most `limit` bytes; raises `UnusableFile` saying why not.

    Symbolic links are followed (Kubernetes mounts settings and secrets as links); what counts is the file
    behind them. A file of another user is refused unless that user is root or we are: who can change the
    settings decides where prompts and keys are sent.

    Args:
        path: the file.
        limit: the most bytes it may have.
        forbidden_mode: mode bits it must not have.
        advice: what to do about a forbidden mode, such as ``chmod 600``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NON_BLOCKING | _CLOSE_ON_EXEC)
    except (OSError, ValueError) as exc:
        raise UnusableFile(_reason(exc)) from exc
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise UnusableFile("is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise UnusableFile("is not a regular file")
        if os.name == "posix":
            _check_hands(status, forbidden_mode, advice)
        if status.st_size > limit:
            raise UnusableFile(f"has {status.st_size} bytes; at most {limit} are accepted")
        content = _read(descriptor, limit + 1)
    except OSError as exc:
        raise UnusableFile(_reason(exc)) from exc
    finally:
        os.close(descriptor)
    if len(content) > limit:  # it grew while we read
        raise UnusableFile(f"has more than {limit} bytes")
    return content


def _check_hands(status: os.stat_result, forbidden_mode: int, advice: str) -> None:
    if status.st_mode & forbidden_mode:
        raise UnusableFile(f"has mode {stat.S_IMODE(status.st_mode):04o}; {advice}")
    me = os.geteuid()
    if me != 0 and status.st_uid not in {0, me}:
        raise UnusableFile("belongs to another user; use a copy of your own")


def _read(descriptor: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := os.read(descriptor, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _reason(exc: OSError | ValueError) -> str:
    match exc:
        case FileNotFoundError() | NotADirectoryError():
            return "there is no such file"
        case PermissionError():
            return "may not be read by this user"
        case OSError(strerror=str(text)):
            return f"cannot be read ({text})"
        case _:  # a name with a zero byte
            return "has a name that no file can have"
