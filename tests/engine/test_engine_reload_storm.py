"""Random reloads among random failures, under many seeds: every operation ends, and nothing is left behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hive_console.core.errors import HiveError
from hive_console.core.events import OperationFinished, ServiceFailed
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import BreakerMode, ModelSettings, ProbeKind, RouteSettings, Strategy
from hive_console.core.states import Action, AlertState
from hive_console.core.task import Task
from hive_console.sim.virtual_time import run_virtually
from tests.engine.scripted import BROKEN, DOWN, Line, Stage, model, staged

NAMES = ("a", "b", "c", "d")
STEPS = 150

UNKNOWN_KEY = Outcome(OutcomeKind.KEY_REFUSED, status=401)


def fleet_of(rng: random.Random) -> tuple[ModelSettings, ...]:
    """Some of the models, in any order, each set anew or as it was likely to be before."""
    names = rng.sample(NAMES, rng.randint(1, len(NAMES)))
    return tuple(one(rng, name, names) for name in names)


def one(rng: random.Random, name: str, names: Sequence[str]) -> ModelSettings:
    others = [other for other in names if other != name]
    more: dict[str, Any] = {"retries": 1, "threshold": rng.choice([2, 5]), "places": rng.choice([1, 3])}
    if rng.random() < 0.2:
        more["endpoint"] = f"http://127.0.0.1:{rng.randint(1, 3)}/v1"
    if rng.random() < 0.2:
        more["breaker_mode"] = rng.choice(list(BreakerMode))
    more["key"] = rng.choice([None, "env:ONE", "env:TWO"])
    if rng.random() < 0.2:
        more["requests_per_minute"] = rng.randint(1, 30)
    if rng.random() < 0.2:
        more["adaptive_concurrency"] = True
    strategy = rng.choice(list(Strategy))
    probe = rng.choice([ProbeKind.NONE, ProbeKind.MODELS])
    return model(name, *rng.sample(others, rng.randint(0, len(others))), strategy=strategy, probe=probe, **more)


def routes_over(rng: random.Random, models: tuple[ModelSettings, ...]) -> tuple[RouteSettings, ...]:
    """Some virtual models over these."""
    names = [one.id for one in models]
    return tuple(
        RouteSettings(name, names[0], tuple(names[1:]), rng.choice(list(Strategy)))
        for name in ("r", "s")
        if rng.random() < 0.5
    )


async def asks(stage: Stage, name: str, *, streamed: bool) -> None:
    try:
        if streamed:
            _ = [piece async for piece in await stage.engine.open_stream(Task(name, {}))]
        else:
            await stage.ask(name)
    except HiveError:
        pass


async def steps(stage: Stage, rng: random.Random, asked: list[asyncio.Task[None]]) -> None:
    for _ in range(STEPS):
        match rng.randrange(8):
            case 0:
                settings = stage.engine.settings
                resilience = replace(settings.resilience, outlier_ejection=rng.random() < 0.5)
                models = fleet_of(rng)
                routes = routes_over(rng, models)
                stage.engine.reconfigure(replace(settings, models=models, routes=routes, resilience=resilience))
            case 1:
                outcome = rng.choice([DOWN, BROKEN, UNKNOWN_KEY])
                line = rng.choice(
                    [Line(), Line(seconds=3.0), Line(outcome=outcome), Line(outcome=outcome, cut_after=1)]
                )
                stage.provider.lines[rng.choice(NAMES)] = line
            case 2:
                action = rng.choice([Action.TRIP, Action.RESET, Action.DEACTIVATE, Action.ACTIVATE, Action.FREEZE])
                await stage.say(action, rng.choice(NAMES))
            case 3:
                await stage.say(Action.FAIL_OVER, rng.choice(NAMES), rng.choice(NAMES))
            case 4 if asked:
                rng.choice(asked).cancel()
            case _:
                asked.append(
                    asyncio.create_task(asks(stage, rng.choice([*NAMES, "r", "s"]), streamed=rng.random() < 0.5))
                )
        await asyncio.sleep(rng.choice([0.0, 0.01, 0.5, 4.0]))


@pytest.mark.parametrize("seed", [*range(8), 115, 196, 310, 322, 376])
def test_every_operation_ends_and_nothing_is_left_behind(seed: int) -> None:
    async def scenario() -> None:
        rng = random.Random(f"{seed}/reload")
        async with staged(*fleet_of(rng), deadline=20.0, queued=5) as stage:
            asked: list[asyncio.Task[None]] = []
            await steps(stage, rng, asked)
            ended = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(end) for end in ended} <= {type(None), asyncio.CancelledError}
            kept = stage.engine.settings.models[0]
            last = replace(stage.engine.settings, models=(replace(kept, fallbacks=()),), routes=())
            stage.engine.reconfigure(last)
            await asyncio.sleep(60)
            stage.engine.reconfigure(replace(stage.engine.settings, environment="end"))

            fleet = stage.engine._publisher.publish()
            assert [view.model_id for view in fleet.models] == [kept.id]
            assert fleet.models[0].in_flight == stage.engine._fleet.members[kept.id].in_flight == 0
            assert set(stage.provider.in_flight.values()) <= {0}
            assert {alert.subject for alert in fleet.alerts if alert.state is AlertState.FIRING} <= {
                kept.id,
                "fleet",
            }
            assert stage.engine._fleet.members.leaving == {}
            assert stage.engine._door.places.is_idle
            assert stage.happened(ServiceFailed) == []
            finished = [event.operation for event in stage.happened(OperationFinished)]
            assert len(finished) == len(set(finished)) > 0

    run_virtually(scenario())
