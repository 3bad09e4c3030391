"""What belongs to the story of an alert, a silence or a notice: which events name it, in every store alike."""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.states import Action

OF_ALERTS: tuple[type[e.Event], ...] = (
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
"""Each is about one alert."""

OF_SILENCES: tuple[type[e.Event], ...] = (e.SilencePlaced, e.SilenceEnded)

OF_NOTICES: tuple[type[e.Event], ...] = (e.NoticeQueued, e.NoticeTried, e.NoticeSettled)

NAMING: tuple[type[e.Event], ...] = (*OF_ALERTS, e.AlertsRestored, *OF_SILENCES, *OF_NOTICES, e.OperatorActed)
"""Kinds that can name an alert, a silence or a notice."""

_ON_ALERTS = frozenset({Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE, Action.ESCALATE, Action.RESOLVE, Action.NOTE})


def named_in(event: e.Event) -> tuple[str, ...]:
    """The ids of alerts, silences and notices that an event names, each once; empty for every other event.

    Ids of the three never meet: each kind begins with a letter of its own.
    """
    ids: tuple[str, ...]
    match event:
        case e.AlertMuted():
            ids = (event.alert_id, event.silence_id)
        case (
            e.AlertRaised()
            | e.AlertReopened()
            | e.AlertChanged()
            | e.AlertResolved()
            | e.AlertAcknowledged()
            | e.AlertUnacknowledged()
            | e.AlertNoted()
            | e.AlertFlapping()
            | e.AlertEscalated()
        ):
            ids = (event.alert_id,)
        case e.AlertsRestored():
            ids = event.alert_ids
        case e.SilencePlaced() | e.SilenceEnded():
            ids = (event.silence_id,)
        case e.NoticeQueued() | e.NoticeSettled():
            ids = (event.notice_id, *event.alert_ids)
        case e.NoticeTried():
            ids = (event.notice_id,)
        case e.OperatorActed() if event.action in _ON_ALERTS:
            ids = tuple(event.target.split(",")[: e.MANY_CHANGES])
        case e.OperatorActed() if event.action is Action.UNSILENCE:
            ids = (event.target,)
        case e.OperatorActed() if event.action is Action.SILENCE and "=" not in event.target:
            ids = (event.target,)  # one alert, instead of matchers
        case _:
            ids = ()
    return tuple(dict.fromkeys(name for name in (one.strip() for one in ids) if name))
