"""What a model was before a restart, written down and taken back.

A state does not grow too old: every instant in it is absolute, so what has run out meanwhile has run out.
Settings that changed meanwhile win; only a hold by hand stays whatever they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_console.core import events as e
from hive_console.core.breaker import Breaker
from hive_console.core.faults import mark_of
from hive_console.core.member import Member
from hive_console.core.policies import first_state_of
from hive_console.core.ramp import Ramp
from hive_console.core.saved_state import checked
from hive_console.core.states import BreakerState, ModelStatus

AS_BEFORE = "as before the restart"
"""The cause of what a restart tells."""


def save_member(member: Member) -> dict[str, Any]:
    """What must survive a restart, as JSON values."""
    comeback = member.comeback
    return {
        "mode": member.settings.breaker_mode.value,
        "breaker": member.breaker.save(),
        "ramp": None if comeback.ramp is None else comeback.ramp.save(),
        "ramp_since": comeback.ramp_since,
        "pinned_to": member.pinned_to,
        "throttled_until": member.restraint.throttled_until,
        "baseline_p95": comeback.baseline_p95,
        "down_since": comeback.down_since,
        "way": _way_to(member),
        "fault": member.restraint.own_fault.save(),
        "limits": member.restraint.pace.save(),
    }


def restore_member(member: Member, saved: object, now: float) -> list[e.Event]:
    """Takes what `save_member` gave, and tells what of it a person should know.

    Raises `UnreadableState`; the member is as it was then.
    """
    record = checked(saved)
    fresh = member.breaker.state
    policy = member.breaker.policy
    member.breaker = Breaker.restored(policy, _under_present_mode(member, record), now)
    member.is_told_frozen = member.breaker.frozen_until is not None
    _restrain(member, record, now)
    member.pinned_to = record["pinned_to"]
    comeback = member.comeback
    comeback.baseline_p95 = record["baseline_p95"]
    down_since = record["down_since"]
    comeback.down_since = None if down_since is None else min(down_since, now)
    is_closed = member.breaker.state is BreakerState.CLOSED
    if record["ramp"] is not None and comeback.policy is not None and is_closed:
        ramp = Ramp.restore(comeback.policy, record["ramp"], now, comeback.baseline_p95)
        comeback.ramp = ramp if ramp.outcome is None else None
        comeback.ramp_since = min(record["ramp_since"], now)
    events = [*_told(member, fresh, now), *member.refresh(now)]
    if member.status is not ModelStatus.UNAVAILABLE and comeback.ramp is None:
        comeback.down_since = None  # it came back while nobody looked: no recovery of ours
    return events


def _way_to(member: Member) -> str:
    """Tells whether a model is still reached in the same way; the addresses themselves do not show."""
    settings = member.settings
    parts = (member.restraint.key.mark, settings.endpoint, settings.wire_name, settings.dialect.value)
    return mark_of(parts)


def _restrain(member: Member, record: Mapping[str, Any], now: float) -> None:
    """What a provider said before; with another key, or another model behind the name, it begins without that.

    Earlier versions did not write to whom it was said.
    """
    restraint = member.restraint
    if record["way"] not in {None, _way_to(member)}:
        return
    restraint.throttled_until = record["throttled_until"]
    if record["fault"] is not None:
        restraint.own_fault.restore(record["fault"], now)
    if record["limits"] is not None:
        restraint.pace.restore(record["limits"], now)


def _under_present_mode(member: Member, record: Mapping[str, Any]) -> dict[str, Any]:
    """What was saved of the breaker; begun afresh when its mode was set anew meanwhile, save for a hold."""
    breaker = dict(record["breaker"])
    is_held = breaker["state"] == BreakerState.ISOLATED.value
    if record["mode"] != member.settings.breaker_mode.value and not is_held:
        breaker.update(state=first_state_of(member.settings).value, open_until=None)
    return breaker


def _told(member: Member, fresh: BreakerState, now: float) -> list[e.Event]:
    """What makes this model other than a fresh one, for the log and the alerts."""
    model, breaker = member.settings.id, member.breaker
    events: list[e.Event] = []
    if breaker.state is not fresh:
        was_held = breaker.state is BreakerState.ISOLATED
        why = "deactivated by hand" if was_held else breaker.last_failure_cause
        events.append(
            e.BreakerChanged(
                at=now,
                model=model,
                old=fresh,
                new=breaker.state,
                cause=f"{AS_BEFORE}: {why}" if why else AS_BEFORE,
                open_until=breaker.open_until,
                trigger="restored",
                consecutive_failures=breaker.consecutive_failures,
            )
        )
    if breaker.is_frozen(now):
        until = None if breaker.frozen_until == float("inf") else breaker.frozen_until
        events.append(e.AutomationFrozen(at=now, model=model, until=until, cause=AS_BEFORE))
    if member.ramp is not None:
        events.append(e.RampAdvanced(at=now, model=model, share=member.share))
    return events
