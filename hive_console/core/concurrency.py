"""How many calls a model takes at once, learned from what it drops (AIMD; Netflix concurrency-limits, 2018).

Latency is no sign of a queue here: it varies a hundredfold with the length of an answer. Drops (429, 529,
timeouts) are.
"""

from __future__ import annotations

import math

from hive_console.core.errors import SettingsError
from hive_console.core.outcome import Outcome, OutcomeKind

BACKOFF = 0.9
"""What is kept of the limit at a drop (Netflix's default)."""

MAXIMUM = 200
"""The highest limit unless told otherwise (Netflix's default)."""

_DROPS = frozenset({OutcomeKind.RATE_LIMITED, OutcomeKind.OVERLOADED, OutcomeKind.TIMED_OUT})
"""What says that a model is asked for more at once than it can take."""

_ROUNDING = 1e-9
"""What float rounding may take from a product: 0.9 x 30 must be 27, not 26."""


class AimdLimit:
    """A limit that grows by one while it is half used, and loses a tenth at each drop.

    Attributes:
        limit: calls that may be in flight, `minimum`..`maximum`.
    """

    __slots__ = ("backoff", "limit", "maximum", "minimum")

    def __init__(self, limit: int, minimum: int = 1, maximum: int = MAXIMUM, *, backoff: float = BACKOFF) -> None:
        """Starts at `limit`, brought within its bounds.

        Args:
            limit: where it starts.
            minimum: never below, 1 or more.
            maximum: never above.
            backoff: what is kept at a drop, 0.5 up to but without 1 (Netflix's bounds).
        """
        if not 1 <= minimum <= maximum:
            raise SettingsError("minimum", f"is {minimum}; must be from 1 to the maximum, {maximum}")
        if not 0.5 <= backoff < 1:
            raise SettingsError("backoff", f"is {backoff:g}; must be from 0.5 to below 1")
        self.minimum = minimum
        self.maximum = maximum
        self.backoff = backoff
        self.limit = min(maximum, max(minimum, limit))

    def learn(self, outcome: Outcome, in_flight: int) -> None:
        """Takes what came of a call, where that says anything of the load; see `on_result`."""
        is_drop = outcome.kind in _DROPS
        if is_drop or outcome.is_success:
            self.on_result(in_flight, is_drop=is_drop)

    def on_result(self, in_flight: int, *, is_drop: bool) -> int:
        """The limit after one call.

        Args:
            in_flight: calls under way when it began. A limit that is not half used has proven nothing, and
                does not grow.
            is_drop: whether the model turned it away for load, or it timed out.
        """
        if is_drop:
            self.limit = max(self.minimum, math.floor(self.limit * self.backoff + _ROUNDING))
        elif 2 * in_flight >= self.limit:
            self.limit = min(self.maximum, self.limit + 1)
        return self.limit

    def resize(self, maximum: int) -> None:
        """Takes another maximum; a limit that was learned stays below it, and a full one stays full."""
        was_full = self.limit == self.maximum
        self.maximum = maximum
        self.limit = maximum if was_full else min(self.limit, maximum)
