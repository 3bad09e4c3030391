"""The few places inside the engine that a rehearsal touches: how it is built, and what the invariants look at.

Whoever moves a part of the engine changes this file and no other of the rehearsal.
"""

from __future__ import annotations

from collections.abc import Sequence

from hive_console.core.breaker_policy import PERMIT_LEASE
from hive_console.core.member import Member
from hive_console.core.settings import ProbeKind, Settings
from hive_console.core.snapshot import SERIES_LENGTH
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.window import WINDOW_SAMPLES
from hive_console.engine.bulkhead import Bulkhead
from hive_console.engine.bus import Reader
from hive_console.engine.feed import FEED_LENGTH
from hive_console.engine.ports import Clock, Provider
from hive_console.engine.supervisor import ResilienceEngine

TRIAL_PERMITS = 1
"""Permits that a half-open breaker gives at once."""

TRIAL_PATIENCE = PERMIT_LEASE + 1.0
"""Seconds a breaker may be half-open without a permit out: the lease, and a turn of the prober's look."""

FULL_TRAFFIC_WITHIN = 20 * 60.0
"""Seconds after a model is well within which it has all its traffic back: the longest wait of an open breaker
(ten minutes where it doubles) and the steps of a ramp."""


def members_of(engine: ResilienceEngine) -> dict[str, Member]:
    """All members by id."""
    return engine._fleet.members  # noqa: SLF001 - the watcher looks inside, and only here


def permits_out(member: Member) -> int:
    """Half-open permits that are out and not yet settled."""
    return member.breaker._trials.out  # noqa: SLF001 - as above


def is_stuck_half_open(member: Member, now: float) -> bool:
    """Whether a trial must decide what comes next and nobody makes it. Without a prober the next call makes it."""
    if member.breaker.state is not BreakerState.HALF_OPEN or permits_out(member):
        return False
    return _has_prober(member) or not member.would_admit(now)


def is_held_by_hand(member: Member) -> bool:
    """Whether an operator's word keeps the member where it is."""
    return member.breaker.state is BreakerState.ISOLATED or member.breaker.frozen_until is not None


def has_full_traffic(member: Member, now: float) -> bool:
    """Whether the member gets all the traffic it would get if nothing had ever been wrong.

    Without a prober nobody learns that it is well before somebody asks it; then it is enough that the next call
    would be let in, or is being tried right now.
    """
    if not _has_prober(member):
        return member.would_admit(now) or bool(permits_out(member))
    return member.status is not ModelStatus.UNAVAILABLE and member.share >= 1 and member.would_admit(now)


def _has_prober(member: Member) -> bool:
    return member.settings.probe is not ProbeKind.NONE


def attempts_allowed(engine: ResilienceEngine, requested: str) -> int:
    """Calls that one operation may make at most: (1 + retries) on each model of its chain."""
    members = members_of(engine)
    member = members[requested]
    chain = {requested, *member.settings.fallbacks, *(() if member.pinned_to is None else (member.pinned_to,))}
    return sum(1 + members[name].settings.max_retries for name in chain)


def availability_of(engine: ResilienceEngine, model: str, now: float) -> float | None:
    """What the engine's meter says."""
    return engine._publisher._meter.availability(model, now)  # noqa: SLF001 - as above


def _bulkheads(engine: ResilienceEngine) -> list[tuple[str, Bulkhead, int]]:
    """Every bulkhead with its name and the most it may ever hold: the models', and the whole fleet's."""
    members = members_of(engine)
    of_models = engine._publisher._executor.bulkheads.items()  # noqa: SLF001 - as above
    return [
        *((name, bulkhead, members[name].settings.max_concurrent_requests) for name, bulkhead in of_models),
        ("the fleet", engine._door.places, engine.settings.resilience.max_total_requests),  # noqa: SLF001 - as above
    ]


def overfull_places(engine: ResilienceEngine) -> list[str]:
    """Bulkheads that hold more calls, or more waiting operations, than they may."""
    bound = engine.settings.resilience.max_queued_requests
    return [
        f"bulkhead of {name} has {bulkhead.taken} of {most} places and {len(bulkhead._waiting)} waiting"  # noqa: SLF001 - as above
        for name, bulkhead, most in _bulkheads(engine)
        if bulkhead.taken > most or len(bulkhead._waiting) > bound  # noqa: SLF001 - as above
    ]


def overfull_queues(engine: ResilienceEngine) -> list[str]:
    """Windows, series and feeds that are longer than their bounds."""
    found = []
    if len(engine.feed._events) > FEED_LENGTH:  # noqa: SLF001 - as above
        found.append("the event feed is longer than its bound")
    for name, member in members_of(engine).items():
        if member.record.window.calls > WINDOW_SAMPLES:
            found.append(f"the window of {name} holds {member.record.window.calls} samples")
        if len(member.record.trend._past[0]) > SERIES_LENGTH:  # noqa: SLF001 - as above
            found.append(f"the series of {name} is longer than its bound")
    return found


def left_behind(engine: ResilienceEngine) -> list[str]:
    """What is still out although no operation is under way: places, waiting lines, permits of real calls."""
    found = []
    for name, bulkhead, _ in _bulkheads(engine):
        if bulkhead.taken or bulkhead._waiting:  # noqa: SLF001 - as above
            found.append(f"{name} has {bulkhead.taken} places taken, {len(bulkhead._waiting)} waiting")  # noqa: SLF001 - as above
    return found


def build_engine(
    settings: Settings, *, provider: Provider, clock: Clock, seed: str, pace: float, readers: Sequence[Reader]
) -> ResilienceEngine:
    """An engine that looks every `pace` seconds at what time alone changes, and that the readers listen to."""
    return ResilienceEngine(
        settings, provider=provider, clock=clock, seed=seed, pace=pace, is_watched=False, readers=readers
    )
