"""Moves calls on that wait for a model which has fallen silent, so that an outage costs few callers their patience.

A model that hangs is not seen to fail before the first call's timeout, and by then as many callers wait as it has
places. A handful of them is enough for the breaker to judge by. So when more calls wait than its threshold asks
for, and it has answered nobody for much longer than it usually takes, the oldest go on waiting and are judged; the
others go to the next model at once and count as nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hive_console.core.member import Member
from hive_console.core.states import BreakerState
from hive_console.engine.deadlines import Limit
from hive_console.engine.ports import Clock

SILENCE = 3.0
"""How many times its p95 a model must be silent for while calls wait: with several of them under way, an answer is
due within its median or so."""

SHORTEST_SILENCE = 1.0
"""Seconds it must be silent for at least: a lost packet is sent again sooner."""

LONGEST_SILENCE = 0.5
"""Share of the model's timeout that is waited at most; so long also where its usual time is not known."""

SHORTEST_LOOK = 0.01
"""Seconds between two looks at least: calls that began together are moved on together."""

KNOWN_BY = 5
"""Answers in the window from which on the usual time is known."""


class Waiting:
    """One call that waits for its answer, or for its first content.

    Attributes:
        limit: bounds it, and ends it early.
        started_at: when it began.
        may_move: whether somebody else would take it now.
        has_moved: whether it was ended early for that.
    """

    __slots__ = ("has_moved", "limit", "may_move", "started_at")

    def __init__(self, limit: Limit, started_at: float, may_move: Callable[[], bool]) -> None:
        self.limit = limit
        self.started_at = started_at
        self.may_move = may_move
        self.has_moved = False


class Overdue:
    """The calls that wait for one model: so many judges, which stay, and the others.

    Attributes:
        member: the model.
    """

    __slots__ = ("_clock", "_judges", "_timer", "_waiting", "member")

    def __init__(self, member: Member, clock: Clock) -> None:
        self.member = member
        self._clock = clock
        self._judges = 0
        self._waiting: dict[Waiting, None] = {}  # in the order they began
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, limit: Limit | None, started_at: float, may_move: Callable[[], bool]) -> Waiting | None:
        """Takes a call that begins to wait; give what comes back to `leave`, exactly once.

        Args:
            limit: ends it early; `None` for a call that stays whatever happens.
            started_at: when it began.
            may_move: whether somebody else would take it now.
        """
        if limit is None or self._judges < self.member.settings.breaker_threshold:
            self._judges += 1
            return None
        waiting = Waiting(limit, started_at, may_move)
        self._waiting[waiting] = None
        if self._timer is None:
            self._look_again_in(self._patience())
        return waiting

    def leave(self, waiting: Waiting | None) -> None:
        """Lets a call go that waits no longer."""
        if waiting is None:
            self._judges -= 1
        else:
            del self._waiting[waiting]

    def _look_again_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """Moves on whom the model lets wait too long, beside those by whom it is judged."""
        self._timer = None
        member = self.member
        missing = member.settings.breaker_threshold - member.breaker.consecutive_failures - self._judges
        others = list(self._waiting)[max(0, missing) :]
        if not others:
            return
        now, patience = self._clock.now(), self._patience()
        silent_since = max(others[0].started_at, member.record.served_at or 0.0)
        left = patience - (now - silent_since)
        if left > 0 or not self._is_judged():
            self._look_again_in(left if left > 0 else SHORTEST_SILENCE)
            return
        member.doubt.is_silent = True
        for waiting in others:
            if now - waiting.started_at >= patience and waiting.may_move():
                waiting.has_moved = True
                waiting.limit.strike()
        self._look_again_in(_until_next(others, now, patience))

    def _patience(self) -> float:
        """Seconds of silence that are too long."""
        window, longest = self.member.record.window, LONGEST_SILENCE * self.member.settings.timeout
        p95 = window.p95
        if p95 is None or window.calls < KNOWN_BY:
            return longest
        return min(longest, max(SHORTEST_SILENCE, SILENCE * p95))

    def _is_judged(self) -> bool:
        """Whether the breaker may open by itself: an operator who froze it wants to see no automatic move."""
        breaker = self.member.breaker
        return breaker.state is BreakerState.CLOSED and breaker.frozen_until is None


def _until_next(waiting: list[Waiting], now: float, patience: float) -> float:
    """Seconds until the next of these calls has waited too long; a second where all have that cannot move."""
    left = [patience - (now - call.started_at) for call in waiting if not call.has_moved]
    return max(SHORTEST_LOOK, min((seconds for seconds in left if seconds > 0), default=SHORTEST_SILENCE))
