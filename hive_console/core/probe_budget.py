"""What paid probes may cost a day. Money is whole micro-dollars; a day is one of UTC."""

from __future__ import annotations

from typing import Any

from hive_console.core.saved_state import Checks, is_count, record_of

DAY = 86_400.0
"""Seconds of a day of Unix time."""


_SAVED: Checks = {"day": is_count, "spent": is_count}


class ProbeBudget:
    """Counts what probes cost today.

    Attributes:
        budget: micro-dollars a day.
        spent: micro-dollars on the day of the last probe that was asked for.
    """

    __slots__ = ("_day", "budget", "spent")

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.spent = 0
        self._day = -1

    def spent_today(self, now: float) -> int:
        """Micro-dollars spent on the day that `now` lies in."""
        return self.spent if int(now // DAY) == self._day else 0

    def pay(self, cost: int, now: float) -> bool:
        """Whether a probe of this cost is within today's budget; if so it is counted. A free one always is."""
        day = int(now // DAY)
        if day != self._day:
            self._day, self.spent = day, 0
        if cost > 0 and self.spent + cost > self.budget:
            return False
        self.spent += cost
        return True

    def save(self) -> dict[str, Any] | None:
        """The day and what was spent on it, as JSON values; `None` before the first probe was asked for."""
        return None if self._day < 0 else {"day": self._day, "spent": self.spent}

    def restore(self, saved: object) -> None:
        """Takes what `save` gave before a restart; another day begins anew. Raises `UnreadableState`."""
        record = record_of(saved, _SAVED)
        self._day, self.spent = record["day"], record["spent"]
