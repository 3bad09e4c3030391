"""Alerts, silences and channels, put together again from what was said of them.

What only the engine knew (when the next step is due, who is on call, what waits to become an alert) nobody said: it
stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hive_console.core import events as e
from hive_console.core.alert_story import OF_ALERTS
from hive_console.core.snapshot import AlertView, ChannelView, SilenceView
from hive_console.core.states import AlertState, NoticeEnd, NoticeKind

CHANGING: tuple[type[e.Event], ...] = (*OF_ALERTS, e.NoticeQueued, e.NoticeSettled)
"""Kinds that an alert is put together from."""

MOST_NOTES = 10
"""Notes of one alert that are told, the latest, as in the inbox."""

TELLS_FIRING = frozenset(
    {NoticeKind.FIRING, NoticeKind.REPEAT, NoticeKind.ESCALATION, NoticeKind.FLAPPING, NoticeKind.DIGEST}
)
"""Notices after which a channel knows that an alert fires."""


def alert_of(event: e.AlertRaised) -> AlertView:
    """An alert as it was raised."""
    pairs = (label.partition("=") for label in event.labels)
    return AlertView(
        alert_id=event.alert_id,
        rule=event.rule,
        severity=event.severity,
        subject=event.subject,
        text=event.text,
        state=AlertState.FIRING,
        raised_at=event.at,
        labels=tuple((name, value) for name, _, value in pairs),
        name=event.name,
    )


def alert_after(alert: AlertView, event: e.Event) -> AlertView:
    """An alert after what was said of it; unchanged by what is not about alerts."""
    changed = alert.changed + 1
    match event:
        case e.AlertReopened():
            return replace(
                alert,
                severity=event.severity,
                text=event.text,
                state=AlertState.FIRING,
                resolved_at=None,
                times=event.times,
                cause="",
                told=(),
                untold=(),
                step=0,
                changed=changed,
            )
        case e.AlertChanged():
            return replace(alert, severity=event.new, text=event.text, changed=changed)
        case e.AlertResolved() if alert.state is AlertState.FIRING:
            return replace(
                alert,
                state=AlertState.RESOLVED,
                resolved_at=event.at,
                cause=event.cause,
                silenced_by="",
                inhibited_by="",
                is_flapping=False,
                changed=changed,
            )
        case e.AlertAcknowledged():
            since = alert.acknowledged_at if alert.acknowledged_by == event.actor else None
            return replace(
                alert,
                acknowledged_by=event.actor,
                acknowledged_at=event.at if since is None else since,
                acknowledged_until=event.until,
                note=event.note,
                changed=changed,
            )
        case e.AlertUnacknowledged():
            return replace(
                alert,
                acknowledged_by=None,
                acknowledged_at=None,
                acknowledged_until=None,
                note="",
                changed=changed,
            )
        case e.AlertNoted():
            notes = (*alert.notes, f"{event.actor}: {event.note}")[-MOST_NOTES:]
            return replace(alert, notes=notes, changed=changed)
        case e.AlertMuted():
            return replace(alert, silenced_by=event.silence_id, inhibited_by=event.by_alert, changed=changed)
        case e.AlertFlapping():
            return replace(alert, is_flapping=event.is_flapping, changed=changed)
        case e.AlertEscalated():
            return replace(alert, changed=changed)
        case e.NoticeQueued() | e.NoticeSettled() if event.kind in TELLS_FIRING:
            return _after_notice(alert, event)
        case _:
            return alert


def _after_notice(alert: AlertView, event: e.NoticeQueued | e.NoticeSettled) -> AlertView:
    """Who was told, and who is to be: what counts is what has been said since it fired (anew)."""
    if isinstance(event, e.NoticeQueued):
        untold = tuple(dict.fromkeys((*alert.untold, event.channel)))
        return replace(alert, untold=untold, step=max(alert.step, event.step + 1))
    told = alert.told
    if event.end is NoticeEnd.DELIVERED:
        told = tuple(dict.fromkeys((*told, event.channel)))
    return replace(alert, told=told, untold=tuple(name for name in alert.untold if name != event.channel))


def alert_ids_of(event: e.Event) -> tuple[str, ...]:
    """The alerts that an event of `CHANGING` changes."""
    if isinstance(event, e.NoticeQueued | e.NoticeSettled):
        return event.alert_ids if event.kind in TELLS_FIRING else ()
    alert_id = getattr(event, "alert_id", "")
    return (alert_id,) if alert_id else ()


def alert_holds(alert: AlertView, folded: str) -> bool:
    """Whether one of its texts holds `folded`, which is text without case."""
    words = (alert.alert_id, alert.rule_id, alert.severity.value, alert.subject, alert.text, alert.note)
    labels = (f"{name}={value}" for name, value in alert.labels)
    texts = (*words, alert.acknowledged_by or "", alert.cause, *labels, *alert.notes)
    return any(folded in text.casefold() for text in texts)


class AlertFold:
    """Takes events, oldest first, and keeps every episode as it is after them.

    Its owner bounds it. `episodes` are in the order in which they were raised, by the number that came with the
    event that raised them.
    """

    def __init__(self, known: Iterable[tuple[int, AlertView]] = ()) -> None:
        """`known` are episodes with their numbers; of an id the last one goes on."""
        self.episodes: dict[int, AlertView] = dict(known)
        self._latest = {alert.alert_id: number for number, alert in self.episodes.items()}

    def take(self, number: int, event: e.Event) -> list[int]:
        """Adds one event; returns the numbers of the episodes that it changed."""
        if isinstance(event, e.AlertRaised):
            self.episodes[number] = alert_of(event)
            self._latest[event.alert_id] = number
            return [number]
        found = [self._latest[name] for name in alert_ids_of(event) if name in self._latest]
        for one in found:
            self.episodes[one] = alert_after(self.episodes[one], event)
        return found


def alert_at(alert: AlertView, at: float) -> AlertView:
    """An alert as it was at `at`, as far as its last state tells: what was said of it is not there to be asked."""
    if alert.resolved_at is not None and alert.resolved_at > at:
        alert = replace(alert, state=AlertState.FIRING, resolved_at=None)
    if alert.acknowledged_at is not None and alert.acknowledged_at > at:
        alert = replace(alert, acknowledged_at=None, acknowledged_by=None, acknowledged_until=None, note="")
    return alert


def silences_at(
    told: Iterable[e.Event], at: float, *, hid: Mapping[str, int], alerts: Iterable[AlertView]
) -> tuple[SilenceView, ...]:
    """The silences that held or would at `at`, those first that end first.

    Args:
        told: what was said of silences by then, oldest first; other events are ignored.
        at: Unix seconds.
        hid: how many alerts each had hidden by then.
        alerts: the alerts as they were.
    """
    found: dict[str, SilenceView] = {}
    for event in told:
        match event:
            case e.SilencePlaced():
                found[event.silence_id] = SilenceView(
                    silence_id=event.silence_id,
                    matchers=event.matchers,
                    by=event.by,
                    reason=event.reason,
                    begins=event.begins,
                    until=event.until,
                    is_maintenance=event.is_maintenance,
                    ends_on_resolve=event.ends_on_resolve,
                )
            case e.SilenceEnded():
                found.pop(event.silence_id, None)
            case _:
                pass
    hides: dict[str, int] = {}
    for alert in alerts:
        if alert.silenced_by:
            hides[alert.silenced_by] = hides.get(alert.silenced_by, 0) + 1
    held = (
        replace(one, hides=hides.get(one.silence_id, 0), hid=hid.get(one.silence_id, 0))
        for one in found.values()
        if one.until > at
    )
    return tuple(sorted(held, key=lambda one: (one.until, one.silence_id)))


def channel_at(name: str, told: Iterable[e.Event], *, ended: Mapping[NoticeEnd, int]) -> ChannelView:
    """One channel as it was. What kind it was of is not recorded.

    Args:
        name: its name.
        told: the latest of what was said of it by then, oldest first.
        ended: how many of its notices had come to each end since the engine of that time started.
    """
    waiting: dict[str, float] = {}
    is_open, last_error, delivered_at, next_at = False, "", None, None
    for event in told:
        match event:
            case e.NoticeQueued():
                waiting[event.notice_id] = event.at
            case e.NoticeTried() if event.took is not None:
                last_error = "" if event.is_delivered else _error(event)
                delivered_at = event.at if event.is_delivered else delivered_at
                next_at = None if event.is_delivered else event.next_at
            case e.NoticeSettled():
                waiting.pop(event.notice_id, None)
                delivered_at = event.at if event.end is NoticeEnd.DELIVERED else delivered_at
            case e.ChannelChanged():
                is_open = event.is_open
                next_at = event.until if event.is_open else None
                last_error = event.cause if event.is_open and not last_error else last_error
            case _:
                pass
    return ChannelView(
        name=name,
        kind="",
        is_open=is_open,
        waiting=len(waiting),
        oldest=min(waiting.values(), default=None),
        delivered=ended.get(NoticeEnd.DELIVERED, 0),
        dead=ended.get(NoticeEnd.DEAD, 0),
        dropped=ended.get(NoticeEnd.DROPPED, 0),
        last_error=last_error,
        last_delivered_at=delivered_at,
        next_at=next_at if waiting or is_open else None,
    )


def _error(event: e.NoticeTried) -> str:
    status = "" if event.status is None else str(event.status)
    return " ".join(part for part in (status, event.answer) if part) or "no answer"
