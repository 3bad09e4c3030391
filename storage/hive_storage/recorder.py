"""The memory of the engine: takes events in microseconds, writes them in batches, and loses none silently.

One task owns every write. It lives as long as the `async with` block that opened the recorder, so it outlives the
engine's own tasks and keeps what they still say while they end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from hive_console.core.errors import RecordingFailed
from hive_console.core.events import Event
from hive_console.core.keeping import Keeping
from hive_console.core.snapshot import RecorderView
from hive_storage.batch import Batch
from hive_storage.database import words_of
from hive_storage.folder import DataFolder
from hive_storage.health import Health
from hive_storage.intake import Bounds, Intake
from hive_storage.losses import Losses
from hive_storage.micros import microseconds
from hive_storage.request_rows import Taken
from hive_storage.states import States
from hive_storage.upkeep import Upkeep
from hive_storage.writer import ROW_ERRORS, BatchWriter

FLUSH_INTERVAL = 0.25
"""Seconds between batches: what a kill can cost, at 4 fsyncs a second (15 % of what SQLite could write)."""

DURABLE_WAIT = 5.0
"""Seconds an operator waits for the disk before the action is refused; a healthy one takes milliseconds."""

FIRST_BACKOFF = 0.25
"""Seconds before a failed batch is tried again; doubles up to `LAST_BACKOFF`."""

LAST_BACKOFF = 5.0
"""Seconds between tries in a long outage: its end is noticed well within 10 s."""

MODELS_AT_ONCE = 25
"""Models whose minute is added up in one go: 5 ms, for which requests wait."""

CLOSE_WAIT = 1.0
"""Seconds the last batches may take when the program ends; the whole program ends within 3."""

CANCEL_WAIT = 0.5
"""Seconds for a write under way to come back after that: SQLite's own wait for a lock, and a little."""

DEFAULT_BOUNDS = Bounds()
DEFAULT_KEEPING = Keeping()


class Recorder:
    """Keeps every event in a data folder; fits `engine.ports.Recorder`.

    `recorded + dropped + queued` is the number of events taken in, at all times. Open it with `Recorder.open`,
    and use it on the event loop that opened it.
    """

    def __init__(
        self,
        writer: BatchWriter,
        upkeep: Upkeep,
        *,
        bounds: Bounds,
        now: Callable[[], float],
        keeps_states: bool = True,
    ) -> None:
        self._writer = writer
        self._bounds = bounds
        self._now = now
        self._intake = Intake(bounds, last_seq=writer.last_seq, on_drop=self._on_drop)
        self._keeps_states = keeps_states
        self._upkeep = upkeep
        self._is_full = False
        self._states = States()
        self._windows = writer.windows
        self._final = 0
        self._health = Health(now())
        self._losses = Losses(now)
        self._backoff = FIRST_BACKOFF
        self._wake = asyncio.Event()
        self._waiters: list[tuple[int, asyncio.Future[str]]] = []
        self._is_closing = False
        self._is_closed = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        folder: DataFolder,
        *,
        now: Callable[[], float],
        version: str = "",
        bounds: Bounds = DEFAULT_BOUNDS,
        keeps_states: bool = True,
        keeping: Keeping = DEFAULT_KEEPING,
    ) -> AsyncGenerator[Recorder, None]:
        """Records into `folder` for as long as the block lasts; at its end the last batches are written.

        `now` gives Unix seconds; `version` is the program's, for the row of this run; without `keeps_states` models
        begin afresh, and no ballast is kept (a fleet on show); `keeping` says how long what is kept. Raises
        `HiveError` when the recording cannot be opened: another program's file, a newer version's, a damaged one.
        The folder is not released: whoever opened it does that.
        """
        async with BatchWriter.open(folder, now=now, version=version) as writer:
            upkeep = Upkeep(writer, folder, keeping, now=now(), has_ballast=keeps_states)
            recorder = cls(writer, upkeep, bounds=bounds, now=now, keeps_states=keeps_states)
            task = asyncio.create_task(recorder._write_until_closed(), name="recorder")
            try:
                yield recorder
            finally:
                await recorder._close(task)

    def record(self, event: Event) -> None:
        """Takes an event for the next batch; a full lane, or a closed recorder, drops and counts."""
        seq = self._intake.take(event)
        if seq is not None:
            self._windows.observe(event, seq)
        if self._intake.queued >= self._bounds.batch and not self._losses.error:
            self._wake.set()
        if self._is_closed:
            self._intake.give_up()

    async def record_durably(self, event: Event) -> None:
        """Returns when the event, and everything queued before it, is on disk.

        Raises `RecordingFailed` when it is not. The row then stays queued and may still be written when the
        disk recovers: that somebody tried is true either way.
        """
        if self._is_closing:
            self.record(event)
            raise RecordingFailed("cannot record: the recorder is closing")
        seq = self._intake.take(event)
        if seq is None:
            raise RecordingFailed(f"cannot record: {event.at} is no time")
        self._windows.observe(event, seq)
        await self._written(seq)

    async def flush(self) -> None:
        """Returns when every event taken in by now is on disk, with the states that were kept before it.

        Raises `RecordingFailed` when it is not; what is queued may still be written when the disk recovers.
        """
        if self._is_closing:
            raise RecordingFailed("cannot record: the recorder is closing")
        if self._intake.queued:
            await self._written(self._intake.last_seq)

    async def _written(self, seq: int) -> None:
        """Waits for the batch that holds this key; with it go the states that were kept before."""
        waiter: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiters.append((seq, waiter))
        self._wake.set()
        try:
            async with asyncio.timeout(DURABLE_WAIT):
                failure = await waiter
        except TimeoutError as error:
            raise RecordingFailed(f"cannot record: the disk did not answer within {DURABLE_WAIT:g} s") from error
        finally:
            self._waiters.remove((seq, waiter))
        if failure:
            raise RecordingFailed(failure)

    def keep_state(self, model: str, state: Mapping[str, Any]) -> None:
        """Takes what a model must remember over a restart, for the next batch, in place of its older state.

        Raises `ValueError` for what no file can hold; the older state then stands.
        """
        if self._keeps_states:
            self._states.take(model, state, self._now())

    def saved_state(self) -> Mapping[str, Any]:
        """What was kept before this run, by model, as JSON has it; `None` where a row cannot be read."""
        return self._writer.saved if self._keeps_states else {}

    def view(self) -> RecorderView:
        """Counts since this run began, and why nothing can be written, while that is so."""
        intake = self._intake
        return RecorderView(
            recorded=intake.recorded,
            queued=intake.queued,
            dropped=intake.dropped,
            error=self._losses.error,
            caution=self._upkeep.caution,
        )

    @property
    def taken(self) -> int:
        """Events taken in since this run began."""
        return self._intake.taken

    # --- the one task that writes --------------------------------------------------------------------

    async def _write_until_closed(self) -> None:
        pause = 0.0
        while not self._is_closing:
            pause = await self._flush_after(pause)
        self._windows.as_it_stands(max(microseconds(self._now()), self._intake.last_seq + 1))
        pause = 0.0
        while self._has_work():
            pause = await self._flush_after(pause)

    async def _flush_after(self, pause: float) -> float:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()
        self._wake.clear()
        if self._is_full:
            self._is_full = False
            await self._upkeep.make_room(self._now())
        pause = await self._flush()
        if not self._losses.error and not self._is_closing:
            await self._upkeep.step(self._now())
            self._health.sizes = self._upkeep.sizes
            self._losses.withheld = self._upkeep.withheld
            self._intake.takes_requests = self._upkeep.withheld is None
        return pause

    def _has_work(self) -> bool:
        return (
            bool(self._intake.queued or self._states.rows() or self._windows.waiting())
            or bool(self._losses)
            or not self._writer.has_begun
        )

    async def _flush(self) -> float:
        """Writes what is queued now, and returns the seconds to wait before the next time.

        Windows that have ended go with the last of the events they sum up: no sum is on disk before its parts.
        """
        now = self._now()
        self._windows.turn(microseconds(now))
        while not self._windows.advance(MODELS_AT_ONCE):  # noqa: ASYNC110 - each turn does a part of it
            await asyncio.sleep(0)  # requests go on
        final = self._windows.final_us
        self._intake.not_before(final)
        until = self._intake.last_seq
        closing = Batch(
            rolled=self._windows.waiting(),
            rolled_until=final if final > self._final else 0,
            health=self._health.due(now, self._intake),
        )
        batch = self._next_batch(until)
        while True:
            is_last = self._intake.is_drained(until)
            whole = batch
            if is_last:
                whole = replace(closing, events=batch.events, states=batch.states, gap=batch.gap)
            if not whole and self._writer.has_begun:
                break
            began = self._health.begin(self._intake.queued)
            try:
                await self._writer.write(whole)
            except ROW_ERRORS as error:
                self._losses.put_back(whole.gap)
                if not whole.events:
                    return self._failed(error)
                self._refused(error)
            except Exception as error:  # noqa: BLE001  # the memory outlives any error of the disk
                self._losses.put_back(whole.gap)
                return self._failed(error)
            else:
                self._health.committed(began)
                self._succeeded(whole)
                if is_last:
                    self._final = final
                    break
            batch = self._next_batch(until)
        return 0.0 if self._intake.queued >= self._bounds.batch else FLUSH_INTERVAL

    def _next_batch(self, until: int) -> Batch:
        return Batch(events=self._intake.batch(until), states=self._states.rows(), gap=self._losses.take())

    def _succeeded(self, batch: Batch) -> None:
        self._losses.error = ""
        self._backoff = FIRST_BACKOFF
        self._states.settle(batch.states)
        self._windows.settle(batch.rolled)
        if batch.health is not None:
            self._health.settle(self._now())
        if batch.events:
            self._intake.settle()
            self._answer("", up_to=batch.events[-1][0])

    def _failed(self, error: Exception) -> float:
        """Keeps everything for the next try, and tells everybody who waits for the disk."""
        self._losses.failed(f"cannot write the recording: {words_of(error)}")
        self._is_full = getattr(error, "sqlite_errorname", "") == "SQLITE_FULL"
        self._answer(self._losses.error, up_to=self._intake.last_seq)
        if self._is_closing:
            return FIRST_BACKOFF
        pause = self._backoff
        self._backoff = min(self._backoff * 2, LAST_BACKOFF)
        return pause

    def _refused(self, error: Exception) -> None:
        """Looks for the row that is at fault by halves; alone, it is dropped, and the others are written."""
        self._losses.refusal = words_of(error)
        self._intake.halve()
        self._losses.refusal = ""

    def _answer(self, failure: str, *, up_to: int) -> None:
        for seq, waiter in self._waiters:
            if seq <= up_to and not waiter.done():
                waiter.set_result(failure)

    def _on_drop(self, taken: Taken) -> None:
        why = self._losses.dropped(taken)
        for seq, waiter in self._waiters:
            if seq == taken[0] and not waiter.done():
                waiter.set_result(f"cannot record: {why}")

    # --- the end ---------------------------------------------------------------------------------------

    async def _close(self, task: asyncio.Task[None]) -> None:
        self._is_closing = True
        self._wake.set()
        try:
            await asyncio.wait((task,), timeout=CLOSE_WAIT)
        finally:
            is_whole = task.done() and not task.cancelled() and task.exception() is None
            if not is_whole:
                task.cancel()
                await asyncio.wait((task,), timeout=CANCEL_WAIT)
            self._is_closed = True
            lost = self._intake.give_up()
            self._answer("cannot record: the recorder is closed", up_to=self._intake.last_seq)
        if is_whole and not lost:
            await self._upkeep.finish(self._now())
            await self._writer.end_run(self._now())
