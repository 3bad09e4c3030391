"""Alerts as rows that end: what fired at an instant is one question, without folding events."""

from __future__ import annotations

import aiosqlite

from hive_console.core.events import AlertAcknowledged, AlertRaised, AlertResolved
from hive_storage.micros import microseconds
from hive_storage.request_rows import Row, Taken

ALERT_KINDS = (AlertRaised, AlertAcknowledged, AlertResolved)
"""Events that change a row."""

_RAISED = "INSERT INTO alert (seq, alert_id, rule, severity, subject, text, raised_us) VALUES (?, ?, ?, ?, ?, ?, ?)"
_FIRING = "seq = (SELECT max(seq) FROM alert WHERE alert_id = ? AND resolved_us IS NULL)"
_RESOLVED = f"UPDATE alert SET resolved_us = ? WHERE {_FIRING}"  # noqa: S608 - constants of this file
_ACKNOWLEDGED = f"UPDATE alert SET acknowledged_us = ?, acknowledged_by = ?, note = ? WHERE {_FIRING}"  # noqa: S608 - likewise


async def keep_alert(connection: aiosqlite.Connection, taken: Taken) -> None:
    """Writes what an alert's event says into its row."""
    statement, row = _change(taken)
    await connection.execute(statement, row)


def _change(taken: Taken) -> tuple[str, Row]:
    seq, _, event = taken
    at_us = microseconds(event.at)
    match event:
        case AlertRaised():
            said = (event.rule.value, event.severity.value, event.subject, event.text)
            return _RAISED, (seq, event.alert_id, *said, at_us)
        case AlertAcknowledged():
            return _ACKNOWLEDGED, (at_us, event.actor, event.note, event.alert_id)
        case AlertResolved():
            return _RESOLVED, (at_us, event.alert_id)
        case _:
            raise TypeError(f"{type(event).__name__} changes no alert")
