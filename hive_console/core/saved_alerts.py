"""The alert book in the parts in which it is kept over a restart: as JSON values of a bounded size, and back.

Parts, so that an alert costs the writing of a few and not of all of them. Silences will be a part of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hive_console.core.saved_state import (
    Checks,
    UnreadableState,
    is_count,
    is_instant,
    is_name,
    is_number,
    is_text,
    is_word_of,
    record_of,
)
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState, Severity

SLOTS = 256
"""Parts of the book; an alert is in the one that its number leaves. With the largest fleet all out each has 25."""

ROW_LIMIT = 60_000
"""Bytes of one part: the recording takes 65,536 of one row, and the rest of the part is small."""

TEXT_LIMIT = 2_000
"""Characters of one text: a key that 2,000 models use has them all in its alert's."""

_SLOT: Checks = {"numbers": is_count, "alerts": lambda value: isinstance(value, list)}
_ALERT: Checks = {
    "number": is_count,
    "rule": is_word_of(AlertRule),
    "severity": is_word_of(Severity),
    "subject": is_text,
    "text": is_text,
    "raised_at": is_number,
    "resolved_at": is_instant,
    "acknowledged_by": is_name,
    "acknowledged_at": is_instant,
    "note": is_text,
    "last": is_instant,
}


@dataclass(frozen=True, slots=True)
class SavedAlert:
    """One alert of the book.

    Attributes:
        number: what its id ends in.
        alert: as people see it.
        last: when its condition was last met, where only time ends it.
    """

    number: int
    alert: AlertView
    last: float | None = None


@dataclass(frozen=True, slots=True)
class SavedSlot:
    """One part of the book.

    Attributes:
        numbers: how many alerts the book had ever raised when it was kept.
        alerts: what it holds, the dearest first.
    """

    numbers: int
    alerts: tuple[SavedAlert, ...] = ()


def record_of_slot(slot: SavedSlot) -> dict[str, Any]:
    """The part as JSON values; alerts that would make it too large are left out, the last first."""
    return {"numbers": slot.numbers, "alerts": _within_row(map(_record_of_alert, slot.alerts))}


def slot_of_record(saved: object, number: int) -> SavedSlot:
    """The part of this number; raises `UnreadableState` for what is not whole."""
    record = record_of(saved, _SLOT)
    alerts = tuple(_alert_of(one) for one in record["alerts"])
    if any(one.number % SLOTS != number for one in alerts):
        raise UnreadableState("alerts. are of another part of the book")
    return SavedSlot(record["numbers"], alerts)


def _within_row(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first entries, as many as one row holds."""
    fitting: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        size += len(json.dumps(entry)) + 1
        if size > ROW_LIMIT:
            break
        fitting.append(entry)
    return fitting


def _record_of_alert(one: SavedAlert) -> dict[str, Any]:
    alert = one.alert
    return {
        "number": one.number,
        "rule": alert.rule.value,
        "severity": alert.severity.value,
        "subject": alert.subject,
        "text": alert.text[:TEXT_LIMIT],
        "raised_at": alert.raised_at,
        "resolved_at": alert.resolved_at,
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": alert.acknowledged_at,
        "note": alert.note[:TEXT_LIMIT],
        "last": one.last,
    }


def _alert_of(saved: object) -> SavedAlert:
    record = record_of(saved, _ALERT, "alerts.")
    is_over = record["resolved_at"] is not None
    alert = AlertView(
        alert_id=str(record["number"]),
        rule=AlertRule(record["rule"]),
        severity=Severity(record["severity"]),
        subject=record["subject"],
        text=record["text"],
        state=AlertState.RESOLVED if is_over else AlertState.FIRING,
        raised_at=record["raised_at"],
        resolved_at=record["resolved_at"],
        acknowledged_by=record["acknowledged_by"],
        acknowledged_at=record["acknowledged_at"],
        note=record["note"],
    )
    return SavedAlert(record["number"], alert, record["last"])
