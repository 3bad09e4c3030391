"""The thread that carries frames to the terminal, and never makes anybody wait for it.

A terminal that does not read (Ctrl-S, a frozen SSH, a closed laptop) must not stop the event loop: what does
not fit is dropped, whole frames at a time, and when the terminal has read the rest a full redraw is asked for.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

QUEUE_BYTES = 64 * 1024
"""Bytes that may wait. Some five full frames at 80x24: what a slow link holds of old frames stands before the
answer to the next key, and at 20 kB/s this is three seconds of it."""

CHUNK = 4096
"""Bytes of one write: the smallest terminal buffers hold this much."""

STOP_PATIENCE = 1.0
"""Seconds that the last words (which restore the terminal) may take before we leave without them."""

_POLL = 0.25
"""Seconds between two looks at whether we shall stop, while the terminal does not read."""


class FrameWriter(threading.Thread):
    """Writes frames in order on a thread of its own; `send` returns at once, always.

    Args:
        descriptor: of the terminal.
        on_drained: called on this thread when frames were dropped and the rest has been read.
        on_gone: called on this thread, once, with the reason when the terminal went away.
        on_empty: called, on any thread, when all is read after `tell_when_empty`.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        on_drained: Callable[[], None],
        on_gone: Callable[[str], None],
        on_empty: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(daemon=True, name="hive-terminal-writer")
        self._on_drained = on_drained
        self._on_gone = on_gone
        self._on_empty = on_empty
        self._is_asked = False
        self._frames: deque[bytes] = deque()
        self._waiting = 0
        self._under_way = 0
        self._is_dropping = False
        self._is_gone = False
        self._is_stopping = False
        self._changed = threading.Condition()
        self._descriptor, self._is_own = _own_description(descriptor)
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Bytes that the terminal has not read yet."""
        return self._waiting

    def send(self, frame: bytes, *, is_vital: bool = False) -> bool:
        """Queues a frame; tells whether it was taken.

        Args:
            frame: what belongs together: all of it is written, or none.
            is_vital: taken even when the queue is full (modes set at the start and restored at the end).
        """
        with self._changed:
            if self._is_gone:
                return False
            is_full = self._waiting > 0 and self._waiting + len(frame) > QUEUE_BYTES
            if not is_vital and (self._is_dropping or is_full):
                # Frames are changes to what was drawn before: after one is lost, the next make no sense.
                self._is_dropping = True
                self.dropped += 1
                return False
            self._frames.append(frame)
            self._waiting += len(frame)
            self._changed.notify_all()
            return True

    def tell_when_empty(self) -> None:
        """Calls `on_empty` once, when nothing waits; at once when nothing does."""
        with self._changed:
            self._is_asked = self._waiting > 0
            is_empty = not self._is_asked
        if is_empty:
            self._on_empty()

    def abandon(self) -> None:
        """The terminal is gone: forget what waits, and write nothing more."""
        with self._changed:
            self._is_gone = True
            self._forget()
            self._changed.notify_all()

    def forget_frames(self) -> None:
        """Drops what waits (a frame under way is finished), so that the last words come through soon."""
        with self._changed:
            self._forget()

    def stop(self) -> None:
        """Writes what waits, for at most `STOP_PATIENCE`, and ends the thread."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self.is_alive():
            self.join(STOP_PATIENCE)
        self.abandon()
        if self.is_alive():
            self.join(2 * _POLL)
        if self._is_own and not self.is_alive():
            with suppress(OSError):
                os.close(self._descriptor)
            self._is_own = False

    def _forget(self) -> None:
        self._frames.clear()
        self._waiting = self._under_way

    def run(self) -> None:
        """Carries frames until stopped or gone."""
        while (frame := self._next()) is not None:
            if not self._carry(frame):
                return
            with self._changed:
                self._waiting -= self._under_way
                self._under_way = 0
                is_drained = self._is_dropping and not self._frames and not self._is_stopping
                if is_drained:
                    self._is_dropping = False
                is_empty = self._is_asked and not self._waiting
                if is_empty:
                    self._is_asked = False
            if is_drained:
                self._on_drained()
            if is_empty:
                self._on_empty()

    def _next(self) -> bytes | None:
        with self._changed:
            while not self._frames and not self._is_stopping and not self._is_gone:
                self._changed.wait()
            if not self._frames or self._is_gone:
                return None
            frame = self._frames.popleft()
            self._under_way = len(frame)
            return frame

    def _carry(self, frame: bytes) -> bool:
        """Writes one frame to its end; false when the terminal went away or we were told to give up."""
        rest = memoryview(frame)
        poller = select.poll()
        poller.register(self._descriptor, select.POLLOUT)
        while rest:
            if self._is_gone:
                return False
            try:
                if not poller.poll(_POLL * 1000):
                    continue
                rest = rest[os.write(self._descriptor, rest[:CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError as exc:
                self.abandon()
                self._on_gone(f"the terminal cannot be written to: {exc.strerror or exc}")
                return False
        return True


def _own_description(descriptor: int) -> tuple[int, bool]:
    """A non-blocking description of the same terminal, and whether it is ours to close.

    Opened anew by name: setting the flag on the given descriptor would set it for the shell, too, which
    shares it. Where that is not allowed (after `su`), we write to the given one, and may block this thread.
    """
    try:
        return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC), True
    except OSError:
        return descriptor, False
