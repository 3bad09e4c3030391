"""What calls a person who looks elsewhere: the window's title, and the bell on a new critical alert."""

from __future__ import annotations

from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import Severity
from hive_console.core.text import clean
from hive_console.ui.terminal import TITLE_LIMIT

QUIET_FOR = 30.0
"""Seconds between two rings: an outage raises a dozen alerts within one, and one ring has been heard."""


class Attention:
    """Watches the alerts of successive snapshots.

    Acknowledged alerts are somebody's already: they neither count nor ring, and neither do those that
    were there when the console came.
    """

    def __init__(self, *, is_muted: bool = False) -> None:
        """Begins to watch; muted, only the title changes."""
        self.is_muted = is_muted
        self._known: frozenset[str] | None = None
        self._rang_at = float("-inf")

    def rings(self, fleet: FleetSnapshot, now: float) -> bool:
        """Whether the bell rings for what is new in this snapshot; `now` in seconds never goes back."""
        if not fleet.sequence or past_of(fleet) is not None:
            return False
        waiting = frozenset(_waiting(fleet))
        known, self._known = self._known, waiting
        if known is None or waiting <= known or self.is_muted or now - self._rang_at < QUIET_FOR:
            return False
        self._rang_at = now
        return True


def window_title(fleet: FleetSnapshot) -> str:
    """As in `(2) HIVE prod`: how many critical alerts wait for somebody, and where; it orders nothing."""
    past = past_of(fleet)
    if past is not None:
        return _harmless(f"HIVE review {past.name}")
    count = len(_waiting(fleet))
    return _harmless(f"{f'({count}) ' if count else ''}HIVE {fleet.environment}".rstrip())


def title_sequence(title: str) -> str:
    """What sets the window's title; ends in ST, which no text within can hold."""
    return f"\x1b]2;{_harmless(title)}\x1b\\"


def _harmless(text: str) -> str:
    """Only what is printable, whatever came: what would be visible on a screen may mean something to a window."""
    return "".join(sign for sign in clean(text, TITLE_LIMIT) if sign.isprintable())


def _waiting(fleet: FleetSnapshot) -> list[str]:
    return [
        alert.alert_id for alert in fleet.alerts if alert.severity is Severity.CRITICAL and alert.wants_attention
    ]
