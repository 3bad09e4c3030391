"""Kind `bulkhead`: places for calls over `engine.bulkhead`, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hive_console.engine.bulkhead import Bulkhead
from hive_console.sim.virtual_time import run_virtually
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, config_of, steps_of

_PATIENT = 1e6
"""Seconds in line, where the trace names no longest wait."""

_TURNS = 10
"""Turns of the loop after which everything that happens at one moment has happened."""


@dataclass(slots=True)
class _Call:
    """One call of the trace."""

    task: asyncio.Task[None] | None = None
    is_waiting: bool = True
    is_refused: bool = False
    finish: asyncio.Event = field(default_factory=asyncio.Event)


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    run_virtually(_run(scenario))


async def _run(scenario: Scenario) -> None:
    config = config_of(scenario)
    section = config.section("bulkhead")
    bulkhead = Bulkhead(section.count("limit", "max_concurrent"), section.count("queue", "max_queue", default=0))
    patience = section.number("max_wait", "queue_timeout", default=_PATIENT)
    timeout = config.number("timeout", default=_PATIENT)
    section.done()
    config.done()
    calls: dict[str, _Call] = {}
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    try:
        for number, step, expected in steps_of(scenario):
            await asyncio.sleep(max(0.0, began_at + step.number("at", default=0.0) - loop.time()))
            await _settle()
            name = _act(step, bulkhead, calls, patience=patience, timeout=timeout)
            step.done()
            await _settle()
            found: dict[str, object] = {
                "available": bulkhead.places - bulkhead.taken,
                "running": bulkhead.taken,
                "queued": sum(call.is_waiting for call in calls.values()),
                "rejected": sum(call.is_refused for call in calls.values()),
            }
            if name is not None:
                found["allowed"] = not calls[name].is_refused
            check(number, expected, found)
    finally:
        for call in calls.values():
            if call.task is not None:
                call.task.cancel()


def _act(
    step: Fields, bulkhead: Bulkhead, calls: dict[str, _Call], *, patience: float, timeout: float
) -> str | None:
    """Does what a step says; the name of a call that it began."""
    if step.take("tick"):
        return None
    started, ended = step.take("start"), step.take("end")
    if isinstance(started, str) and ended is None and started not in calls:
        call = calls[started] = _Call()
        call.task = asyncio.get_running_loop().create_task(_live(call, bulkhead, patience, timeout=timeout))
        return started
    if isinstance(ended, str) and started is None and ended in calls:
        outcome = step.word("outcome", default="ok")
        call = calls[ended]
        if outcome == "cancel" and call.task is not None:
            call.task.cancel()
        call.finish.set()
        return None
    raise NotOffered("step form not known")


async def _live(call: _Call, bulkhead: Bulkhead, patience: float, *, timeout: float) -> None:  # noqa: ASYNC109 - the trace's
    try:
        has_place = await bulkhead.take(patience)
    finally:
        call.is_waiting = False
    if not has_place:
        call.is_refused = True
        return
    try:
        async with asyncio.timeout(timeout):
            await call.finish.wait()
    except TimeoutError:
        pass  # what the trace is about: the place comes back all the same
    finally:
        bulkhead.release()


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
