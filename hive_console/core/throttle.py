"""Holding calls back before they are sent, by what came of the ones before.

Two rules of the field: the client throttle of Google's SRE book (2016, chapter "Handling Overload"), which
refuses a growing share, and gRPC's retry throttle (A6, 2017), which stops retries and hedges altogether.
"""

from __future__ import annotations

from hive_console.core.errors import SettingsError
from hive_console.core.rolling import RollingCounts

K = 2.0
"""Calls sent per call accepted before any is held back: at 2, up to half may fail (the SRE book's choice)."""

WINDOW = 120.0
"""Seconds that calls count for (the SRE book: two minutes)."""

MAX_TOKENS = 10.0
"""gRPC's tokens: five failures in a row stop retries (A6's example)."""

TOKEN_RATIO = 0.1
"""Tokens that a success gives back: ten successes for one failure (A6's example)."""

_UNITS = 1000
"""gRPC counts in thousandths of a token, so that no sum of tenths drifts."""


class ClientThrottle:
    """Refuses with p = max(0, (requests - K x accepts) / (requests + 1)) over a rolling window.

    Held-back requests count as requests, so pressure that goes on is held back more. With K = 1/0.9 and a
    ceiling it is failsafe-go's adaptive throttler, which begins when a tenth fails.
    """

    __slots__ = ("_counts", "ceiling", "k")

    def __init__(self, k: float = K, window: float = WINDOW, *, ceiling: float = 1.0) -> None:
        """Makes a throttle that holds nothing back yet.

        Args:
            k: requests per accept below which all are sent, 1 or more.
            window: seconds that requests count for.
            ceiling: the highest share refused, 0..1; below 1 some calls always find out how things are.
        """
        if k < 1:
            raise SettingsError("k", f"is {k:g}; must be 1 or more")
        if window <= 0:
            raise SettingsError("window", f"is {window:g} s; must be more than 0")
        if not 0 <= ceiling <= 1:
            raise SettingsError("ceiling", f"is {ceiling:g}; must be from 0 to 1")
        self.k = k
        self.ceiling = ceiling
        self._counts = RollingCounts(window)

    def refusal(self, now: float) -> float:
        """The probability, 0..1, with which a call is held back now."""
        requests, accepts = self._counts.read(now)
        return min(self.ceiling, max(0.0, (requests - self.k * accepts) / (requests + 1)))

    def admits(self, now: float, draw: float) -> bool:
        """Whether this request may be sent; it is counted either way. `draw` is uniform in 0..1."""
        is_admitted = draw >= self.refusal(now)
        self._counts.add(now, first=1)
        return is_admitted

    def accepted(self, now: float, count: int = 1) -> None:
        """Counts requests that the other side took."""
        self._counts.add(now, second=count)

    def requested(self, now: float, count: int = 1) -> None:
        """Counts requests that were sent without asking here."""
        self._counts.add(now, first=count)


class RetryTokens:
    """gRPC A6: a failure takes a token, a success gives a part of one back; no retries at half or below.

    Failures that nobody would retry do not touch it.
    """

    __slots__ = ("_gain", "_max", "_tokens")

    def __init__(self, max_tokens: float = MAX_TOKENS, token_ratio: float = TOKEN_RATIO) -> None:
        if max_tokens <= 0:
            raise SettingsError("maxTokens", f"is {max_tokens:g}; must be more than 0")
        if token_ratio <= 0:
            raise SettingsError("tokenRatio", f"is {token_ratio:g}; must be more than 0")
        self._max = round(max_tokens * _UNITS)
        self._gain = round(token_ratio * _UNITS)
        self._tokens = self._max

    @property
    def tokens(self) -> float:
        """Tokens left, 0..max."""
        return self._tokens / _UNITS

    @property
    def may_retry(self) -> bool:
        """Whether retries and hedges may be sent: only while more than half of the tokens are left."""
        return 2 * self._tokens > self._max

    def on_failure(self) -> None:
        """Takes a token for a failure that may be retried."""
        self._tokens = max(0, self._tokens - _UNITS)

    def on_success(self) -> None:
        """Gives a part of a token back."""
        self._tokens = min(self._max, self._tokens + self._gain)
