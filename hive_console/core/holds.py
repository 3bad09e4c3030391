"""The book of what persons keep as it is: what, on what, whose, since when, and until when.

Only the book; `warden` brings the models to what stands in it. A target has at most one hold of a kind, except that
the kill of the file `EMERGENCY_STOP` stands beside a person's: neither of them may end the other's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from hive_console.core.saved_state import UnreadableState, is_instant, is_number, is_text, is_word_of, record_of
from hive_console.core.snapshot import HoldView
from hive_console.core.states import EVERYTHING, PROVIDER_PREFIX, HoldKind
from hive_console.core.weights import weight_of
from hive_console.core.wording import span

STOP_FILE = "the file EMERGENCY_STOP"
"""Whose the kill is that a file in the data folder makes; nobody can log in by that name."""

SOMEBODY = "somebody"
"""Whose a hold is of which nobody knows whose it is: one that an earlier version kept."""

MOST_WIDE = 200
"""Holds on providers and on the fleet that may stand at once: they outlive the models that they concern."""

_Key = tuple[HoldKind, str, bool]

_RECORD = {
    "kind": is_word_of(HoldKind),
    "target": is_text,
    "by": lambda value: is_text(value) and bool(value),
    "since": is_number,
    "until": is_instant,
    "reason": is_text,
    "detail": is_text,
}


def is_wide(target: str) -> bool:
    """Whether a target is a provider or the fleet, and no single model."""
    return target == EVERYTHING or target.startswith(PROVIDER_PREFIX)


def target_words(target: str) -> str:
    """A target as people say it."""
    if target == EVERYTHING:
        return "all models"
    if target.startswith(PROVIDER_PREFIX):
        return f"all models of {target.removeprefix(PROVIDER_PREFIX)}"
    return target


def is_of_file(hold: HoldView) -> bool:
    """Whether the file makes it, and only its removal ends it."""
    return hold.by == STOP_FILE


def over_words(hold: HoldView) -> str:
    """Why a hold ended by itself."""
    lasted = "" if hold.until is None else f" ({span(hold.until - hold.since)})"
    return f"its time{lasted} is over, set by {hold.by}"


def killed_words(hold: HoldView) -> str:
    """Why nothing is called, for callers as well: they are told the reason, and not whose it is."""
    return f"stopped by {STOP_FILE}" if is_of_file(hold) else f"stopped by hand: {hold.reason or 'no reason given'}"


class HoldBook:
    """All holds, oldest first.

    Attributes:
        has_kills: whether anything is killed: every call asks.
        is_safe: whether the fleet serves in the plainest way: every operation asks.
    """

    __slots__ = ("_holds", "_views", "has_kills", "is_safe")

    def __init__(self) -> None:
        """Nothing is held."""
        self._holds: dict[_Key, HoldView] = {}
        self._views: tuple[HoldView, ...] | None = ()
        self.has_kills = False
        self.is_safe = False

    def put(self, hold: HoldView) -> HoldView | None:
        """Notes a hold; what it takes the place of."""
        key = hold.kind, hold.target, is_of_file(hold)
        former = self._holds.pop(key, None)
        self._holds[key] = hold
        self._note()
        return former

    def take(self, hold: HoldView) -> None:
        """Strikes a hold off the book."""
        del self._holds[hold.kind, hold.target, is_of_file(hold)]
        self._note()

    def find(self, kind: HoldKind, target: str, *, of_file: bool = False) -> HoldView | None:
        """The hold of this kind on this very target."""
        return self._holds.get((kind, target, of_file))

    def covering(self, kind: HoldKind, targets: Iterable[str]) -> list[HoldView]:
        """The holds of a kind on any of these targets, in their order; a person's before the file's."""
        found = (self.find(kind, target, of_file=of_file) for target in targets for of_file in (False, True))
        return [hold for hold in found if hold is not None]

    def over(self, now: float) -> list[HoldView]:
        """The holds whose time is over, the first to end first."""
        due = [hold for hold in self._holds.values() if hold.until is not None and now >= hold.until]
        return sorted(due, key=_end)

    def on(self, target: str) -> list[HoldView]:
        """The holds on this very target."""
        return [hold for hold in self._holds.values() if hold.target == target]

    def wide_targets(self) -> list[str]:
        """The providers, and the fleet, that are held."""
        return list(dict.fromkeys(hold.target for hold in self._holds.values() if is_wide(hold.target)))

    def gone(self, models: Collection[str]) -> list[HoldView]:
        """The holds on, and pins to, models that are not among these."""
        return [
            hold
            for hold in self._holds.values()
            if not is_wide(hold.target)
            and (hold.target not in models or (hold.kind is HoldKind.PINNED and hold.detail not in models))
        ]

    def views(self) -> tuple[HoldView, ...]:
        """All holds, oldest first."""
        if self._views is None:
            self._views = tuple(sorted(self._holds.values(), key=_begin))
        return self._views

    def _note(self) -> None:
        self._views = None
        kinds = {kind for kind, _, _ in self._holds}
        self.has_kills, self.is_safe = HoldKind.KILLED in kinds, HoldKind.SAFE_MODE in kinds

    def save(self, target: str) -> list[dict[str, Any]]:
        """What must survive a restart of the holds on this target, as JSON values; the file tells its own."""
        return [
            {
                "kind": hold.kind.value,
                "target": hold.target,
                "by": hold.by,
                "since": hold.since,
                "until": hold.until,
                "reason": hold.reason,
                "detail": hold.detail,
            }
            for hold in self.on(target)
            if not is_of_file(hold)
        ]


def holds_of_record(saved: object, target: str, now: float) -> list[HoldView]:
    """What `HoldBook.save` gave for this target; raises `UnreadableState`.

    A clock that was set back makes no hold longer than it was.
    """
    if not isinstance(saved, list):
        raise UnreadableState("holds is no list")
    return [_hold_of(record_of(one, _RECORD, "holds."), target, now) for one in saved]


def _hold_of(record: Mapping[str, Any], target: str, now: float) -> HoldView:
    kind, detail = HoldKind(record["kind"]), record["detail"]
    if record["target"] != target:
        raise UnreadableState("holds.target is another one's")
    if kind is HoldKind.WEIGHTED and weight_of(detail) is None:
        raise UnreadableState("holds.detail is no weight")
    since = min(float(record["since"]), now)
    until = record["until"]
    return HoldView(
        kind=kind,
        target=target,
        by=record["by"],
        since=since,
        until=None if until is None else until - (record["since"] - since),
        reason=record["reason"],
        detail=detail,
    )


def _begin(hold: HoldView) -> float:
    return hold.since


def _end(hold: HoldView) -> float:
    return hold.until or 0.0
