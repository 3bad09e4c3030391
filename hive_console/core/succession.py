"""Which member goes on when a model's settings change: the same one, or a new one at another address.

What a model showed at one address says nothing of another. What an operator ordered holds for the name, wherever
it leads.
"""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.member import Member
from hive_console.core.settings import ModelSettings

MOVED = "its settings name another address"
"""Why a model is unknown again."""


def is_same_place(old: ModelSettings, new: ModelSettings) -> bool:
    """Whether calls under both settings reach the same model."""
    return (old.endpoint, old.wire_name, old.dialect) == (new.endpoint, new.wire_name, new.dialect)


def successor(member: Member, settings: ModelSettings, now: float) -> tuple[Member, list[e.Event]]:
    """The member that goes on under these settings, and what that changed."""
    if is_same_place(member.settings, settings):
        return member, member.adopt(settings, now)
    return _moved(member, settings, now)


def _moved(old: Member, settings: ModelSettings, now: float) -> tuple[Member, list[e.Event]]:
    old.retire()
    new = Member(settings, now, key=old.key)
    new.pinned_to = old.pinned_to
    new.breaker.frozen_until, new.is_told_frozen = old.breaker.frozen_until, old.is_told_frozen
    for holder, until in old.breaker.holders.items():
        new.breaker.isolate(now, MOVED, holder=holder, until=until)
    # As the world knows it, so that its next look at itself tells what became of that.
    new.status, new.status_since, new.status_cause = old.status, old.status_since, MOVED
    events: list[e.Event] = []
    if old.ejected_until is not None:
        events.append(e.OutlierReturned(at=now, model=settings.id))
    if new.breaker.state is not old.breaker.state:
        events.append(
            e.BreakerChanged(
                at=now,
                model=settings.id,
                old=old.breaker.state,
                new=new.breaker.state,
                cause=MOVED,
                trigger="reloaded",
            )
        )
    return new, [*events, *new.refresh(now)]
