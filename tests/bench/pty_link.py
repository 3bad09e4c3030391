"""A program on a real pseudo-terminal whose other end counts, answers, and can be slow, stalled or gone."""

from __future__ import annotations

import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path

QUESTION = re.compile(rb"\x1b\[(\d+;\d+)H\x1b\[6n")
"""Puts the cursor somewhere and asks where it is, as the console does behind each frame."""

LONGEST = 20
"""Bytes of the longest of these: it may come in two pieces."""

STEP = 0.01
"""Seconds between two readings of a slow link."""

PATIENCE = 30.0
"""Seconds that anything may take."""


class PtyLink:
    """The program and its terminal.

    Args:
        command: what to run.
        env: its environment.
        columns: of the terminal.
        lines: of the terminal.
        bytes_a_second: what the link carries; 0 for all there is.
        pass_fds: descriptors that the program keeps.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        env: dict[str, str],
        *,
        columns: int,
        lines: int,
        bytes_a_second: int = 0,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self.master, slave = pty.openpty()
        self.resize(columns, lines)
        self.bytes_a_second = bytes_a_second
        self.drawn = b""
        self.received = 0
        self._news = threading.Condition()
        self._reads = threading.Event()
        self._reads.set()
        self._to_send = self._last = b""
        self._outward = threading.Condition()
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, pass_fds=pass_fds, start_new_session=True
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._write, daemon=True).start()

    def resize(self, columns: int, lines: int) -> None:
        ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if hasattr(self, "process"):
            os.kill(self.process.pid, signal.SIGWINCH)

    def _read(self) -> None:
        room = int(self.bytes_a_second * STEP) or 65536
        with suppress(OSError):
            while self._reads.wait() and (data := os.read(self.master, room)):
                with self._news:
                    self.drawn = (self.drawn + data)[-1_000_000:]
                    self.received += len(data)
                    self._news.notify_all()
                self._send(self._answers(data))
                if self.bytes_a_second:
                    time.sleep(len(data) / self.bytes_a_second)

    def wait_for(self, words: bytes, *, since: int = 0) -> float:
        """Waits for these bytes among those received after the first `since`; the moment, or fails."""
        with self._news:

            def is_there() -> bool:
                fresh = self.received - since
                return fresh > 0 and words in self.drawn[-fresh:]

            if not self._news.wait_for(is_there, PATIENCE):
                raise TimeoutError(f"{words!r} never came")
        return time.monotonic()

    def _answers(self, data: bytes) -> bytes:
        """What a terminal answers to the questions that end in this piece."""
        asked = (self._last + data) if self._last else data
        found = list(QUESTION.finditer(asked))
        self._last = asked[max(found[-1].end() if found else 0, len(asked) - LONGEST) :]
        return b"".join(b"\x1b[" + question[1] + b"R" for question in found)

    def _send(self, data: bytes) -> None:
        """Keys and answers stand in one line, as in a terminal, until the program takes them."""
        with self._outward:
            self._to_send += data
            self._outward.notify_all()

    def _write(self) -> None:
        with suppress(OSError):
            while True:
                with self._outward:
                    self._outward.wait_for(lambda: self._to_send)
                    chunk = self._to_send[:64]
                written = os.write(self.master, chunk)
                with self._outward:
                    self._to_send = self._to_send[written:]

    def press(self, keys: bytes) -> None:
        self._send(keys)

    def press_for(self, keys: bytes, seconds: float) -> int:
        """Presses as many of these keys as are taken in this time; how many were."""
        self._send(keys)
        time.sleep(seconds)
        with self._outward:
            rest = len(self._to_send)
            self._to_send = b""
        return len(keys) - rest

    def stall(self) -> None:
        self._reads.clear()

    def go_on(self) -> None:
        self._reads.set()

    def hang_up(self) -> None:
        os.close(self.master)
        self._reads.set()

    def cpu_seconds(self) -> float:
        """CPU of all threads so far."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory(self) -> int:
        """Bytes in memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with suppress(OSError):
            os.close(self.master)
