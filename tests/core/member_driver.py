"""Drives one member through permitted calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hive_console.core.events import Event
from hive_console.core.member import Member
from hive_console.core.outcome import SUCCESS, Outcome
from hive_console.core.settings import ProbeKind
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.transitions import Permit, Refusal
from tests.core.samples import FAILED, NOW, model_settings

THRESHOLD = 3
TIMEOUT = 20.0
TRIAL = NOW + TIMEOUT


def member_of(*, fixed_fault: str = "", probe: ProbeKind = ProbeKind.MODELS, **changes: Any) -> Member:
    """Member `a`; `changes` are fields of `ModelSettings`."""
    known: dict[str, Any] = {  # any field of the dataclass
        "breaker_threshold": THRESHOLD,
        "recovery_timeout": TIMEOUT,
        "probe": probe,
        "degraded_response_time": 5.0,
    }
    return Member(model_settings("a", **(known | changes)), NOW, fixed_fault=fixed_fault)


def permit_of(member: Member, now: float, *, is_probe: bool = False) -> Permit:
    permit, _ = member.acquire(now, is_probe=is_probe)
    assert isinstance(permit, Permit)
    return permit


def refusal_of(member: Member, now: float, *, is_probe: bool = False) -> Refusal:
    refusal, events = member.acquire(now, is_probe=is_probe)
    assert isinstance(refusal, Refusal)
    assert events == []
    return refusal


def call(
    member: Member, outcome: Outcome, now: float, *, latency: float = 1.0, is_probe: bool = False
) -> list[Event]:
    permit, events = member.acquire(now, is_probe=is_probe)
    assert isinstance(permit, Permit)
    return [*events, *member.settle(permit, outcome, now, latency=latency, is_probe=is_probe)]


def calls(member: Member, outcome: Outcome, now: float, times: int) -> list[Event]:
    return [event for _ in range(times) for event in call(member, outcome, now)]


def down(**changes: Any) -> Member:  # any field of `ModelSettings`
    """A member that answered once, and whose breaker failures opened at NOW."""
    member = member_of(**changes)
    call(member, SUCCESS, NOW)
    calls(member, FAILED, NOW, THRESHOLD)
    assert member.breaker.state is BreakerState.OPEN
    return member


def recovering(**changes: Any) -> Member:  # any field of `ModelSettings`
    """A member whose trial succeeded at TRIAL: its traffic begins to come back."""
    member = down(**changes)
    call(member, SUCCESS, TRIAL, is_probe=True)
    assert member.breaker.state is BreakerState.CLOSED
    return member


Kind = TypeVar("Kind", bound=Event)


def of_kind(events: Sequence[Event], kind: type[Kind]) -> list[Kind]:
    """The events of one kind, in order."""
    return [event for event in events if isinstance(event, kind)]


def status_of(member: Member) -> ModelStatus:
    return member.status
