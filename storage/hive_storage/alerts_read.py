"""Alerts as they were at an instant, and those that fired within a window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hive_console.core.bygone import alert_after, alert_at, alert_of
from hive_console.core.events import AlertAcknowledged, AlertRaised, AlertResolved, Event
from hive_console.core.journal import UnknownEvent
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState, Severity
from hive_console.core.store import ROW_LIMIT, Wanted
from hive_storage import codec
from hive_storage.asking import View
from hive_storage.micros import clamped_microseconds, seconds
from hive_storage.request_rows import Row

MOST_FIRING = 1_000
"""Alerts that fire at once, at most told: a screen shows 50."""

MOST_RESOLVED = 100
"""Of those that ended before an instant, so many of the latest are told."""

_ALERTS = """
SELECT seq, alert_id, rule, severity, subject, text, raised_us, resolved_us, acknowledged_us, acknowledged_by, note
  FROM alert
"""
_PAGE = 500

_FIRING = f"""
{_ALERTS} WHERE raised_us <= :at AND (resolved_us IS NULL OR resolved_us > :at) ORDER BY seq DESC LIMIT :limit
"""
_ENDED = f"{_ALERTS} WHERE resolved_us <= :at ORDER BY resolved_us DESC LIMIT :limit"
_WITHIN = f"""
{_ALERTS} WHERE seq < :before AND raised_us < :end AND (resolved_us IS NULL OR resolved_us >= :begin)
  ORDER BY seq DESC LIMIT :limit
"""
_BEFORE_ROWS = """
SELECT seq, at_us, kind, body FROM event WHERE kind = :kind AND model IS NULL
    AND seq < (SELECT coalesce(min(seq), 9223372036854775807) FROM alert)
  ORDER BY seq DESC LIMIT :limit
"""
_OF_KIND = (
    "SELECT seq, at_us, kind, body FROM event WHERE kind = :kind AND model IS NULL ORDER BY seq DESC LIMIT :limit"
)


async def alerts_at(view: View, at_us: int) -> tuple[AlertView, ...]:
    """Those that fired then, newest first, and then the latest that had ended by then, newest first."""
    rows = await view.rows(_FIRING, {"at": at_us, "limit": MOST_FIRING})
    rows += await view.rows(_ENDED, {"at": at_us, "limit": MOST_RESOLVED})
    at = seconds(at_us)
    known = [*_alerts_of(rows), *(alert for alert in await _from_events(view) if alert.raised_at <= at)]
    then = [alert_at(alert, at) for alert in known]
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
        found += [alert for alert in _alerts_of(rows) if _is_wanted(alert, wanted)]
        if len(rows) < _PAGE:
            break
        before = rows[-1][0]
    return tuple(sorted(found, key=_raised_at, reverse=True)[:limit])


def _is_wanted(alert: AlertView, wanted: Wanted) -> bool:
    if alert.raised_at >= wanted.end or (alert.resolved_at is not None and alert.resolved_at < wanted.begin):
        return False
    if wanted.models is not None and alert.subject not in wanted.models:
        return False
    words = (alert.alert_id, alert.rule.value, alert.severity.value, alert.subject, alert.text, alert.note)
    texts = (*words, alert.acknowledged_by or "")
    return any(wanted.text.casefold() in text.casefold() for text in texts)


def _alerts_of(rows: Iterable[Row]) -> list[AlertView]:
    found: list[AlertView] = []
    for row in rows:
        _, alert_id, rule, severity, subject, text, raised_us, resolved_us, acknowledged_us, by, note = row
        try:
            alert = AlertView(
                alert_id=alert_id,
                rule=AlertRule(rule),
                severity=Severity(severity),
                subject=subject,
                text=text,
                state=AlertState.FIRING if resolved_us is None else AlertState.RESOLVED,
                raised_at=seconds(raised_us),
                resolved_at=None if resolved_us is None else seconds(resolved_us),
                acknowledged_by=by,
                acknowledged_at=None if acknowledged_us is None else seconds(acknowledged_us),
                note=note or "",
            )
        except ValueError:  # a rule of a newer version
            continue
        found.append(alert)
    return found


# --- versions that kept no rows of alerts ----------------------------------------------------------


@dataclass(slots=True)
class _Fold:
    """Alerts out of their events."""

    open: dict[str, AlertView]
    ended: list[AlertView]

    def take(self, event: Event) -> None:
        match event:
            case AlertRaised():
                self.open[event.alert_id] = alert_of(event)
            case AlertAcknowledged() if event.alert_id in self.open:
                self.open[event.alert_id] = alert_after(self.open[event.alert_id], event)
            case AlertResolved() if event.alert_id in self.open:
                self.ended.append(alert_after(self.open.pop(event.alert_id), event))
            case _:
                pass


async def _from_events(view: View) -> list[AlertView]:
    """Alerts that were raised before rows of them were kept."""
    raised = await view.rows(_BEFORE_ROWS, {"kind": AlertRaised.__name__, "limit": ROW_LIMIT})
    if not raised:
        return []
    rows = raised
    for kind in (AlertAcknowledged, AlertResolved):
        rows = rows + await view.rows(_OF_KIND, {"kind": kind.__name__, "limit": ROW_LIMIT})
    fold = _Fold({}, [])
    for row in sorted(rows, key=_seq):
        try:
            fold.take(codec.event_of_row(row, {}))
        except (UnknownEvent, ValueError, KeyError, TypeError):
            continue
    return [*fold.ended, *fold.open.values()]


def _seq(row: Row) -> int:
    return int(row[0])


def _raised_at(alert: AlertView) -> tuple[float, str]:
    return alert.raised_at, alert.alert_id


def _resolved_at(alert: AlertView) -> tuple[float, str]:
    return alert.resolved_at or 0.0, alert.alert_id
