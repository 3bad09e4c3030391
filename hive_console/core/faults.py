"""What only a person can mend on a model, as its calls tell it: a refused key, an empty purse, a wrong name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hive_console.core.outcome import OutcomeKind

FAULT_SECONDS = 60.0
"""Seconds a model with a refused key or an exhausted quota is left alone before one call tries again."""

MARK_LENGTH = 16
"""Hexadecimal digits that tell keys apart: of two thousand no two are the same in a billion years of restarts."""

KEY_REFUSED = "key refused by the provider"

FAULTS = {
    OutcomeKind.KEY_REFUSED: "its key may not use this model",
    OutcomeKind.QUOTA_EXHAUSTED: "quota exhausted",
    OutcomeKind.MODEL_NOT_FOUND: "the provider does not know this model",
    OutcomeKind.ENDPOINT_REFUSED: "endpoint not allowed (network.allowedEndpoints)",
}
_KINDS = {text: kind for kind, text in FAULTS.items()}
_KEPT = {kind.value: kind for kind in FAULTS if kind is not OutcomeKind.ENDPOINT_REFUSED}
"""Faults that outlive a restart; what our own settings refuse the first call finds anew."""


class Fault:
    """One model's fault. Time alone mends nothing; a good call, or a person, does.

    Attributes:
        fixed: a fault that no call can find mended, such as a missing key; set from outside.
        found: what a call met, or empty.
        until: when the next call may look whether somebody mended it.
    """

    __slots__ = ("_seen_by_probe", "fixed", "found", "until")

    def __init__(self, now: float, fixed: str = "") -> None:
        self.fixed = fixed
        self.until = now
        self.found = ""
        self._seen_by_probe = False

    @property
    def text(self) -> str:
        """What is wrong, or empty."""
        return self.fixed or self.found

    def note(self, kind: OutcomeKind, now: float, *, is_probe: bool) -> None:
        """A call met it."""
        self.found = FAULTS[kind]
        self.until = now + FAULT_SECONDS
        self._seen_by_probe = is_probe

    def looked(self, now: float) -> None:
        """A call is on its way to find out; the others wait."""
        self.until = now + FAULT_SECONDS

    def answered(self, *, is_probe: bool) -> None:
        """A call went well. A free probe answers also while real calls meet a refused key or an empty purse."""
        if not is_probe or self._seen_by_probe:
            self.found = ""

    def forget(self) -> None:
        """A person says it is mended."""
        self.found = ""

    def save(self) -> dict[str, Any] | None:
        """What was found, as JSON values; `None` when nothing was."""
        if not self.found:
            return None
        return {"kind": _KINDS[self.found].value, "until": self.until, "seen_by_probe": self._seen_by_probe}

    def restore(self, saved: Mapping[str, Any], now: float) -> None:
        """Takes what `save` gave before a restart; a kind that is not kept is none."""
        kind = _KEPT.get(saved["kind"])
        if kind is not None:
            self.note(kind, now, is_probe=saved["seen_by_probe"])
            self.until = min(saved["until"], self.until)


class KeyHolder(Protocol):
    """What holds a model that uses a key."""

    answered_at: float | None


class KeyFault:
    """A key that its provider may refuse, shared by every model that uses it there.

    One refusal is enough for all of them, and so is one look a minute, whoever takes it.

    Attributes:
        key: the reference, for people: `env:NAME`, of a file its name only; empty where none is configured.
        provider: who takes it, or does not.
        models: ids of the models that use it, in the order of the settings.
        holders: what holds those models.
        place: what tells it from other keys: its reference and where it is used; never shown.
        is_refused: whether it was refused and nobody has found it mended.
        until: when the next call or probe may look whether somebody mended it.
        is_told: whether the refusal was told; news are told once.
    """

    __slots__ = (
        "_seen_by_probe",
        "holders",
        "is_refused",
        "is_told",
        "key",
        "models",
        "place",
        "provider",
        "until",
    )

    def __init__(self, key: str, provider: str, models: tuple[str, ...], place: tuple[str, str] = ("", "")) -> None:
        self.key = key
        self.place = place
        self.provider = provider
        self.models = models
        self.holders: Sequence[KeyHolder] = ()
        self.is_refused = False
        self.is_told = False
        self.until = 0.0
        self._seen_by_probe = False

    def succeed(self, old: KeyFault) -> None:
        """Takes what is known of the same key under earlier settings."""
        self.is_refused, self.until, self._seen_by_probe = old.is_refused, old.until, old._seen_by_probe
        first = old.models[0]
        if first in self.models:  # it stays told under the same name
            self.models = (first, *(name for name in self.models if name != first))
            self.is_told = old.is_told

    @property
    def mark(self) -> str:
        """Tells it from other keys where `place` must not show: the same key in the same place has the same."""
        return mark_of(self.place)

    def save(self) -> dict[str, Any]:
        """Whether it is refused, and under which model that was told, as JSON values."""
        return {
            "is_refused": self.is_refused,
            "until": self.until,
            "seen_by_probe": self._seen_by_probe,
            "told_as": self.models[0],
        }

    def restore(self, saved: Mapping[str, Any], now: float) -> None:
        """Takes what `save` gave before a restart: a refused key stays so, told under the same model."""
        if not saved["is_refused"]:
            return
        self.refuse(now, is_probe=saved["seen_by_probe"])
        self.until = min(saved["until"], self.until)
        first = saved["told_as"]
        if first in self.models:
            self.models = (first, *(name for name in self.models if name != first))

    def refuse(self, now: float, *, is_probe: bool) -> None:
        """A call or a probe of one of its models met the refusal."""
        self.is_refused = True
        self.until = now + FAULT_SECONDS
        self._seen_by_probe = is_probe

    def looked(self, now: float) -> None:
        """A call is on its way to find out; the others wait."""
        self.until = now + FAULT_SECONDS

    def answered(self, *, is_probe: bool) -> None:
        """A call went well. A free probe answers also while real calls meet a refused key."""
        if not is_probe or self._seen_by_probe:
            self.is_refused = False

    def forget(self) -> None:
        """A person says it is mended."""
        self.is_refused = False

    def is_good_elsewhere(self, holder: KeyHolder, now: float) -> bool:
        """Whether another model answered with it within the last minute, and this one did not.

        Then a 403 speaks of this model, which the key may not use, and not of the key.
        """
        if _is_recent(holder.answered_at, now):
            return False
        return any(_is_recent(other.answered_at, now) for other in self.holders if other is not holder)


def mark_of(parts: Sequence[str]) -> str:
    """A short fingerprint of texts that must not show."""
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:MARK_LENGTH]


def shown_key(reference: str | None) -> str:
    """A key's reference for people: `env:NAME`; of `file:PATH` the last part only, no path of this machine."""
    if reference is None:
        return ""
    kind, _, place = reference.partition(":")
    return f"{kind}:{place.rsplit('/', 1)[-1]}"


def _is_recent(moment: float | None, now: float) -> bool:
    return moment is not None and now - moment < FAULT_SECONDS
