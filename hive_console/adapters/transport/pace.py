"""Whether a stream drips: content comes, so that no silence is long enough, and far too slowly to be an answer."""

from __future__ import annotations

import math
from collections import deque

from hive_console.core.outcome import Outcome, OutcomeKind

WINDOW = 30.0
"""Seconds looked back: half of them would judge a model by one hiccup."""


class Pace:
    """Counts pieces of content over the last `WINDOW` seconds of one stream.

    Keeps no more moments than the pace asks for in a window: if so many came within it, the stream is quick enough.

    Args:
        least: pieces a second below which the stream is too slow; 0 judges nothing.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._latest: deque[float] = deque(maxlen=math.ceil(least * WINDOW))
        self._began: float | None = None

    def note(self, pieces: int, now: float) -> None:
        """So many pieces came at `now`: seconds on any clock that stands still while the consumer reads."""
        if self._began is None:
            self._began = now
        self._latest.extend([now] * min(pieces, self._latest.maxlen or 0))

    def too_slow(self, now: float) -> Outcome | None:
        """What is to be said of the stream at `now`; `None` as long as it is quick enough or young."""
        if self._least <= 0 or self._began is None or now - self._began <= WINDOW:
            return None
        if len(self._latest) == self._latest.maxlen and now - self._latest[0] <= WINDOW:
            return None
        message = f"slow drip: less than {self._least:g} pieces of content a second over {WINDOW:g} s"
        return Outcome(OutcomeKind.STREAM_STALLED, message=message)
