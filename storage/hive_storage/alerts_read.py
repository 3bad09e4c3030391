"""Alerts as they were at an instant, and those that fired within a window."""

# ruff: noqa: S608  # statements are put together from constants of this house; text from outside is a parameter

from __future__ import annotations

from collections.abc import Sequence

from hive_console.core.bygone_alerts import AlertFold, alert_at, alert_holds
from hive_console.core.events import AlertAcknowledged, AlertRaised, AlertResolved, Event
from hive_console.core.journal import UnknownEvent
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertState
from hive_console.core.store import ROW_LIMIT, Wanted
from hive_storage import codec
from hive_storage.alert_rows import COLUMNS, episodes_of
from hive_storage.asking import View
from hive_storage.micros import clamped_microseconds, seconds
from hive_storage.request_rows import Row

MOST_FIRING = 1_000
"""Alerts that fire at once, at most told: a screen shows 50."""

MOST_RESOLVED = 100
"""Of those that ended before an instant, so many of the latest are told."""

MOST_CHANGES = 20_000
"""Events that alerts which changed since an instant are put together from: 20 for each that can fire."""

_ALERTS = f"SELECT {COLUMNS} FROM alert"
_CHANGED_US = -2  # its place among the columns
_IDS_AT_ONCE = 500
_PAGE = 500

_FIRING = f"""
{_ALERTS} WHERE raised_us <= :at AND (resolved_us IS NULL OR resolved_us > :at) ORDER BY seq DESC LIMIT :limit
"""
_ENDED = f"{_ALERTS} WHERE resolved_us <= :at ORDER BY resolved_us DESC LIMIT :limit"
_WITHIN = f"""
{_ALERTS} WHERE seq < :before AND raised_us < :end AND (resolved_us IS NULL OR resolved_us >= :begin)
  ORDER BY seq DESC LIMIT :limit
"""
_CHANGES = """
SELECT e.seq, e.at_us, e.kind, e.body FROM about AS a CROSS JOIN event AS e ON e.seq = a.seq
  WHERE a.id IN ({marks}) AND a.seq < ? AND e.at_us <= ? AND e.kind <> 'AlertsRestored' ORDER BY a.seq LIMIT ?
"""
_BEFORE_ROWS = """
SELECT seq, at_us, kind, body FROM event WHERE kind = :kind AND model IS NULL
    AND seq < (SELECT coalesce(min(seq), 9223372036854775807) FROM alert)
  ORDER BY seq DESC LIMIT :limit
"""
_OF_KIND = (
    "SELECT seq, at_us, kind, body FROM event WHERE kind = :kind AND model IS NULL ORDER BY seq DESC LIMIT :limit"
)

_UNREADABLE = (UnknownEvent, ValueError, KeyError, TypeError)


async def alerts_at(view: View, at_us: int, *, last: int) -> tuple[AlertView, ...]:
    """Those that fired then, newest first, and then the latest that had ended by then, newest first.

    `last` is the first key that is surely later than `at_us`.
    """
    rows = await view.rows(_FIRING, {"at": at_us, "limit": MOST_FIRING})
    rows += await view.rows(_ENDED, {"at": at_us, "limit": MOST_RESOLVED})
    at = seconds(at_us)
    then = [
        *await _as_they_were(view, rows, at_us, last),
        *(alert_at(alert, at) for alert in await _from_events(view) if alert.raised_at <= at),
    ]
    firing = [alert for alert in then if alert.state is AlertState.FIRING]
    ended = [alert for alert in then if alert.state is AlertState.RESOLVED]
    ended.sort(key=_resolved_at, reverse=True)
    latest = sorted(ended[:MOST_RESOLVED], key=_raised_at, reverse=True)
    return (*sorted(firing, key=_raised_at, reverse=True)[:MOST_FIRING], *latest)


async def alerts_within(view: View, wanted: Wanted) -> tuple[AlertView, ...]:
    """Those that fired at some time of a window, newest first, as they are by now."""
    limit = max(0, min(wanted.limit, ROW_LIMIT))
    window = {"begin": clamped_microseconds(wanted.begin), "end": clamped_microseconds(wanted.end), "limit": _PAGE}
    found = [alert for alert in await _from_events(view) if _is_wanted(alert, wanted)]
    before = 2**63 - 1
    while len(found) < limit:
        rows = await view.rows(_WITHIN, {**window, "before": before})
        found += [alert for _, alert in episodes_of(rows) if _is_wanted(alert, wanted)]
        if len(rows) < _PAGE:
            break
        before = rows[-1][0]
    return tuple(sorted(found, key=_raised_at, reverse=True)[:limit])


async def _as_they_were(view: View, rows: Sequence[Row], at_us: int, last: int) -> list[AlertView]:
    """The episodes of these rows at an instant: those that changed since are put together from their events."""
    known = dict(episodes_of(rows))
    changed = {row[0] for row in rows if row[0] in known and _is_changed_since(row, at_us)}
    fold = AlertFold()
    ids = list(dict.fromkeys(known[seq].alert_id for seq in sorted(changed)))
    changes = {row[0]: row for row in await _changes(view, ids, at_us, last)}  # one may be about two of them
    for row in sorted(changes.values(), key=_seq):
        event = _event(row)
        if event is not None:
            fold.take(row[0], event)
    at = seconds(at_us)
    # What was raised before anybody wrote down which events are about it is not in the fold.
    return [
        fold.episodes[seq] if seq in changed and seq in fold.episodes else alert_at(alert, at)
        for seq, alert in known.items()
    ]


def _is_changed_since(row: Row, at_us: int) -> bool:
    changed_us = row[_CHANGED_US]
    return changed_us is not None and int(changed_us) > at_us


async def _changes(view: View, ids: Sequence[str], at_us: int, last: int) -> list[Row]:
    found: list[Row] = []
    for begin in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[begin : begin + _IDS_AT_ONCE]
        statement = _CHANGES.format(marks=", ".join("?" * len(some)))
        found += await view.rows(statement, (*some, last, at_us, MOST_CHANGES))
    return found


def _is_wanted(alert: AlertView, wanted: Wanted) -> bool:
    if alert.raised_at >= wanted.end or (alert.resolved_at is not None and alert.resolved_at < wanted.begin):
        return False
    if wanted.models is not None and alert.subject not in wanted.models:
        return False
    return alert_holds(alert, wanted.text.casefold())


# --- versions that kept no rows of alerts ----------------------------------------------------------


async def _from_events(view: View) -> list[AlertView]:
    """Alerts that were raised before rows of them were kept."""
    raised = await view.rows(_BEFORE_ROWS, {"kind": AlertRaised.__name__, "limit": ROW_LIMIT})
    if not raised:
        return []
    rows = raised
    for kind in (AlertAcknowledged, AlertResolved):
        rows = rows + await view.rows(_OF_KIND, {"kind": kind.__name__, "limit": ROW_LIMIT})
    fold = AlertFold()
    for row in sorted(rows, key=_seq):
        event = _event(row)
        if event is not None:
            fold.take(row[0], event)
    return list(fold.episodes.values())


def _event(row: Row) -> Event | None:
    """The event of a row; one that this version does not know tells nothing."""
    try:
        return codec.event_of_row(row, {})
    except _UNREADABLE:
        return None


def _seq(row: Row) -> int:
    return int(row[0])


def _raised_at(alert: AlertView) -> tuple[float, str]:
    return alert.raised_at, alert.alert_id


def _resolved_at(alert: AlertView) -> tuple[float, str]:
    return alert.resolved_at or 0.0, alert.alert_id
