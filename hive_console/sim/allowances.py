"""How many requests each target of a simulated provider may still make. Time comes in as an argument."""

from __future__ import annotations

from hive_console.sim.faults import LimitedTo
from hive_console.sim.shape import Allowance


class Allowances:
    """One window for each model that is limited; bounded by the models that are served.

    Args:
        usual: requests a minute that an account without a limit of its own is told of; it never runs out.
    """

    def __init__(self, usual: int) -> None:
        self._usual = usual
        self._windows: dict[str, tuple[LimitedTo, float, int]] = {}

    def usual(self, now: float) -> Allowance:
        """What is told where nothing is limited: one request of the minute is used."""
        reset = 60 / self._usual
        return Allowance(self._usual, self._usual - 1, reset, now + reset)

    def take(self, target: str, limit: LimitedTo | None, now: float) -> tuple[Allowance, bool]:
        """What an answer tells of the limits, and whether this request is within them.

        Args:
            target: the model, or `*`.
            limit: what it is limited to; another limit than before begins a new window.
            now: Unix seconds.
        """
        if limit is None:
            self._windows.pop(target, None)
            return self.usual(now), True
        known, ends_at, used = self._windows.get(target, (limit, now + limit.window, 0))
        if known != limit or now >= ends_at:
            ends_at, used = now + limit.window, 0
        is_within = used < limit.requests
        used += is_within
        self._windows[target] = (limit, ends_at, used)
        return Allowance(limit.requests, limit.requests - used, ends_at - now, ends_at), is_within
