"""A notice as the JSON that webhooks get. Its shape is a promise: fields are only added within a version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from hive_console.adapters.notifiers.escaping import json_text
from hive_console.adapters.notifiers.wording import headline, name_of
from hive_console.core.notifying.notice import AlertBrief, Notice

VERSION = 1
"""Of the shape; a receiver refuses one that it does not know."""

TEXT_LIMIT = 1000
"""Characters of any one string."""

MOST_LABELS = 32
"""Labels of one alert."""


def body_of(notice: Notice) -> bytes:
    """The same bytes at every attempt, because receivers compare what comes twice under one key."""
    return msgspec.json.encode(content_of(notice))


def content_of(notice: Notice) -> dict[str, Any]:  # JSON has no narrower Python type
    """The notice as JSON's values."""
    return {
        "version": VERSION,
        "id": _text(notice.key),
        "kind": notice.kind.value,
        "severity": notice.severity.value,
        "headline": _text(headline(notice)),
        "environment": _text(notice.environment),
        "channel": _text(notice.channel),
        "thread": _text(notice.thread),
        "queued_at": iso_time(notice.queued_at),
        "step": notice.step,
        "remark": _text(notice.remark),
        "count": notice.count,
        "alerts": [_alert(alert) for alert in notice.alerts],
    }


def iso_time(at: float | None) -> str | None:
    """Unix seconds as RFC 3339 in UTC with milliseconds; `None` where no calendar has it."""
    if at is None:
        return None
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _alert(alert: AlertBrief) -> dict[str, Any]:  # JSON has no narrower Python type
    return {
        "id": _text(alert.alert_id),
        "fingerprint": _text(alert.fingerprint),
        "rule": alert.rule.value,
        "name": _text(alert.name),
        "title": _text(alert.title),
        "summary": _text(name_of(alert)),
        "severity": alert.severity.value,
        "subject": _text(alert.subject),
        "labels": {_text(name): _text(value) for name, value in alert.labels[:MOST_LABELS]},
        "text": _text(alert.text),
        "state": alert.state.value,
        "raised_at": iso_time(alert.raised_at),
        "resolved_at": iso_time(alert.resolved_at),
        "acknowledged_by": _text(alert.acknowledged_by),
        "advice": _text(alert.advice),
        "runbook": _text(alert.runbook),
        "times": alert.times,
    }


def _text(text: str) -> str:
    return json_text(text, TEXT_LIMIT)
