"""The table of the breaker's transitions, and the values that a breaker hands out.

`breaker.Breaker` makes every move and makes none that is not in `TRANSITIONS`; `docs/breaker.md` shows the
table as `as_markdown` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hive_console.core.states import BreakerState
from hive_console.core.tally import Counters

_CLOSED = BreakerState.CLOSED
_OPEN = BreakerState.OPEN
_HALF_OPEN = BreakerState.HALF_OPEN
_ISOLATED = BreakerState.ISOLATED
_METRICS_ONLY = BreakerState.METRICS_ONLY
_DISABLED = BreakerState.DISABLED


class Trigger(Enum):
    """What makes a breaker move; the value is the sentence of the table."""

    THRESHOLD = "a threshold of its trip rule is reached"
    RECOVERY_FAILED = "the model fails again while its traffic is restored"
    TRIAL_ASKED = "its open time is over and a call asks"
    LAST_RESORT = "every model of the chain is open and this one is nearest to its trial"
    TRIALS_PASSED = "its trials succeed"
    TRIALS_FAILED = "its trials fail"
    TRIALS_EXPIRED = "its trials came to no verdict in time"
    TRIPPED = "tripped by hand"
    HALF_OPENED = "sent to its trial by hand"
    RESET = "reset by hand"
    ISOLATED = "deactivated by hand"
    RELEASED = "activated by hand, or the hold expired"
    OBSERVED = "set to metrics only"
    DISABLED = "switched off"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table."""

    olds: frozenset[BreakerState]
    new: BreakerState
    is_by_hand: bool = True


def _row(*olds: BreakerState, new: BreakerState, is_by_hand: bool = True) -> Transition:
    return Transition(frozenset(olds), new, is_by_hand)


TRANSITIONS: Mapping[Trigger, tuple[Transition, ...]] = {
    Trigger.THRESHOLD: (_row(_CLOSED, new=_OPEN, is_by_hand=False),),
    Trigger.RECOVERY_FAILED: (_row(_CLOSED, new=_OPEN, is_by_hand=False),),
    Trigger.TRIAL_ASKED: (_row(_OPEN, new=_HALF_OPEN, is_by_hand=False),),
    Trigger.LAST_RESORT: (_row(_OPEN, new=_HALF_OPEN, is_by_hand=False),),
    Trigger.TRIALS_PASSED: (_row(_HALF_OPEN, new=_CLOSED, is_by_hand=False),),
    Trigger.TRIALS_FAILED: (_row(_HALF_OPEN, new=_OPEN, is_by_hand=False),),
    Trigger.TRIALS_EXPIRED: (_row(_HALF_OPEN, new=_OPEN, is_by_hand=False),),
    Trigger.TRIPPED: (_row(_CLOSED, _HALF_OPEN, _METRICS_ONLY, _DISABLED, new=_OPEN),),
    Trigger.HALF_OPENED: (_row(_OPEN, new=_HALF_OPEN),),
    Trigger.RESET: (_row(_OPEN, _HALF_OPEN, _ISOLATED, _METRICS_ONLY, _DISABLED, new=_CLOSED),),
    Trigger.ISOLATED: (_row(_CLOSED, _OPEN, _HALF_OPEN, _METRICS_ONLY, _DISABLED, new=_ISOLATED),),
    Trigger.RELEASED: (_row(_ISOLATED, new=_HALF_OPEN), _row(_ISOLATED, new=_CLOSED)),
    Trigger.OBSERVED: (_row(_CLOSED, _OPEN, _HALF_OPEN, _ISOLATED, _DISABLED, new=_METRICS_ONLY),),
    Trigger.DISABLED: (_row(_CLOSED, _OPEN, _HALF_OPEN, _ISOLATED, _METRICS_ONLY, new=_DISABLED),),
}
"""Every transition there is. Freezing stops the ones that are not by hand, `TRIAL_ASKED` included."""


@dataclass(frozen=True, slots=True)
class Move:
    """One transition that really happened, with what was counted when it did."""

    old: BreakerState
    new: BreakerState
    cause: str
    trigger: Trigger
    counters: Counters


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to make one call; give it back exactly once with `settle`.

    Attributes:
        generation: the breaker's generation it belongs to.
        number: names a half-open lease; 0 while closed.
        move: the transition that giving it caused, if any.
    """

    generation: int
    number: int = 0
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no call may be made.

    Attributes:
        cause: in words, the last failure included.
        retry_after: seconds until one may be made; `None`: only by an operator's word.
        last_failure: when the model last failed.
        move: the transition that asking caused (a half-open period that had run out), if any.
        is_throttle: whether a rate limit is why: the model is well, and has had enough for now.
    """

    cause: str
    retry_after: float | None
    last_failure: float | None = None
    move: Move | None = None
    is_throttle: bool = False


def as_markdown() -> str:
    """The table for people: from, to, what makes it move, and whether a freeze stops it."""
    lines = ["| from | to | when | while frozen |", "| --- | --- | --- | --- |"]
    for trigger, rows in TRANSITIONS.items():
        for row in rows:
            olds = ", ".join(f"`{state.value}`" for state in BreakerState if state in row.olds)
            frozen = "happens: by hand" if row.is_by_hand else "does not happen"
            lines.append(f"| {olds} | `{row.new.value}` | {trigger.value} | {frozen} |")
    return "\n".join(lines)
