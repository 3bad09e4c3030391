"""How long to wait before the next call to the same model."""

from __future__ import annotations

from dataclasses import dataclass

BASE = 1.0
"""Seconds before the first retry (BIP-03: 1, 2, 4, 8 s)."""

CAP = 8.0
"""Seconds of the longest backoff (BIP-03: 8 s)."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """BIP-03's exponential backoff.

    Attributes:
        max_retries: retries after the first call: 3 retries are four calls.
        base: seconds before the first retry, doubled for each further one.
        cap: the longest backoff in seconds.
    """

    max_retries: int = 3
    base: float = BASE
    cap: float = CAP

    def backoff(self, number: int) -> float:
        """Seconds before retry `number` (1, 2, ...) without jitter: min(cap, base x 2^(number-1))."""
        return min(self.cap, self.base * 2.0 ** (number - 1))

    def delay(self, number: int, draw: float, *, retry_after: float | None = None) -> float:
        """Seconds to wait before retry `number`.

        Equal jitter, half the backoff plus a random half (AWS Architecture Blog, M. Brooker, 2015): it keeps
        BIP-03's scale and cuts the peak of 2,000 clients failing together to a fifth. What the provider asked
        for in Retry-After is a floor.

        Args:
            number: 1 for the first retry.
            draw: a uniform random number in 0..1.
            retry_after: seconds the provider asked us to stay away.
        """
        backoff = self.backoff(number)
        jittered = backoff / 2 + draw * backoff / 2
        return jittered if retry_after is None else max(jittered, retry_after)
