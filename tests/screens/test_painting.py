"""Which frames go to a terminal, and when: the console on a driver that keeps what it is given."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from textual import events
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from hive_console.ui.app import HiveApp
from hive_console.ui.driver import SafeDriver
from hive_console.ui.painting import BEGIN_SYNC, END_SYNC, QUESTION, TEARS_FROM, Painter
from tests.screens import posted
from tests.screens.looking import Console
from tests.screens.posted import NOW, FakeClient

ASKED = re.compile(r"\x1b\[\d;(\d+)H\x1b\[6n")
"""The cursor put into a column, and asked where it is."""


class KeptFrames:
    """Stands where the driver stands, and says when the terminal has taken all."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.is_idle = True
        self.takes = True
        self.second = asyncio.Event()
        self._callback: Callable[[], None] | None = None

    def paint(self, frame: str) -> bool:
        if self.takes:
            self.frames.append(frame)
            if len(self.frames) > 1:
                self.second.set()
        return self.takes

    def call_when_idle(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def drain(self) -> None:
        self.is_idle = True
        assert self._callback is not None
        self._callback()


class Stand:
    """A painter on such a driver."""

    def __init__(self) -> None:
        self.now = NOW
        self.driver = KeptFrames()
        self.painter = Painter(1.0, lambda: self.now)

    def put(self, text: str) -> None:
        update = LayoutUpdate([[Strip([Segment(text)])]], Region(0, 0, len(text), 1))
        self.painter.put(update, cast("SafeDriver", self.driver), ColorSystem.TRUECOLOR, None)

    def answered(self) -> float:
        """The terminal answers for the latest frame."""
        return self.painter.answered(self.mark)

    @property
    def mark(self) -> int:
        """The column in which the latest question was put."""
        return int(ASKED.findall(self.driver.frames[-1])[-1])

    @property
    def texts(self) -> list[str]:
        """What was sent, without the way to it."""
        return [ASKED.sub("", frame).replace("\x1b[H\x1b[m", "") for frame in self.driver.frames]


@pytest.fixture
async def stand() -> Stand:
    return Stand()


async def test_a_picture_waits_for_the_answer_and_only_the_newest_is_sent(stand: Stand) -> None:
    stand.put("first")
    stand.put("22222")
    stand.put("third")
    assert stand.texts == ["first"]

    stand.answered()

    assert stand.texts == ["first", "third"]


async def test_what_is_drawn_after_a_key_goes_at_once(stand: Stand) -> None:
    stand.put("first")
    stand.answered()
    stand.put("secon")

    stand.painter.hurry()
    stand.put("third")

    assert stand.texts[-1].endswith("third")


async def test_nothing_is_queued_while_the_terminal_takes_nothing(stand: Stand) -> None:
    stand.put("first")
    stand.driver.is_idle = False
    stand.painter.hurry()
    for number in range(50):
        stand.put(f"{number:5}")
    assert len(stand.driver.frames) == 1
    assert stand.painter.is_behind

    stand.driver.drain()

    assert stand.texts[1].endswith("49")
    assert len(stand.driver.frames) == 2


async def test_a_frame_that_was_lost_is_followed_by_a_whole_one(stand: Stand) -> None:
    stand.put("first")
    stand.answered()
    stand.driver.takes = False
    stand.put("fir__")
    stand.driver.takes = True

    stand.painter.begin_anew()

    assert stand.texts[-1] == "fir__"


async def test_a_new_size_is_followed_by_a_whole_frame(stand: Stand) -> None:
    stand.put("first")
    stand.answered()

    stand.painter.forget()
    stand.put("first")

    assert stand.texts == ["first", "first"]


async def test_a_picture_that_had_to_wait_goes_by_itself_on_a_terminal_that_never_answers(stand: Stand) -> None:
    stand.put("first")
    stand.put("secon")
    assert len(stand.driver.frames) == 1

    async with asyncio.timeout(30):
        await stand.driver.second.wait()

    assert QUESTION not in stand.driver.frames[1]


async def test_large_frames_are_shown_at_once_where_the_terminal_can(stand: Stand) -> None:
    stand.painter.is_synchronous = True

    stand.put("x" * TEARS_FROM)
    stand.answered()
    stand.put("y" + "x" * (TEARS_FROM - 1))

    assert stand.driver.frames[0].startswith(BEGIN_SYNC)
    assert END_SYNC in stand.driver.frames[0]
    assert BEGIN_SYNC not in stand.driver.frames[1]


async def test_painted_is_what_the_terminal_answered_for(stand: Stand) -> None:
    assert stand.painter.is_painted_since(NOW)  # there is no terminal that could lag behind
    stand.put("first")
    stand.now += 5
    stand.put("secon")

    assert not stand.painter.is_painted_since(NOW)
    stand.painter.link.painted(stand.answered())
    assert stand.painter.is_painted_since(NOW)
    assert not stand.painter.is_painted_since(NOW + 5)
    stand.painter.link.painted(stand.answered())
    assert stand.painter.is_painted_since(NOW + 60)


async def test_a_picture_that_looks_like_the_last_one_is_painted_with_it(stand: Stand) -> None:
    stand.put("first")
    stand.painter.link.painted(stand.answered())

    stand.now += 5
    stand.put("first")

    assert stand.painter.is_painted_since(NOW + 5)
    assert len(stand.driver.frames) == 1


class Listener(Screen[None]):
    """Notes for each key whether its own picture had been seen when it was pressed."""

    def __init__(self, app: HiveApp) -> None:
        super().__init__()
        self.hive = app
        self.heard: list[tuple[str, bool]] = []

    def on_key(self, event: events.Key) -> None:
        self.heard.append((event.key, self.hive.is_painted_since(NOW)))


async def test_a_key_pressed_before_the_picture_was_seen_is_told_from_one_pressed_after(console: Console) -> None:
    app = console(FakeClient(posted.incident()))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.is_painted_since(NOW)  # as long as there is no terminal
        screen = Listener(app)
        await app.push_screen(screen)
        stand = Stand()
        app.painter = stand.painter
        stand.put("what is to be confirmed")

        for event in (events.Key("j", "j"), events.CursorPosition(stand.mark - 1, 0), events.Key("k", "k")):
            app.post_message(event)
        await pilot.pause()

        assert screen.heard == [("j", False), ("k", True)]
