"""A file that holds nothing but room: deleted when the disk is full, so that there is some to make more with.

A full disk refuses even what would free it: deletions and checkpoints need pages of the log first.
"""

from __future__ import annotations

import os
from pathlib import Path

from hive_storage.disk import EASE, MIB, Space, space_of, tight_below

BALLAST_NAME = "ballast"
"""The file, in the data folder."""

LARGEST = 64 * MIB
"""Bytes it has on a large disk."""

_SHARE = 20
"""It takes at most a twentieth of the disk ..."""

_SHARE_FOR_LOG = 4
"""... or up to a quarter of a very small one, where twice the log asks for that."""

LOG_HIGH_WATER = 4 * MIB
"""What a log grows to before it is checkpointed (1,000 pages), which twice did not always do: a ballast of 2 MB
failed where one of 8 MB worked."""

_PRIVATE = 0o600


def ballast_size(total: int, log: int = LOG_HIGH_WATER) -> int:
    """Bytes of the ballast on a disk of `total` bytes, beside logs that have reached `log` bytes."""
    return min(LARGEST, max(total // _SHARE, min(2 * log, total // _SHARE_FOR_LOG)))


def has_room(space: Space, size: int) -> bool:
    """Whether the disk is still well when a ballast of `size` bytes is made."""
    return space.free - size > tight_below(space.total) * EASE


def keep_ballast(folder: Path, log: int = LOG_HIGH_WATER) -> bool:
    """Makes the ballast where it is missing and there is enough room; whether it is there.

    Takes as long as the disk takes to allocate it: call it on a thread. Raises `OSError` where the disk refuses.
    """
    path = folder / BALLAST_NAME
    space = space_of(folder)
    size = ballast_size(space.total, log)
    held = _held(path)
    if held >= size:
        return True
    if not has_room(space, size - held):
        return held > 0
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _PRIVATE)
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return True


def drop_ballast(folder: Path) -> int:
    """Gives its bytes to the disk; returns how many. 0 where there was none."""
    path = folder / BALLAST_NAME
    held = _held(path)
    path.unlink(missing_ok=True)
    return held


def _held(path: Path) -> int:
    """Bytes that it really takes: a sparse file holds nothing."""
    try:
        return path.lstat().st_blocks * 512
    except FileNotFoundError:
        return 0
