"""A breaker in the plainest words: lists, no windows that roll, no quick ways. The real one must do the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState

S = BreakerState
ADMITTING = {S.CLOSED, S.METRICS_ONLY, S.DISABLED}
DECAY = 60.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What both breakers are told. One of `row`, `of_calls`, `of_seconds` says when it opens."""

    row: int | None = None
    failures: int = 3
    of_calls: int | None = None
    of_seconds: float | None = None
    open_seconds: float = 20.0
    factor: float = 1.0
    cap: float = 80.0
    permits: int = 1
    lease: float = 120.0


@dataclass(slots=True)
class Held:
    """A permit that somebody holds: of which generation, and whether it is one of a trial."""

    generation: int
    lease: int | None
    issued_at: float


@dataclass(slots=True)
class Model:
    """The whole of a breaker's life."""

    rules: Rules
    since: float
    state: BreakerState = S.CLOSED
    generation: int = 0
    row: int = 0
    results: list[tuple[float, bool]] = field(default_factory=list)
    open_until: float | None = None
    trips: int = 0
    frozen_until: float | None = None
    holders: dict[str, float | None] = field(default_factory=dict)
    leases: dict[int, float] = field(default_factory=dict)
    numbers: int = 0
    good: int = 0
    bad: int = 0

    def is_frozen(self, now: float) -> bool:
        return self.frozen_until is not None and now < self.frozen_until

    # --- calls ---

    def acquire(self, now: float) -> Held | None:
        if self.state not in ADMITTING:
            self.age(now)
        if self.state in ADMITTING:
            return Held(self.generation, None, now)
        if self.state is S.ISOLATED or (self.state is S.OPEN and self.is_frozen(now)):
            return None
        if self.state is S.OPEN:
            assert self.open_until is not None
            if now < self.open_until:
                return None
            self.move(S.HALF_OPEN, now)
        fresh = {number: at for number, at in self.leases.items() if now - at < self.rules.lease}
        if self.good + self.bad + len(fresh) >= self.rules.permits:
            return None
        self.numbers += 1
        self.leases = {**fresh, self.numbers: now}
        return Held(self.generation, self.numbers, now)

    def settle(self, held: Held, verdict: Verdict, now: float, retry_after: float) -> None:
        if held.generation != self.generation or self.state is S.DISABLED:
            return
        if held.lease is not None and self.leases.pop(held.lease, None) is None:
            return
        if verdict is Verdict.NEUTRAL:
            return
        is_failure = verdict is Verdict.FAILURE
        self.row = self.row + 1 if is_failure else 0
        if self.state is S.HALF_OPEN:
            self.good, self.bad = self.good + (not is_failure), self.bad + is_failure
            self.decide(now, retry_after)
            return
        self.results.append((now, is_failure))
        if self.is_reached(now) and self.state is S.CLOSED and not self.is_frozen(now):
            self.open(now, retry_after)

    def is_reached(self, now: float) -> bool:
        if self.rules.row is not None:
            return self.row >= self.rules.row
        seconds = self.rules.of_seconds
        lately = [is_failure for at, is_failure in self.results if seconds is None or now - at < seconds]
        if self.rules.of_calls is not None:
            lately = lately[-self.rules.of_calls :]
        return sum(lately) >= self.rules.failures

    def decide(self, now: float, retry_after: float = 0.0) -> None:
        if self.state is not S.HALF_OPEN or self.is_frozen(now):
            return
        if self.bad:
            self.open(now, retry_after)
        elif self.good >= self.rules.permits:
            self.move(S.CLOSED, now)

    # --- time ---

    def age(self, now: float) -> None:
        if self.frozen_until is not None and now >= self.frozen_until:
            self.frozen_until = None
        if self.holders:
            self.holders = {name: until for name, until in self.holders.items() if until is None or now < until}
            if not self.holders:
                self.move(S.HALF_OPEN, now)
            return
        self.decide(now)

    # --- words ---

    def say(self, word: str, now: float, *, holder: str, seconds: float) -> None:
        self._hold(word, now, holder=holder, seconds=seconds)
        self._freeze(word, now, seconds)
        match word:
            case "trip" if self.state not in {S.OPEN, S.ISOLATED}:
                self.open(now)
            case "recovery failed" if self.state is S.CLOSED and not self.is_frozen(now):
                self.open(now)
            case "half-open" if self.state is S.OPEN:
                self.move(S.HALF_OPEN, now)
            case "last resort" if self.state is S.OPEN and not self.is_frozen(now):
                self.move(S.HALF_OPEN, now)
            case "reset":
                self.trips = 0
                self.move(S.CLOSED, now)
            case "observe" if self.state is not S.METRICS_ONLY:
                self.move(S.METRICS_ONLY, now)
            case "disable" if self.state is not S.DISABLED:
                self.move(S.DISABLED, now)

    def _hold(self, word: str, now: float, *, holder: str, seconds: float) -> None:
        if word in {"isolate", "isolate for a time"}:
            kept = dict(self.holders)
            if self.state is not S.ISOLATED:
                self.move(S.ISOLATED, now)
            self.holders = kept | {holder: now + seconds if word == "isolate for a time" else None}
        elif word in {"release", "release trusted"}:
            if set(self.holders) == {holder}:
                self.move(S.HALF_OPEN if word == "release" else S.CLOSED, now)
            self.holders.pop(holder, None)

    def _freeze(self, word: str, now: float, seconds: float) -> None:
        match word:
            case "freeze":
                self.frozen_until = float("inf")
            case "freeze for a time":
                self.frozen_until = now + seconds
            case "thaw":
                self.frozen_until = None
            case "hasten" if self.open_until is not None:
                self.open_until = min(self.open_until, now)

    def restart(self) -> None:
        self.generation += 1
        self.leases, self.good, self.bad = {}, 0, 0

    # --- moves ---

    def open(self, now: float, retry_after: float = 0.0) -> None:
        if self.state is S.CLOSED:
            self.trips = max(0, self.trips - int((now - self.since) / DECAY))
        seconds = self.rules.open_seconds
        for _ in range(self.trips):
            seconds = min(seconds * self.rules.factor, max(self.rules.cap, self.rules.open_seconds))
        self.move(S.OPEN, now)
        self.open_until = now + max(seconds, retry_after)
        self.trips += 1

    def move(self, new: BreakerState, now: float) -> None:
        self.state, self.since, self.generation = new, now, self.generation + 1
        self.open_until, self.leases, self.good, self.bad, self.holders = None, {}, 0, 0, {}
        if new not in {S.OPEN, S.HALF_OPEN}:
            self.results, self.row = [], 0
