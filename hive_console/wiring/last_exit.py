"""The last resort of a process that was told to end: it ends in time, whatever hangs.

Everything that stops has bounds of its own, and in the ordinary case nothing here is ever felt. What no bound of
ours reaches are threads inside a system call: SQLite's on a disk that does not answer, a file read from a dead
network mount. Python waits for such threads when it ends; this does not. (Nothing ends a process that the kernel
itself will not let go, not even SIGKILL: a local disk in "uninterruptible sleep".)
"""

from __future__ import annotations

import math
import os
import select
import signal
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

NOT_IN_ORDER = 70
"""The exit code of an end that left something behind: `EX_SOFTWARE` of sysexits.h; nothing else of ours uses it."""

AFTER_DRAIN = 1.9
"""Seconds from the first ask, beyond the drain, in which everything else must end. The promise is 2: the last bytes
of answers take 0.5 at most, the recorder's close 1.5 with a disk that hangs, and all of it 0.2 in health."""

HURRIED = 0.5
"""Seconds left after a second ask: a healthy recorder writes its last batches in milliseconds."""

ASKS = 3
"""The ask that ends the process at once."""

LAST_WORDS = 0.05
"""Seconds for the last line: a frozen terminal or a full pipe must not hold up the end."""

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_BEGIN = 0
"""No signal's number."""

_AT_ONCE = 64
"""Bytes of one read: signals that came together."""

_LEAVE_SCREEN = b"\x1b[0m" + b"".join(b"\x1b[?%dl" % mode for mode in (1000, 1002, 1006, 1004, 2004, 1049))
"""Plain colours; no mouse, focus or pastes told any more; the screen that was there before."""

_SHOW_CURSOR = b"\x1b[?25h"


class LastExit:
    """Hears this process's signals and watches over its end, on a daemon thread of its own.

    The first ask begins the end (`stop`), the second says that nobody waits for requests any more (`hurry`, and
    half a second is left), the third ends the process at once. Time counts from the first.

    Python's own handlers wait for the main thread, and may lose their way to it: when two signals come together the
    kernel may give both to another thread, and a main thread that waits sleeps on (seen in a third of such pairs).
    What the interpreter writes into its wakeup descriptor comes at once, whatever the main thread does.

    Args:
        drain: seconds that requests under way may go on for.
        stop: begins the orderly end; called on the watching thread, as all of these, and must not wait.
        hurry: cuts requests short.
        undone: what has not ended yet, in words.
        say: told the last line, on a thread that nobody waits for longer than `LAST_WORDS`.
        on_signal: told the number of every signal that is caught, the ending ones after `stop` and `hurry`.
        end: ends the process with a code, at once.
    """

    def __init__(
        self,
        drain: float,
        *,
        stop: Callable[[], None],
        hurry: Callable[[], None],
        undone: Callable[[], str],
        say: Callable[[str], None],
        on_signal: Callable[[int], None],
        end: Callable[[int], None] = os._exit,
    ) -> None:
        self._patience = drain + AFTER_DRAIN
        self._stop, self._hurry, self._undone, self._say = stop, hurry, undone, say
        self._on_signal, self._end = on_signal, end
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        threading.Thread(target=self._watch, name="last exit", daemon=True).start()

    def hear(self, *numbers: int) -> None:
        """Catches these signals from now on; on the main thread, as Python wants it."""
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda *_: None)

    def begin(self) -> None:
        """Begins the end, unless a signal has."""
        self.ask(_BEGIN)

    def ask(self, number: int = signal.SIGTERM) -> None:
        """Does what the signal would."""
        os.write(self._write, bytes((number,)))

    def _watch(self) -> None:
        began, ends_at, asks = time.monotonic(), math.inf, 0
        try:
            while asks < ASKS and self._hears_something(ends_at):
                for number in os.read(self._read, _AT_ONCE):
                    if number in ENDING_SIGNALS or (number == _BEGIN and not asks):
                        asks += 1
                        now = time.monotonic()
                        if asks == 1:
                            began, ends_at = now, now + self._patience
                            self._stop()
                        else:
                            ends_at = min(ends_at, now + HURRIED)
                            self._hurry()
                    if number != _BEGIN:
                        self._on_signal(number)
            self._say_last(f"{self._undone()} did not end within {time.monotonic() - began:.1f} s")
        finally:
            self._end(NOT_IN_ORDER)

    def _hears_something(self, deadline: float) -> bool:
        left = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
        return bool(select.select((self._read,), (), (), left)[0])

    def _say_last(self, line: str) -> None:
        words = threading.Thread(
            target=self._say, args=(f"{line}; the process ends without it",), name="last words", daemon=True
        )
        words.start()
        words.join(LAST_WORDS)


class Terminal:
    """How the terminal was before anything was drawn, for whoever must end the process under a screen."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None  # Any: as termios has it
        with suppress(OSError, ValueError, termios.error):
            self._before = termios.tcgetattr(0)

    def say_last(self, line: str) -> None:
        """Leaves the screen and writes the line to stderr; may wait for a terminal that is frozen."""
        if self._before is not None:
            # Whoever sets a terminal from the background is stopped otherwise.
            signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTTOU,))
            with suppress(OSError, termios.error):
                os.write(1, _LEAVE_SCREEN + _SHOW_CURSOR)
                termios.tcsetattr(0, termios.TCSANOW, self._before)
        say_last(line)


def say_last(line: str) -> None:
    """Writes the line to stderr, past every buffer and lock that another thread may hold."""
    with suppress(OSError):
        os.write(2, f"hive-console: {line}\n".encode())
