"""The console in a process of its own, on whatever terminal it was given; reports on a pipe what it lives through.

Arguments: the descriptor to report on, the descriptor to take orders from, and `leader` to become the session
leader of the terminal (so that a hang-up brings SIGHUP), or `guest`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sys
import termios
import threading
import time
from dataclasses import replace

from hive_console.core.console_settings import ConsoleSettings
from hive_console.core.snapshot import FleetSnapshot
from hive_console.core.wording import percent
from hive_console.ui.app import HiveApp
from hive_console.ui.look import Flags, look_of
from tests.screens import posted

LOOK = look_of(ConsoleSettings(), Flags(), os.environ)

BEAT = 0.02

NAP = 1.0
"""Seconds for which the loop is busy with something else: keys pile up meanwhile."""


class BusyClient(posted.FakeClient):
    """Every reading differs, so that every reading is drawn, until it is told to be still."""

    readings = 0
    is_still = False

    def snapshot(self) -> FleetSnapshot:
        self.readings += not self.is_still
        shown = tuple(replace(view, error_rate=0.1 + self.readings % 9 / 10) for view in self.fleet.models)
        return replace(self.fleet, models=shown)


class Watched(HiveApp):
    """Beats, draws a new reading at each beat, and does what it is told."""

    def __init__(self, client: BusyClient, report: int, orders: int) -> None:
        super().__init__(client, now=posted.FrozenClock(), on_terminal_gone=self.note_gone, look=LOOK)
        self._busy, self._report_to, self._orders = client, report, orders
        self.drains = 0
        self.most_waiting = 0

    def note(self, text: str) -> None:
        os.write(self._report_to, f"{text}\n".encode())

    def note_gone(self, reason: str) -> None:
        self.note(f"gone {reason}")

    def on_mount(self) -> None:
        self.set_interval(BEAT, self.beat)
        self.call_after_refresh(self.note, "shown")

    def beat(self) -> None:
        frames = getattr(self._driver, "_frames", None)
        waiting = getattr(frames, "waiting", 0)
        self.note(f"beat {waiting} {self.drains}")
        self._fleet_screen.tick()
        try:
            order = os.read(self._orders, 100).decode().strip()
        except BlockingIOError:
            return
        if order == "nap":
            self.note("naps")
            time.sleep(NAP)
            # What other threads handed over stands here until the loop turns again.
            self.most_waiting = len(getattr(asyncio.get_running_loop(), "_ready", ()))
        if order == "still":
            self._busy.is_still = True
            self.note(f"still {percent(self._busy.snapshot().models[0].error_rate or 0)}")
        if order == "exit":
            self.exit()

    def terminal_drained(self) -> None:
        self.drains += 1
        super().terminal_drained()


def main() -> None:
    report, orders = int(sys.argv[1]), int(sys.argv[2])
    if sys.argv[3] == "leader":
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.set_blocking(orders, False)
    app = Watched(BusyClient(posted.many(50)), report, orders)
    app.run(mouse=LOOK.has_mouse)
    app.note(f"waited {app.most_waiting}")
    app.note(f"ended {app.return_code}")
    os.set_blocking(orders, True)
    while os.read(orders, 100) == b"threads\n":
        app.note("threads " + " ".join(sorted(thread.name for thread in threading.enumerate())))


if __name__ == "__main__":
    main()
