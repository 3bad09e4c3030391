"""The audit trail as deeds: the rows of one action, its intent and what became of it, told as one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hive_console.core.events import OperatorActed
from hive_console.core.states import ActionPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody did.

    Attributes:
        act: its latest row: of an action that ended, its outcome.
        at: when it was said, in Unix seconds.
        numbers: the places of its rows in the chain, from 1; empty while the recording has not told them.
        digest: the chain's digest after its last row, as hexadecimal; empty likewise.
    """

    act: OperatorActed
    at: float
    numbers: tuple[int, ...] = ()
    digest: str = ""


class Trail:
    """Takes rows in any order, each as often as it comes, and keeps them as deeds; its owner bounds it."""

    def __init__(self) -> None:
        self._deeds: dict[str, Deed] = {}
        self._sorted: tuple[Deed, ...] | None = None

    @property
    def deeds(self) -> tuple[Deed, ...]:
        """In the order they were said, oldest first."""
        if self._sorted is None:
            self._sorted = tuple(sorted(self._deeds.values(), key=lambda deed: (deed.at, deed.act.action_id)))
        return self._sorted

    def put(self, act: OperatorActed, *, number: int = 0, digest: str = "") -> None:
        """Adds a row; `number` and `digest` where the recording told it."""
        self._sorted = None
        numbers = (number,) if number else ()
        known = self._deeds.get(act.action_id)
        if known is None:
            self._deeds[act.action_id] = Deed(act=act, at=act.at, numbers=numbers, digest=digest)
            return
        is_outcome = act.phase is not ActionPhase.INTENDED
        self._deeds[act.action_id] = replace(
            known,
            act=act if is_outcome else known.act,
            at=min(known.at, act.at),
            numbers=tuple(sorted({*known.numbers, *numbers})),
            digest=digest if digest and number >= max(known.numbers, default=0) else known.digest,
        )

    def keep_newest(self, count: int) -> bool:
        """Lets go of all but the newest deeds; whether there were more."""
        return self._drop(self.deeds[: max(0, len(self._deeds) - count)])

    def keep_oldest(self, count: int) -> bool:
        """The same of all but the oldest."""
        return self._drop(self.deeds[count:])

    def _drop(self, deeds: tuple[Deed, ...]) -> bool:
        for deed in deeds:
            del self._deeds[deed.act.action_id]
        if deeds:
            self._sorted = None
        return bool(deeds)
