"""One difference between two settings, before it is told with the part of the file that it is in."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class ChangeKind(Enum):
    """What became of the thing that a change is about."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"  # the same things stand in another order


class Difference(NamedTuple):
    """One difference; fields as in `settings_diff.Change`."""

    kind: ChangeKind
    subject: str = ""
    key: str = ""
    old: str = ""
    new: str = ""
