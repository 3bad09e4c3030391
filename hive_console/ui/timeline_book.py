"""What the timeline holds of the past: the feed's events as they come, and pages of the recording before them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile

from hive_console.core.chronicle import TOLD, Chronicle
from hive_console.core.events import Event
from hive_console.core.past import Stretch
from hive_console.core.store import Gap, GapCause
from hive_console.engine.client import EventPage

KEPT = 6_000
"""Things that happened kept at most, requests and checks not counted: days of a calm fleet, hours of a wild one.
Beyond it, whoever goes back lets go of the newest, and whoever follows of the oldest."""

SLACK = 600
"""Things more than that until the rest is let go: all moments are made anew then, which takes 40 ms."""

_STEP = 2  # between two numbers; the chronicle puts what it finds itself at the odd ones
_DECIMALS = 6  # of a second, that a recording keeps


class Book:
    """Things that happened, numbered in their order, and the moments that they make.

    Attributes:
        chronicle: the moments.
        cursor: where the feed was read until.
        begins_at: from when on everything is here; `None` while nothing is.
        missed: things that came since the newest were let go for older ones, and were only counted.
        is_cut: whether they were.
    """

    def __init__(self) -> None:
        self._things: deque[Event | Gap] = deque()
        self._first = 0
        self.chronicle = Chronicle()
        self.cursor = 0
        self.begins_at: float | None = None
        self.missed = 0
        self.is_cut = False

    @property
    def happened(self) -> Iterator[Event]:
        """The events that are kept, oldest first."""
        return (thing for thing in self._things if not isinstance(thing, Gap))

    @property
    def gaps(self) -> tuple[Stretch, ...]:
        """Stretches that were not recorded whole."""
        return tuple((thing.begin, thing.end) for thing in self._things if isinstance(thing, Gap))

    def take(self, page: EventPage, now: float) -> bool:
        """Adds a page of the feed; whether it held anything that is told."""
        self.cursor = page.cursor
        if page.events and self.begins_at is None:
            self.begins_at = page.events[0].at
        found: list[Event | Gap] = [event for event in page.events if isinstance(event, TOLD)]
        if page.lost and self._things:
            found.insert(0, _lost(page.lost, _at(self._things[-1]), now))
        if self.is_cut:
            self.missed += len(found)
            return bool(found)
        for thing in found:
            self.chronicle.take(self._first + _STEP * len(self._things), thing)
            self._things.append(thing)
        if len(self._things) > KEPT + SLACK:
            for _ in range(len(self._things) - KEPT):
                self._things.popleft()
                self._first += _STEP
            self.begins_at = _at(self._things[0])
            self._tell_anew()
        return bool(found)

    def put_before(self, events: Iterable[Event], gaps: Iterable[Gap], *, begins_at: float) -> int:
        """Adds a page of the recording before all that is here; how many things it brought.

        Args:
            events: oldest first; those that are here already are passed over.
            gaps: of the page's stretch, and of what is here.
            begins_at: from when on everything is here now.
        """
        self.begins_at = begins_at
        begin = _at(self._things[0]) if self._things else float("inf")
        known = [_as_recorded(event) for event in takewhile(lambda event: event.at <= begin, self.happened)]
        fresh: list[Event | Gap] = [event for event in events if _as_recorded(event) not in known]
        fresh += [gap for gap in gaps if gap not in self._things]
        if not fresh:
            return 0
        self._first -= _STEP * sum(_at(thing) <= begin for thing in fresh)
        self._things = deque(sorted([*fresh, *self._things], key=_at))
        while len(self._things) > KEPT:
            self._things.pop()
            self.is_cut = True
        self._tell_anew()
        return len(fresh)

    def _tell_anew(self) -> None:
        self.chronicle = Chronicle()
        for place, thing in enumerate(self._things):
            self.chronicle.take(self._first + _STEP * place, thing)


def _at(thing: Event | Gap) -> float:
    return thing.begin if isinstance(thing, Gap) else thing.at


def _as_recorded(event: Event) -> Event:
    """The event as it comes back from a recording, to know it again."""
    return replace(event, at=round(event.at, _DECIMALS))


def _lost(count: int, begin: float, end: float) -> Gap:
    detail = "more than this screen could read"
    return Gap(begin=begin, end=end, cause=GapCause.QUEUE_FULL, dropped=count, detail=detail)
