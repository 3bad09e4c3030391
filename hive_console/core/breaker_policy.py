"""How a breaker is set: when it opens, for how long, and what its trials must show. Values only; no state.

Every boundary is `>=`: exactly the threshold trips, exactly the timeout admits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hive_console.core.errors import SettingsError
from hive_console.core.tally import BUCKETS, Counters, CountTally, Tally, TimeTally

PERMIT_LEASE = 120.0
"""Seconds after which a half-open permit is given out again: longer than any call's deadline by default."""

MAX_WINDOW_CALLS = 10_000
"""Calls of a count window at most: it is kept in memory, one entry a call."""


@dataclass(frozen=True, slots=True)
class TripRule:
    """When a closed breaker opens: whichever threshold is reached first.

    Without a window, failures, rates and slow calls count since the breaker's last move.

    Attributes:
        consecutive: failures in a row that open it; `None` counts no rows (BIP-03: 5).
        window_calls: judges the last n calls.
        window_seconds: judges the last seconds.
        buckets: how finely a time window ages.
        failures: failures in the window that open it.
        failure_rate: share of failures in the window, 0..1, that opens it.
        slow_seconds: a call that takes longer is slow.
        slow_rate: share of slow calls in the window, 0..1, that opens it.
        minimum_calls: judged calls in the window before failures and rates say anything.
        is_strict: a rate must be exceeded, not only reached.
        only_on_failure: a success never opens it, even where it completes the minimum of calls.
    """

    consecutive: int | None = 5
    window_calls: int | None = None
    window_seconds: float | None = None
    buckets: int = BUCKETS
    failures: int | None = None
    failure_rate: float | None = None
    slow_seconds: float | None = None
    slow_rate: float | None = None
    minimum_calls: int = 1
    is_strict: bool = False
    only_on_failure: bool = False

    def __post_init__(self) -> None:
        """Refuses rules that can never trip as written."""
        if self.window_calls is not None and self.window_seconds is not None:
            raise SettingsError("breakerWindow", "is either a number of calls or a duration, not both")
        if self.window_calls is not None:
            if not 1 <= self.window_calls <= MAX_WINDOW_CALLS:
                raise SettingsError("breakerWindow", f"must be from 1 to {MAX_WINDOW_CALLS} calls")
            if self.minimum_calls > self.window_calls:
                raise SettingsError(
                    "minimumCalls", f"{self.minimum_calls} calls never fit into a window of {self.window_calls}"
                )
        if self.slow_rate is not None and self.slow_seconds is None:
            raise SettingsError("slowCallDuration", "is missing; a slow-call rate needs to know what is slow")

    @property
    def is_plain(self) -> bool:
        """Whether a success can never open it and needs no window: the quick and common case."""
        return (
            self.failure_rate is None
            and self.failures is None
            and self.slow_rate is None
            and self.window_calls is None
            and self.window_seconds is None
        )

    def new_tally(self) -> Tally:
        """An empty tally of the window this rule judges."""
        if self.window_calls is not None:
            return CountTally(self.window_calls)
        if self.window_seconds is not None:
            return TimeTally(self.window_seconds, self.buckets)
        return Tally()

    def is_slow(self, duration: float) -> bool:
        """Whether a call of `duration` seconds is slow."""
        return self.slow_seconds is not None and duration > self.slow_seconds

    def reason_to_open(self, tally: Tally, consecutive_failures: int) -> str | None:
        """The threshold that is reached, in words; `None` while none is."""
        if self.consecutive is not None and consecutive_failures >= self.consecutive:
            return f"{consecutive_failures} failures in a row"
        calls = tally.successes + tally.failures
        if calls < self.minimum_calls:
            return None
        if self.failures is not None and tally.failures >= self.failures:
            return f"{tally.failures} failures of {calls} calls"
        if self._is_reached(self.failure_rate, tally.failures, calls):
            return f"{tally.failures} of {calls} calls failed"
        if self._is_reached(self.slow_rate, tally.slow, calls):
            return f"{tally.slow} of {calls} calls took longer than {self.slow_seconds:g} s"
        return None

    def _is_reached(self, rate: float | None, part: int, calls: int) -> bool:
        if rate is None or calls == 0:
            return False
        share = part / calls  # a division rounds to what the setting's decimal says; a product may not
        return share > rate if self.is_strict else share >= rate


@dataclass(frozen=True, slots=True)
class OpenTime:
    """How long a breaker stays open: longer on each repeated trip, shorter again step by step while healthy.

    Attributes:
        seconds: the first time.
        factor: by which each further trip multiplies it, 1 for always the same.
        cap: seconds at most; a first time above it stays as it is.
        sequence: seconds of the first, second, ... trip instead of a factor; the last one repeats.
        decay_every: seconds of being closed that forgive one trip (Envoy forgives one a sweep, so that a lucky
            trial does not begin at the first time again); 0 forgives all at once.
    """

    seconds: float = 20.0
    factor: float = 1.0
    cap: float = float("inf")
    sequence: tuple[float, ...] = ()
    decay_every: float = 0.0

    def after(self, trips: int) -> float:
        """Seconds to stay open when `trips` earlier ones are remembered."""
        if self.sequence:
            return self.sequence[min(trips, len(self.sequence) - 1)]
        if self.factor == 1.0 or trips == 0:
            return self.seconds
        # 64 doublings are beyond every cap; the exponent is bounded so that it cannot overflow.
        grown = self.seconds * self.factor ** min(trips, 64)
        return max(self.seconds, min(grown, self.cap))

    def remembered(self, trips: int, closed_for: float) -> int:
        """How many trips are still held against it after `closed_for` healthy seconds."""
        if self.decay_every <= 0:
            return 0
        return max(0, trips - int(closed_for / self.decay_every))


@dataclass(frozen=True, slots=True)
class TrialRule:
    """What a half-open breaker admits and when its trials have decided.

    Attributes:
        permits: calls admitted at once in `is_concurrent`, else in the whole half-open period.
        is_concurrent: whether a judged call gives its permit back for the next.
        successes: good trials that close it.
        failures: bad trials that open it.
        calls: judged trials after which the rates decide.
        failure_rate: share of failures among `calls` that opens it.
        slow_rate: share of slow ones among `calls` that opens it.
        lease: seconds a permit may be out before it is given to somebody else.
        expires_after: seconds without a verdict after which it opens again; `None` waits.
    """

    permits: int = 1
    is_concurrent: bool = False
    successes: int | None = 1
    failures: int | None = 1
    calls: int | None = None
    failure_rate: float | None = None
    slow_rate: float | None = None
    lease: float = PERMIT_LEASE
    expires_after: float | None = None

    def __post_init__(self) -> None:
        """Refuses rules whose permits could be used up without a verdict."""
        needed = max(self.successes or 0, self.calls or 0)
        if self.permits < 1 or needed < 1:
            raise SettingsError("halfOpenProbes", "must be 1 or more")
        if self.is_concurrent:
            return
        if self.permits < needed:
            raise SettingsError("halfOpenProbes", f"{self.permits} permits can never give {needed} results")
        if self.calls is None and self.expires_after is None and self.permits < self._enough():
            raise SettingsError("halfOpenProbes", f"{self.permits} permits may be used up without a verdict")

    def _enough(self) -> float:
        """Judged trials after which one of the two numbers must have been reached."""
        if self.failures is None:
            return float("inf")
        return (self.successes or float("inf")) + self.failures - 1

    def verdict(self, counters: Counters) -> bool | None:
        """`True` closes it, `False` opens it, `None` is no verdict yet."""
        if self.failures is not None and counters.failures >= self.failures:
            return False
        if self.successes is not None and counters.successes >= self.successes:
            return True
        if self.calls is None or counters.calls < self.calls:
            return None
        too_bad = self.failure_rate is not None and counters.failures / counters.calls >= self.failure_rate
        too_slow = self.slow_rate is not None and counters.slow / counters.calls >= self.slow_rate
        return not (too_bad or too_slow)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """How one breaker behaves.

    Attributes:
        trip: when it opens.
        open: for how long.
        trial: what its half-open trials must show.
        prober_goes_first: whether the trial is left to a prober for `breaker.PROBE_GRACE` seconds.
        warm_up: seconds after its making in which nothing opens it.
    """

    trip: TripRule = field(default_factory=TripRule)
    open: OpenTime = field(default_factory=OpenTime)
    trial: TrialRule = field(default_factory=TrialRule)
    prober_goes_first: bool = True
    warm_up: float = 0.0

    @property
    def failure_threshold(self) -> int:
        """Failures in a row that open it (BIP-03 `failureThreshold`); 0 where rows are not counted."""
        return self.trip.consecutive or 0

    @property
    def recovery_timeout(self) -> float:
        """Seconds it stays open the first time (BIP-03 `recoveryTimeout`)."""
        return self.open.seconds
