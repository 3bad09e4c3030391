"""From the library's updates to frames on the terminal: when one may go, and which.

Leans on private names of Textual 8.2 (`App._display` and what it looks at); `tests/screens/test_driver.py` watches
each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from rich.color import ColorSystem
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App, ScreenStackError
from textual.screen import Screen

from hive_console.ui.canvas import Canvas
from hive_console.ui.driver import SafeDriver
from hive_console.ui.link import MARKS, Link

ANSWERING_FOR = 0.3
"""Seconds after a key in which what is drawn is held to be the answer to it."""

QUESTION = "\x1b[6n"
"""Asks where the cursor is."""

TEARS_FROM = 1024
"""Bytes of a frame from which the terminal is asked to show it at once, where it can: a smaller one is whole."""

BEGIN_SYNC, END_SYNC = "\x1b[?2026h", "\x1b[?2026l"

_ANSWERED = (events.Key, events.Paste, events.Resize, events.MouseDown, events.MouseUp)
"""What a person does and waits for. A wheel's steps come by the dozen, and wait for one another."""


class Painter:
    """Holds one picture for one terminal, and sends what differs as soon as the link takes it.

    What came too fast to be sent is overtaken by what is newer: nothing waits in a queue. It lives on the loop.

    Args:
        period: seconds between two readings of the engine.
        wall: Unix seconds; what is drawn is stamped by it.
    """

    def __init__(self, period: float, wall: Callable[[], float]) -> None:
        self.link = Link(period)
        self._wall = wall
        self._canvas = Canvas()
        self._driver: SafeDriver | None = None
        self._put_at = self._sent_until = float("-inf")
        self._urgent_until = float("-inf")
        self._cursor: tuple[int, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._mark = 0
        self.is_synchronous = False

    @property
    def is_at_work(self) -> bool:
        """Whether there is a terminal that it draws on."""
        return self._driver is not None

    @property
    def is_behind(self) -> bool:
        """Whether something that was put together has not been sent."""
        return self._canvas.is_behind

    def put(
        self, update: CompositorUpdate, driver: SafeDriver, colors: ColorSystem, cursor: tuple[int, int] | None
    ) -> None:
        """Takes an update, and sends a frame if one may go."""
        self._canvas.put(update, colors)
        self._driver, self._cursor = driver, cursor
        self._put_at = self._wall()
        self.send_when_due()

    def hurry(self) -> None:
        """Somebody pressed a key: what is drawn next is the answer to it."""
        self._urgent_until = _now() + ANSWERING_FOR

    def forget(self) -> None:
        """The terminal may show anything, and the next frame is whole; a new size brings one by itself."""
        self._canvas.forget()

    def begin_anew(self) -> None:
        """The same, and what was under way is lost: sends all of the picture."""
        self._canvas.forget()
        self.link.lost()
        self.send_when_due()

    def answered(self, mark: int) -> float:
        """The terminal has drawn the frame with this mark; see `Link.answered`."""
        until = self.link.answered(_now(), mark)
        self.send_when_due()
        return until

    def is_painted_since(self, moment: float) -> bool:
        """Whether all that was put together until this moment (Unix seconds) has been drawn."""
        return self._driver is None or self.link.painted_until(_now()) >= min(moment, self._put_at)

    def send_when_due(self) -> None:
        """Sends what differs, now or as soon as it may go."""
        driver = self._driver
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if driver is None or not self._canvas.is_behind:
            return
        if not driver.is_idle:
            driver.call_when_idle(self.send_when_due)
            return
        now = _now()
        is_urgent = now < self._urgent_until
        wait = self.link.wait(now, is_urgent=is_urgent)
        if wait > 0:
            self._timer = asyncio.get_running_loop().call_later(wait, self.send_when_due)
            return
        frame = self._canvas.frame()
        if not frame:  # it looks as the last one did
            self._put_at = self._sent_until
            return
        if self.is_synchronous and len(frame) >= TEARS_FROM:
            frame = f"{BEGIN_SYNC}{frame}{END_SYNC}"
        columns, lines = self._canvas.size
        self._mark = self._mark % min(MARKS, columns) + 1
        if self.link.asks:
            # Not on the first line, where the answer looks like a function key.
            frame += self._canvas.put_cursor(self._mark - 1, min(1, lines - 1)) + QUESTION
        frame += self._canvas.put_cursor(*self._cursor) if self._cursor is not None else ""
        if driver.paint(frame):
            self._sent_until = self._put_at
            self.link.sent(now, len(frame), self._sent_until, mark=self._mark, is_urgent=is_urgent)
        else:  # the driver tells when there is a terminal again
            self._canvas.forget()


class PaintedApp(App[None], inherit_bindings=False):
    """An app whose frames go through a `Painter`, where its driver is a `SafeDriver`."""

    painter: Painter

    @property
    def link(self) -> Link:
        """The way to the terminal: how long it takes, and how many frames it is given."""
        return self.painter.link

    def is_painted_since(self, moment: float) -> bool:
        """Whether all that was put together until this moment (by the app's wall clock) is on the screen.

        Asked while a key is handled it tells whether the key was pressed after that, as far as a terminal can tell:
        its answer comes in order with the keys. True where there is no terminal.
        """
        return self.painter.is_painted_since(moment)

    def _display(self, screen: Screen[object], renderable: object) -> None:
        driver = self._driver
        if not isinstance(driver, SafeDriver) or not isinstance(renderable, CompositorUpdate):
            super()._display(screen, renderable)  # type: ignore[arg-type]  # the base class is handed the same
            return
        try:
            if self._running and not self._closed and not self._batch_count:
                colors = self.console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - as the library asks
                self.painter.is_synchronous = self._sync_available
                self.painter.put(renderable, driver, colors, self._where_one_types())
        finally:
            self.post_display_hook()

    def _where_one_types(self) -> tuple[int, int] | None:
        """Where the terminal's cursor belongs: input methods and magnifiers look for it there."""
        if getattr(self.focused, "cursor_screen_offset", None) is None:
            return None
        column, line = self.screen.outer_size.clamp_offset(self.cursor_position)
        return column, line

    async def on_event(self, event: events.Event) -> None:
        """Sees everything that comes from the terminal before anybody else does."""
        if isinstance(event, events.CursorPosition):
            until = self.painter.answered(event.x + 1)
            with suppress(ScreenStackError):
                # Keys that came before it go to where this goes, and are handled before it.
                (self.focused or self.screen).call_later(self.link.painted, until)
            return
        if isinstance(event, _ANSWERED):
            self.painter.hurry()
        if isinstance(event, events.Resize):
            self.painter.forget()
        await super().on_event(event)


def _now() -> float:
    return asyncio.get_running_loop().time()
