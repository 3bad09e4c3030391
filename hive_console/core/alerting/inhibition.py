"""Which firing alert explains which: what `Rule.explained_by` names, where it bears no label that the other lacks.

A provider that is down explains its models' alerts, a refused key those of the models that use it, a kill of
everything all that its rule is named for. The order in which they begin to fire does not matter. Nobody explains
itself, not even over others: from each muted alert a chain leads to one that is not.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from hive_console.core.alerting.identity import Key
from hive_console.core.states import AlertRule

_Pair = tuple[str, str]
Place = TypeVar("Place", bound=Hashable)
_NARROWEST = ("model", "route", "channel", "key")
"""Labels by which explaining alerts are found, those that fewest alerts share first; then any other."""


@dataclass(frozen=True, slots=True)
class _Entry:
    labels: frozenset[_Pair]
    scope: _Pair | None
    explained_by: tuple[AlertRule, ...]


class Inhibition:
    """All firing alerts, and of each the one that explains it."""

    __slots__ = ("_by_pair", "_by_scope", "_entries", "_explained", "_reasons")

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}
        self._by_scope: dict[tuple[AlertRule, _Pair | None], dict[Key, None]] = {}
        self._by_pair: dict[_Pair, dict[Key, None]] = {}
        self._reasons: dict[Key, Key] = {}
        self._explained: dict[Key, dict[Key, None]] = {}

    def add(self, key: Key, labels: Iterable[_Pair], explained_by: tuple[AlertRule, ...]) -> None:
        """An alert fires, or bears other labels than before."""
        self._take_out(key)
        entry = _Entry(frozenset(labels), _scope(labels), explained_by)
        self._entries[key] = entry
        self._by_scope.setdefault((key[0], entry.scope), {})[key] = None
        for pair in entry.labels:
            self._by_pair.setdefault(pair, {})[key] = None

    def remove(self, key: Key) -> list[Key]:
        """An alert fires no longer; those that it explained, which may have another reason."""
        self._take_out(key)
        self._forget_reason(key)
        orphans = list(self._explained.pop(key, ()))
        for orphan in orphans:
            del self._reasons[orphan]
        return orphans

    def reason_of(self, key: Key) -> Key | None:
        """The firing alert that explains this one; the one it was before for as long as that is one."""
        before = self._reasons.get(key)
        if before is not None and self._explains(before, key):
            return before
        self._forget_reason(key)
        reason = next(self._reasons_for(key), None)
        if reason is not None:
            self.take(key, reason)
        return reason

    def take(self, key: Key, reason: Key) -> bool:
        """Has an alert explained by this one; whether that can be."""
        if not self._explains(reason, key) or self._leads_to(reason, key):
            return False
        self._forget_reason(key)
        self._reasons[key] = reason
        self._explained.setdefault(reason, {})[key] = None
        return True

    def unexplained_by(self, key: Key) -> list[Key]:
        """Firing alerts that this one could explain and that nothing explains yet, in the order they began."""
        scope = self._entries[key].scope
        near = self._entries if scope is None else self._by_pair[scope]
        return [other for other in near if other not in self._reasons and self._explains(key, other)]

    # --- inside -----------------------------------------------------------------------------------

    def _reasons_for(self, key: Key) -> Iterator[Key]:
        entry = self._entries[key]
        scopes = (*sorted(entry.labels, key=_narrowness), None)
        for rule in entry.explained_by:
            for scope in scopes:
                for other in self._by_scope.get((rule, scope), ()):
                    if self._explains(other, key) and not self._leads_to(other, key):
                        yield other

    def _explains(self, reason: Key, key: Key) -> bool:
        if reason == key or reason not in self._entries:
            return False
        entry = self._entries[key]
        return reason[0] in entry.explained_by and self._entries[reason].labels <= entry.labels

    def _leads_to(self, reason: Key, key: Key) -> bool:
        """Whether `key` explains `reason`, over however many others."""
        at: Key | None = reason
        while at is not None and at != key:
            at = self._reasons.get(at)
        return at == key

    def _forget_reason(self, key: Key) -> None:
        reason = self._reasons.pop(key, None)
        if reason is not None:
            del self._explained[reason][key]
            if not self._explained[reason]:
                del self._explained[reason]

    def _take_out(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        _discard(self._by_scope, (key[0], entry.scope), key)
        for pair in entry.labels:
            _discard(self._by_pair, pair, key)


def _discard(index: dict[Place, dict[Key, None]], at: Place, key: Key) -> None:
    del index[at][key]
    if not index[at]:
        del index[at]


def _scope(labels: Iterable[_Pair]) -> _Pair | None:
    """The label by which fewest alerts are alike; none of what is about everything."""
    return min(labels, key=_narrowness, default=None)


def _narrowness(pair: _Pair) -> tuple[int, _Pair]:
    name = pair[0]
    return (_NARROWEST.index(name) if name in _NARROWEST else len(_NARROWEST)), pair
