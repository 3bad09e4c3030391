"""What feed and recording tell of alerts: what happened to each, and every notice with its attempts; pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hive_console.core import events as e
from hive_console.core.snapshot import AlertView
from hive_console.core.states import NOT_COMMANDED, ActionPhase, NoticeEnd, NoticeKind
from hive_console.engine.client import EventPage

KEPT_NOTICES = 1_000
"""Notices kept, the latest: a day of a busy team."""

KEPT_EVENTS = 5_000
"""Changes of alerts kept, the latest."""

ALERT_EVENTS = (
    e.AlertRaised,
    e.AlertReopened,
    e.AlertChanged,
    e.AlertResolved,
    e.AlertAcknowledged,
    e.AlertUnacknowledged,
    e.AlertNoted,
    e.AlertMuted,
    e.AlertFlapping,
    e.AlertEscalated,
)
NOTICE_EVENTS = (e.NoticeQueued, e.NoticeTried, e.NoticeSettled)

TOLD: tuple[type[e.Event], ...] = (*ALERT_EVENTS, *NOTICE_EVENTS, e.OperatorActed)
"""What is asked for of a recording."""

AlertEvent = (
    e.AlertRaised
    | e.AlertReopened
    | e.AlertChanged
    | e.AlertResolved
    | e.AlertAcknowledged
    | e.AlertUnacknowledged
    | e.AlertNoted
    | e.AlertMuted
    | e.AlertFlapping
    | e.AlertEscalated
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a notice.

    Attributes:
        at: when it came back, or, while it is under way, when it began.
        took: seconds; `None` while it is under way.
        is_delivered: whether it was taken.
        status: of HTTP or SMTP.
        answer: what the other side said.
        next_at: when it is tried again.
    """

    at: float
    took: float | None = None
    is_delivered: bool = False
    status: int | None = None
    answer: str = ""
    next_at: float | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way, or at its end.

    Attributes:
        notice_id: its id.
        channel: over which it goes.
        at: when it was first heard of.
        kind: what it tells; `None` while only an attempt is known.
        alert_ids: of which alerts, the first of `count`.
        count: of how many.
        due: from when on it may be sent.
        step: of the escalation.
        attempts: by their number.
        end: how it ended; `None` while it has not.
        ended_at: when.
        cause: why it was queued, or why it ended so.
    """

    notice_id: str
    channel: str
    at: float
    kind: NoticeKind | None = None
    alert_ids: tuple[str, ...] = ()
    count: int = 0
    due: float | None = None
    step: int = 0
    attempts: dict[int, Attempt] = field(default_factory=dict)
    end: NoticeEnd | None = None
    ended_at: float | None = None
    cause: str = ""

    @property
    def last(self) -> Attempt | None:
        """Its latest attempt."""
        return self.attempts[max(self.attempts)] if self.attempts else None


class AlertFeed:
    """Folds events, in whatever pieces they come; one that comes twice counts once.

    Attributes:
        cursor: where the feed was read until.
        begins_at: from when on the feed told everything; `None` while it told nothing.
    """

    def __init__(self) -> None:
        self.cursor = 0
        self.begins_at: float | None = None
        self._happened: deque[e.Event] = deque(maxlen=KEPT_EVENTS)
        self._deliveries: OrderedDict[str, Delivery] = OrderedDict()

    def take(self, page: EventPage) -> bool:
        """Adds a page of the feed; whether it told anything of alerts."""
        self.cursor = page.cursor
        if page.is_anew:
            self.forget()
        if page.events and self.begins_at is None:
            self.begins_at = page.events[0].at
        told = [event for event in page.events if isinstance(event, TOLD)]
        for event in told:
            self._put(event)
        return bool(told) or page.is_anew

    def forget(self) -> None:
        """Knows nothing again: another time is shown."""
        self._happened.clear()
        self._deliveries.clear()
        self.begins_at = None

    def recall(self, events: Iterable[e.Event]) -> None:
        """Adds what was before the feed begins, oldest first."""
        known = list(self._happened)
        self._happened.clear()
        for event in events:
            self._put(event)
        self._happened.extend(known)
        ordered = sorted(self._deliveries.values(), key=lambda one: one.at)
        self._deliveries = OrderedDict((one.notice_id, one) for one in ordered)

    def deliveries(self) -> tuple[Delivery, ...]:
        """All notices, the newest first."""
        return tuple(reversed(self._deliveries.values()))

    def deliveries_of(self, alert_id: str) -> tuple[Delivery, ...]:
        """The notices that told of this alert, the oldest first."""
        return tuple(one for one in self._deliveries.values() if alert_id in one.alert_ids)

    def changes_of(self, alert: AlertView) -> tuple[AlertEvent | e.OperatorActed, ...]:
        """What happened to this alert, and what was done to what it is about while it fired, oldest first."""
        end = float("inf") if alert.resolved_at is None else alert.resolved_at
        found: list[AlertEvent | e.OperatorActed] = []
        for event in self._happened:
            if isinstance(event, e.OperatorActed):
                is_about = event.target == alert.subject and alert.raised_at <= event.at <= end
                if is_about and event.phase is ActionPhase.DONE and event.action not in NOT_COMMANDED:
                    found.append(event)
            elif isinstance(event, ALERT_EVENTS) and event.alert_id == alert.alert_id:
                found.append(event)
        return tuple(found)

    def _put(self, event: e.Event) -> None:
        match event:
            case e.NoticeQueued():
                known = self._delivery(event.notice_id, event.channel, event.at)
                self._deliveries[event.notice_id] = replace(
                    known,
                    at=min(known.at, event.at),
                    kind=event.kind,
                    alert_ids=event.alert_ids,
                    count=event.count,
                    due=event.due,
                    step=event.step,
                    cause=known.cause or event.cause,
                )
            case e.NoticeTried():
                known = self._delivery(event.notice_id, event.channel, event.at)
                is_new = event.took is not None or event.number not in known.attempts
                attempt = Attempt(
                    event.at, event.took, event.is_delivered, event.status, event.answer, event.next_at
                )
                attempts = {**known.attempts, event.number: attempt} if is_new else known.attempts
                self._deliveries[event.notice_id] = replace(known, attempts=attempts)
            case e.NoticeSettled():
                known = self._delivery(event.notice_id, event.channel, event.at)
                self._deliveries[event.notice_id] = replace(
                    known,
                    kind=known.kind or event.kind,
                    alert_ids=known.alert_ids or event.alert_ids,
                    count=known.count or len(event.alert_ids),
                    end=event.end,
                    ended_at=event.at,
                    cause=event.cause or known.cause,
                )
            case _:
                self._happened.append(event)
        while len(self._deliveries) > KEPT_NOTICES:
            self._deliveries.popitem(last=False)

    def _delivery(self, notice_id: str, channel: str, at: float) -> Delivery:
        return self._deliveries.get(notice_id) or Delivery(notice_id, channel, at)
