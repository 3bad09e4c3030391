"""What calls a person who looks elsewhere: the window's title, the bell, and notices to this terminal."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from hive_console.core.alert_settings import ChannelKind
from hive_console.core.events import NoticeSettled
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.states import NoticeEnd, NoticeKind, Severity
from hive_console.engine.client import EventPage
from hive_console.ui.terminal import TITLE_LIMIT, harmless_line

QUIET_FOR = 30.0
"""Seconds between two rings: an outage raises a dozen alerts within one, and one ring has been heard."""


CALL_EVERY = 10.0
"""Seconds between two notices that a terminal is told: a desktop shows each for about five."""

WAITING = 50
"""Notices that are looked at for one call; more are only counted."""

_QUIET = frozenset({NoticeKind.RESOLVED, NoticeKind.PASSED, NoticeKind.ACKNOWLEDGED})
"""What is told without a bell: nobody has to do anything."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a terminal is told: a text, and whether the bell rings too."""

    text: str
    is_loud: bool


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
        self._called_at = float("-inf")
        self._waiting: deque[NoticeSettled] = deque(maxlen=WAITING)
        self._count = 0
        self._has_begun = False
        self.cursor = 0

    def has_channel(self, fleet: FleetSnapshot) -> bool:
        """Whether a channel of the settings says what calls here; new critical alerts alone do not, then."""
        return bool(_terminals(fleet))

    def take(self, page: EventPage, fleet: FleetSnapshot) -> None:
        """Notes the notices that were delivered to terminals, but for those from before the console came."""
        is_first, self.cursor = not self._has_begun, page.cursor
        self._has_begun = self._has_begun or bool(fleet.sequence)
        names = _terminals(fleet)
        if is_first or self.is_muted or past_of(fleet) is not None:
            return
        for event in page.events:
            if isinstance(event, NoticeSettled) and event.channel in names and event.end is NoticeEnd.DELIVERED:
                self._waiting.append(event)
                self._count += 1

    def call(self, fleet: FleetSnapshot, now: float) -> Call | None:
        """What this terminal is told now, if anything: at most once in `CALL_EVERY` seconds, the latest first."""
        if not self._waiting or self.is_muted or now - self._called_at < CALL_EVERY:
            return None
        latest, more = self._waiting[-1], self._count - 1
        is_loud = any(event.kind not in _QUIET for event in self._waiting)
        self._waiting.clear()
        self._count = 0
        self._called_at = now
        words = _notice_words(latest, fleet)
        return Call(f"{words} (and {more} more)" if more else words, is_loud=is_loud)

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


def _terminals(fleet: FleetSnapshot) -> frozenset[str]:
    return frozenset(channel.name for channel in fleet.channels if channel.kind == ChannelKind.TERMINAL.value)


def _notice_words(event: NoticeSettled, fleet: FleetSnapshot) -> str:
    """The notice in a line: what it is, and the first of its alerts."""
    if event.kind is NoticeKind.TEST:
        return f"this is a test of channel {event.channel}"
    alert = fleet.alert(event.alert_ids[0]) if event.alert_ids else None
    kind = event.kind.value
    return kind if alert is None else f"{kind}, {alert.severity.value}: {alert.text}"


def title_sequence(title: str) -> str:
    """What sets the window's title; ends in ST, which no text within can hold."""
    return f"\x1b]2;{_harmless(title)}\x1b\\"


def _harmless(text: str) -> str:
    return harmless_line(text, TITLE_LIMIT)


def _waiting(fleet: FleetSnapshot) -> list[str]:
    return [
        alert.alert_id for alert in fleet.alerts if alert.severity is Severity.CRITICAL and alert.wants_attention
    ]
