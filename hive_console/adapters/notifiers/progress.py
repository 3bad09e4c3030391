"""Which parts of a notice have arrived already, for transports that send one notice in several pieces.

A second attempt sends only the rest: nobody gets the same mail twice because a neighbour's box was busy. It lives
in memory; after a restart all of it comes again, and receivers tell it by its key.
"""

from __future__ import annotations

NOTICES_KEPT = 200
"""Notices that are remembered, the oldest forgotten first; a channel has one under way, and a few that wait."""


class Progress:
    """Remembers parts by the notice's key."""

    __slots__ = ("_arrived",)

    def __init__(self) -> None:
        self._arrived: dict[str, set[str]] = {}

    def arrived(self, key: str) -> frozenset[str]:
        """The parts of this notice that have arrived."""
        return frozenset(self._arrived.get(key, ()))

    def note(self, key: str, *parts: str) -> None:
        """They have arrived."""
        if key not in self._arrived:
            while len(self._arrived) >= NOTICES_KEPT:
                del self._arrived[next(iter(self._arrived))]
        self._arrived.setdefault(key, set()).update(parts)

    def forget(self, key: str) -> None:
        """The notice is done with."""
        self._arrived.pop(key, None)
