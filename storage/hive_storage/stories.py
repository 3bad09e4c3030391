"""Everything that is about one alert, silence or notice, in order; and the silences of an instant."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.alert_story import named_in
from hive_console.core.bygone_alerts import silences_at
from hive_console.core.snapshot import AlertView, SilenceView
from hive_console.core.store import ROW_LIMIT
from hive_storage.asking import View
from hive_storage.audit_chain import audit_row_of
from hive_storage.audit_sql import TRAIL_COLUMNS
from hive_storage.lists import UNREADABLE
from hive_storage.micros import microseconds, seconds
from hive_storage.notices_read import placed_events_of, rows_of_notices
from hive_storage.request_rows import Row

MOST_SILENCES = 1_000
"""Words of one kind about silences that are looked through before an instant: a silence lasts a day."""

MOST_HIDDEN = 5_000
"""Alerts that one silence hid, at most counted."""

_FARTHEST = 2**62

_EPISODES = "SELECT seq, raised_us, resolved_us FROM alert WHERE alert_id = :id ORDER BY seq DESC LIMIT :limit"

_EVENTS = """
SELECT e.seq, e.at_us, e.kind, e.body FROM about AS a CROSS JOIN event AS e ON e.seq = a.seq
  WHERE a.id = :id AND a.seq >= :first AND a.seq < :last ORDER BY a.seq DESC LIMIT :limit
"""
_DEEDS = f"""
SELECT {TRAIL_COLUMNS} FROM audit
  WHERE seq IN (SELECT seq FROM about WHERE id = :id AND seq >= :first AND seq < :last)
  ORDER BY seq DESC LIMIT :limit
"""  # noqa: S608 - columns of this house
_UNLINKED = """
SELECT seq, at_us, kind, body FROM event
  WHERE kind = :kind AND model IS NULL AND seq >= :first AND seq <= :last ORDER BY seq LIMIT :limit
"""
_LAST = """
SELECT seq, at_us, kind, body FROM event
  WHERE kind = :kind AND model IS NULL AND seq < :last AND at_us <= :at ORDER BY seq DESC LIMIT :limit
"""
_HIDDEN = """
SELECT e.seq, e.at_us, e.kind, e.body FROM about AS a CROSS JOIN event AS e ON e.seq = a.seq
  WHERE a.id = :id AND a.seq < :last AND e.at_us <= :at AND e.kind = 'AlertMuted' LIMIT :limit
"""

Placed = tuple[int, e.Event]


async def story_of(view: View, name: str, *, raised_at: float | None, skew: int) -> tuple[e.Event, ...]:
    """See `Store.story`; `skew` is how far keys run ahead of an event's own time at most."""
    first, last, resolved = await _span(view, name, raised_at)
    asked = {"id": name, "first": first, "last": last, "limit": ROW_LIMIT}
    rows = await view.rows(_EVENTS, asked)
    if not rows and first > -_FARTHEST:
        return await _unlinked(view, name, first=first, last=min(last, resolved + skew))
    found = placed_events_of(rows)
    notices = [event.notice_id for _, event in found if isinstance(event, e.NoticeQueued)]
    found += placed_events_of(await rows_of_notices(view, notices))
    found += _deeds_of(await view.rows(_DEEDS, asked))
    story = sorted(dict(found).items())
    return tuple(event for _, event in story[-ROW_LIMIT:])


async def silences_then(
    view: View, at_us: int, *, last: int, alerts: tuple[AlertView, ...]
) -> tuple[SilenceView, ...]:
    """The silences that held or would at an instant."""
    asked = {"at": at_us, "last": last}
    rows: list[Row] = []
    for kind in (e.SilencePlaced, e.SilenceEnded):
        rows += await view.rows(_LAST, {**asked, "kind": kind.__name__, "limit": MOST_SILENCES})
    told = [event for _, event in placed_events_of(rows)]
    held = silences_at(told, seconds(at_us), hid={}, alerts=alerts)
    hid = {one.silence_id: await _hidden(view, one.silence_id, at_us, last) for one in held}
    return silences_at(told, seconds(at_us), hid=hid, alerts=alerts) if held else ()


async def _hidden(view: View, silence_id: str, at_us: int, last: int) -> int:
    rows = await view.rows(_HIDDEN, {"id": silence_id, "at": at_us, "last": last, "limit": MOST_HIDDEN})
    muted = [event for _, event in placed_events_of(rows) if isinstance(event, e.AlertMuted)]
    return len({(event.rule, event.subject) for event in muted})


async def _span(view: View, name: str, raised_at: float | None) -> tuple[int, int, int]:
    """Where the episode begins, where the next one of its id does, and when it was over; all of time for others."""
    later = resolved = _FARTHEST
    for seq, raised_us, resolved_us in await view.rows(_EPISODES, {"id": name, "limit": ROW_LIMIT}):
        if raised_at is None or raised_us <= microseconds(raised_at):
            return seq, later, resolved if resolved_us is None else resolved_us
        later = seq
    return -_FARTHEST, later, resolved


def _deeds_of(rows: list[Row]) -> list[Placed]:
    found: list[Placed] = []
    for row in rows:
        try:
            found.append((row[1], audit_row_of(row).act))
        except UNREADABLE:
            continue
    return found


async def _unlinked(view: View, name: str, *, first: int, last: int) -> tuple[e.Event, ...]:
    """The story of an alert of the fourth version, which did not write down what is about it."""
    found: list[Placed] = []
    for kind in (e.AlertRaised, e.AlertAcknowledged, e.AlertResolved):
        asked = {"kind": kind.__name__, "first": first, "last": last, "limit": ROW_LIMIT}
        found += placed_events_of(await view.rows(_UNLINKED, asked))
    return tuple(event for _, event in sorted(dict(found).items()) if name in named_in(event))
