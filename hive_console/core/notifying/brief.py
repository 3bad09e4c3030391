"""What a notice tells of one alert, out of the alert and its rule."""

from __future__ import annotations

from hive_console.core.alert_settings import AlertSettings
from hive_console.core.alerting.identity import fingerprint
from hive_console.core.alerting.rules import RULES
from hive_console.core.notifying.notice import BRIEF_TEXT, AlertBrief
from hive_console.core.snapshot import AlertView
from hive_console.core.text import NAME_LIMIT, clean

MOST_LABELS = 10
"""Labels of an alert in a notice; alerts have a handful."""


def brief_of(alert: AlertView, settings: AlertSettings) -> AlertBrief:
    """The alert as notices tell it; every text is one harmless line of a bounded length."""
    rule = RULES.get(alert.rule)
    own = next((one for one in settings.own_rules if alert.name and one.name == alert.name), None)
    runbook = own.runbook if own is not None else rule.runbook if rule is not None else ""
    return AlertBrief(
        alert_id=alert.alert_id,
        fingerprint=fingerprint(alert.rule_id, alert.subject),
        rule=alert.rule,
        name=clean(alert.rule_id, NAME_LIMIT),
        title=clean(rule.title if rule is not None and own is None else alert.rule_id, NAME_LIMIT),
        severity=alert.severity,
        subject=clean(alert.subject, NAME_LIMIT),
        labels=tuple(
            (clean(name, NAME_LIMIT), clean(value, NAME_LIMIT)) for name, value in alert.labels[:MOST_LABELS]
        ),
        text=clean(alert.text, BRIEF_TEXT),
        state=alert.state,
        raised_at=alert.raised_at,
        resolved_at=alert.resolved_at,
        acknowledged_by=clean(alert.acknowledged_by or "", NAME_LIMIT),
        advice=clean(rule.advice if rule is not None else "", BRIEF_TEXT),
        runbook=clean(runbook, BRIEF_TEXT),
        times=alert.times,
    )
