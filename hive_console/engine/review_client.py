"""`EngineClient` on a recording: the fleet as it was, with a cursor that moves through its time.

Screens read references and leave moves here, from their own thread; `follow` carries them out on the loop that
owns the store. A store that fails is told in the snapshot, and asked again.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from hive_console.core.errors import HiveError, place_of
from hive_console.core.events import Event
from hive_console.core.past import Past, PastFleet, TimeLine
from hive_console.core.playback import Reading, fleet_of, gap_words, time_line
from hive_console.core.store import FleetAt, Holdings, Run, Store, Wanted
from hive_console.engine.client import EventPage
from hive_console.engine.recorded_history import answered
from hive_console.engine.refusing import Refusing
from hive_console.engine.review_reading import log_at, reading_at
from hive_console.engine.review_scales import SCALES

POLL = 1.0
"""Seconds between two looks at whether somebody recorded more; the question costs microseconds."""

RETRY = 5.0
"""Seconds after which a store that failed is asked again, if no key asks before."""

PATIENCE = 0.25
"""Seconds that a load may still go on once a newer move waits: a key that is held down must show something."""

NOT_OPEN = "the recording is being opened"
"""Why nothing can be asked yet."""

MOVES_WAITING = 64
"""Moves kept while a load is under way; of more, the oldest are forgotten: nobody counts keys that fast."""

T = TypeVar("T")

Move = Callable[[Store, float], Awaitable[float]]
"""From where the cursor is to where it goes."""


@dataclass(frozen=True, slots=True)
class _View:
    """What screens read, as one reference."""

    fleet: PastFleet
    events: tuple[Event, ...] = ()
    page: int = 0


class ReviewClient(Refusing):
    """Shows a recording. It can be made before the recording is open and says that nothing is known.

    Args:
        name: what the recording is called on the screen.
        first: from the recording's end to where the cursor begins; the end itself when not given.
        poll: seconds between two looks at whether the recording grew.
        patience: seconds that a load may go on once a newer move waits.
    """

    def __init__(
        self,
        name: str,
        *,
        first: Callable[[float], float] | None = None,
        poll: float = POLL,
        patience: float = PATIENCE,
    ) -> None:
        self._first = first
        self._poll = poll
        self._patience = patience
        self._moves: deque[Move] = deque(maxlen=MOVES_WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._store: Store | None = None
        self._news = asyncio.Event()
        self._load: asyncio.Timeout | None = None
        self._began = 0.0
        self._holdings = Holdings(begin=None, end=None)
        self._runs: tuple[Run, ...] = ()
        self._seen: int | None = None
        self._cursor = 0.0
        self._scale = SCALES[0]
        self._is_following = first is None
        self._note = ""
        self._line_key: tuple[float, float, int | None] | None = None
        nowhere = Past(
            name=name,
            cursor=0.0,
            line=TimeLine(begin=0.0, end=self._scale.line),
            step=self._scale.step,
            leap=self._scale.leap,
            is_loading=True,
        )
        self._past = nowhere
        self._view = _View(PastFleet(sequence=0, at=0.0, started_at=0.0, models=(), past=nowhere))

    # --- what screens ask, on their own thread ---------------------------------------------------------

    def snapshot(self) -> PastFleet:
        """The latest view; never waits for the disk."""
        return self._view.fleet

    def events(self, after: int) -> EventPage:
        """What happened up to the cursor; whenever that is something else, all of it."""
        view = self._view
        if after == view.page:
            return EventPage((), after)
        return EventPage(view.events, view.page, is_anew=True)

    def step(self, steps: int) -> None:
        """So many steps on, or back."""

        async def move(_: Store, cursor: float) -> float:
            return cursor + steps * self._scale.step

        self._want(move)

    def leap(self, leaps: int) -> None:
        """The same with large steps."""

        async def move(_: Store, cursor: float) -> float:
            return cursor + leaps * self._scale.leap

        self._want(move)

    def to(self, at: float) -> None:
        """To an instant, or the nearest one that was recorded."""

        async def move(_: Store, __: float) -> float:
            return at

        self._want(move)

    def to_begin(self) -> None:
        """To the first thing recorded."""
        self.to(-math.inf)

    def to_end(self) -> None:
        """To the last one, and on with a recording that goes on."""
        self.to(math.inf)

    def to_event(self, *, is_later: bool, models: tuple[str, ...] | None = None) -> None:
        """To the next thing (or the last one before) that moved something."""

        async def move(store: Store, cursor: float) -> float:
            found = await store.neighbour(cursor, is_later=is_later, models=models)
            if found is None:
                self._note = f"nothing {'later' if is_later else 'earlier'} happened"
            return cursor if found is None else found

        self._want(move)

    def zoom(self, scales: int) -> None:
        """Another length of the line and of steps."""

        async def move(_: Store, cursor: float) -> float:
            place = SCALES.index(self._scale) + scales
            self._scale = SCALES[max(0, min(place, len(SCALES) - 1))]
            return cursor

        self._want(move)

    def ask(self, question: Callable[[Store], Awaitable[T]]) -> Future[T]:
        """Puts a question beside the moves, for what is shown besides the fleet."""
        if self._loop is None or self._store is None:
            refused: Future[T] = Future()
            refused.set_exception(HiveError(NOT_OPEN))
            return refused
        store = self._store

        async def opened() -> Store:
            return store

        return asyncio.run_coroutine_threadsafe(answered(opened, question), self._loop)

    def _want(self, move: Move) -> None:
        self._moves.append(move)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody reads any more
                self._loop.call_soon_threadsafe(self._wake)

    # --- what happens on the store's loop --------------------------------------------------------------

    async def follow(self, store: Store) -> None:
        """Carries out moves and follows a recording that grows, until it is cancelled."""
        self._loop, self._store = asyncio.get_running_loop(), store
        is_due = True
        while True:
            pause = self._poll
            self._news.clear()
            try:
                is_due |= await self._look(store)
                is_due |= await self._go(store)
                if is_due:
                    is_due = not await self._read(store)
                    continue
            except HiveError as error:
                pause = self._stumble(str(error))
            except Exception as error:  # noqa: BLE001 - a screen must go on whatever a store does; it is told
                pause = self._stumble(f"an error of this program, {place_of(error)}")
            await self._sleep(pause)
            is_due |= bool(self._past.problem)

    def _stumble(self, problem: str) -> float:
        """Shows why nothing could be read; seconds until the next try."""
        self._publish(problem=problem, is_loading=False)
        return RETRY

    def _wake(self) -> None:
        self._news.set()
        self._hurry()

    def _hurry(self) -> None:
        """Gives the load under way its last moments."""
        if self._load is not None and self._loop is not None and not self._load.expired():
            self._load.reschedule(max(self._loop.time(), self._began + self._patience))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    async def _look(self, store: Store) -> bool:
        """Whether more was recorded, so that what is shown has to be read again."""
        seen = await store.changed()
        if seen == self._seen:
            return False
        is_first = self._holdings.end is None
        self._holdings = await store.holdings()
        self._runs = await store.runs()
        self._seen = seen
        end = self._holdings.end
        if end is None or (is_first and self._first is None) or self._is_following:
            self._place(math.inf)
            return True
        if is_first and self._first is not None:
            self._place(self._first(end))
            return True
        self._past = replace(self._past, line=await self._line(store))
        self._publish(is_loading=self._past.is_loading)
        return False

    async def _go(self, store: Store) -> bool:
        """Carries out the moves that wait; whether there were any."""
        has_moved = False
        while self._moves and self._holdings.end is not None:
            move = self._moves.popleft()
            self._note = ""
            has_moved = True
            self._place(await move(store, self._cursor))
        return has_moved

    def _place(self, at: float) -> None:
        begin, end = self._holdings.begin, self._holdings.end
        if begin is None or end is None:
            return
        self._cursor = max(begin, min(at, end))
        self._is_following = at >= end

    async def _read(self, store: Store) -> bool:
        """Reads the fleet at the cursor and shows it; `False` when a newer move came before the end."""
        loop = asyncio.get_running_loop()
        self._publish(is_loading=True)
        self._began = loop.time()
        try:
            async with asyncio.timeout(None) as self._load:
                if self._moves:
                    self._hurry()
                await self._read_all(store)
        except TimeoutError:
            if self._load is None or not self._load.expired():
                raise
            return False
        finally:
            self._load = None
        return True

    async def _read_all(self, store: Store) -> None:
        at = self._cursor
        if self._holdings.end is None:
            self._show(Reading(fleet=FleetAt(at=at)), ())
            return
        line = await self._line(store)
        reading = await reading_at(store, at)
        events = await log_at(store, at)
        self._past = replace(self._past, line=line)
        self._show(reading, events)

    async def _line(self, store: Store) -> TimeLine:
        """The line around the cursor; read again only where it is another one, or has grown."""
        length = self._scale.line
        begin = math.floor(self._cursor / length) * length
        key = (begin, length, self._seen)
        if key == self._line_key:
            return self._past.line
        moved = await store.transitions(Wanted(begin=begin, end=begin + length))
        gaps = await store.gaps(begin, begin + length)
        end = self._holdings.end or begin
        self._line_key = key
        return time_line((begin, begin + length), moved=moved, gaps=gaps, runs=self._runs, end=end)

    def _show(self, reading: Reading, events: tuple[Event, ...]) -> None:
        before = self._view
        page = before.page if events == before.events and before.page else before.page + 1
        self._past = self._here(
            is_loading=False, is_running=reading.fleet.is_running, gap=gap_words(reading.fleet.gap), problem=""
        )
        fleet = fleet_of(reading, self._past, sequence=before.fleet.sequence + 1)
        self._view = _View(fleet, events, page)

    def _publish(self, *, is_loading: bool, problem: str | None = None) -> None:
        """Shows where the cursor is and what is the matter, above the fleet that was read last."""
        before = self._view
        said = self._past.problem if problem is None else problem
        self._past = self._here(
            is_loading=is_loading, is_running=self._past.is_running, gap=self._past.gap, problem=said
        )
        fleet = before.fleet
        # Until something was read there is nothing to show but what is the matter.
        sequence = fleet.sequence + 1 if fleet.sequence or problem else 0
        self._view = replace(before, fleet=replace(fleet, sequence=sequence, past=self._past))

    def _here(self, *, is_loading: bool, is_running: bool, gap: str, problem: str) -> Past:
        return replace(
            self._past,
            cursor=self._cursor,
            step=self._scale.step,
            leap=self._scale.leap,
            begin=self._holdings.begin,
            end=self._holdings.end,
            is_live=self._holdings.is_live,
            is_loading=is_loading,
            is_running=is_running,
            gap=gap,
            caution=self._holdings.caution,
            problem=problem,
            note=self._note,
        )
