"""How long to wait before the next call to the same model.

The formulas only: whether a call may be repeated at all is `core.outcome`, whether there is budget for it
`core.budget`. Random draws are arguments, uniform in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from hive_console.core.errors import SettingsError

BASE = 1.0
"""Seconds before the first retry (BIP-03: 1, 2, 4, 8 s)."""

CAP = 8.0
"""Seconds of the longest backoff (BIP-03: 8 s)."""

MULTIPLIER = 2.0
"""Each backoff is twice the one before (BIP-03: 1, 2, 4, 8 s)."""

MAX_MULTIPLIER = 100.0
"""A scale that grows faster reaches every sensible cap at its second step."""

MAX_STEPS = 64
"""Steps after which the scale no longer grows: 100^64 is still a float, 2^1024 is none."""

GRPC_SPREAD = 0.2
"""gRPC A6 (2017): a fifth up or down, so it may exceed the cap by a fifth."""

SDK_SPREAD = 0.25
"""The Anthropic and OpenAI clients (2024) take up to a quarter off."""

DECORRELATED_GROWTH = 3.0
"""AWS Architecture Blog, M. Brooker, 2015: up to three times the delay before."""


class Jitter(Enum):
    """How a backoff is spread. Peak of 2,000 clients that fail together, in arrivals per 100 ms: see each."""

    EQUAL = "equal"  # half of it, and a random half: 424, and BIP-03's scale can still be recognised
    FULL = "full"  # anything up to it: 297
    DECORRELATED = "decorrelated"  # from the base to three times the delay before: 138, and twice the wait
    NONE = "none"  # 2000; for tests, and for one client alone
    GRPC = "grpc"  # a fifth up or down: 516
    SDK = "sdk"  # up to a quarter off: 843


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """BIP-03's exponential backoff.

    Attributes:
        max_retries: retries after the first call: 3 retries are four calls.
        base: seconds before the first retry, above 0.
        cap: the longest backoff in seconds, above 0; jitter and Retry-After may exceed it.
        multiplier: how much longer each backoff is than the one before, 1..100.
        jitter: how the backoff is spread.
        retry_after_max: seconds; a provider that asks for more is not obeyed, our own schedule is kept
            (the Anthropic client does so above 60 s). `None` obeys always.
    """

    max_retries: int = 3
    base: float = BASE
    cap: float = CAP
    multiplier: float = MULTIPLIER
    jitter: Jitter = Jitter.EQUAL
    retry_after_max: float | None = None

    def __post_init__(self) -> None:
        """Checks every bound and raises `SettingsError` naming the first field that breaks one."""
        if self.max_retries < 0:
            raise SettingsError("maxRetries", f"is {self.max_retries}; must be 0 or more")
        for name, seconds in (("base", self.base), ("cap", self.cap)):
            if seconds <= 0:
                raise SettingsError(name, f"is {seconds:g} s; must be more than 0")
        if not 1 <= self.multiplier <= MAX_MULTIPLIER:
            raise SettingsError("multiplier", f"is {self.multiplier:g}; must be from 1 to {MAX_MULTIPLIER:g}")

    def backoff(self, number: int) -> float:
        """Seconds before retry `number` (1, 2, ...) without jitter: min(cap, base x multiplier^(number-1))."""
        return min(self.cap, self.base * self.multiplier ** min(number - 1, MAX_STEPS))

    def delay(self, number: int, draw: float, *, retry_after: float | None = None) -> float:
        """Seconds to wait before retry `number`, for a caller that keeps nothing between two retries.

        Equal jitter is the default: it keeps BIP-03's scale and cuts the peak of 2,000 clients failing
        together to a fifth. What the provider asked for in Retry-After is a floor. Decorrelated jitter wants
        to know the delay before; here it is taken as the longest that could have been (see `Backoff`).

        Args:
            number: 1 for the first retry.
            draw: a uniform random number in 0..1.
            retry_after: seconds the provider asked us to stay away.
        """
        longest = self.base * DECORRELATED_GROWTH ** min(number - 1, MAX_STEPS)
        own = self.spread(number, draw, previous=min(self.cap, longest))
        return own if retry_after is None or not self.obeys(retry_after) else max(own, retry_after)

    def obeys(self, retry_after: float) -> bool:
        """Whether so long a wait is accepted from a provider."""
        return self.retry_after_max is None or retry_after <= self.retry_after_max

    def spread(self, number: int, draw: float, *, previous: float) -> float:
        """Seconds before retry `number` with jitter; only decorrelated jitter looks at the delay before."""
        backoff = self.backoff(number)
        match self.jitter:
            case Jitter.EQUAL:
                return backoff / 2 + draw * backoff / 2
            case Jitter.FULL:
                return draw * backoff
            case Jitter.DECORRELATED:
                return min(self.cap, self.base + draw * max(0.0, DECORRELATED_GROWTH * previous - self.base))
            case Jitter.NONE:
                return backoff
            case Jitter.GRPC:
                return backoff * (1 - GRPC_SPREAD + 2 * GRPC_SPREAD * draw)
            case Jitter.SDK:
                return backoff * (1 - SDK_SPREAD * (1 - draw))
            case _:
                assert_never(self.jitter)


class Backoff:
    """The waits of one operation on one model, in order."""

    __slots__ = ("_previous", "_step", "policy", "retries")

    def __init__(self, policy: RetryPolicy) -> None:
        self.policy = policy
        self.retries = 0
        self._step = 0
        self._previous = policy.base

    def next(self, draw: float, retry_after: float | None = None) -> float | None:
        """Seconds to wait before the next retry; `None` when there is none.

        There is none after `max_retries`, or when the provider said never (a negative wait: gRPC A6). A wait
        the provider asks for is a floor; where it is longer than ours it is kept to exactly, and our scale
        begins again at its base afterwards (gRPC A6, pushback). A shorter one changes nothing: a provider
        that always says "0.1 s" would otherwise keep the scale from ever growing.

        Args:
            draw: a uniform random number in 0..1.
            retry_after: seconds the provider asked us to stay away.
        """
        if self.retries >= self.policy.max_retries or (retry_after is not None and retry_after < 0):
            return None
        self.retries += 1
        self._step += 1
        own = self.policy.spread(self._step, draw, previous=self._previous)
        if retry_after is not None and retry_after > own and self.policy.obeys(retry_after):
            self._step = 0
            self._previous = self.policy.base
            return retry_after
        self._previous = own
        return own
