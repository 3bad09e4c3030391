"""The last things that happened, as lines; bounded, and honest about what was lost."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import tzinfo

from hive_console.core.narration import narrate
from hive_console.core.snapshot import AlertView, FleetSnapshot
from hive_console.core.states import AlertState, Severity
from hive_console.engine.client import EventPage
from hive_console.ui.formatting import time_of_day
from hive_widgets.fleet_cells import short_span
from hive_widgets.glyphs import ACKNOWLEDGED, INHIBITED, RESOLVED, SEVERITY_MARKS, SILENCED, Mark, Role
from hive_widgets.line_pane import Pieces
from hive_widgets.pieces import Piece

KEPT = 200
"""Lines kept: more than any pane shows; the recording has all of them."""

REPEATS_WITHIN = 180.0
"""Seconds within which one more of the same is counted on one line: a breaker's trials come at most this far
apart, and what comes later belongs to another incident."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    Attributes:
        at: Unix seconds; of the latest, when it stands for several.
        text: the sentence.
        severity: how loud it is.
        topic: what it is one more of, or `""`.
        count: how many events it stands for.
    """

    at: float
    text: str
    severity: Severity
    topic: str = ""
    count: int = 1


class EventLog:
    """Folds pages of events into lines; routine ones are left out, and more of the same is counted."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.cursor = 0

    def take(self, page: EventPage, now: float) -> None:
        """Adds a page; a page that says events were lost leaves a line that says so."""
        self.cursor = page.cursor
        if page.is_anew:
            self._entries.clear()
        if page.lost:
            self._entries.append(Entry(now, f"{page.lost} events came too fast to be shown", Severity.WARNING))
        for event in page.events:
            line = narrate(event)
            if not line.is_routine:
                before = self._take_out(line.topic, event.at)
                count = 1 if line.is_progress else before + 1
                self._entries.append(Entry(event.at, line.text, line.severity, line.topic, count))

    def _take_out(self, topic: str, at: float) -> int:
        """Removes the line that this one is one more of; returns how many events it stood for."""
        if not topic:
            return 0
        for entry in reversed(self._entries):
            if entry.at < at - REPEATS_WITHIN:
                return 0
            if entry.topic == topic:
                self._entries.remove(entry)
                return entry.count
        return 0

    def lines(self, count: int, zone: tzinfo | None, *, is_ascii: bool = False) -> tuple[Pieces, ...]:
        """The last `count` lines, oldest first."""
        shown = list(self._entries)[-count:] if count > 0 else []
        if not shown:
            return ((Piece(" nothing has happened yet", Role.MUTED),),)
        return tuple(_line(entry, zone, is_ascii=is_ascii) for entry in shown)


def _glyph(mark: Mark, *, is_ascii: bool) -> str:
    return mark.ascii_glyph if is_ascii else mark.glyph


def _line(entry: Entry, zone: tzinfo | None, *, is_ascii: bool) -> Pieces:
    mark = SEVERITY_MARKS[entry.severity]
    count = (Piece(f"{entry.count}× ", Role.MUTED),) if entry.count > 1 else ()
    return (
        Piece(f" {time_of_day(entry.at, zone).removesuffix('Z')} ", Role.MUTED),
        Piece(f"{_glyph(mark, is_ascii=is_ascii)} ", mark.role),
        *count,
        Piece(entry.text),
    )


def inbox_lines(fleet: FleetSnapshot, now: float, *, is_ascii: bool = False) -> tuple[Pieces, ...]:
    """The alerts as lines for the pane beside the log: those that want somebody first."""
    if not fleet.alerts:
        return ((Piece(" no alerts", Role.MUTED),),)
    ordered = sorted(fleet.alerts, key=_urgency)
    return tuple(_alert(alert, now, is_ascii=is_ascii) for alert in ordered)


def _urgency(alert: AlertView) -> tuple[bool, bool, bool, int]:
    is_over = alert.state is AlertState.RESOLVED
    return not alert.wants_attention, is_over, alert.is_muted, 0 if is_over else -alert.severity.rank


def _alert(alert: AlertView, now: float, *, is_ascii: bool) -> Pieces:
    age = Piece(f" {short_span(now - alert.raised_at):>3} ", Role.MUTED)
    if alert.state is AlertState.RESOLVED:
        return (age, Piece(f"{_glyph(RESOLVED, is_ascii=is_ascii)} over: {alert.text}", RESOLVED.role))
    if alert.acknowledged_by is not None:
        glyph = _glyph(ACKNOWLEDGED, is_ascii=is_ascii)
        return (age, Piece(f"{glyph} {alert.acknowledged_by}: {alert.text}", ACKNOWLEDGED.role))
    if alert.is_muted:
        muted = SILENCED if alert.silenced_by else INHIBITED
        return (age, Piece(f"{_glyph(muted, is_ascii=is_ascii)} {muted.word}: {alert.text}", Role.MUTED))
    mark = SEVERITY_MARKS[alert.severity]
    return (age, Piece(f"{_glyph(mark, is_ascii=is_ascii)} ", mark.role), Piece(alert.text, is_bold=True))
