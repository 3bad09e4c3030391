"""A process that records until it is killed: run by the storage tests, `python recording_child.py MODE FOLDER`."""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import sys
import time
from pathlib import Path

from hive_console.core.errors import RecordingFailed
from hive_console.core.events import AttemptFinished, Event, OperatorActed
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import Action, ActionPhase
from hive_console.core.store import Wanted
from hive_storage.folder import DataFolder
from hive_storage.recorder import Recorder
from hive_storage.store import SqliteStore

_BURST = 20
_PACE = 0.005


def attempt(number: int) -> Event:
    """One call in a long row of them."""
    return AttemptFinished(
        at=time.time(),
        operation=f"op-{number}",
        model="alpha",
        number=number,
        kind=OutcomeKind.SUCCESS,
        latency=0.2,
    )


def action(number: int) -> Event:
    """One word of an operator."""
    return OperatorActed(
        at=time.time(),
        action_id=str(number),
        actor="ann",
        action=Action.TRIP,
        phase=ActionPhase.INTENDED,
        target="alpha",
    )


def say(*words: object) -> None:
    """One line to the test, at once."""
    print(*words, flush=True)


def largest_file(folder: Path) -> int:
    """Bytes of the largest file in the folder."""
    return max(path.stat().st_size for path in folder.iterdir())


async def record_until_killed(folder: Path) -> None:
    """4,000 events a second; every twelfth burst an audit row, told when it is durable."""
    held = DataFolder.open(folder, started=time.time(), command="recording_child")
    async with Recorder.open(held, now=time.time) as recorder:
        numbers = itertools.count()
        for burst in itertools.count():
            last = 0
            for _ in range(_BURST):
                last = next(numbers)
                recorder.record(attempt(last))
            if burst % 12 == 0:
                await recorder.record_durably(action(burst))
                say("durable", burst, last, time.time())
            else:
                say("taken", burst, last, time.time())
            await asyncio.sleep(_PACE)


async def fill_the_disk(folder: Path) -> None:
    """Meets a file that may not grow, says what the recorder says, and goes on when it may."""
    held = DataFolder.open(folder, started=time.time())
    async with Recorder.open(held, now=time.time) as recorder:
        await recorder.record_durably(action(0))
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file(folder) + 8192, hard))
        for number in range(3_000):
            recorder.record(attempt(number))
        try:
            await recorder.record_durably(action(1))
        except RecordingFailed as error:
            say("refused", error)
        say("error", recorder.view().error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        while recorder.view().error or recorder.view().queued:  # noqa: ASYNC110  # a view tells, it does not call
            await asyncio.sleep(_PACE)
        view = recorder.view()
        say("after", view.recorded, view.dropped, view.queued, recorder.taken)


async def keep_until_killed(folder: Path) -> None:
    """Keeps a model's state and confirms an action after it, again and again; tells each that stands."""
    held = DataFolder.open(folder, started=time.time())
    async with Recorder.open(held, now=time.time) as recorder:
        for number in itertools.count():
            recorder.keep_state("alpha", {"number": number})
            await recorder.record_durably(action(number))
            say("kept", number, ".")


async def end_in(folder: Path, *, failure: BaseException | None) -> None:
    """Records, and leaves the block by an exception or without one."""
    held = DataFolder.open(folder, started=time.time())
    async with Recorder.open(held, now=time.time) as recorder:
        recorder.record(attempt(1))
        say("open")
        if failure is not None:
            raise failure


async def read_as_somebody_else(folder: Path) -> None:
    """Reads as a user who may not write here."""
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    async with SqliteStore.open(folder) as reader:
        say("events", len(await reader.events(Wanted())))


def main() -> None:
    """Runs one of the modes."""
    mode, folder = sys.argv[1], Path(sys.argv[2])
    asyncio.run(
        {
            "record": lambda: record_until_killed(folder),
            "keep": lambda: keep_until_killed(folder),
            "fill": lambda: fill_the_disk(folder),
            "end": lambda: end_in(folder, failure=None),
            "raise": lambda: end_in(folder, failure=RuntimeError("a bug in the engine")),
            "interrupt": lambda: end_in(folder, failure=KeyboardInterrupt()),
            "read": lambda: read_as_somebody_else(folder),
        }[mode]()
    )


if __name__ == "__main__":
    main()
