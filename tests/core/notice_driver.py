"""A small alert book of a test's own, a planner that reads it, and a receiver of what is told."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from hive_console.core import events as e
from hive_console.core.alert_settings import AlertSettings, ChannelKind, ChannelSettings
from hive_console.core.local_time import LocalClock, utc
from hive_console.core.notifying.notice import Notice, Receipt, Verdict
from hive_console.core.notifying.planner import Planner
from hive_console.core.snapshot import AlertView
from hive_console.core.states import AlertRule, AlertState, NoticeKind, Severity

T0 = 1_000_000.0
"""When tests begin."""

DELIVERED = Receipt(verdict=Verdict.DELIVERED, status=200)
BUSY = Receipt(verdict=Verdict.RETRY, status=503, answer="busy")
CUT = Receipt(verdict=Verdict.RETRY, answer="the connection was cut")
REFUSED = Receipt(verdict=Verdict.REFUSED, status=400, answer="no such block")
CLOSED = Receipt(verdict=Verdict.REFUSED, status=404, answer="no service", is_channel_at_fault=True)


def channel(name: str = "slack", kind: ChannelKind | None = None, /, **changes: Any) -> ChannelSettings:
    """A channel whose name tells its kind; `changes` are fields of `ChannelSettings`."""
    return ChannelSettings(name, kind or ChannelKind(name), **changes)


SLACK, MAIL, PAGER = channel(), channel("email"), channel("pagerduty")


@dataclass
class Desk:
    """The planner with its world. Whatever is sent is kept in `sent`, whatever was said in `events`."""

    settings: AlertSettings = field(default_factory=lambda: AlertSettings(channels=(SLACK, MAIL, PAGER)))
    local: LocalClock = utc
    now: float = T0
    alerts: dict[str, AlertView] = field(default_factory=dict)
    events: list[e.Event] = field(default_factory=list)
    sent: list[Notice] = field(default_factory=list)
    disk: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.planner = self.fresh()

    def fresh(self) -> Planner:
        """A planner that knows nothing yet."""
        return Planner(
            self.settings,
            alert_of=self.alerts.get,
            draw=lambda: 1.0,
            local=self.local,
            environment="test",
            now=self.now,
        )

    # --- what the book says -----------------------------------------------------------------------

    def fire(self, alert_id: str = "A1", severity: Severity = Severity.CRITICAL, /, **changes: Any) -> None:
        """An alert begins to fire; `changes` are fields of `AlertView`."""
        known: dict[str, Any] = {"rule": AlertRule.MODEL_UNAVAILABLE, "subject": alert_id.lower(), "text": "is out"}
        self.alerts[alert_id] = AlertView(
            alert_id=alert_id,
            severity=severity,
            state=AlertState.FIRING,
            raised_at=self.now,
            **(known | changes),
        )
        self.tell(e.AlertRaised, alert_id, severity=severity, text="is out")

    def fire_anew(self, alert_id: str = "A1") -> None:
        times = self.alerts[alert_id].times + 1
        self.change(alert_id, state=AlertState.FIRING, resolved_at=None, times=times, acknowledged_by=None)
        severity = self.alerts[alert_id].severity
        self.tell(e.AlertReopened, alert_id, severity=severity, text="is out", times=times)

    def resolve(self, alert_id: str = "A1") -> None:
        self.change(alert_id, state=AlertState.RESOLVED, resolved_at=self.now)
        self.tell(e.AlertResolved, alert_id, lasted=1.0)

    def take(self, alert_id: str = "A1", actor: str = "ada") -> None:
        self.change(alert_id, acknowledged_by=actor, acknowledged_at=self.now)
        self.tell(e.AlertAcknowledged, alert_id, actor=actor)

    def leave(self, alert_id: str = "A1") -> None:
        self.change(alert_id, acknowledged_by=None)
        self.tell(e.AlertUnacknowledged, alert_id, cause="its time is over")

    def mute(self, alert_id: str = "A1", silence_id: str = "S1") -> None:
        self.change(alert_id, silenced_by=silence_id)
        self.tell(e.AlertMuted, alert_id, silence_id=silence_id)

    def unmute(self, alert_id: str = "A1") -> None:
        self.change(alert_id, silenced_by="")
        self.tell(e.AlertMuted, alert_id)

    def weigh(self, alert_id: str, new: Severity) -> None:
        old = self.alerts[alert_id].severity
        self.change(alert_id, severity=new)
        self.tell(e.AlertChanged, alert_id, old=old, new=new, text="is out")

    def flap(self, alert_id: str = "A1", *, is_flapping: bool = True) -> None:
        self.change(alert_id, is_flapping=is_flapping)
        self.tell(e.AlertFlapping, alert_id, is_flapping=is_flapping)

    def escalate(self, alert_id: str = "A1") -> None:
        self.tell(e.AlertEscalated, alert_id, actor="ada")

    def change(self, alert_id: str, **changes: Any) -> None:
        self.alerts[alert_id] = replace(self.alerts[alert_id], **changes)

    def tell(self, kind: Any, alert_id: str, **fields: Any) -> None:
        """Publishes an event about an alert, as the bus does."""
        alert = self.alerts[alert_id]
        event = kind(at=self.now, alert_id=alert_id, rule=alert.rule, subject=alert.subject, **fields)
        self.events += self.planner.observe(event)
        self.keep()

    def restart(self, rows: dict[str, Any] | None = None) -> None:
        """The engine is killed and started again, with what was on disk."""
        kept = self.disk if rows is None else rows
        self.planner = self.fresh()
        self.events += self.planner.restore(json.loads(json.dumps(kept)), self.now, self.alerts.values())

    def keep(self) -> None:
        """What changed is on disk."""
        self.disk.update(self.planner.changed())

    # --- time, and the courier --------------------------------------------------------------------

    def until(self, seconds: float, answer: Receipt = DELIVERED) -> list[Notice]:
        """Lives until `T0 + seconds`, doing everything when it is due; the notices that were sent meanwhile."""
        before = len(self.sent)
        end = T0 + seconds
        self.work(answer)
        while (due := self.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.work(answer)
        self.now = end
        return self.sent[before:]

    def jump(self, seconds: float) -> None:
        """It is `T0 + seconds`, and nothing was done meanwhile."""
        self.now = T0 + seconds

    def next_due(self) -> float | None:
        outbox = self.planner.outbox
        dues = [self.planner.next_due(), *(outbox.next_at(one.name, self.now) for one in self.settings.channels)]
        return min((due for due in dues if due is not None), default=None)

    def work(self, answer: Receipt = DELIVERED) -> None:
        """Does what is due now: plans, and sends whatever may be sent."""
        due = self.planner.next_due()
        while due is not None and due <= self.now:
            self.events += self.planner.tick(self.now)
            self.keep()
            due = self.planner.next_due()
        for one in self.settings.channels:
            while self.send(one.name, answer):
                pass

    def send(self, name: str = "slack", answer: Receipt = DELIVERED) -> Notice | None:
        """One attempt on this channel, where one is due."""
        notice = self.begin(name)
        if notice is not None:
            self.settle(notice, answer)
        return notice

    def begin(self, name: str = "slack") -> Notice | None:
        notice = self.planner.outbox.next(name, self.now)
        if notice is not None:
            self.events += self.planner.outbox.begin(notice.notice_id, self.now)
            self.keep()
        return notice

    def settle(self, notice: Notice, answer: Receipt = DELIVERED) -> None:
        self.events += self.planner.outbox.settle(notice.notice_id, answer, self.now, took=0.1)
        self.keep()
        if answer.verdict is Verdict.DELIVERED:
            self.sent.append(notice)


def told(notices: list[Notice]) -> list[tuple[str, NoticeKind, tuple[str, ...]]]:
    """What was told where, without the how."""
    return [(one.channel, one.kind, tuple(brief.alert_id for brief in one.alerts)) for one in notices]
