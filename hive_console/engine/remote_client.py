"""`EngineClient` over a connection: what came last is there at once, whatever became of the engine meanwhile.

The screen's thread only reads references and leaves requests. Everything else happens in `follow`, on a loop of its
own: it connects, takes what comes, notices silence, and connects again when the engine is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from hive_console.core.command import Command, CommandResult, Effect, effect_of
from hive_console.core.console_wire import Greeting, Line, Page, Request, Unreadable, events_of
from hive_console.core.errors import HiveError
from hive_console.core.reload_report import ReloadReport
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.snapshot_delta import Assembly
from hive_console.core.text import clean
from hive_console.core.wording import whole_span
from hive_console.engine.client import EventPage
from hive_console.engine.feed import EventFeed

SILENCE = 3.0
"""Seconds without a line after which the engine counts as silent: it gives a sign of life every second."""

LOST = 15.0
"""Seconds without a line after which the connection is given up and made anew."""

RETRY = 1.0
"""Seconds between two tries to connect."""

PATIENCE = 120.0
"""Seconds that a request may take while the engine gives signs of life: a check waits for a slow model."""

MOST_WAITING = 8
"""Requests under way at once: a person has one or two, and the engine hears no more."""

NOT_KNOWN = "it is not known whether it was done: look at the audit trail"

OLD = "what stands below is old"

AWAY = "the engine cannot be reached now"

Answer = TypeVar("Answer")


class Link(Protocol):
    """A greeted connection."""

    @property
    def greeting(self) -> Greeting:
        """What the engine said of itself."""
        ...

    async def receive(self) -> Line:
        """The next line; raises `HiveError` when there will be none."""
        ...

    def send(self, request: Request) -> None:
        """Says something at once."""
        ...

    async def close(self) -> None:
        """Ends it."""
        ...


class Connect(Protocol):
    """Makes connections."""

    async def __call__(self, *, is_read_only: bool) -> Link:
        """A new one; raises `HiveError` that says why there is none."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Answer]):
    """Who waits for the answer to a request, what it is in a line, and what to say when none comes."""

    future: Future[Answer]
    read: Callable[[Line], Answer | None]
    failed: Callable[[str], Answer]

    def take(self, line: Line) -> None:
        answer = self.read(line) if line.is_ok else None
        self.end(answer if answer is not None else self.failed(clean(line.error) or "it was not answered"))

    def give_up(self, why: str) -> None:
        self.end(self.failed(why))

    def end(self, answer: Answer) -> None:
        if not self.future.done():
            self.future.set_result(answer)


AnyWaiting = _Waiting[Any]
"""Whatever the answer is (Any: each request has its own)."""


class RemoteClient:
    """The client of a console in another process.

    Args:
        first: what is shown before anything came.
        now: a clock for ages, in seconds.
        is_read_only: whether it may only look.

    Attributes:
        arrived: ends with the first snapshot, or with why there is none.
    """

    def __init__(self, first: FleetSnapshot, *, now: Callable[[], float], is_read_only: bool = False) -> None:
        self.arrived: Future[Greeting] = Future()
        self._fleet = first
        self._now = now
        self._is_read_only = is_read_only
        self._feed = EventFeed()
        self._run = ""
        self._cursor = 0
        self._session = 0.0
        self._link: Link | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._heard_at = now()
        self._why = ""
        self._number = 0
        self._waiting: dict[int, AnyWaiting] = {}

    # --- what a screen reads; from any thread ---

    @property
    def is_read_only(self) -> bool:
        """Whether the engine refuses what this console commands."""
        return self._is_read_only

    @property
    def session(self) -> float:
        """Which console of the engine's this one is."""
        return self._session

    @property
    def trouble(self) -> str:
        """Why what is shown is old, and since when."""
        age = self._now() - self._heard_at
        if self._link is None:
            why = f" ({self._why})" if self._why else ""
            return f"NO CONNECTION to the engine for {whole_span(age)}: {OLD}{why}."
        if age > SILENCE:
            return f"THE ENGINE DOES NOT ANSWER for {whole_span(age)}: {OLD}."
        return ""

    def snapshot(self) -> FleetSnapshot:
        """The latest view that came."""
        return self._fleet

    def events(self, after: int) -> EventPage:
        """Events newer than the cursor."""
        return self._feed.after(after)

    # --- what a screen asks; returns at once ---

    def become_read_only(self) -> None:
        """From here on the engine refuses what this console commands, over new connections too."""
        self._is_read_only = True
        self._call(lambda: self._send_if_there(Request(op="read-only")))

    def preview(self, command: Command) -> Effect:
        """What the command would do to what came last; refused while nobody can say what is now."""
        if self.trouble:
            title = effect_of(command, self._fleet).title
            return Effect(is_allowed=False, title=title, refusal=AWAY)
        return effect_of(command, self._fleet)

    def command(self, command: Command) -> Future[CommandResult]:
        """Says a command; whose it is, the engine is told by the kernel."""
        return self._ask(Request(op="command", command=command), lambda line: line.result, _not_done)

    def undo(self) -> Future[CommandResult]:
        """Undoes the last action while that is still offered."""
        return self._ask(Request(op="undo"), lambda line: line.result, _not_done)

    def stop(self, reason: str) -> Future[CommandResult]:
        """Has the engine stopped in order."""
        return self._ask(Request(op="stop", reason=reason), lambda line: line.result, _not_done)

    def reload(self, *, dry_run: bool, expected: str = "") -> Future[ReloadReport]:
        """Reads the settings file again."""
        request = Request(op="reload", is_dry_run=dry_run, expected=expected)
        return self._ask(request, lambda line: line.reload, _not_reloaded)

    def leave(self, reason: str) -> None:
        """Says goodbye; whoever runs `follow` then ends it."""
        self._call(lambda: self._send_if_there(Request(op="bye", reason=reason)))

    def _ask(
        self, request: Request, read: Callable[[Line], Answer | None], failed: Callable[[str], Answer]
    ) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.set_running_or_notify_cancel()  # a deed under way is not taken back by who no longer waits for it
        waiting = _Waiting(future, read, failed)
        if self.trouble or not self._call(lambda: self._send(request, waiting)):
            waiting.give_up(f"not sent: {AWAY}")
        return future

    def _call(self, act: Callable[[], None]) -> bool:
        """Has it done on the connection's loop; whether there is one."""
        loop = self._loop
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(act)
        except RuntimeError:  # it has ended
            return False
        return True

    # --- the connection; on its own loop ---

    async def follow(self, connect: Connect) -> None:
        """Holds a connection for ever; ends only where the first one cannot be made: `arrived` says why."""
        self._loop = asyncio.get_running_loop()
        while True:
            link: Link | None = None
            try:
                link = await connect(is_read_only=self._is_read_only)
                await self._live(link)
            except (HiveError, TimeoutError) as error:
                self._why = "it fell silent" if isinstance(error, TimeoutError) else clean(str(error))
                if not self.arrived.done():
                    self.arrived.set_exception(error)
                    return
            finally:
                self._link = None
                self._give_up_all(f"the connection is lost; {NOT_KNOWN}")
                if link is not None:
                    await link.close()
            await asyncio.sleep(RETRY)

    async def _live(self, link: Link) -> None:
        greeting = link.greeting
        if greeting.run != self._run:  # another engine counts its events anew
            self._run, self._cursor = greeting.run, 0
        self._session = greeting.session
        link.send(Request(op="watch", after=self._cursor))
        assembly = Assembly()
        while True:
            async with asyncio.timeout(LOST):
                line = await link.receive()
            self._heard_at = self._now()
            if line.news is not None:
                fleet = assembly.take(line.news)
                if fleet is not None:
                    self._fleet, self._link = fleet, link
                    self._why = ""
                    self._arrive(greeting)
            elif line.page is not None:
                self._take_events(line.page)
            elif line.id:
                waiting = self._waiting.pop(line.id, None)
                if waiting is not None:
                    waiting.take(line)
            elif line.error:
                raise Unreadable(f"the engine refused: {clean(line.error)}")

    def _arrive(self, greeting: Greeting) -> None:
        if not self.arrived.done():
            self.arrived.set_result(greeting)

    def _take_events(self, page: Page) -> None:
        if page.lost:
            self._feed.lose(page.lost)
        for event in events_of(page):
            self._feed.take(event)
        self._cursor = page.cursor

    def _send(self, request: Request, waiting: AnyWaiting) -> None:
        link = self._link
        if link is None or len(self._waiting) >= MOST_WAITING:
            waiting.give_up("not sent: too much is under way" if link is not None else f"not sent: {AWAY}")
            return
        self._number += 1
        request.id = number = self._number
        self._waiting[number] = waiting
        link.send(request)
        asyncio.get_running_loop().call_later(PATIENCE, self._give_up, number)

    def _send_if_there(self, request: Request) -> None:
        if self._link is not None:
            self._link.send(request)

    def _give_up(self, number: int) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting.give_up(f"no answer within {PATIENCE:g} s; {NOT_KNOWN}")

    def _give_up_all(self, why: str) -> None:
        left, self._waiting = self._waiting, {}
        for waiting in left.values():
            waiting.give_up(why)


def _not_done(why: str) -> CommandResult:
    return CommandResult(is_done=False, message=why)


def _not_reloaded(why: str) -> ReloadReport:
    return ReloadReport(is_good=False, message=why)
