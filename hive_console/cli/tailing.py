"""Following a recording line by line, over engines that come and go and over files that are replaced."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from pathlib import Path

from hive_console.cli.cells import event_line, instant
from hive_console.core.errors import HiveError
from hive_console.core.events import Event
from hive_console.core.store import Gap, Store, Wanted
from hive_console.core.tail_lines import gap_line, is_loud, is_told, tail_line

POLL = 0.25
"""Seconds between two looks; with the recorder's batch of 250 ms a line comes within half a second."""

RETRY = 1.0
"""Seconds after which a recording that is not there, or cannot be read, is looked for again."""

Opening = Callable[[], AbstractAsyncContextManager[Store]]
"""Opens the recording; raises `HiveError` where it cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line.

    Attributes:
        text: without its end.
        is_loud: whether it wants a person at once.
        is_new: whether it happened while somebody followed.
    """

    text: str
    is_loud: bool = False
    is_new: bool = False


@dataclass(slots=True)
class _Lane:
    """Requests, or everything else: each has keys of its own."""

    is_of_requests: bool
    key: int = 0
    waiting: deque[Event] = field(default_factory=deque)
    is_all: bool = False

    async def fill(self, store: Store, wanted: Wanted) -> None:
        while not (self.waiting or self.is_all):
            page = await store.after(self.key, wanted, is_of_requests=self.is_of_requests)
            self.key, self.is_all = page.key, page.is_all
            self.waiting.extend(page.events)


class Tail:
    """What has been told; lives on while the recording is opened again, so that nothing is told twice.

    Args:
        wanted: from when, and about which models; its limit is the rows of a table that are read at once.
        with_requests: whether requests are told as well.
        with_routine: whether good checks, and steps that another line tells, are told as well.
        as_json: whether lines are JSON objects, as `export` has them.
    """

    def __init__(
        self, wanted: Wanted, *, with_requests: bool = False, with_routine: bool = False, as_json: bool = False
    ) -> None:
        self._wanted = wanted
        self._with_routine = with_routine
        self._as_json = as_json
        self._lanes = [_Lane(is_of_requests=False)]
        if with_requests:
            self._lanes.append(_Lane(is_of_requests=True))
        self._gaps: dict[tuple[float, str], int] = {}
        self._gaps_from = wanted.begin
        self._has_caught_up = False

    async def news(self, store: Store) -> AsyncGenerator[Told, None]:
        """Everything that is new, oldest first, and then the stretches that are not whole."""
        for lane in self._lanes:
            lane.is_all = False
        while True:
            for lane in self._lanes:
                await lane.fill(store, self._wanted)
            ready = [lane for lane in self._lanes if lane.waiting]
            if not ready:
                break
            event = min(ready, key=lambda lane: lane.waiting[0].at).waiting.popleft()
            if is_told(event, with_routine=self._with_routine):
                yield self._line(event)
        for gap in await self._new_gaps(store):
            yield self._gap(gap)
        self._has_caught_up = True

    def _line(self, event: Event) -> Told:
        text = event_line(event) if self._as_json else tail_line(event)
        return Told(text=text, is_loud=is_loud(event), is_new=self._has_caught_up)

    async def _new_gaps(self, store: Store) -> list[Gap]:
        """Those that began, or lost more, since they were told."""
        gaps = await store.gaps(self._gaps_from, self._wanted.end)
        fresh = [gap for gap in gaps if gap.dropped > self._gaps.get((gap.begin, gap.cause.value), -1)]
        if gaps:
            self._gaps = {(gap.begin, gap.cause.value): gap.dropped for gap in gaps}
            self._gaps_from = gaps[-1].begin
        return fresh

    def _gap(self, gap: Gap) -> Told:
        if not self._as_json:
            return Told(text=gap_line(gap), is_new=self._has_caught_up)
        fields = {
            "time": instant(gap.end),
            "event": "Gap",
            "begin": instant(gap.begin),
            "cause": gap.cause.value,
            "dropped": gap.dropped,
            "detail": gap.detail,
        }
        return Told(text=json.dumps(fields, separators=(",", ":")), is_new=self._has_caught_up)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where lines go to, and what is asked between two looks.

    Attributes:
        tell: takes a line.
        pause: told that nothing more is there for now; ends the command by raising.
        say: takes what is no line of the recording, such as why it cannot be read.
    """

    tell: Callable[[Told], None]
    pause: Callable[[], None]
    say: Callable[[str], None]


async def follow(
    file: Path, opening: Opening, tail: Tail, ends: Ends, *, poll: float = POLL, retry: float = RETRY
) -> None:
    """Tells what is recorded, for ever: a recording that is not there yet, or that was replaced, is opened anew."""
    said = ""
    while True:
        try:
            async with opening() as store:
                said = ""
                await _follow_one(file, store, tail, ends, poll=poll)
        except HiveError as error:
            if str(error) != said:
                said = str(error)
                ends.say(f"{said}; looking again each second")
            ends.pause()
            await asyncio.sleep(retry)


async def _follow_one(file: Path, store: Store, tail: Tail, ends: Ends, *, poll: float) -> None:
    """Returns when the file is another one."""
    place = _place_of(file)
    seen: int | None = None
    while _place_of(file) == place:
        found = await store.changed()
        if found != seen:
            seen = found
            await tell_all(store, tail, ends)
        ends.pause()
        await asyncio.sleep(poll)


async def tell_all(store: Store, tail: Tail, ends: Ends) -> None:
    """Tells what is new by now."""
    async with aclosing(tail.news(store)) as news:
        async for told in news:
            ends.tell(told)


def _place_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
