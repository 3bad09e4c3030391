"""What the planner of notices must remember over a restart, for the keeper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hive_console.core import events as e
from hive_console.core.alerting.book import AlertBook
from hive_console.core.memory import Rows
from hive_console.core.notifying.planner import Planner


class KeptNotices:
    """The planner's rows. None is written before those of the last run are taken back, so that none is lost to one
    that knows less.
    """

    KINDS: tuple[type[e.Event], ...] = (
        *Planner.KINDS,
        e.NoticeQueued,
        e.NoticeTried,
        e.NoticeSettled,
        e.ChannelChanged,
    )
    """The events with which rows may change."""

    def __init__(self, planner: Planner, book: AlertBook) -> None:
        self._planner = planner
        self._book = book
        self._is_restored = False

    def restore(self, saved: Mapping[str, Any], now: float) -> list[e.Event]:
        """Takes what was kept; ask when the book has been reconciled and everybody has heard of it."""
        self._is_restored = True
        return self._planner.restore(saved, now, self._book.views())

    def changed(self) -> Rows:
        """The rows that changed since this was last asked."""
        return self._planner.changed() if self._is_restored else {}

    def save(self) -> Rows:
        """All of it."""
        return self._planner.save() if self._is_restored else {}
