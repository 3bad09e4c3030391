"""How much room the disk has, and what that means for the recording. Decides, and touches nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

MIB = 1024**2

TIGHT_FREE = 2 * 1024 * MIB
"""Bytes free below which old days go, on a disk that is large."""

TIGHT_SHARE = 0.10
"""The same as a share of a disk that is small (20 GiB and less): there two gigabytes would be most of it."""

CRITICAL_FREE = 512 * MIB
"""Bytes free below which requests are not kept: what is left is for what must be."""

CRITICAL_SHARE = 0.05
"""The same as a share of a small disk."""

EASE = 1.25
"""How much more than that must be free before the word is taken back, so that it does not change each second."""


class Room(Enum):
    """What the free space means."""

    WELL = "well"
    TIGHT = "tight"  # old days go before their time
    CRITICAL = "critical"  # requests are not kept


@dataclass(frozen=True, slots=True)
class Space:
    """The file system of a folder.

    Attributes:
        total: its bytes.
        free: bytes that we may still take.
    """

    total: int
    free: int


def space_of(folder: Path) -> Space:
    """Asks the system; raises `OSError` where it does not say."""
    told = os.statvfs(folder)
    return Space(total=told.f_blocks * told.f_frsize, free=told.f_bavail * told.f_frsize)


def tight_below(total: int) -> int:
    """Bytes free below which a disk of `total` bytes is tight."""
    return min(TIGHT_FREE, int(total * TIGHT_SHARE))


def critical_below(total: int) -> int:
    """Bytes free below which it is critical."""
    return min(CRITICAL_FREE, int(total * CRITICAL_SHARE))


def room_in(space: Space, before: Room = Room.WELL) -> Room:
    """What the free space means now; `before` is what it meant at the last look."""
    if space.free < critical_below(space.total) * (EASE if before is Room.CRITICAL else 1):
        return Room.CRITICAL
    if space.free < tight_below(space.total) * (1 if before is Room.WELL else EASE):
        return Room.TIGHT
    return Room.WELL
