"""The engine without its screen, in the process that had one: its terminal is gone, or the screen was left."""

from __future__ import annotations

import os
import select
import signal
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue

LOOK = 0.5
"""Seconds between two looks at whether the engine still runs."""

SIGNALED = 128
"""Added to a signal's number it is the exit code of a program that the signal ended in order."""

_STDIN = 0

_LINE_BYTES = 1024

_STOPPING = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
"""Signals that would stop this process and the engine with it: ctrl+z must not."""


def serve_on(is_alive: Callable[[], bool], asked: SimpleQueue[int], patience: float) -> None:
    """Waits for a signal to end, or for `patience` seconds, with nothing left to write to."""
    _silence()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ends_at = time.monotonic() + patience
    while is_alive() and time.monotonic() < ends_at:
        with suppress(Empty):
            asked.get(timeout=1.0)
            return


def wait_for_return(is_alive: Callable[[], bool], asked: SimpleQueue[int]) -> int | None:
    """Waits in the foreground until somebody presses enter (`None`), a signal or another console ends the engine
    (the exit code), or the terminal goes: then the engine serves on without one, as after any hang-up.

    Args:
        is_alive: whether the engine runs.
        asked: signals that ask for the end; 0 when a console did.
    """
    with _unstoppable():
        with suppress(termios.error):
            termios.tcflush(_STDIN, termios.TCIFLUSH)  # what was typed for the screen brings it not back
        while is_alive():
            with suppress(Empty):
                number = asked.get_nowait()
                return SIGNALED + number if number else 0
            try:
                if not select.select((_STDIN,), (), (), LOOK)[0]:
                    continue
                is_gone = not os.read(_STDIN, _LINE_BYTES)
            except OSError:
                is_gone = True
            if not is_gone:
                return None
            serve_on(is_alive, asked, float("inf"))
            return 0
    return 0


@contextmanager
def _unstoppable() -> Iterator[None]:
    """Neither ctrl+z nor a hang-up ends or stops the process meanwhile."""
    ignored = (*_STOPPING, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _silence() -> None:
    """Turns the dead terminal's descriptors into the null device: a late write must not end the process."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
