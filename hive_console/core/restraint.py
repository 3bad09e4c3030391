"""Why a model is left alone beside its breaker, and until when: kill, faults, throttle, ejection, limits a minute.

Its breaker judges failures; what stands here is no failure of the model's health, and no breaker opens for it. Only
the fault and the kill need a person; all the others are over by themselves.
"""

from __future__ import annotations

import math

from hive_console.core.faults import FAULTS, KEY_REFUSED, Fault, KeyFault, shown_key
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.pace import Pace
from hive_console.core.settings import ModelSettings
from hive_console.core.transitions import Refusal

THROTTLE_SECONDS = 5.0
"""Seconds a model is left alone after a 429 that names no time: short, since the next 429 renews it."""

_FORBIDDEN = 403
"""The status of a key that is known and may not do this; 401 is of one that is not known."""


class Restraint:
    """What holds real traffic off one model. Probes find out whether it is over; only a kill holds them as well.

    Attributes:
        own_fault: what a person must mend on this model alone.
        key: its key, shared with the other models that use the same one.
        throttled_until: until when its provider asked us to stay away (429).
        ejected_until: until when it is left alone as an outlier.
        ejection: why it is, or empty.
        pace: what may be asked of it within a minute.
        answered_at: when it last answered a call or a probe: then its key was good.
        killed: why a kill switch keeps everything off it, probes included, or empty.
    """

    __slots__ = (
        "answered_at",
        "ejected_until",
        "ejection",
        "key",
        "killed",
        "own_fault",
        "pace",
        "throttled_until",
    )

    def __init__(self, settings: ModelSettings, now: float, *, fixed_fault: str = "", key: KeyFault | None) -> None:
        """Nothing but a fixed fault speaks against it; without a `key` it has one of its own."""
        self.own_fault = Fault(now, fixed_fault)
        self.key = KeyFault(shown_key(settings.key), settings.provider, (settings.id,)) if key is None else key
        self.throttled_until: float | None = None
        self.ejected_until: float | None = None
        self.ejection = ""
        self.pace = Pace(settings.requests_per_minute, settings.tokens_per_minute)
        self.answered_at: float | None = None
        self.killed = ""

    @property
    def fault(self) -> str:
        """What only a person can mend, or empty; time alone mends nothing."""
        text = self.own_fault.text
        return KEY_REFUSED if not text and self.key.is_refused else text

    @property
    def is_none(self) -> bool:
        """Whether nothing speaks against the model, and nothing is about to end; a limit a minute is no blemish."""
        return (
            self.throttled_until is None
            and self.ejected_until is None
            and not self.own_fault.text
            and not self.key.is_refused
            and not self.killed
        )

    def is_throttled(self, now: float) -> bool:
        """Whether the provider's request to stay away still holds."""
        return self.throttled_until is not None and now < self.throttled_until

    def refusal(self, now: float, in_flight: int) -> Refusal | None:
        """Why real traffic is refused beside the calls in flight; `None` when the breaker alone decides."""
        if self.killed:
            return Refusal(self.killed, None)
        fault = self.own_fault
        if fault.fixed:
            return Refusal(fault.fixed, None)
        if fault.found and now < fault.until:
            return Refusal(fault.found, fault.until - now)
        if self.key.is_refused and now < self.key.until:
            return Refusal(KEY_REFUSED, self.key.until - now)
        if self.throttled_until is not None and now < self.throttled_until:
            return Refusal("rate limited by the provider", self.throttled_until - now, is_throttle=True)
        if self.ejected_until is not None and now < self.ejected_until:
            return Refusal(self.ejection, self.ejected_until - now)
        if not self.pace.is_free:
            limited = self.pace.refusal(now, in_flight)
            if limited is not None:
                return Refusal(*limited, is_throttle=True)
        return None

    def wait(self, now: float, in_flight: int) -> float:
        """Seconds until nothing of this refuses a call: 0 when nothing does, infinite when only a person helps."""
        if self.own_fault.fixed or self.killed:
            return math.inf
        ends = [
            self.throttled_until,
            self.ejected_until,
            self.own_fault.until if self.own_fault.found else None,
            self.key.until if self.key.is_refused else None,
        ]
        wait = max((end - now for end in ends if end is not None and end > now), default=0.0)
        limited = None if self.pace.is_free else self.pace.refusal(now, in_flight)
        return wait if limited is None else max(wait, limited[1])

    def begin(self, now: float) -> None:
        """A call begins: it finds out whether a fault was mended, and the others wait."""
        if self.key.is_refused:
            self.key.looked(now)
        if self.pace.counts_requests:
            self.pace.begin(now)
        if self.own_fault.found:
            self.own_fault.looked(now)

    def begin_probe(self, now: float, *, is_completion: bool) -> None:
        """A probe begins; the provider counts a completion like any other."""
        if self.key.is_refused:
            self.key.looked(now)
        if is_completion:
            self.pace.begin(now)

    def answered(self, now: float, *, is_probe: bool) -> None:
        """The model answered: whatever that call could meet is mended."""
        self.answered_at = now
        if self.own_fault.found:
            self.own_fault.answered(is_probe=is_probe)
        if self.key.is_refused:
            self.key.answered(is_probe=is_probe)

    def note(self, outcome: Outcome, now: float, *, is_probe: bool) -> bool:
        """Takes an outcome that the breaker does not count.

        Returns:
            Whether it tells of the model; a caller's own mistake does not.
        """
        if outcome.kind is OutcomeKind.RATE_LIMITED:
            wait = THROTTLE_SECONDS if outcome.retry_after is None else outcome.retry_after
            self.throttled_until = max(now + wait, self.throttled_until or now)
        elif outcome.kind is OutcomeKind.KEY_REFUSED and not self._is_ours_alone(outcome, now):
            self.key.refuse(now, is_probe=is_probe)
        elif outcome.kind in FAULTS:
            self.own_fault.note(outcome.kind, now, is_probe=is_probe)
        else:
            return False
        return True

    def forget(self) -> None:
        """A person says that throttle and faults are over."""
        self.throttled_until = None
        self.own_fault.forget()
        self.key.forget()

    def adopt(self, settings: ModelSettings, *, is_other_key: bool) -> None:
        """Takes other limits; another key begins without the throttle, the fault and the told limits of the old.

        The key itself is handed out by the fleet.
        """
        if is_other_key:
            self.throttled_until = None
            self.own_fault.forget()
            self.pace.forget_told()
        self.pace.limit(settings.requests_per_minute, settings.tokens_per_minute)

    def _is_ours_alone(self, outcome: Outcome, now: float) -> bool:
        """Whether a refused key speaks of this model only: others answer with it, and it is known."""
        return outcome.status == _FORBIDDEN and self.key.is_good_elsewhere(self, now)
