"""The console on made-up readings, beside a ticker that stands for the engine's loop; or a plain table to compare.

Arguments: `hive` or `plain`, how many models, readings a second, which of the models change with each reading
(`all`, `probes`: each every 30 s, or `none`), and the descriptor to report the ticker's lateness on, or -1 to go
without: it costs two percent of a core.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from dataclasses import replace

from hive_console.core.snapshot import FleetSnapshot, ModelView
from tests.screens import posted

PROBED_EVERY = 30.0

TICK = 0.005
"""Seconds between two turns of the loop that stands for the engine's."""

PICTURES = 8
"""Different readings, made beforehand so that making them costs nothing."""


class Readings(posted.FakeClient):
    """Readings of a calm fleet in which as much changes as was asked for."""

    def __init__(self, count: int, rate: float, what: str) -> None:
        super().__init__(replace(posted.healthy(), models=()))
        self._rate, self._what = rate, what
        base = posted.healthy().models[0]
        names = [f"model-{number:04d}" for number in range(count)]
        self._views: list[list[ModelView]] = [
            [_view(base, name, number, turn) for number, name in enumerate(names)]
            for turn in range(PICTURES if what == "all" else 1)
        ]
        self._probed = 0
        self._reading = -1
        self._began = time.time()

    def snapshot(self) -> FleetSnapshot:
        now = time.time()
        reading = int((now - self._began) * self._rate)
        if reading == self._reading:
            return self.fleet
        self._reading = reading
        views = self._views[reading % len(self._views)]
        if self._what == "probes":
            due = int((now - self._began) / PROBED_EVERY * len(views))
            for place in range(self._probed, due):
                view = views[place % len(views)]
                p95 = 1.0 + (place * 7 + reading) % 30 / 10
                views[place % len(views)] = replace(view, last_health_check=now, p95=p95)
            self._probed = due
        self.fleet = replace(self.fleet, models=tuple(views), at=now, sequence=self.fleet.sequence + 1)
        return self.fleet


def _view(base: ModelView, name: str, number: int, turn: int) -> ModelView:
    # Buckets that are over stand as they were; the open one moves with every reading.
    times = (*((0.5 + (number * 7 + place) % 11 / 10) for place in range(59)), 0.5 + (number + turn * 3) % 11 / 10)
    errors = (*((number + place) % 13 / 100 for place in range(59)), (number + turn * 5) % 13 / 100)
    now = time.time()
    return replace(
        base,
        model_id=name,
        serving=name,
        p95=1.0 + (number + turn * 5) % 30 / 10,
        error_rate=(number + turn * 3) % 40 / 1000,
        response_times=times,
        error_rates=errors,
        last_health_check=now - number % PROBED_EVERY if turn == 0 else now + turn,
        status_since=now - 7200,
    )


class Ticker(threading.Thread):
    """A loop of its own, as the engine has; notes how late it ever was."""

    def __init__(self, report: int) -> None:
        super().__init__(daemon=True)
        self._report = report

    def run(self) -> None:
        asyncio.run(self._tick())

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        worst, told = 0.0, loop.time()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            worst = max(worst, loop.time() - due)
            if loop.time() - told >= 0.25:
                os.write(self._report, f"{worst * 1000:.2f}\n".encode())
                worst, told = 0.0, loop.time()


def hive(client: Readings, rate: float) -> None:
    from hive_console.ui.app import HiveApp
    from hive_console.ui.look import Look

    HiveApp(client, now=time.time, look=Look(refresh_rate=rate), on_first_paint=_settle).run()


def _settle() -> None:
    gc.collect()
    gc.freeze()


def plain(client: Readings, rate: float) -> None:
    """The same rows in the library's own table."""
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    class Plain(App[None]):
        def compose(self) -> ComposeResult:
            yield DataTable[str](cursor_type="row")

        def on_mount(self) -> None:
            table = self.query_one(DataTable)
            for column in ("model", "status", "p95", "errors"):
                table.add_column(column, key=column, width=14)
            for view in client.snapshot().models:
                table.add_row(view.model_id, view.status.value, "", "", key=view.model_id)
            self.set_interval(1 / rate, self.tick)

        def tick(self) -> None:
            table = self.query_one(DataTable)
            for view in client.snapshot().models:
                for column, text in (("p95", f"{view.p95:.2f} s"), ("errors", f"{view.error_rate:.3f}")):
                    if table.get_cell(view.model_id, column) != text:
                        table.update_cell(view.model_id, column, text)

    Plain().run()


def main() -> None:
    kind, count, rate, what, report = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5]
    sys.setswitchinterval(0.0005)  # as the console's own start does
    client = Readings(count, rate, what)
    if int(report) >= 0:
        Ticker(int(report)).start()
    (hive if kind == "hive" else plain)(client, rate)
    time.sleep(3600)  # a terminal that is gone is no reason to end: the engine goes on


if __name__ == "__main__":
    main()
