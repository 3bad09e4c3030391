"""Alerts as rows that end: what fired at an instant is one question, without folding events.

A row is the alert as it is by now; `about` says which events and rows of the audit trail name which alert, silence
or notice, so that a past state, and a story, are found by index.
"""

# ruff: noqa: S608  # statements are put together from constants of this file; text from outside is a parameter

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import aiosqlite

from hive_console.core.alert_story import NAMING, named_in
from hive_console.core.bygone_alerts import CHANGING, AlertFold, alert_ids_of
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState, Severity
from hive_storage.micros import microseconds, seconds
from hive_storage.request_rows import Row, Taken
from hive_storage.sql import INSERT_ABOUT

COLUMNS = (
    "seq, alert_id, rule, severity, subject, text, raised_us, resolved_us, acknowledged_us, acknowledged_by, note,"
    " changed_us, body"
)

_KEEP = f"INSERT OR REPLACE INTO alert ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_LATEST = f"""
SELECT {COLUMNS} FROM alert WHERE seq IN (
  SELECT max(seq) FROM alert WHERE alert_id IN ({{marks}}) GROUP BY alert_id)
"""

_NAMING = frozenset(NAMING)

_IDS_AT_ONCE = 500
"""Parameters of one statement; SQLite takes at least 999."""

BAD_ROWS = (ValueError, TypeError, AttributeError)
"""What a row raises that was written by a newer version, or that a broken disk changed."""


async def keep_alerts(connection: aiosqlite.Connection, events: Sequence[Taken]) -> None:
    """Writes what events say of alerts into their rows, and which events name which; oldest first.

    A batch without any costs nothing; with any, it costs one question and two statements, however many they are.
    """
    naming = [taken for taken in events if type(taken[2]) in _NAMING]
    if not naming:
        return
    links = [(seq, name) for seq, _, event in naming for name in named_in(event)]
    await connection.executemany(INSERT_ABOUT, links)
    changing = [(seq, event) for seq, _, event in naming if isinstance(event, CHANGING)]
    ids = dict.fromkeys(name for _, event in changing for name in alert_ids_of(event))
    if not ids:
        return
    fold = AlertFold(await _latest(connection, list(ids)))
    changed: dict[int, int] = {}
    for seq, event in changing:
        changed.update(dict.fromkeys(fold.take(seq, event), microseconds(event.at)))
    await connection.executemany(_KEEP, [row_of(seq, fold.episodes[seq], at) for seq, at in changed.items()])


async def _latest(connection: aiosqlite.Connection, ids: Sequence[str]) -> list[tuple[int, AlertView]]:
    """The last episode of each id, as its row has it."""
    found: list[tuple[int, AlertView]] = []
    for begin in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[begin : begin + _IDS_AT_ONCE]
        statement = _LATEST.format(marks=", ".join("?" * len(some)))
        found += episodes_of(tuple(row) for row in await connection.execute_fetchall(statement, some))
    return sorted(found, key=lambda one: one[0])


def row_of(seq: int, alert: AlertView, changed_us: int) -> Row:
    """The row of an episode; what has no column of its own stands in its body."""
    body = {
        "labels": alert.labels,
        "name": alert.name,
        "times": alert.times,
        "acknowledged_until": alert.acknowledged_until,
        "silenced_by": alert.silenced_by,
        "inhibited_by": alert.inhibited_by,
        "is_flapping": alert.is_flapping,
        "told": alert.told,
        "untold": alert.untold,
        "step": alert.step,
        "cause": alert.cause,
        "notes": alert.notes,
        "changed": alert.changed,
    }
    return (
        seq,
        alert.alert_id,
        alert.rule.value,
        alert.severity.value,
        alert.subject,
        alert.text,
        microseconds(alert.raised_at),
        None if alert.resolved_at is None else microseconds(alert.resolved_at),
        None if alert.acknowledged_at is None else microseconds(alert.acknowledged_at),
        alert.acknowledged_by,
        alert.note,
        changed_us,
        json.dumps({name: value for name, value in body.items() if value}, separators=(",", ":")),
    )


def episodes_of(rows: Iterable[Row]) -> list[tuple[int, AlertView]]:
    """Episodes with their numbers; rows that this version cannot read are left out."""
    found: list[tuple[int, AlertView]] = []
    for row in rows:
        with suppress(*BAD_ROWS):
            found.append((row[0], _alert_of(row)))
    return found


def _alert_of(row: Row) -> AlertView:
    """Versions before the fifth wrote no body; then what stands in it is as it is at first."""
    _, alert_id, rule, severity, subject, text, raised_us, resolved_us, acknowledged_us, by, note, _, body = row
    more: dict[str, Any] = json.loads(body) if body else {}  # Any: JSON
    until = more.get("acknowledged_until")
    return AlertView(
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
        labels=tuple((str(name), str(value)) for name, value in more.get("labels", ())),
        name=str(more.get("name", "")),
        times=int(more.get("times", 0)),
        acknowledged_until=None if until is None else float(until),
        silenced_by=str(more.get("silenced_by", "")),
        inhibited_by=str(more.get("inhibited_by", "")),
        is_flapping=bool(more.get("is_flapping", False)),
        told=tuple(map(str, more.get("told", ()))),
        untold=tuple(map(str, more.get("untold", ()))),
        step=int(more.get("step", 0)),
        cause=str(more.get("cause", "")),
        notes=tuple(map(str, more.get("notes", ()))),
        changed=int(more.get("changed", 0)),
    )
