"""The circuit breaker: every transition stands in this file and nowhere else.

    closed     --(threshold failures in a row, or tripped by hand)-->  open
    open       --(recovery timeout over and a trial asked for)-->      half-open
    half-open  --(the trial succeeds)-->                               closed
    half-open  --(the trial fails)-->                                  open, for a full timeout again
    any        --(deactivated by hand)-->                              isolated
    isolated   --(activated by hand)-->                                half-open
    any but isolated --(reset by hand)-->                              closed

Each transition begins a new generation. A permit remembers the generation it was given in; a result that
comes back in a later one counts for nothing (sony/gobreaker's rule; "overhanging executions" in Polly #223).
Half-open permits are leases: they come back when the call was neutral (cancelled, throttled, the caller's
fault) and are given out again when their holder never came back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from hive_console.core.outcome import Verdict
from hive_console.core.states import BreakerState

PERMIT_LEASE = 120.0
"""Seconds after which a half-open permit is given out again: longer than any call's deadline by default."""

PROBE_GRACE = 5.0
"""Seconds that traffic leaves the trial to the prober; after that a real call may be the trial, so that a
stopped prober cannot keep a breaker open for ever."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """How a breaker behaves.

    Attributes:
        failure_threshold: failures in a row that open it.
        recovery_timeout: seconds it stays open.
        prober_goes_first: whether the trial is left to a prober (see `PROBE_GRACE`).
    """

    failure_threshold: int = 5
    recovery_timeout: float = 20.0
    prober_goes_first: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """One transition that really happened."""

    old: BreakerState
    new: BreakerState
    cause: str


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to make one call; give it back exactly once with `settle`.

    Attributes:
        generation: the breaker's generation it belongs to.
        number: names a half-open lease; 0 while closed.
        move: the transition that giving it caused, if any.
    """

    generation: int
    number: int = 0
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no call may be made, and in how many seconds it may be (`None`: only by an operator's word)."""

    cause: str
    retry_after: float | None


class Breaker:
    """One model's breaker. Time is an argument; what happened is returned."""

    __slots__ = (
        "_leases",
        "_numbers",
        "consecutive_failures",
        "generation",
        "last_failure",
        "last_failure_cause",
        "open_until",
        "policy",
        "since",
        "state",
    )

    def __init__(self, policy: BreakerPolicy, now: float) -> None:
        self.policy = policy
        self.state = BreakerState.CLOSED
        self.since = now
        self.generation = 0
        self.consecutive_failures = 0
        self.last_failure: float | None = None
        self.last_failure_cause = ""
        self.open_until: float | None = None
        self._leases: dict[int, float] = {}
        self._numbers = 0

    def acquire(self, now: float, *, is_probe: bool = False) -> Permit | Refusal:
        """A permit for one call, or why there is none. `>=` at the boundary: exactly the timeout admits."""
        match self.state:
            case BreakerState.CLOSED:
                return Permit(self.generation)
            case BreakerState.ISOLATED:
                return Refusal("deactivated by hand", None)
            case BreakerState.OPEN:
                wait = self._wait_for_trial(now, is_probe=is_probe)
                if wait > 0:
                    return Refusal(f"breaker open ({self.last_failure_cause})", wait)
                return self._lease(now, self._move(BreakerState.HALF_OPEN, "recovery timeout over", now))
            case BreakerState.HALF_OPEN:
                self._expire_leases(now)
                wait = self._prober_first(self.since, is_probe=is_probe) - now
                if wait > 0:
                    return Refusal("breaker half-open, its trial is the prober's", wait)
                if self._leases:
                    return Refusal("breaker half-open, its trial is under way", self._lease_left(now))
                return self._lease(now, None)
            case _:
                assert_never(self.state)

    def would_admit(self, now: float) -> bool:
        """Whether a call of real traffic would get a permit now; changes nothing."""
        if self.state is BreakerState.CLOSED:
            return True
        if self.state is BreakerState.OPEN:
            return self._wait_for_trial(now, is_probe=False) <= 0
        return (
            self.state is BreakerState.HALF_OPEN
            and now >= self._prober_first(self.since, is_probe=False)
            and all(now - issued_at >= PERMIT_LEASE for issued_at in self._leases.values())
        )

    def settle(self, permit: Permit, verdict: Verdict, now: float, *, cause: str = "") -> Move | None:
        """Gives a permit back with what came of the call; returns the transition it caused, if any."""
        if permit.generation != self.generation:
            return None
        if self.state is BreakerState.HALF_OPEN:
            return self._settle_trial(permit, verdict, now, cause)
        return self._settle_closed(verdict, now, cause)

    def trip(self, now: float, cause: str) -> Move | None:
        """Opens it by hand for one recovery timeout; nothing when it is open or isolated."""
        if self.state in {BreakerState.OPEN, BreakerState.ISOLATED}:
            return None
        return self._open(now, cause)

    def reset(self, now: float, cause: str) -> Move | None:
        """Closes it by hand and forgets its failures; nothing when isolated."""
        if self.state is BreakerState.ISOLATED:
            return None
        self.consecutive_failures = 0
        if self.state is BreakerState.CLOSED:
            return None
        return self._move(BreakerState.CLOSED, cause, now)

    def isolate(self, now: float, cause: str) -> Move | None:
        """Holds it open until `release`."""
        if self.state is BreakerState.ISOLATED:
            return None
        return self._move(BreakerState.ISOLATED, cause, now)

    def release(self, now: float, cause: str) -> Move | None:
        """Ends an isolation; a trial decides what comes next."""
        if self.state is not BreakerState.ISOLATED:
            return None
        return self._move(BreakerState.HALF_OPEN, cause, now)

    def hasten(self, now: float) -> None:
        """Lets the trial of an open breaker begin at once (an operator's "check now")."""
        if self.state is BreakerState.OPEN and self.open_until is not None:
            self.open_until = min(self.open_until, now)

    def _wait_for_trial(self, now: float, *, is_probe: bool) -> float:
        due = self.open_until if self.open_until is not None else now
        return self._prober_first(due, is_probe=is_probe) - now

    def _prober_first(self, due: float, *, is_probe: bool) -> float:
        """When a call may be the trial that is due: traffic leaves it to a prober for a while."""
        return due + PROBE_GRACE if self.policy.prober_goes_first and not is_probe else due

    def _lease(self, now: float, move: Move | None) -> Permit:
        self._numbers += 1
        self._leases[self._numbers] = now
        return Permit(self.generation, self._numbers, move)

    def _expire_leases(self, now: float) -> None:
        for number, issued_at in list(self._leases.items()):
            if now - issued_at >= PERMIT_LEASE:
                del self._leases[number]

    def _lease_left(self, now: float) -> float:
        return PERMIT_LEASE - (now - max(self._leases.values()))

    def _settle_trial(self, permit: Permit, verdict: Verdict, now: float, cause: str) -> Move | None:
        if self._leases.pop(permit.number, None) is None:
            return None
        match verdict:
            case Verdict.SUCCESS:
                return self._move(BreakerState.CLOSED, "trial succeeded", now)
            case Verdict.FAILURE:
                self._note_failure(now, cause)
                return self._open(now, f"trial failed: {cause}")
            case Verdict.NEUTRAL:
                return None
            case _:
                assert_never(verdict)

    def _settle_closed(self, verdict: Verdict, now: float, cause: str) -> Move | None:
        match verdict:
            case Verdict.SUCCESS:
                self.consecutive_failures = 0
            case Verdict.FAILURE:
                self._note_failure(now, cause)
                if self.consecutive_failures >= self.policy.failure_threshold:
                    return self._open(now, f"{self.consecutive_failures} failures in a row, last: {cause}")
            case Verdict.NEUTRAL:
                pass
            case _:
                assert_never(verdict)
        return None

    def _note_failure(self, now: float, cause: str) -> None:
        self.consecutive_failures += 1
        self.last_failure = now
        self.last_failure_cause = cause

    def _open(self, now: float, cause: str) -> Move:
        move = self._move(BreakerState.OPEN, cause, now)
        self.open_until = now + self.policy.recovery_timeout
        return move

    def _move(self, new: BreakerState, cause: str, now: float) -> Move:
        move = Move(self.state, new, cause)
        self.state = new
        self.since = now
        self.generation += 1
        self.open_until = None
        self._leases.clear()
        if new is BreakerState.CLOSED:
            self.consecutive_failures = 0
        return move
