"""The permits of one half-open period: leases that come back, and what their calls showed."""

from __future__ import annotations

from hive_console.core.breaker_policy import TrialRule
from hive_console.core.tally import Tally


class Trials:
    """Hands out exactly the rule's permits and counts what came of them.

    Attributes:
        rule: how many permits there are, and for how long.
        tally: what the calls of this period showed.
    """

    __slots__ = ("_admitted", "_leases", "_numbers", "rule", "tally")

    def __init__(self, rule: TrialRule) -> None:
        self.tally = Tally()
        self.rule = rule
        self._leases: dict[int, float] = {}
        self._numbers = 0
        self._admitted = 0

    @property
    def out(self) -> int:
        """Permits that have not come back."""
        return len(self._leases)

    def begin(self) -> None:
        """A new period: permits of an earlier one are worth nothing."""
        self._leases.clear()
        self._admitted = 0
        self.tally.clear()

    def lease(self, now: float) -> int:
        """The number of a new permit; ask `free` first. Permits that were out too long are given up."""
        for number in [number for number, issued_at in self._leases.items() if self._is_expired(issued_at, now)]:
            self.give_back(number, is_judged=False)
        self._numbers += 1
        self._leases[self._numbers] = now
        self._admitted += 1
        return self._numbers

    def give_back(self, number: int, *, is_judged: bool) -> bool:
        """Takes a permit back; whether it was still out. A neutral call's permit may be given out again."""
        if self._leases.pop(number, None) is None:
            return False
        if not is_judged:
            self._admitted -= 1
        return True

    def free(self, now: float) -> int:
        """Permits that may be given out now."""
        expired = sum(self._is_expired(issued_at, now) for issued_at in self._leases.values())
        held = len(self._leases) if self.rule.is_concurrent else self._admitted
        return self.rule.permits - held + expired

    def wait(self, now: float) -> float:
        """Seconds until a lease runs out, if nothing comes back before."""
        oldest = min(self._leases.values(), default=now)
        return self.rule.lease - (now - oldest)

    def _is_expired(self, issued_at: float, now: float) -> bool:
        return now - issued_at >= self.rule.lease
