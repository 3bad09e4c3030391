"""The terminal driver: never blocks the loop, survives a hang-up, leaves the terminal as it was.

A subclass of Textual's Linux driver, which has none of the three: its writer blocks the loop once 30 writes
wait, its reader spins on a dead terminal, and SIGHUP and SIGTERM end the process without clean-up. It leans on
private names of Textual 8.2; the version is pinned, and `tests/screens/test_driver.py` watches each claim.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import FrameType
from typing import Any, Protocol, runtime_checkable

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import ScreenStackError
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.message_pump import MessagePump

from hive_console.ui.asides import Asides
from hive_console.ui.writer import FrameWriter

READ_BYTES = 1024
"""Bytes of one read: a large paste comes in pieces of this size, and so many keys come at once at most."""

KEYS_WAITING = 256
"""Keys that may wait for the app before more are read. What comes faster (a paste into a terminal without bracketed
paste, a cat on the keyboard) waits in the terminal, which is bounded; 200 kB of keys took 700 MB and a minute of
deafness to signals."""

PLAIN = "\x1b[m"
"""The look in which a terminal is given back."""


_CATCH_UP = 0.02
"""Seconds between two looks at whether the app has caught up."""

_POLL = 0.1
"""Seconds between two looks at whether input shall end."""

_MOUSE = (1000, 1002, 1006)
"""Modes of the mouse: buttons and wheel, drags, and positions beyond column 223. Not 1003, which sends bytes up the
line for every move."""

TERMINATED = 128 + signal.SIGTERM
"""The exit code of a program that SIGTERM ended in order."""


@runtime_checkable
class TerminalOwner(Protocol):
    """What the driver tells its app, always on the app's own loop."""

    def terminal_gone(self, reason: str) -> None:
        """The terminal went away: stop drawing and leave the run loop."""
        ...

    def terminal_drained(self) -> None:
        """What the terminal shows is not known (frames were lost, others drew): draw everything anew."""
        ...

    def terminate(self, return_code: int) -> None:
        """Somebody asked this process to end."""
        ...


class _Pipe(WriterThread):
    """Looks like Textual's writer thread to its driver; collects writes into frames, and never waits."""

    def __init__(self, writer: FrameWriter) -> None:  # the thread of the base class is never started
        super().__init__(sys.__stderr__ or sys.stderr)
        self._writer = writer
        self._parts: list[str] = []
        self._guard = threading.Lock()
        self.is_vital = True

    def write(self, text: str) -> None:
        """Adds to the frame under way."""
        with self._guard:
            self._parts.append(text)

    def flush(self) -> bool:  # type: ignore[override]  # nobody looks at what the library's own answers
        """Ends the frame under way; false when it was lost."""
        with self._guard:
            frame, self._parts = "".join(self._parts), []
        return not frame or self._writer.send(frame.encode("utf-8", "replace"), is_vital=self.is_vital)

    def start(self) -> None:
        """Starts the writer."""
        self._writer.start()

    def stop(self) -> None:
        """Ends the writer, in bounded time."""
        self.flush()
        self._writer.stop()


class SafeDriver(Asides, LinuxDriver):
    """Tells its app (a `TerminalOwner`) of hang-ups and drops, and goes on whatever the terminal does."""

    def __init__(
        self, app: Any, *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:  # Any: the base class asks for App[Any]
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if self._file is None or not self._file.isatty():
            # The screen belongs on the terminal, also when errors are sent to a file.
            self._file = sys.__stdout__
        self._frames: FrameWriter | None = None
        self._pipe: _Pipe | None = None
        self._sent: Future[bool] | None = None
        self._when_idle: Callable[[], None] | None = None
        self._is_gone = False
        self._is_suspending = False
        self._handlers: dict[int, Any] = {}  # Any: what signal.signal returns

    def start_application_mode(self) -> None:
        """Takes the terminal over; signals that end a session are ours from here."""
        for number, handler in ((signal.SIGHUP, self._hung_up), (signal.SIGTERM, self._asked_to_end)):
            self._handlers[number] = signal.signal(number, handler)
        super().start_application_mode()  # type: ignore[no-untyped-call]  # the library left it untyped
        if self._pipe is not None:
            self._pipe.flush()
            self._pipe.is_vital = False

    def stop_application_mode(self) -> None:
        """Gives the terminal back as it was, unless it is gone."""
        if self._pipe is not None:
            self._pipe.is_vital = True
            self._pipe.write(PLAIN)  # frames leave the terminal in the look of their last cell
        if self._frames is not None:
            self._frames.forget_frames()
        self.give_window_back()
        super().stop_application_mode()

    def suspend_application_mode(self) -> None:
        """Gives the terminal back for a while; the signal that brings us back stays ours."""
        self._is_suspending = True
        try:
            super().suspend_application_mode()
        finally:
            self._is_suspending = False

    def resume_application_mode(self) -> None:
        """Takes the terminal over again; nothing of what was drawn before is there any more."""
        super().resume_application_mode()
        self._drained()

    def close(self) -> None:
        """Ends the writer and gives the signals back; after a hang-up, SIGHUP stays ignored: we live on."""
        super().close()
        # The library's own handlers would talk to a loop that has ended.
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        if not self._is_suspending:
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.signal(signal.SIGCONT, signal.SIG_DFL)
        for number, handler in self._handlers.items():
            is_late_hangup = self._is_gone and number == signal.SIGHUP
            signal.signal(number, signal.SIG_IGN if is_late_hangup else handler or signal.SIG_DFL)
        self._handlers.clear()

    def write(self, data: str) -> None:
        """Adds to the frame under way; never waits."""
        if self._pipe is not None:
            self._pipe.write(data)

    def flush(self) -> None:
        """Ends the frame under way; never waits."""
        if self._pipe is not None:
            self._pipe.flush()

    def _enable_mouse_support(self) -> None:
        """Asks for clicks and the wheel, and for moves only while a button is held."""
        if self._mouse:
            self.write("".join(f"\x1b[?{mode}h" for mode in _MOUSE))

    def _disable_mouse_support(self) -> None:
        """Gives the mouse back."""
        if self._mouse:
            self.write("".join(f"\x1b[?{mode}l" for mode in reversed(_MOUSE)))

    @property
    def is_idle(self) -> bool:
        """Whether the terminal has taken all that was sent."""
        return self._frames is None or not self._frames.waiting

    def paint(self, frame: str) -> bool:
        """Sends a frame after what was written before, and never waits; false when it was lost."""
        if self._pipe is None:
            return False
        self._pipe.flush()
        self._pipe.write(frame)
        return self._pipe.flush()

    def call_when_idle(self, callback: Callable[[], None]) -> None:
        """Calls back once, on the app's loop, when the terminal has taken all that was sent."""
        self._when_idle = callback
        if self._frames is not None:
            self._frames.tell_when_empty()

    def _became_empty(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._call_back)

    def _call_back(self) -> None:
        callback, self._when_idle = self._when_idle, None
        if callback is not None:
            callback()

    @property
    def _writer_thread(self) -> WriterThread | None:
        """Textual's name for where writes go; setting it (its start does) puts ours in its place."""
        return self._pipe

    @_writer_thread.setter
    def _writer_thread(  # pyright: ignore[reportIncompatibleVariableOverride]  # a plain attribute there
        self, thread: WriterThread | None
    ) -> None:
        if thread is None:
            self._pipe = None
            return
        if self._file is None:
            raise OSError("there is no terminal to draw on")
        frames = FrameWriter(
            self._file.fileno(), on_drained=self._drained, on_gone=self._gone, on_empty=self._became_empty
        )
        self._frames, self._pipe = frames, _Pipe(frames)

    def run_input_thread(self) -> None:
        """Reads keys until told to end, or until there is no terminal to read from."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        poller = select.poll()
        poller.register(self.fileno, select.POLLIN)
        try:
            while not self.exit_event.is_set():
                if poller.poll(_POLL * 1000):
                    data = self._read()
                    if data is None:
                        return
                    for message in parser.feed(decode(data)):
                        self.process_message(message)
                    self._let_app_catch_up()
                for message in parser.tick():
                    self.process_message(message)
        finally:
            with suppress(EOFError, ParseError):
                for _ in parser.feed(""):
                    pass

    def send_message(self, message: Message) -> None:
        """Hands a message to the app, as the library does, and remembers whether it was taken."""
        self._sent = asyncio.run_coroutine_threadsafe(self._app._post_message(message), loop=self._loop)  # noqa: SLF001 - the base class does this

    def _let_app_catch_up(self) -> None:
        """Waits, on the input thread, until the app has taken what was read and few keys wait."""
        while not self._has_caught_up() and not self.exit_event.wait(_CATCH_UP):
            pass

    def _has_caught_up(self) -> bool:
        is_taken = self._sent is None or self._sent.done()
        return is_taken and self._waiting() <= KEYS_WAITING

    def _waiting(self) -> int:
        """Messages that wait where keys go: the app hands them on to the widget in focus, or to the screen."""
        places: list[MessagePump] = [self._app]
        with suppress(ScreenStackError):
            places += [self._app.screen, *([] if self._app.focused is None else [self._app.focused])]
        return sum(place._message_queue.qsize() for place in places)  # noqa: SLF001 - there is no other way to ask

    def _read(self) -> bytes | None:
        """The next input, or `None` when the terminal is gone."""
        try:
            data = os.read(self.fileno, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as exc:
            self._gone(f"the terminal cannot be read: {exc.strerror or exc}")
            return None
        if not data:
            self._gone("the terminal was closed")
            return None
        return data

    def _sigcont_application(self, *_: object) -> None:
        """Comes back from a stop; a hang-up brings this signal, too, and must not start a second reader."""
        if self._is_gone or not self._auto_restart:
            return
        if self._must_signal_resume:
            self.resume_application_mode()
        else:
            self._drained()  # stopped without a word: others may have drawn meanwhile

    def _hung_up(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._gone("the terminal hung up")

    def _asked_to_end(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._tell(lambda owner: owner.terminate(TERMINATED))

    def _gone(self, reason: str) -> None:
        """Called from any thread or signal handler; only the first call counts."""
        if self._is_gone:
            return
        self._is_gone = True
        self.exit_event.set()
        self.attrs_before = None  # there is nothing left to restore
        if self._frames is not None:
            self._frames.abandon()
        self._tell(lambda owner: owner.terminal_gone(reason))

    def _drained(self) -> None:
        self._tell(lambda owner: owner.terminal_drained())

    def _tell(self, say: Callable[[TerminalOwner], None]) -> None:
        owner = self._app
        if isinstance(owner, TerminalOwner):
            with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
                self._loop.call_soon_threadsafe(say, owner)
