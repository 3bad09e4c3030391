"""What happened to one model in one window of time, in numbers that add up.

Every sum here is additive: a minute is the sum of its six windows of ten seconds, to the last count, and so are an
hour and a day. That is what lets a month be asked for without reading a single request again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import IntEnum
from operator import attrgetter

from hive_console.core.histogram import Histogram
from hive_console.core.states import BreakerState, ModelStatus


class Tier(IntEnum):
    """The lengths of windows that are kept, in seconds; each divides the next one."""

    TEN_SECONDS = 10
    MINUTE = 60
    HOUR = 3_600
    DAY = 86_400


@dataclass(slots=True)
class Sums:
    """One model in one window.

    Attributes:
        calls: attempts at the model that ended, of real traffic.
        failed: of them, those that count against it.
        timeouts: of the failed, those that took too long.
        throttled: of the neutral, those the provider refused for their rate.
        neutral: calls that say nothing about it; good answers are `calls - failed - neutral`.
        retries: of the calls, those that were not an operation's first.
        operations: operations that asked for this model.
        answered: of them, those that were answered, by whomever.
        unanswered: of them, those that failed or were turned away; the rest was cancelled or at fault itself.
        moved_out: failovers away from it; an answer that was merely quicker, or a route's choice, is none.
        moved_in: failovers to it.
        degraded: of the operations, those admitted while the fleet was degraded.
        latency_us: sum of the latencies of good answers, in microseconds.
        latency_min_us: the shortest of them; `None` without one.
        latency_max_us: the longest of them.
        latency: all of them.
        first_tokens: good answers whose first token was timed.
        first_token_us: sum of those times.
        first_token: all of them.
        read_tokens: tokens read, where the provider told them.
        written_tokens: tokens written, likewise.
        cost: micro-dollars of the calls whose price is known.
        probes: health checks that ended.
        probes_failed: of them, those that count against the model.
        probe_us: sum of the latencies of good health checks.
        recoveries: how often it became available again.
        recovery_ms: how long it had been unavailable before those, together.
        known_ms: milliseconds of the window in which its status was known.
        available_ms: of them, those in which it was not unavailable.
        status: its status at the end of the window; `None` where it was no model of a running engine.
        breaker: its breaker at the end of the window; `None` where it had not moved since the engine started.
    """

    calls: int = 0
    failed: int = 0
    timeouts: int = 0
    throttled: int = 0
    neutral: int = 0
    retries: int = 0
    operations: int = 0
    answered: int = 0
    unanswered: int = 0
    moved_out: int = 0
    moved_in: int = 0
    degraded: int = 0
    latency_us: int = 0
    latency_min_us: int | None = None
    latency_max_us: int | None = None
    latency: Histogram = field(default_factory=Histogram)
    first_tokens: int = 0
    first_token_us: int = 0
    first_token: Histogram = field(default_factory=Histogram)
    read_tokens: int = 0
    written_tokens: int = 0
    cost: int = 0
    probes: int = 0
    probes_failed: int = 0
    probe_us: int = 0
    recoveries: int = 0
    recovery_ms: int = 0
    known_ms: int = 0
    available_ms: int = 0
    status: ModelStatus | None = None
    breaker: BreakerState | None = None

    def add(self, later: Sums) -> None:
        """Takes what happened in a later window (of this model, or of another one); `later` stays as it is."""
        for name, number in zip(_NUMBERS, _numbers_of(later), strict=True):
            if number:
                setattr(self, name, getattr(self, name) + number)
        self.latency_min_us = _least(self.latency_min_us, later.latency_min_us)
        self.latency_max_us = _most(self.latency_max_us, later.latency_max_us)
        self.latency.merge(later.latency)
        self.first_token.merge(later.first_token)
        self.status = later.status
        self.breaker = later.breaker

    def take_out(self, part: Sums) -> None:
        """Takes back the numbers of a part that was added before and will be added again, whole: extremes and what
        the model was stay, since they are the part's as well.
        """
        for name, number in zip(_NUMBERS, _numbers_of(part), strict=True):
            if number:
                setattr(self, name, getattr(self, name) - number)
        self.latency.take_out(part.latency)
        self.first_token.take_out(part.first_token)

    def copy(self) -> Sums:
        """Other sums of the same numbers."""
        twin = Sums()
        twin.add(self)
        return twin


_NUMBERS = tuple(each.name for each in fields(Sums) if each.default == 0)
_numbers_of = attrgetter(*_NUMBERS)


def _least(one: int | None, other: int | None) -> int | None:
    return one if other is None or (one is not None and one < other) else other


def _most(one: int | None, other: int | None) -> int | None:
    return one if other is None or (one is not None and one > other) else other


@dataclass(frozen=True, slots=True)
class Rolled:
    """The sums of one model in one window, as they are written: whole, in place of what was written before.

    Attributes:
        tier: the length of the window.
        begin: when it begins, in whole Unix seconds, a multiple of the tier.
        model: whose sums.
        sums: the sums.
    """

    tier: Tier
    begin: int
    model: str
    sums: Sums
