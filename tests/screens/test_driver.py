"""The console on a real pseudo-terminal that stalls, hangs up, or is left in order."""

from __future__ import annotations

import inspect
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from rich.console import Console
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from hive_console.ui.driver import KEYS_WAITING, READ_BYTES
from hive_console.ui.writer import QUEUE_BYTES, FrameWriter
from tests.screens.emulator import NEVER, Emulator

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds that a busy machine may take for anything."""

WHAT_ELSE_WAITS = 200
"""Messages and tasks of timers and widgets that may wait with the keys."""

LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"


COLUMNS, LINES = 160, 50

ASIDES = 100
"""Bytes of the window's title and the pointer's shape, which may stand behind a frame."""


class Session:
    """A child on a pty, seen from the other end."""

    def __init__(self, role: str, **environ: str) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.master, (LINES, COLUMNS))
        self.before = termios.tcgetattr(self.slave)
        self._reports, report_to = os.pipe()
        orders, self._orders = os.pipe()
        path = os.pathsep.join(str(ROOT / folder) for folder in (".", "widgets", "storage", "themes"))
        # The runner sets these for itself, and the library would believe them rather than the terminal.
        bare = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME") if name in os.environ}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.screens.terminal_child", str(report_to), str(orders), role],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            pass_fds=(report_to, orders),
            start_new_session=True,
            cwd=ROOT,
            env={**bare, "LANG": "C.UTF-8", "TERM": "xterm-256color", **environ, "PYTHONPATH": path},
        )
        os.close(report_to)
        os.close(orders)
        self._rest = b""
        self.output = b""
        self._news = threading.Condition(threading.RLock())
        self._reader: threading.Thread | None = None

    def next_report(self) -> str:
        """The next line the child reports; "" when it has ended."""
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._reports], [], [], PATIENCE)
            assert ready, "the child is silent"
            data = os.read(self._reports, 65536)
            if not data:
                return ""
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def report(self, word: str) -> str:
        """The next report that begins with this word."""
        while line := self.next_report():
            if line.startswith(word):
                return line
        raise AssertionError(f"the child ended without saying {word}")

    def order(self, word: str) -> None:
        os.write(self._orders, f"{word}\n".encode())

    def read_screen(self) -> None:
        """From now on the terminal reads, on a thread."""

        def read() -> None:
            with suppress(OSError):
                while data := os.read(self.master, 65536):
                    with self._news:
                        self.output += data
                        self._news.notify_all()

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()

    def read_until(self, words: bytes) -> None:
        """Waits for what the child has written to come through the terminal."""
        with self._news:
            assert self._news.wait_for(lambda: words in self.output, PATIENCE), f"{words!r} never came"

    def stuck(self) -> int:
        """Waits until the terminal, which nobody reads, takes no more; the bytes that wait."""
        seen = [0]
        while not seen[-1] or len(seen) < 10:
            waiting = int(self.report("beat").split()[1])
            seen = [*seen, waiting] if waiting == seen[-1] else [waiting]
        return seen[-1]

    def picture(self) -> list[str]:
        """The lines that a person would see."""
        terminal = Emulator(COLUMNS, LINES)
        with self._news:
            written = self.output
        terminal.feed(written.decode("utf-8", "ignore"))
        return terminal.lines

    def shows(self, is_so: Callable[[list[str]], bool]) -> None:
        """Waits until a person would see this."""
        with self._news:
            assert self._news.wait_for(lambda: is_so(self.picture()), PATIENCE), "\n".join(self.picture())

    def hang_up(self) -> None:
        os.close(self.slave)
        self.slave = -1
        os.close(self.master)
        self.master = -1

    def threads(self) -> str:
        self.order("threads")
        return self.report("threads")

    def end(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for descriptor in (self.slave, self.master, self._reports, self._orders):
            with suppress(OSError):
                os.close(descriptor)
        if self._reader is not None:
            self._reader.join(PATIENCE)


@contextmanager
def session(role: str, **environ: str) -> Iterator[Session]:
    running = Session(role, **environ)
    try:
        yield running
    finally:
        running.end()


def test_a_terminal_that_does_not_read_never_stops_the_loop_and_gets_no_second_frame() -> None:
    with session("leader") as running:
        stuck = running.stuck()

        waiting = {int(running.report("beat").split()[1]) for _ in range(100)}

        assert max(waiting) < stuck + ASIDES


def test_a_terminal_that_reads_again_gets_the_newest_picture() -> None:
    with session("leader") as running:
        running.stuck()
        running.order("still")
        newest = running.report("still").split()[1]

        running.read_screen()

        running.shows(lambda lines: sum(newest in line.split() for line in lines) > 20)
        assert running.picture()[0].startswith(" HIVE")


def test_a_terminal_of_any_size_gets_a_whole_picture() -> None:
    with session("guest") as running:
        running.read_screen()
        running.report("shown")

        for lines, columns in ((1, 1), (200, 400), (1, 400), (200, 1), (2, 2), (LINES, COLUMNS)):
            termios.tcsetwinsize(running.master, (lines, columns))
            running.child.send_signal(signal.SIGWINCH)
            running.report("beat")
        running.order("still")
        newest = running.report("still").split()[1]

        running.shows(lambda lines: sum(newest in line.split() for line in lines) > 20)
        assert all(NEVER not in line for line in running.picture())


@pytest.mark.parametrize("role", ["leader", "guest"])
def test_a_hang_up_is_told_once_and_the_process_goes_on(role: str) -> None:
    with session(role) as running:
        running.report("shown")

        running.hang_up()

        assert "terminal" in running.report("gone")
        reports = [running.next_report()]
        while not reports[-1].startswith("ended"):
            reports.append(running.next_report())
        assert reports[-1] == "ended 129"
        assert not any(report.startswith("gone") for report in reports)


@pytest.mark.parametrize("role", ["leader", "guest"])
def test_after_a_hang_up_no_thread_is_left_that_could_spin_and_late_signals_do_no_harm(role: str) -> None:
    with session(role) as running:
        running.report("shown")
        running.hang_up()
        running.report("ended")

        for number in (signal.SIGHUP, signal.SIGCONT, signal.SIGWINCH):
            running.child.send_signal(number)

        while running.threads() != "threads MainThread":
            pass
        assert running.child.poll() is None


def test_a_continue_without_a_stop_starts_no_second_reader() -> None:
    with session("leader") as running:
        running.read_screen()
        running.report("shown")

        running.child.send_signal(signal.SIGCONT)
        while int(running.report("beat").split()[2]) == 0:
            pass
        running.order("exit")

        assert running.report("ended") == "ended 0"
        assert running.threads() == "threads MainThread"


def test_a_normal_end_gives_the_terminal_back_as_it_was() -> None:
    with session("leader") as running:
        running.read_screen()
        running.report("shown")
        assert termios.tcgetattr(running.slave) != running.before

        running.order("exit")

        assert running.report("ended") == "ended 0"
        assert termios.tcgetattr(running.slave) == running.before
        running.read_until(LEAVES_ALTERNATE_SCREEN)
        assert running.output.rindex(SHOWS_CURSOR) > running.output.rindex(b"\x1b[?25l")


WAYS = {0, 1, 2, 7, 22, 27}
"""Numbers of no colour: plain, bold, dim, reverse, and the ends of the last three."""


def whole_run(**environ: str) -> bytes:
    """All that a terminal of this environment is sent, from the start to an ordered end."""
    with session("leader", **environ) as running:
        running.read_screen()
        running.report("shown")
        running.report("beat")
        running.order("exit")
        running.report("ended")
        running.read_until(LEAVES_ALTERNATE_SCREEN)
        return running.output


def numbers_in(output: bytes) -> set[int]:
    """The numbers of all colours and ways of writing."""
    return {int(number or 0) for found in re.findall(rb"\x1b\[([0-9;]*)m", output) for number in found.split(b";")}


def test_a_text_console_gets_its_own_sixteen_colours_ascii_and_nothing_it_would_print() -> None:
    output = whole_run(TERM="linux")

    assert numbers_in(output) <= WAYS | {*range(31, 38), *range(90, 98), 40}
    assert numbers_in(output) >= {91, 92, 40}
    assert output.isascii()
    assert b"\x1b]2;" not in output


def test_without_colour_a_terminal_is_sent_none() -> None:
    assert numbers_in(whole_run(NO_COLOR="1", COLORTERM="truecolor")) <= WAYS


def test_the_window_has_its_old_title_back_and_the_mouse_is_told_of_no_moves() -> None:
    output = whole_run(COLORTERM="truecolor")

    named, restored = output.index(b"\x1b]2;"), output.index(b"\x1b[23;2t")
    assert output.index(b"\x1b[22;2t") < named < restored
    assert output.count(b"\x1b[22;2t") == output.count(b"\x1b[23;2t") == 1
    assert b"\x1b[?1002h" in output
    assert b"\x1b[?1002l" in output
    assert b"?1003" not in output


def test_over_ssh_the_mouse_is_left_alone() -> None:
    assert b"?1000" not in whole_run(SSH_TTY="/dev/pts/9")


def test_sigterm_gives_the_terminal_back_and_ends() -> None:
    with session("leader") as running:
        running.read_screen()
        running.report("shown")

        running.child.send_signal(signal.SIGTERM)

        assert running.report("ended") == f"ended {128 + signal.SIGTERM}"
        assert termios.tcgetattr(running.slave) == running.before


def test_a_stalled_terminal_does_not_hold_up_the_end() -> None:
    with session("leader") as running:
        running.stuck()

        running.child.send_signal(signal.SIGTERM)

        assert running.report("ended") == f"ended {128 + signal.SIGTERM}"
        assert termios.tcgetattr(running.slave) == running.before


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, slave
    for descriptor in (master, slave):
        with suppress(OSError):
            os.close(descriptor)


def read_exactly(descriptor: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += os.read(descriptor, count - len(data))
    return data


def test_frames_are_dropped_whole_and_a_redraw_is_asked_for(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    drained = threading.Event()
    writer = FrameWriter(slave, on_drained=drained.set, on_gone=lambda reason: None)
    writer.start()
    taken = []
    for number in range(100):
        frame = f"<{number:04d}{'x' * 2994}>".encode()
        if writer.send(frame):
            taken.append(frame)

    received = read_exactly(master, 3000 * len(taken))

    assert 0 < len(taken) < 100
    assert writer.dropped == 100 - len(taken)
    assert received == b"".join(taken)
    assert drained.wait(PATIENCE)
    assert writer.send(b"fresh")
    assert read_exactly(master, 5) == b"fresh"
    writer.stop()


def test_what_waits_is_bounded_by_bytes(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    writer = FrameWriter(slave, on_drained=lambda: None, on_gone=lambda reason: None)
    writer.start()

    for _ in range(500):
        writer.send(b"y" * 1000)

    assert writer.waiting <= QUEUE_BYTES
    writer.stop()
    assert not writer.is_alive()


def test_one_frame_larger_than_the_queue_still_goes_through(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    writer = FrameWriter(slave, on_drained=lambda: None, on_gone=lambda reason: None)
    writer.start()

    assert writer.send(b"z" * (2 * QUEUE_BYTES))

    assert read_exactly(master, 2 * QUEUE_BYTES) == b"z" * (2 * QUEUE_BYTES)
    writer.stop()


def test_a_closed_terminal_is_told_of_and_nothing_more_is_taken(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    reasons: list[str] = []
    gone = threading.Event()

    def on_gone(reason: str) -> None:
        reasons.append(reason)
        gone.set()

    writer = FrameWriter(slave, on_drained=lambda: None, on_gone=on_gone)
    writer.start()
    os.close(master)

    writer.send(b"hello")

    assert gone.wait(PATIENCE)
    assert not writer.send(b"again")
    assert len(reasons) == 1
    writer.stop()


def test_keys_that_come_faster_than_they_are_handled_wait_in_the_terminal() -> None:
    with session("guest") as child:
        child.read_screen()
        child.report("shown")
        child.order("nap")
        child.report("naps")

        for _ in range(32):
            os.write(child.master, b"jk" * 256)
        child.order("exit")

        waited = int(child.report("waited").split()[1])
        assert waited <= READ_BYTES + KEYS_WAITING + WHAT_ELSE_WAITS


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            App(),
            ("_display", "_running", "_closed", "_batch_count", "_driver", "_sync_available", "_message_queue"),
        ),
        (Console(), ("_color_system",)),
        (ChopsUpdate([], [], []), ("chops", "spans", "chop_ends")),
        (LayoutUpdate([], Region()), ("strips", "region")),
        (Strip, ("render_ansi",)),
    ],
    ids=lambda owner: type(owner).__name__,
)
def test_what_painting_leans_on_in_the_library_is_still_there(owner: object, names: tuple[str, ...]) -> None:
    assert [name for name in names if not hasattr(owner, name)] == []


def test_every_frame_of_the_library_comes_through_display() -> None:
    source = inspect.getsource(Screen._compositor_refresh) + inspect.getsource(App._display)

    assert "app._display(self, update)" in source
    assert "self._driver.write(terminal_sequence)" in source
