"""Both backends answer as the contract says, and alike whatever was recorded."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hive_console.core.events import EngineStarted, Event, event_types
from hive_console.core.store import Store, Wanted
from hive_storage.folder import DataFolder
from hive_storage.recorder import Recorder
from hive_storage.store import SqliteStore
from tests.recordings.memory_store import MemoryStore
from tests.storage.event_samples import events_of
from tests.storage.store_contract import T0, Holding, Life, StoreContract, started, stopped


async def recorded(path: Path, *lives: Life) -> None:
    """Leaves behind what engines with a clock of their own recorded into `path`."""
    for life in lives:
        clock = [life.events[0].at]
        folder = DataFolder.open(path, started=clock[0])
        try:
            async with Recorder.open(folder, now=partial(clock.__getitem__, 0), version="1.0") as recorder:
                for event in life.events:
                    clock[0] = max(clock[0], event.at)
                    recorder.record(event)
                clock[0] = life.end
        finally:
            folder.release()


def remembered(*lives: Life) -> MemoryStore:
    store = MemoryStore()
    for life in lives:
        store.begin(life.events[0].at)
        for event in life.events:
            store.record(event)
        store.end(life.end)
    return store


class TestSqlite(StoreContract):
    @pytest.fixture
    def holding(self, tmp_path: Path) -> Holding:
        @asynccontextmanager
        async def held(*lives: Life) -> AsyncGenerator[Store, None]:
            await recorded(tmp_path, *lives)
            async with SqliteStore.open(tmp_path) as store:
                yield store

        return held


class TestMemory(StoreContract):
    @pytest.fixture
    def holding(self) -> Holding:
        @asynccontextmanager
        async def held(*lives: Life) -> AsyncGenerator[Store, None]:
            yield remembered(*lives)

        return held


# --- whatever was recorded ---------------------------------------------------------------------------

MODELS = ("alpha", "beta", "chat")
_NAMING = {"model", "requested", "from_model", "to_model", "target", "subject"}
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # each example writes files: to shrink one takes minutes
_FEW = ("run-1", "run-2", "alert")
_CHANNELS = ("ops", "alpha")


def _of_few_words(event: Event, draw: Any) -> Event:  # Any: Hypothesis gives it no type
    """The same event about few models, operations and alerts, so that what was said meets again."""
    changes: dict[str, Any] = {}  # whatever the fields hold
    hints = get_type_hints(type(event))
    for field in fields(event):
        if field.name in _NAMING:
            changes[field.name] = draw(st.sampled_from(MODELS))
        elif field.name in {"served_by", "primary"} or (
            field.name in {"old", "new"} and hints[field.name] == str | None
        ):
            changes[field.name] = draw(st.sampled_from((*MODELS, "" if field.name == "primary" else None)))
        elif field.name in {"models", "tried", "routes"}:
            changes[field.name] = tuple(draw(st.lists(st.sampled_from(MODELS), unique=True)))
        elif isinstance(getattr(event, field.name), float):
            changes[field.name] = draw(st.integers(0, 10**7)) / 1_000
        elif field.name == "channel":
            changes[field.name] = draw(st.sampled_from(_CHANNELS))
        elif field.name == "alert_ids":
            changes[field.name] = tuple(draw(st.lists(st.sampled_from(_FEW), unique=True)))
        elif field.name in {"operation", "alert_id", "notice_id", "silence_id", "by_alert"}:
            changes[field.name] = draw(st.sampled_from(_FEW))
    return replace(event, **changes)


@st.composite
def lives(draw: Any) -> tuple[Life, ...]:  # Any: Hypothesis gives it no type
    kinds = [kind for kind in event_types() if kind is not EngineStarted]
    found: list[Life] = []
    now = 0
    for _ in range(draw(st.integers(1, 2))):
        events: list[Event] = [started(T0 + now, MODELS[: draw(st.integers(1, 3))])]
        for kind in draw(st.lists(st.sampled_from(kinds), max_size=25)):
            now += draw(st.integers(1, 40_000)) / 1_000
            late = draw(st.sampled_from((0, 0, 0, 5.5)))
            at = round(max(events[0].at, T0 + now - late), 6)
            events.append(replace(_of_few_words(draw(events_of(kind)), draw), at=at))
        now += draw(st.integers(1, 100))
        found.append(Life((*events, stopped(T0 + now)), T0 + now))
        now += draw(st.integers(1, 200))
    return tuple(found)


def wanted() -> st.SearchStrategy[Wanted]:
    return st.builds(
        Wanted,
        begin=st.sampled_from((float("-inf"), T0 + 30, T0 + 60.5)),
        end=st.sampled_from((float("inf"), T0 + 90, T0 + 200.25)),
        models=st.none() | st.lists(st.sampled_from((*MODELS, "nobody")), max_size=2).map(tuple),
        text=st.sampled_from(("", "", "A", "run-", "un-1", "full", "ALPHA", "\u00e9", "%", "Changed")),
        is_bad=st.booleans(),
        limit=st.sampled_from((0, 1, 3, 5_000)),
    )


@settings(
    max_examples=40,
    deadline=None,
    phases=_PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(lives(), wanted(), st.integers(-10, 400), st.sampled_from((10, 30, 60, 120, 3_600)))
def test_both_backends_answer_alike(many: tuple[Life, ...], asked: Wanted, after: int, step: int) -> None:
    async def both() -> None:
        with tempfile.TemporaryDirectory() as folder:
            await recorded(Path(folder), *many)
            async with SqliteStore.open(Path(folder)) as store:
                assert await answers(store, asked, T0 + after, step=step) == await answers(
                    remembered(*many), asked, T0 + after, step=step
                )
                assert store.skipped == 0

    asyncio.run(both())


async def answers(store: Store, asked: Wanted, at: float, *, step: int) -> dict[str, object]:
    held = await store.holdings()
    begin = T0 - T0 % step
    series = await store.series(MODELS, begin, begin + 40 * step, step=step)
    async with aclosing(store.export(replace(asked, limit=1))) as exported:
        everything = [event async for event in exported]
    return {
        "events": await store.events(asked),
        "stories": [await store.story(name, raised_at=raised) for name in _FEW for raised in (None, at)],
        "transitions": await store.transitions(asked),
        "requests": await store.requests(asked),
        "export": everything,
        "audit": [(row.number, row.act) for row in await store.audit(asked)],
        "alerts": await store.alerts(replace(asked, text="")),
        "state": await store.state_at(at),
        "later": await store.neighbour(at, is_later=True, models=asked.models),
        "earlier": await store.neighbour(at, is_later=False, models=asked.models),
        "runs": [(run.started, run.ended, run.is_clean) for run in await store.runs()],
        "held": (held.begin, held.end, set(held.models)),
        "series": {model: found.points for model, found in series.items()},
        "whole": await store.sketch(MODELS, float("-inf"), float("inf")),
        "part": await store.sketch(MODELS, at - 75, at + 130),
        "gaps": await store.gaps(float("-inf"), float("inf")),
    }
