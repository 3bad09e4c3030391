"""One alert that fires, as the alert book keeps it, and what every word about it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hive_console.core.alerting.rules import Rule
from hive_console.core.alerting.sighting import Sighting
from hive_console.core.snapshot import AlertView


@dataclass(slots=True)
class Firing:
    """An alert that fires.

    Attributes:
        alert: as people see it.
        rule: its rule as it is in force.
        began_at: since when it fires without a break.
        taken_at_rank: how much it weighed when somebody took it.
        good_since: since when its condition does not hold, while only its rule keeps it.
        good_cause: why that is so.
        is_held: whether it fires only because it flaps.
        text_at: since when its text is what it is.
    """

    alert: AlertView
    rule: Rule
    began_at: float
    taken_at_rank: int = 0
    good_since: float | None = None
    good_cause: str = ""
    is_held: bool = False
    text_at: float = 0.0

    @property
    def resolves_at(self) -> float | None:
        """When it is resolved, if its condition stays good; `None` while it holds, or flapping alone decides."""
        return None if self.good_since is None or self.is_held else self.good_since + self.rule.keep

    def change(self, **fields: Any) -> None:  # those of AlertView, which checks their names
        """Changes what people see of it, and counts that."""
        self.alert = replace(self.alert, **fields, changed=self.alert.changed + 1)


def sighting_of(alert: AlertView) -> Sighting:
    """What was last said of the condition of a firing alert."""
    return Sighting(
        rule=alert.rule,
        subject=alert.subject,
        is_bad=True,
        text=alert.text,
        severity=alert.severity,
        labels=alert.labels,
        name=alert.name,
    )


def about(alert: AlertView, now: float) -> dict[str, Any]:
    """What every event about an alert says, as arguments that the event's own fields check."""
    return {"at": now, "alert_id": alert.alert_id, "rule": alert.rule, "subject": alert.subject}
