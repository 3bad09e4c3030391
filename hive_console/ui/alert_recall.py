"""Keeps what is known of alerts and notices up to date: the feed as it comes, and the recording before it."""

from __future__ import annotations

from hive_console.core.events import Event
from hive_console.core.past import past_of
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.store import Wanted
from hive_console.engine.client import EngineClient
from hive_console.engine.history import History
from hive_console.ui.alert_feed import TOLD, AlertFeed
from hive_console.ui.asked import Asked

PAGE = 4_000
"""Events that are read from the recording: a day of a busy team, and more than a person reads."""

_JUST_AFTER = 1e-6  # windows end before their end; what happened at the very instant belongs to it


class Recall:
    """Asks the recording once for what was before the feed, and of a recording anew for each time shown."""

    def __init__(self, feed: AlertFeed) -> None:
        self._feed = feed
        self._asked: Asked[tuple[Event, ...]] = Asked()
        self._has_asked = False
        self._past_at: float | None = None

    @property
    def words(self) -> str:
        """What keeps the past from being known; empty when nothing does."""
        if self._asked.is_waiting:
            return "reading the recording …"
        return f"cannot read the recording: {self._asked.problem}" if self._asked.problem else ""

    def follow(self, client: EngineClient, fleet: FleetSnapshot, history: History | None) -> None:
        """Takes what the feed has, and asks the recording where it has to be asked."""
        past = past_of(fleet)
        if past is None:
            self._feed.take(client.events(self._feed.cursor))
            if history is not None and not self._has_asked and self._feed.begins_at is not None:
                self._has_asked = True
                self._ask(history, self._feed.begins_at)
            return
        if history is None or past.is_loading or not fleet.sequence or fleet.at == self._past_at:
            return
        self._past_at = fleet.at
        self._ask(history, fleet.at + _JUST_AFTER)

    def look(self) -> bool:
        """Hands on what the recording has answered; whether it has."""
        return self._asked.look()

    def _ask(self, history: History, end: float) -> None:
        is_past = self._past_at is not None

        def put(events: tuple[Event, ...]) -> None:
            if is_past:
                self._feed.forget()
            self._feed.recall(events)

        self._asked.ask(history.events(Wanted(end=end, limit=PAGE), TOLD), put)
