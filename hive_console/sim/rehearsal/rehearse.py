"""One rehearsal: a fleet, a seed, a stretch of virtual time, and what came of it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hive_console.core.errors import HiveError, place_of
from hive_console.core.events import Event
from hive_console.core.settings import Settings
from hive_console.core.success import SuccessReport
from hive_console.core.success_meter import SuccessMeter
from hive_console.engine.bus import NOTHING
from hive_console.sim.rehearsal.arrivals import Arrival, draw_arrivals
from hive_console.sim.rehearsal.climate import DAY, draw_weather
from hive_console.sim.rehearsal.digest import Digest
from hive_console.sim.rehearsal.engine_view import build_engine
from hive_console.sim.rehearsal.episodes import Episode, Sky
from hive_console.sim.rehearsal.fronts import Baseline, BaselineFront, EngineFront, Front
from hive_console.sim.rehearsal.models import WeatheredModels
from hive_console.sim.rehearsal.watcher import Broken, Invariant, Watcher
from hive_console.sim.virtual_time import EPOCH, VirtualClock, run_virtually

HOUSEKEEPING = 30.0
"""Virtual seconds between two looks of the engine at what time alone changes: nobody draws a screen here."""

COLLECT_EVERY = 50_000
"""Allocations between two looks for garbage: timeouts leave cycles behind, and looking often costs a tenth."""

TICK = 1e-3
"""Virtual seconds by which an operation may end after its deadline: the turns of the loop that its end takes."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is to be rehearsed; the same values give the same events on every supported Python.

    Attributes:
        settings: the fleet.
        seed: of weather, traffic, response times and jitter.
        days: virtual days, more than 0.
        weather: the episodes; `None` draws them from the seed.
        storm: how many times as often as usual drawn weather turns bad.
        baseline: what stands in the engine's place; `None` is the engine.
    """

    settings: Settings
    seed: str
    days: float = 30.0
    weather: tuple[Episode, ...] | None = None
    storm: float = 1.0
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a rehearsal.

    Attributes:
        seed: of the rehearsal.
        baseline: of the rehearsal.
        digest: over every event; empty for a baseline.
        events: how many there were.
        episodes: how many pieces of bad weather there were.
        report: the success metrics.
        broken: promises that were not kept; the run ended at the first.
    """

    seed: str
    baseline: Baseline | None
    digest: str
    events: int
    episodes: int
    report: SuccessReport
    broken: tuple[Broken, ...] = ()


def rehearse(rehearsal: Rehearsal) -> Outcome:
    """Runs it in virtual time."""
    with _little_garbage():
        if rehearsal.baseline is None:
            return run_virtually(_with_engine(rehearsal))
        return run_virtually(_with_baseline(rehearsal, rehearsal.baseline))


async def _with_engine(rehearsal: Rehearsal) -> Outcome:
    loop = asyncio.get_running_loop()
    clock = VirtualClock(loop)
    sky = _sky(rehearsal)
    models = WeatheredModels(
        rehearsal.settings.models, sky, seed=rehearsal.seed, elapsed=loop.time, sleep=clock.sleep
    )
    digest = Digest()
    meter = SuccessMeter(rehearsal.settings.resilience.operation_deadline)
    watchers: list[Watcher] = []

    def read(event: Event) -> tuple[Event, ...]:
        digest.observe(event)
        meter.observe(event)
        watchers[0].observe(event)
        return NOTHING

    engine = build_engine(
        rehearsal.settings,
        provider=models,
        clock=clock,
        seed=rehearsal.seed,
        pace=HOUSEKEEPING,
        readers=(read,),
    )
    watcher = Watcher(engine, sky, most_in_flight=models.most_in_flight, epoch=EPOCH)
    watchers.append(watcher)
    async with engine:
        started = await _drive(EngineFront(engine), rehearsal, watcher)
        if not watcher.broken:
            watcher.at_rest(clock.now(), started)
    return Outcome(
        seed=rehearsal.seed,
        baseline=None,
        digest=digest.value(),
        events=digest.events,
        episodes=len(sky.episodes),
        report=meter.report(),
        broken=tuple(watcher.broken),
    )


async def _with_baseline(rehearsal: Rehearsal, baseline: Baseline) -> Outcome:
    loop = asyncio.get_running_loop()
    clock = VirtualClock(loop)
    sky = _sky(rehearsal)
    meter = SuccessMeter(rehearsal.settings.resilience.operation_deadline)
    events = 0

    def publish(event: Event) -> None:
        nonlocal events
        events += 1
        meter.observe(event)

    threshold = rehearsal.settings.resilience.degraded_mode_threshold
    front = BaselineFront(
        baseline,
        rehearsal.settings,
        provider=WeatheredModels(
            rehearsal.settings.models, sky, seed=rehearsal.seed, elapsed=loop.time, sleep=clock.sleep
        ),
        clock=clock,
        seed=rehearsal.seed,
        publish=publish,
        is_degraded=lambda: 1 - sky.hard_share(loop.time()) < threshold,
    )
    await _drive(front, rehearsal, None)
    return Outcome(
        seed=rehearsal.seed,
        baseline=baseline,
        digest="",
        events=events,
        episodes=len(sky.episodes),
        report=meter.report(),
    )


def _sky(rehearsal: Rehearsal) -> Sky:
    models = [model.id for model in rehearsal.settings.models]
    weather = rehearsal.weather
    if weather is None:
        weather = draw_weather(rehearsal.settings, rehearsal.seed, rehearsal.days * DAY, storm=rehearsal.storm)
    return Sky(models, weather)


async def _drive(front: Front, rehearsal: Rehearsal, watcher: Watcher | None) -> int:
    """Sends all the traffic and waits for its end; how many operations were let in."""
    loop = asyncio.get_running_loop()
    clock = VirtualClock(loop)
    length = rehearsal.days * DAY
    deadline = rehearsal.settings.resilience.operation_deadline
    started = 0
    async with asyncio.TaskGroup() as callers:
        for arrival in draw_arrivals([model.id for model in rehearsal.settings.models], rehearsal.seed, length):
            await clock.sleep(arrival.at - loop.time())
            if watcher is not None and watcher.broken:
                return started
            started += 1
            callers.create_task(_call(front, arrival, deadline, watcher, loop))
        await clock.sleep(length - loop.time())
    return started


async def _call(
    front: Front, arrival: Arrival, deadline: float, watcher: Watcher | None, loop: asyncio.AbstractEventLoop
) -> None:
    """One caller from its coming to its end; what is refused or lost is no surprise to it."""
    began = loop.time()
    task = arrival.task
    served_by = task.model
    try:
        if arrival.leaves_after is None:
            served_by = await front.ask(task, is_streamed=arrival.is_streamed)
        else:
            async with asyncio.timeout(arrival.leaves_after):
                served_by = await front.ask(task, is_streamed=arrival.is_streamed)
    except (HiveError, TimeoutError):
        pass
    except Exception as error:
        if watcher is None:
            raise
        what = f"a caller met an error that nobody classified: {place_of(error)}"
        watcher.say(Invariant.EVERY_OPERATION_ENDS_ONCE, EPOCH + loop.time(), what)
    if watcher is None:
        return
    if served_by != task.model and not task.allow_fallback:
        what = f"{served_by} answered what only {task.model} may"
        watcher.say(Invariant.POLICY_IS_KEPT, EPOCH + loop.time(), what)
    patience = deadline if task.deadline is None else min(task.deadline, deadline)
    taken = loop.time() - began
    if taken > patience + TICK and not arrival.is_streamed:  # a stream may be read for longer
        what = f"an operation on {task.model} took {taken:.3f} s of {patience:g} s"
        watcher.say(Invariant.DEADLINES_HOLD, EPOCH + loop.time(), what)


@contextmanager
def _little_garbage() -> Iterator[None]:
    """Collects garbage, but seldom."""
    was_on, kept = gc.isenabled(), gc.get_threshold()
    gc.set_threshold(COLLECT_EVERY, *kept[1:])
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*kept)
        if not was_on:
            gc.disable()
