"""Which events a question is about, so that every store picks the same ones whatever it keeps them in."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum

from hive_console.core import events as e
from hive_console.core.journal import kind_of
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import OperationResult
from hive_console.core.store import Wanted

REQUESTS: tuple[type[e.Event], ...] = (e.AttemptFinished, e.OperationFinished, e.FailedOver)
"""What comes with requests."""

STEPS: tuple[type[e.Event], ...] = (e.NoticeQueued, e.NoticeTried)
"""On the way to the end of a notice, which tells what came of it."""

CHECKS: tuple[type[e.Event], ...] = (e.ProbeFinished, e.AuditChecked)
"""What was looked at; what that moved has an event of its own."""

_MOVED_NOTHING = frozenset({*REQUESTS, *STEPS, *CHECKS, e.OperatorActed, e.FleetConfigured})

MOVING: tuple[type[e.Event], ...] = tuple(kind for kind in e.event_types() if kind not in _MOVED_NOTHING)
"""What moved something: neither requests nor checks, nor the steps of a notice, nor the audit's own rows, nor how
the fleet is set up, which a start or a reload tells of."""

ABOUT = ("model", "requested", "served_by", "from_model", "to_model", "subject", "target")
"""Fields that name one model or route, or nothing."""

ABOUT_MANY = ("models", "tried")
"""Fields that name several."""


def models_of(event: e.Event) -> frozenset[str]:
    """Every model (or route) an event is about; empty where it is about the whole fleet."""
    one = (getattr(event, field, None) for field in ABOUT)
    many = (name for field in ABOUT_MANY for name in getattr(event, field, ()))
    return frozenset(name for name in (*one, *many) if name)


def is_bad(event: e.Event) -> bool:
    """Whether a request failed, was retried, or was answered by another model; only requests can be bad.

    That a route chose another model than its primary is no evil: where that was a failover, an event says so.
    """
    match event:
        case e.AttemptFinished():
            return event.kind is not OutcomeKind.SUCCESS or event.number > 1
        case e.OperationFinished():
            is_moved = event.served_by is not None and event.served_by != event.requested and not event.route
            return event.result is not OperationResult.ANSWERED or event.attempts > 1 or is_moved
        case _:
            return isinstance(event, e.FailedOver)


def holds(event: e.Event, folded: str) -> bool:
    """Whether a text of the event, or its kind's name, holds `folded`, which is text without case."""
    return any(folded in text.casefold() for text in (kind_of(event), *_texts(event)))


def is_wanted(event: e.Event, wanted: Wanted) -> bool:
    """Whether an event is asked for, save for the limit; `is_bad` leaves out good requests and nothing else."""
    if not wanted.begin <= event.at < wanted.end:
        return False
    if wanted.models is not None and models_of(event).isdisjoint(wanted.models):
        return False
    if wanted.is_bad and isinstance(event, REQUESTS) and not is_bad(event):
        return False
    return not wanted.text or holds(event, wanted.text.casefold())


def _texts(event: e.Event) -> list[str]:
    texts: list[str] = []
    for field in fields(event):
        value = getattr(event, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            text = part.value if isinstance(part, Enum) else part
            if isinstance(text, str):
                texts.append(text)
    return texts
