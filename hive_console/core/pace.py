"""What may be asked of a model within a minute: its configured limits, and what its provider says is left.

Both keep calls from being sent that would meet a 429, so that the next model of a chain is asked at once.

The configured limits are a sliding window: never more than so many within any minute, which is below the limit of
a provider that counts by clock minutes, by a sliding window or by a bucket that refills all the time (Anthropic's
rate limits, 2024: "token bucket", continuously replenished). A bucket of our own would let twice the limit through
in its first minute.

What a provider says (`x-ratelimit-remaining-*` and the like) came with one answer, and the calls that are in
flight will use some of it: so a call begins only while more is left than those will take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_console.core.rolling import RollingCounts
from hive_console.core.task import RateLimits, Usage

WINDOW = 61.0
"""Seconds counted as a minute: a window forgets up to a hundredth early, and a minute must not be cut short."""

NO_RESET = 5.0
"""Seconds that a used-up limit is heeded where the provider names no time: short, the next answer tells anew."""

LONGEST_RESET = 900.0
"""The longest time heeded, like a Retry-After's: a provider's odd clock must not take a model out for a day."""

SOON = 1.0
"""Seconds told to a caller where only the calls in flight stand in the way: nobody knows when they end."""

LEARNING = 0.1
"""Part of one call in the usual number of tokens: about the last ten calls count."""

NEARLY_USED_UP = "rate limit nearly used up"


class Pace:
    """The limits of one model.

    Attributes:
        is_free: whether no limit can refuse a call now: the quick way of most models.
        counts_requests: whether its calls are counted at all.
        counts_tokens: whether its tokens are.
        usual_tokens: what one of its calls uses, read and written; 0 until a call told.
    """

    __slots__ = (
        "_counts",
        "_most_requests",
        "_most_tokens",
        "_requests_left",
        "_requests_until",
        "_tokens_left",
        "_tokens_until",
        "counts_requests",
        "counts_tokens",
        "is_free",
        "usual_tokens",
    )

    def __init__(self, requests_per_minute: int | None = None, tokens_per_minute: int | None = None) -> None:
        self._counts = RollingCounts(WINDOW)
        self._requests_left: int | None = None
        self._requests_until = 0.0
        self._tokens_left: float | None = None
        self._tokens_until = 0.0
        self.usual_tokens = 0.0
        self.limit(requests_per_minute, tokens_per_minute)

    def limit(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        """Takes other limits; what was counted counts on."""
        self._most_requests, self._most_tokens = requests_per_minute, tokens_per_minute
        self.counts_requests = requests_per_minute is not None
        self.counts_tokens = tokens_per_minute is not None
        self._look()

    def forget_told(self) -> None:
        """Forgets what the provider said is left: it said so of another key."""
        self._requests_left = self._tokens_left = None
        self._look()

    def begin(self, now: float) -> None:
        """Counts a call that begins."""
        if self.counts_requests:
            self._counts.add(now, first=1)

    def end(self, now: float, usage: Usage | None, *, estimate: int = 0) -> None:
        """Counts a call's tokens when it is over.

        Args:
            now: the time.
            usage: as the provider told it.
            estimate: tokens it probably used, where the provider told nothing.
        """
        tokens = estimate if usage is None else usage.read + usage.written
        if self._requests_left is not None:
            self._requests_left -= 1
        if self._tokens_left is not None:
            self._tokens_left -= tokens
        if tokens:
            self.usual_tokens += (tokens - self.usual_tokens) * (LEARNING if self.usual_tokens else 1.0)
            if self.counts_tokens:
                self._counts.add(now, second=tokens)

    def heed(self, limits: RateLimits, now: float, *, places: int, is_under_way: bool = False) -> None:
        """Takes what a provider says is left.

        Args:
            limits: as told.
            now: the time.
            places: calls that may be in flight at once: what is more than enough for them is no news.
            is_under_way: whether the call that brought it is still in flight (a stream): the provider has counted
                it, and it counts among those in flight here until it ends.
        """
        own = 1 if is_under_way else 0
        requests, tokens = limits.requests_left, limits.tokens_left
        self._requests_left = self._tokens_left = None
        if requests is not None and requests <= places:
            self._requests_left = requests + own
            self._requests_until = now + _heeded(limits.requests_reset)
        if tokens is not None and tokens <= (places + 1) * self.usual_tokens:
            self._tokens_left = tokens + own * self.usual_tokens
            self._tokens_until = now + _heeded(limits.tokens_reset)
        self._look()

    def refusal(self, now: float, in_flight: int) -> tuple[str, float] | None:
        """Why no call may begin now beside those in flight, and for how many seconds; `None` when one may."""
        if self._requests_left is not None or self._tokens_left is not None:
            told = self._told(now, in_flight)
            if told > 0:
                return NEARLY_USED_UP, told
        if self._most_requests is not None:
            wait = self._counts.until_below(now, first=self._most_requests)
            if wait > 0:
                return f"its limit of {self._most_requests} requests a minute is used up", wait
        if self._most_tokens is not None:
            # Something must be left; the call itself may go beyond it, since nobody knows its answer's length.
            left = self._most_tokens - in_flight * self.usual_tokens
            wait = self._counts.until_below(now, second=left) if left > 0 else SOON
            if wait > 0:
                return f"its limit of {self._most_tokens} tokens a minute is used up", wait
        return None

    def save(self) -> dict[str, Any] | None:
        """What was counted and told, as JSON values; `None` when that is nothing."""
        if self.is_free and not self.usual_tokens:
            return None
        return {
            "requests_left": self._requests_left,
            "requests_until": self._requests_until,
            "tokens_left": self._tokens_left,
            "tokens_until": self._tokens_until,
            "usual_tokens": self.usual_tokens,
            "counts": self._counts.save(),
        }

    def restore(self, saved: Mapping[str, Any], now: float) -> None:
        """Takes what `save` gave before a restart."""
        self._counts.restore(saved["counts"], now)
        self._requests_left, self._tokens_left = saved["requests_left"], saved["tokens_left"]
        self._requests_until = min(saved["requests_until"], now + LONGEST_RESET)
        self._tokens_until = min(saved["tokens_until"], now + LONGEST_RESET)
        self.usual_tokens = saved["usual_tokens"]
        self._look()

    def _told(self, now: float, in_flight: int) -> float:
        """Seconds for which what the provider said forbids another call."""
        if self._requests_left is not None and now >= self._requests_until:
            self._requests_left = None
        if self._tokens_left is not None and now >= self._tokens_until:
            self._tokens_left = None
        self._look()
        wait = 0.0
        if self._requests_left is not None and in_flight >= self._requests_left:
            wait = self._requests_until - now
        if self._tokens_left is not None:
            needed = (in_flight + 1) * self.usual_tokens
            if self._tokens_left <= 0 or needed > self._tokens_left:
                wait = max(wait, self._tokens_until - now)
        return wait

    def _look(self) -> None:
        is_told = self._requests_left is not None or self._tokens_left is not None
        self.is_free = not (is_told or self.counts_requests or self.counts_tokens)


def _heeded(reset: float | None) -> float:
    return NO_RESET if reset is None else min(max(reset, 0.0), LONGEST_RESET)
