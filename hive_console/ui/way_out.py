"""What becomes of the engine when its screen is left."""

from __future__ import annotations

from enum import Enum


class Tie(Enum):
    """How a console and its engine hang together."""

    SHARED_END = "shared-end"  # a demo: both end together
    HOUSE = "house"  # one process: the engine can go on without its screen
    GUEST = "guest"  # two processes: leaving ends nothing
