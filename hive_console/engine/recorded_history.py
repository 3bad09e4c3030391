"""`History` on a store: a thread and a loop of its own that open the recording when something is first asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Protocol, TypeVar

from hive_console.core.delivery_log import NoticeRow
from hive_console.core.errors import HiveError, place_of
from hive_console.core.events import Event
from hive_console.core.snapshot import AlertView
from hive_console.core.store import AuditCheck, AuditRow, Gap, Store, Wanted

T = TypeVar("T")

Anchor = tuple[int, str]
"""A row's number and its digest, as written down beside the trail."""

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]
"""Opens a recording for reading; raises `HiveError` where there is none yet."""

QUESTIONS_WAITING = 16
"""Questions that wait for their answer at most: no screen has more than three, and a stuck disk piles them up."""

STOP_SECONDS = 3.0
"""Seconds that closing may take: nothing is written, so nothing is worth a longer wait."""

CLOSED = "the recording is closed"
BUSY = f"{QUESTIONS_WAITING} questions wait for the recording already"


class Asking(Protocol):
    """Puts questions to a store that lives on another thread."""

    def ask(self, question: Callable[[Store], Awaitable[T]]) -> Future[T]:
        """The answer, some time; `HiveError` where there is none."""
        ...


class StoreHistory:
    """Fits `History`: each call is one question to a store.

    Args:
        asking: the way to the store.
        anchors: reads what was written down beside the audit trail; called on another thread, and may wait.
    """

    def __init__(self, asking: Asking, *, anchors: Callable[[], Iterable[Anchor]] = tuple) -> None:
        self._asking = asking
        self._anchors = anchors

    def moved(self, wanted: Wanted) -> Future[tuple[Event, ...]]:
        """Everything that moved something, oldest first."""
        return self._asking.ask(lambda store: store.transitions(wanted))

    def events(self, wanted: Wanted, kinds: Iterable[type[Event]] | None = None) -> Future[tuple[Event, ...]]:
        """All events, oldest first; of some kinds only when they are named."""
        chosen = None if kinds is None else tuple(kinds)
        return self._asking.ask(lambda store: store.events(wanted, chosen))

    def audit(self, wanted: Wanted) -> Future[tuple[AuditRow, ...]]:
        """Rows of the audit trail, oldest first."""
        return self._asking.ask(lambda store: store.audit(wanted))

    def notices(self, wanted: Wanted, *, alert_id: str = "", channel: str = "") -> Future[tuple[NoticeRow, ...]]:
        """The delivery log, newest first."""
        return self._asking.ask(lambda store: store.notices(wanted, alert_id=alert_id, channel=channel))

    def story(self, name: str, *, raised_at: float | None = None) -> Future[tuple[Event, ...]]:
        """All that is about one alert, silence or notice, oldest first."""
        return self._asking.ask(lambda store: store.story(name, raised_at=raised_at))

    def alerts(self, wanted: Wanted) -> Future[tuple[AlertView, ...]]:
        """Alerts that fired at some time of the window, newest first."""
        return self._asking.ask(lambda store: store.alerts(wanted))

    def gaps(self, begin: float, end: float) -> Future[tuple[Gap, ...]]:
        """Stretches that are not whole, oldest first."""
        return self._asking.ask(lambda store: store.gaps(begin, end))

    def verify(self) -> Future[AuditCheck]:
        """Whether the audit trail is what was written, the anchors beside it included."""

        async def question(store: Store) -> AuditCheck:
            # Before the rows: an anchor that is written meanwhile names rows that were not looked at yet.
            anchors = tuple(await asyncio.to_thread(self._anchors))
            return await store.verify(anchors)

        return self._asking.ask(question)


async def answered(opened: Callable[[], Awaitable[Store]], question: Callable[[Store], Awaitable[T]]) -> T:
    """The store's answer; raises `HiveError` and nothing else, whatever the store does."""
    try:
        return await question(await opened())
    except HiveError:
        raise
    except Exception as error:
        raise HiveError(f"the recording cannot be read: an error of this program, {place_of(error)}") from error


class HistoryThread:
    """Opens a store on a thread of its own when the first question comes, and closes it with `close`.

    A recording that cannot be opened is tried again with each question: an engine that has just started has none.
    """

    def __init__(self, open_store: OpenStore) -> None:
        self._open = open_store
        self._guard = threading.Lock()
        self._live: _Live | None = None
        self._thread: threading.Thread | None = None
        self._waiting = 0
        self._is_closed = False

    def ask(self, question: Callable[[Store], Awaitable[T]]) -> Future[T]:
        """Puts a question; returns at once."""
        with self._guard:
            refusal = CLOSED if self._is_closed else BUSY if self._waiting >= QUESTIONS_WAITING else ""
            if refusal:
                refused: Future[T] = Future()
                refused.set_exception(HiveError(refusal))
                return refused
            self._waiting += 1
            live = self._started()
        future = asyncio.run_coroutine_threadsafe(live.answer(question), live.loop)
        future.add_done_callback(self._note_answered)
        return future

    def close(self) -> bool:
        """Ends it, also the questions under way; `False` when that took longer than `STOP_SECONDS`."""
        with self._guard:
            self._is_closed = True
            live, thread = self._live, self._thread
        if live is None or thread is None:
            return True
        with suppress(RuntimeError):  # it has ended by itself
            live.loop.call_soon_threadsafe(live.end.set)
        thread.join(STOP_SECONDS)
        return not thread.is_alive()

    def _note_answered(self, _: Future[T]) -> None:
        with self._guard:
            self._waiting -= 1

    def _started(self) -> _Live:
        if self._live is None:
            born: Future[_Live] = Future()
            self._thread = threading.Thread(target=self._main, args=(born,), name="history", daemon=True)
            self._thread.start()
            self._live = born.result()  # a millisecond, once
        return self._live

    def _main(self, born: Future[_Live]) -> None:
        async def live() -> None:
            lives = _Live(self._open)
            born.set_result(lives)
            await lives.until_the_end()

        asyncio.run(live())


class _Live:
    """What lives on the history's loop; made there."""

    def __init__(self, open_store: OpenStore) -> None:
        self.loop = asyncio.get_running_loop()
        self.end = asyncio.Event()
        self._open = open_store
        self._turn = asyncio.Lock()
        self._closing = AsyncExitStack()
        self._store: Store | None = None
        self._under_way: list[asyncio.Task[object]] = []

    async def until_the_end(self) -> None:
        """Waits to be ended; then ends the questions under way, and the store after them."""
        async with self._closing:
            await self.end.wait()
            under_way = tuple(self._under_way)
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def answer(self, question: Callable[[Store], Awaitable[T]]) -> T:
        """The store's answer to one question."""
        task = asyncio.current_task()
        if task is not None:
            self._under_way.append(task)
        try:
            if self.end.is_set():
                raise HiveError(CLOSED)
            return await answered(self._opened, question)
        finally:
            if task is not None:
                self._under_way.remove(task)

    async def _opened(self) -> Store:
        """The store, opened by the first who asks."""
        async with self._turn:
            if self._store is None:
                self._store = await self._closing.enter_async_context(self._open())
            return self._store
