"""A process that records the traffic of ten models until it is killed: `traffic_child.py FOLDER SPEED BEGIN DAYS`.

Its clock begins at `BEGIN` (Unix seconds) and runs `SPEED` times as fast as ours; days of requests are kept `DAYS`.
About 4,000 events a second of ours. Each line on stdout is `taken NUMBER AT` or `durable NUMBER AT`: the last
request so far, and the time of its clock, which is also the id of the action that is durable.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hive_console.core import events as e
from hive_console.core.keeping import Keeping
from hive_console.core.outcome import OutcomeKind
from hive_console.core.states import Action, ActionPhase, ModelStatus, OperationResult
from hive_storage.folder import DataFolder
from hive_storage.recorder import Recorder

MODELS = tuple(f"model-{number}" for number in range(10))
_BURST = 10
_PACE = 0.005
_ACTION_EVERY = 61  # bursts: each makes a batch early, and batches of their own time shall be killed too


def clock(begin: float, speed: float) -> Callable[[], float]:
    """A clock of its own pace."""
    started = time.monotonic()
    return lambda: begin + (time.monotonic() - started) * speed


def request(number: int, at: float) -> Iterator[e.Event]:
    """Plain, and one in nine in another way: failed first, moved on to another model, or not answered at all."""
    model, other = MODELS[number % 10], MODELS[(number + 1) % 10]
    operation = f"run{int(at)}-{number}"
    is_failed, is_lost = number % 9 == 0, number % 27 == 0
    latency = 0.01 + number % 997 / 100
    if is_failed:
        kind = OutcomeKind.TIMED_OUT if number % 2 else OutcomeKind.SERVER_ERROR
        yield e.AttemptFinished(
            at=at, operation=operation, model=model, number=1, kind=kind, latency=latency, message="no answer"
        )
        yield e.FailedOver(at=at, operation=operation, from_model=model, to_model=other, cause="failed")
    served_by = other if is_failed else model
    yield e.AttemptFinished(
        at=at,
        operation=operation,
        model=served_by,
        number=2 if is_failed else 1,
        kind=OutcomeKind.OVERLOADED if is_lost else OutcomeKind.SUCCESS,
        latency=latency,
        status=529 if is_lost else 200,
        read_tokens=number % 700,
    )
    yield e.OperationFinished(
        at=at,
        operation=operation,
        requested=model,
        result=OperationResult.FAILED if is_lost else OperationResult.ANSWERED,
        latency=latency + 0.001,
        attempts=2 if is_failed else 1,
        served_by=None if is_lost else served_by,
    )


def _check(number: int, at: float) -> e.ProbeFinished:
    kind = OutcomeKind.TIMED_OUT if number % 7 == 0 else OutcomeKind.SUCCESS
    return e.ProbeFinished(at=at, model=MODELS[number % 10], kind=kind, latency=0.2)


def _action(at: float) -> e.OperatorActed:
    return e.OperatorActed(
        at=at,
        action_id=repr(at),
        actor="ann",
        action=Action.TRIP,
        phase=ActionPhase.INTENDED,
        target=MODELS[0],
    )


async def record(folder: Path, *, speed: float, begin: float, days: int) -> None:
    """Records until somebody ends the process."""
    now = clock(begin, speed)
    held = DataFolder.open(folder, started=now(), command="traffic_child")
    keeping = Keeping(raw_days=days, roll_up_10s_days=1, roll_up_60s_days=1, probe_days=1)
    print("opening", 0, now(), flush=True)
    async with Recorder.open(held, now=now, keeping=keeping) as recorder:
        recorder.record(e.EngineStarted(at=now(), version="1", models=MODELS))
        for model in MODELS:
            recorder.record(
                e.StatusChanged(
                    at=now(), model=model, old=ModelStatus.UNKNOWN, new=ModelStatus.AVAILABLE, cause="checked"
                )
            )
        numbers = itertools.count(1)
        number = 0
        for burst in itertools.count():
            for _ in range(_BURST):
                number = next(numbers)
                for event in request(number, now()):
                    recorder.record(event)
            recorder.record(_check(burst, now()))
            said, at = "taken", now()
            if burst % _ACTION_EVERY == 0:
                await recorder.record_durably(_action(at))
                said = "durable"
            print(said, number, at, flush=True)
            await asyncio.sleep(_PACE)


def main() -> None:
    """Reads its arguments."""
    folder, speed, begin, days = sys.argv[1:]
    asyncio.run(record(Path(folder), speed=float(speed), begin=float(begin), days=int(days)))


if __name__ == "__main__":
    main()
