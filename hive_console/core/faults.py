"""What only a person can mend on a model, as its calls tell it: a refused key, an empty purse, a wrong name."""

from __future__ import annotations

from hive_console.core.outcome import OutcomeKind

FAULT_SECONDS = 60.0
"""Seconds a model with a refused key or an exhausted quota is left alone before one call tries again."""

FAULTS = {
    OutcomeKind.KEY_REFUSED: "key refused by the provider",
    OutcomeKind.QUOTA_EXHAUSTED: "quota exhausted",
    OutcomeKind.MODEL_NOT_FOUND: "the provider does not know this model",
    OutcomeKind.ENDPOINT_REFUSED: "endpoint not allowed (network.allowedEndpoints)",
}


class Fault:
    """One model's fault. Time alone mends nothing; a good call, or a person, does.

    Attributes:
        fixed: a fault that no call can find mended, such as a missing key; set from outside.
        until: when the next call may look whether somebody mended it.
    """

    __slots__ = ("_seen_by_probe", "_text", "fixed", "until")

    def __init__(self, now: float, fixed: str = "") -> None:
        self.fixed = fixed
        self.until = now
        self._text = ""
        self._seen_by_probe = False

    @property
    def text(self) -> str:
        """What is wrong, or empty."""
        return self.fixed or self._text

    @property
    def is_open(self) -> bool:
        """Whether a call has met it, and may find it mended."""
        return bool(self._text)

    def note(self, kind: OutcomeKind, now: float, *, is_probe: bool) -> None:
        """A call met it."""
        self._text = FAULTS[kind]
        self.until = now + FAULT_SECONDS
        self._seen_by_probe = is_probe

    def is_waiting(self, now: float) -> bool:
        """Whether it is too early to look again."""
        return bool(self._text) and now < self.until

    def looked(self, now: float) -> None:
        """A call is on its way to find out; the others wait."""
        self.until = now + FAULT_SECONDS

    def answered(self, *, is_probe: bool) -> None:
        """A call went well. A free probe answers also while real calls meet a refused key or an empty purse."""
        if not is_probe or self._seen_by_probe:
            self._text = ""

    def forget(self) -> None:
        """A person says it is mended."""
        self._text = ""
