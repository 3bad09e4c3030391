"""How much of a recording's time a screen shows at once, and how far its keys go."""

from __future__ import annotations

from dataclasses import dataclass

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much time the line shows, and how far steps go, all in seconds."""

    line: float
    step: float
    leap: float


SCALES = (
    Scale(3_600.0, 10.0, 600.0),
    Scale(21_600.0, 60.0, 3_600.0),
    Scale(_DAY, 600.0, 21_600.0),
    Scale(7 * _DAY, 3_600.0, _DAY),
)
"""From the finest, whose step is the shortest window that is kept, to a week at a glance."""
