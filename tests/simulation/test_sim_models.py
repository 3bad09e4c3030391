"""Simulated models: each trouble as a caller and a probe meet it."""

from __future__ import annotations

import asyncio

import pytest

from hive_console.core.errors import ProviderError
from hive_console.core.outcome import SUCCESS, Outcome, OutcomeKind
from hive_console.core.task import Task
from hive_console.sim.rehearsal.episodes import Episode, Sky, Trouble
from hive_console.sim.rehearsal.fleet import standard_fleet
from hive_console.sim.rehearsal.models import COLD_AFTER, IS_BAD, WeatheredModels
from hive_console.sim.virtual_time import run_virtually

FLEET = standard_fleet(3, 3)
MODEL, _, COLD = FLEET.models
TASK = Task(MODEL.id, {"messages": ()})
PATIENCE = 50.0
CALLS = 60


def models(trouble: Trouble | None, strength: float = 1.0) -> WeatheredModels:
    ids = tuple(model.id for model in FLEET.models)
    episodes = () if trouble is None else (Episode(0, 1e9, ids, trouble, strength),)
    return WeatheredModels(FLEET.models, Sky(ids, episodes), seed="7", elapsed=asyncio.get_running_loop().time)


async def outcome_of(provider: WeatheredModels, *, streamed: bool = False, task: Task = TASK) -> Outcome:
    try:
        async with asyncio.timeout(PATIENCE):
            if streamed:
                async for _ in provider.stream(MODEL, task):
                    pass
            else:
                await provider.complete(MODEL, task)
    except ProviderError as error:
        return error.outcome
    except TimeoutError:
        return Outcome(OutcomeKind.TIMED_OUT)
    return SUCCESS


def kinds(trouble: Trouble | None, strength: float = 1.0, *, streamed: bool = False) -> set[OutcomeKind]:
    async def scene() -> set[OutcomeKind]:
        provider = models(trouble, strength)
        return {(await outcome_of(provider, streamed=streamed)).kind for _ in range(CALLS)}

    return run_virtually(scene())


def seconds_of(trouble: Trouble | None, strength: float = 1.0) -> float:
    async def scene() -> float:
        provider = models(trouble, strength)
        await outcome_of(provider)
        return asyncio.get_running_loop().time()

    return run_virtually(scene())


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("trouble", "met"),
    [
        (None, {OutcomeKind.SUCCESS}),
        (Trouble.REFUSING, {OutcomeKind.CONNECTION_FAILED}),
        (Trouble.UNAVAILABLE, {OutcomeKind.SERVER_ERROR}),
        (Trouble.HANGING, {OutcomeKind.TIMED_OUT}),
        (Trouble.LIMITED, {OutcomeKind.SUCCESS, OutcomeKind.RATE_LIMITED}),
        (Trouble.SLOW, {OutcomeKind.SUCCESS}),
    ],
)
def test_a_trouble_is_what_a_call_meets(trouble: Trouble | None, met: set[OutcomeKind], streamed: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    assert kinds(trouble, streamed=streamed) == met


def test_a_partial_incident_fails_some_calls_and_cuts_some_streams() -> None:
    failures = {OutcomeKind.SUCCESS, OutcomeKind.SERVER_ERROR, OutcomeKind.OVERLOADED}

    assert kinds(Trouble.PARTIAL, 0.5) == failures
    assert kinds(Trouble.PARTIAL, 0.5, streamed=True) == failures | {OutcomeKind.STREAM_CUT}


def test_slowness_is_a_factor() -> None:
    assert seconds_of(Trouble.SLOW, 5.0) == pytest.approx(5 * seconds_of(None))


@pytest.mark.parametrize(("strength", "told"), [(10.0, 10.0), (0.0, None)])
def test_a_limit_may_name_a_time(strength: float, told: float | None) -> None:
    async def scene() -> set[float | None]:
        provider = models(Trouble.LIMITED, strength)
        outcomes = [await outcome_of(provider) for _ in range(CALLS)]
        return {one.retry_after for one in outcomes if not one.is_success}

    assert run_virtually(scene()) == {told}


def test_a_bad_request_is_its_callers_fault() -> None:
    async def scene() -> Outcome:
        return await outcome_of(models(None), task=Task(MODEL.id, {IS_BAD: True}))

    assert run_virtually(scene()).kind is OutcomeKind.BAD_REQUEST


@pytest.mark.parametrize(
    ("trouble", "met"),
    [
        (None, {OutcomeKind.SUCCESS}),
        (Trouble.REFUSING, {OutcomeKind.CONNECTION_FAILED}),
        (Trouble.UNAVAILABLE, {OutcomeKind.SERVER_ERROR}),
        (Trouble.HANGING, {OutcomeKind.TIMED_OUT}),
        (Trouble.PARTIAL, {OutcomeKind.SUCCESS, OutcomeKind.SERVER_ERROR}),
        (Trouble.SLOW, {OutcomeKind.SUCCESS}),
        (Trouble.LIMITED, {OutcomeKind.SUCCESS}),
    ],
)
def test_a_probe_sees_outages_and_is_blind_to_slowness(trouble: Trouble | None, met: set[OutcomeKind]) -> None:
    async def probed(provider: WeatheredModels) -> OutcomeKind:
        try:
            async with asyncio.timeout(PATIENCE):
                return (await provider.probe(MODEL)).kind
        except TimeoutError:
            return OutcomeKind.TIMED_OUT

    async def scene() -> set[OutcomeKind]:
        provider = models(trouble, 0.9)
        return {await probed(provider) for _ in range(CALLS)}

    assert run_virtually(scene()) == met


def test_a_cold_model_takes_longer_once() -> None:
    async def scene() -> list[float]:
        loop = asyncio.get_running_loop()
        provider = models(None)
        taken = []
        for pause in (COLD_AFTER + 1, 1.0):
            await asyncio.sleep(pause)
            began = loop.time()
            await provider.complete(COLD, TASK)
            taken.append(loop.time() - began)
        return taken

    cold, warm = run_virtually(scene())

    assert cold > 3 > warm


def test_calls_at_once_are_counted() -> None:
    async def scene() -> tuple[int, int]:
        provider = models(None)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(provider.complete(MODEL, TASK))
        return provider.most_in_flight[MODEL.id], provider.in_flight[MODEL.id]

    assert run_virtually(scene()) == (3, 0)


def test_nobody_needs_a_key() -> None:
    async def scene() -> str:
        return models(None).fault_of(MODEL)

    assert run_virtually(scene()) == ""
