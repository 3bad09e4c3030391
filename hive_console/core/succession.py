"""Which member goes on when a model's settings change: the same one, or a new one at another address.

What a model showed at one address says nothing of another. What an operator ordered holds for the name, wherever
it leads.
"""

from __future__ import annotations

from hive_console.core import events as e
from hive_console.core.member import Member
from hive_console.core.modes import follow
from hive_console.core.policies import breaker_policy_of, limit_of, ramp_policy_of
from hive_console.core.settings import ModelSettings

MOVED = "its settings name another address"
"""Why a model is unknown again."""


def is_same_place(old: ModelSettings, new: ModelSettings) -> bool:
    """Whether calls under both settings reach the same model."""
    return (old.endpoint, old.wire_name, old.dialect) == (new.endpoint, new.wire_name, new.dialect)


def successor(member: Member, settings: ModelSettings, now: float) -> tuple[Member, list[e.Event]]:
    """The member that goes on under these settings, and what that changed."""
    if is_same_place(member.settings, settings):
        return member, _adopt(member, settings, now)
    return _moved(member, settings, now)


def _adopt(member: Member, settings: ModelSettings, now: float) -> list[e.Event]:
    """Lets a member go on under other settings of the same model at the same address, from the next call on.

    What it learned stays, as far as it means the same: its breaker with counts, trials and holds, its window, its
    ramp, its pin. Another key begins without the limits and faults of the old one.
    """
    old, member.settings = member.settings, settings
    member.restraint.adopt(settings, is_other_key=settings.key != old.key)
    policy = breaker_policy_of(settings)
    if policy != member.breaker.policy:
        member.breaker.adopt(policy)
    if member.limit is None or not settings.adaptive_concurrency:
        member.limit = limit_of(settings)
    else:
        member.limit.resize(settings.max_concurrent_requests)
    member.comeback.policy = ramp_policy_of(settings)
    events = member.comeback.end_ramp(now) if member.comeback.policy is None else []
    mode = settings.breaker_mode
    move = follow(member.breaker, mode, now) if mode is not old.breaker_mode else None
    return [*events, *(member.refresh(now) if move is None else member.moved(move, now))]


def _moved(old: Member, settings: ModelSettings, now: float) -> tuple[Member, list[e.Event]]:
    old.retire()
    new = Member(settings, now, key=old.restraint.key)
    new.pinned_to = old.pinned_to
    new.breaker.frozen_until, new.is_told_frozen = old.breaker.frozen_until, old.is_told_frozen
    new.thawed_because = old.thawed_because
    for holder, until in old.breaker.holders.items():
        new.breaker.isolate(now, MOVED, holder=holder, until=until)
    # As the world knows it, so that its next look at itself tells what became of that.
    new.status, new.status_since, new.status_cause = old.status, old.status_since, MOVED
    events: list[e.Event] = []
    if old.restraint.ejected_until is not None:
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
