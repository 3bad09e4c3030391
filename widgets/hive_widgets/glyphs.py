"""One glyph, one word and one colour role for each state; nothing on a screen is told by colour alone.

Nothing here knows a theme: a role is a name (`hive-bad`), which `hive_widgets.roles` turns into a style.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hive_console.core.states import BreakerState, ModelStatus, Severity


class Role(Enum):
    """What a colour means; the value is the theme variable that holds it."""

    PLAIN = "hive-plain"
    MUTED = "hive-muted"
    GOOD = "hive-good"
    WARN = "hive-warn"
    BAD = "hive-bad"
    HELD = "hive-held"  # held by hand: pinned, isolated, acknowledged
    ACCENT = "hive-accent"
    TRACE = "hive-trace"  # lines of charts


@dataclass(frozen=True, slots=True)
class Mark:
    """How a state is shown.

    Attributes:
        glyph: one cell wide.
        ascii_glyph: the same for terminals without Unicode (`TERM=linux`).
        word: for people; upper case where it must be seen.
        role: the meaning of its colour.
    """

    glyph: str
    ascii_glyph: str
    word: str
    role: Role


STATUS_MARKS = {
    ModelStatus.AVAILABLE: Mark("●", "o", "OK", Role.GOOD),
    ModelStatus.DEGRADED: Mark("▲", "!", "DEGRADED", Role.WARN),
    ModelStatus.UNAVAILABLE: Mark("✖", "X", "DOWN", Role.BAD),
    ModelStatus.UNKNOWN: Mark("?", "?", "UNKNOWN", Role.MUTED),
}

BREAKER_MARKS = {
    BreakerState.CLOSED: Mark("─", "-", "CLOSED", Role.PLAIN),
    BreakerState.OPEN: Mark("╱", "/", "OPEN", Role.BAD),
    BreakerState.HALF_OPEN: Mark("╌", "~", "HALF", Role.WARN),
    BreakerState.ISOLATED: Mark("║", "#", "ISOLATED", Role.HELD),
    BreakerState.METRICS_ONLY: Mark("┄", ":", "METRICS", Role.MUTED),
    BreakerState.DISABLED: Mark("·", ".", "OFF", Role.MUTED),
}

RAMP = Mark("▃", "%", "RAMP", Role.WARN)
"""A closed breaker whose model gets its traffic back in steps."""

FROZEN = Mark("Z", "Z", "FROZEN", Role.HELD)
"""A breaker that only an operator moves."""

SEVERITY_MARKS = {
    Severity.INFO: Mark("·", ".", "info", Role.MUTED),
    Severity.WARNING: Mark("▲", "!", "warning", Role.WARN),
    Severity.ERROR: Mark("■", "E", "ERROR", Role.BAD),
    Severity.CRITICAL: Mark("✖", "X", "CRITICAL", Role.BAD),
}

ACKNOWLEDGED = Mark("✔", "v", "acknowledged", Role.HELD)
RESOLVED = Mark("○", "-", "resolved", Role.MUTED)
SILENCED = Mark("◌", "z", "silenced", Role.HELD)
INHIBITED = Mark("╰", "^", "explained", Role.MUTED)
PENDING = Mark("…", "~", "pending", Role.MUTED)
FLAPPING = Mark("≈", "~", "flapping", Role.WARN)
CHANNEL_WELL = Mark("●", "o", "OK", Role.GOOD)
CHANNEL_WAITING = Mark("▲", "!", "WAITING", Role.WARN)
CHANNEL_RETRYING = Mark("↻", "r", "RETRYING", Role.WARN)
CHANNEL_FAILING = Mark("✖", "X", "FAILING", Role.BAD)
GAP = Mark("·", ".", "no data", Role.MUTED)
"""Drawn where nothing was measured; never zero."""
