"""One model's way down and back: since when it is out, what was normal before, and the return of its traffic."""

from __future__ import annotations

from typing import assert_never

from hive_console.core import events as e
from hive_console.core.ramp import Ramp, RampPolicy, RampVerdict
from hive_console.core.window import Window

BASELINE_CALLS = 20
"""Judged calls before a p95 is what is normal for the model."""


class Comeback:
    """Counts the time and leads the ramp. Methods take the time and return the events they caused.

    Attributes:
        model: whose.
        policy: how traffic returns; `None` when all of it returns at once.
        ramp: the traffic's return, while it lasts.
        ramp_since: when that began.
        unavailable_since: when the model last became unavailable; `None` once it is not.
        down_since: when the episode began; it ends with the last step of the ramp.
        baseline_p95: seconds that were normal before, against which a returning model is held.
        was_operated: whether an operator had a hand in it.
    """

    __slots__ = (
        "baseline_p95",
        "down_since",
        "model",
        "policy",
        "ramp",
        "ramp_since",
        "unavailable_since",
        "was_operated",
    )

    def __init__(self, model: str, policy: RampPolicy | None, now: float) -> None:
        self.model = model
        self.policy = policy
        self.ramp: Ramp | None = None
        self.ramp_since = now
        self.unavailable_since: float | None = None
        self.down_since: float | None = None
        self.baseline_p95: float | None = None
        self.was_operated = False

    @property
    def share(self) -> float:
        """What part of its traffic the model gets, 0..1: all of it unless it is recovering."""
        return 1.0 if self.ramp is None else self.ramp.share

    def learn_normal(self, window: Window) -> None:
        """Takes what a model that is well answers in for normal."""
        if window.calls >= BASELINE_CALLS and window.has_real_answers:
            self.baseline_p95 = window.p95

    def go_down(self, now: float) -> None:
        """The model is unavailable from now on."""
        self.unavailable_since = now
        self.down_since = now if self.down_since is None else self.down_since
        self.was_operated = False

    def lose_sight(self) -> None:
        """Nobody knows any more how the model is: that is the end of the episode."""
        self.unavailable_since = None
        self.down_since = None

    def come_up(self, now: float) -> list[e.Event]:
        """The model is available again; the episode ends here when no ramp follows."""
        if self.unavailable_since is None:
            return []
        down_for, self.unavailable_since = now - self.unavailable_since, None
        events: list[e.Event] = [
            e.ModelRecovered(at=now, model=self.model, down_for=down_for, by_operator=self.was_operated)
        ]
        return events if self.ramp is not None else [*events, *self._end(now, ramp=0.0)]

    def begin_ramp(self, now: float) -> list[e.Event]:
        """Trials succeeded: the first part of the traffic returns."""
        if self.policy is None:
            return []
        self.ramp = Ramp(self.policy, now, self.baseline_p95)
        self.ramp_since = now
        return [e.RampAdvanced(at=now, model=self.model, share=self.ramp.share)]

    def record(self, ramp: Ramp, now: float, *, is_failure: bool, latency: float) -> tuple[bool, list[e.Event]]:
        """A judged call of the running ramp came back; whether the ramp has failed by it, and what it caused."""
        verdict = ramp.record(now, is_failure=is_failure, latency=latency)
        if verdict is RampVerdict.FAILED:
            self.ramp = None
            return True, []
        return False, self._climbed(verdict, now)

    def age(self, now: float) -> list[e.Event]:
        """A model without calls recovers too."""
        return [] if self.ramp is None else self._climbed(self.ramp.age(now), now)

    def end_ramp(self, now: float) -> list[e.Event]:
        """All of the traffic is back."""
        if self.ramp is None:
            return []
        self.ramp = None
        full = e.RampAdvanced(at=now, model=self.model, share=1.0)
        return [full, *self._end(now, ramp=now - self.ramp_since)]

    def _climbed(self, verdict: RampVerdict, now: float) -> list[e.Event]:
        match verdict:
            case RampVerdict.ADVANCED:
                return [e.RampAdvanced(at=now, model=self.model, share=self.share)]
            case RampVerdict.FINISHED:
                return self.end_ramp(now)
            case RampVerdict.HOLD | RampVerdict.FAILED:
                return []
            case _:
                assert_never(verdict)

    def _end(self, now: float, *, ramp: float) -> list[e.Event]:
        if self.down_since is None or self.unavailable_since is not None:  # out again for another reason
            return []
        took, self.down_since = now - self.down_since, None
        by_operator, self.was_operated = self.was_operated, False
        return [e.RecoveryEnded(at=now, model=self.model, took=took, ramp=ramp, by_operator=by_operator)]
