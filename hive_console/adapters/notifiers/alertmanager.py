"""Pushes alerts to an Alertmanager (API v2), which tells people by its own routes.

It forgets what nobody repeats: each push says until when it holds, and `refresh` says it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hive_console.adapters.notifiers import wording
from hive_console.adapters.notifiers.body import MOST_LABELS, iso_time
from hive_console.adapters.notifiers.escaping import label_name, label_value
from hive_console.adapters.notifiers.http import Outgoing, Post
from hive_console.adapters.notifiers.references import References, Unresolved
from hive_console.adapters.notifiers.verdicts import at_fault, receipt_of
from hive_console.adapters.providers.request import join_endpoint
from hive_console.core.alert_settings import ChannelSettings
from hive_console.core.notifying.notice import AlertBrief, Notice, Receipt, Verdict
from hive_console.core.states import AlertState, NoticeKind, Severity

PATH = "/api/v2/alerts"

HOLDS = 240.0
"""Seconds for which one push holds: four times the minute between two, as Prometheus has it; three may fail."""

AT_ONCE = 100
"""Alerts in one request: below 100 kB."""

TEST_NAME = "hive-console-test"

_Json = dict[str, Any]  # JSON has no narrower Python type


class Alertmanager:
    """Fits `engine.ports.Notifier` by shape."""

    def __init__(
        self,
        channel: ChannelSettings,
        outgoing: Outgoing,
        references: References,
        *,
        now: Callable[[], float],
        environment: Callable[[], str],
    ) -> None:
        self._channel = channel
        self._outgoing = outgoing
        self._references = references
        self._now = now
        self._environment = environment

    async def deliver(self, notice: Notice) -> Receipt:
        """Pushes its alerts, firing or over."""
        now, environment = self._now(), self._environment()
        if notice.kind is NoticeKind.TEST and not notice.alerts:
            return await self._push([marked_test(notice, now, environment)])
        return await self._push([alert_of(alert, now, environment) for alert in notice.alerts])

    async def refresh(self, firing: tuple[AlertBrief, ...]) -> Receipt | None:
        """Pushes again what fires, for the next `HOLDS` seconds; the first failure is the receipt."""
        now, environment = self._now(), self._environment()
        alerts = [alert_of(alert, now, environment) for alert in firing if alert.state is AlertState.FIRING]
        receipt = Receipt(verdict=Verdict.DELIVERED, answer="nothing fires")
        for start in range(0, len(alerts), AT_ONCE):
            receipt = await self._push(alerts[start : start + AT_ONCE])
            if receipt.verdict is not Verdict.DELIVERED:
                break
        return receipt

    async def close(self) -> None:
        """Nothing is its own: the connections are all channels'."""

    async def _push(self, alerts: Sequence[_Json]) -> Receipt:
        try:
            base = self._references.address_of(self._channel.address)
        except Unresolved as error:
            return at_fault(error.why)
        url = base if base.rstrip("/").endswith(PATH) else join_endpoint(base, PATH)
        post = Post(url, msgspec.json.encode(list(alerts)), may_repeat=True)
        said = await self._outgoing.send(post, self._channel.timeout)
        return receipt_of(said, self._outgoing.told(said, post))


def alert_of(alert: AlertBrief, now: float, environment: str = "") -> _Json:
    """One alert as Alertmanager takes it. Its labels are its identity: they hold nothing that comes and goes."""
    is_over = alert.state is AlertState.RESOLVED
    ends = now + HOLDS
    if is_over:
        ends = now if alert.resolved_at is None else min(now, alert.resolved_at)
    labels = {
        "alertname": alert.name or alert.rule.value,
        "severity": alert.severity.value,
        "subject": alert.subject,
        "environment": environment,
    }
    for name, value in alert.labels[:MOST_LABELS]:
        labels.setdefault(label_name(name), value)
    told = wording.paragraph(alert, now)
    annotations = {
        "summary": wording.name_of(alert),
        "description": alert.text,
        "advice": alert.advice,
        "runbook_url" if alert.runbook.startswith(("https://", "http://")) else "runbook": alert.runbook,
        "acknowledged_by": alert.acknowledged_by,
        "alert": alert.alert_id,
        "to_take_it": told.command,
    }
    return _json_of(labels, annotations, starts=min(alert.raised_at, ends), ends=ends)


def marked_test(notice: Notice, now: float, environment: str) -> _Json:
    """An alert that says that it is none, and ends by itself."""
    labels = {"alertname": TEST_NAME, "severity": Severity.INFO.value, "environment": environment}
    annotations = {"summary": wording.headline(notice), "description": notice.remark}
    return _json_of(labels, annotations, starts=now, ends=now + HOLDS)


def _json_of(labels: dict[str, str], annotations: dict[str, str], *, starts: float, ends: float) -> _Json:
    times = {"startsAt": iso_time(starts), "endsAt": iso_time(ends)}
    return {
        "labels": _filled(labels),
        "annotations": _filled(annotations),
        **{name: at for name, at in times.items() if at is not None},
    }


def _filled(pairs: dict[str, str]) -> dict[str, str]:
    """Without what is empty: Alertmanager answers 400 to an empty label."""
    cleaned = {name: label_value(value) for name, value in pairs.items() if name}
    return {name: value for name, value in cleaned.items() if value.strip()}
