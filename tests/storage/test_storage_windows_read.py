"""Windows that SQLite adds up: what they were, told by the newest of them whatever else stands in the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from hive_console.core.rollup import Rolled, Sums, Tier
from hive_console.core.states import BreakerState, ModelStatus
from hive_storage.batch import Batch
from hive_storage.folder import DataFolder
from hive_storage.store import SqliteStore
from hive_storage.writer import BatchWriter
from tests.storage.support import T0

_HOUR = int(T0) // Tier.HOUR * Tier.HOUR


@pytest.mark.parametrize("extremes", [((5, 9), (1, 7), (3, 3)), ((1, 3), (2, 9), (5, 7)), ((7, 7), (3, 5), (1, 9))])
async def test_steps_of_many_windows_end_as_the_newest_did(
    tmp_path: Path, extremes: tuple[tuple[int, int], ...]
) -> None:
    statuses = (ModelStatus.AVAILABLE, ModelStatus.UNAVAILABLE, ModelStatus.DEGRADED)
    states = (BreakerState.CLOSED, BreakerState.OPEN, None)
    windows = [
        Rolled(
            tier=Tier.MINUTE,
            begin=_HOUR + place * 60,
            model="alpha",
            sums=Sums(calls=1, latency_min_us=low, latency_max_us=high, status=status, breaker=state),
        )
        for place, ((low, high), status, state) in enumerate(zip(extremes, statuses, states, strict=True))
    ]
    folder = DataFolder.open(tmp_path, started=T0)
    async with BatchWriter.open(folder, now=lambda: T0, version="") as writer:
        await writer.write(Batch(rolled=windows))
    folder.release()

    async with SqliteStore.open(tmp_path) as store:
        series = await store.series(("alpha",), _HOUR, _HOUR + 300, step=300, with_latency=False)
        sketch = await store.sketch(("alpha",), _HOUR, _HOUR + 180)

    for sums in (series["alpha"].points[0], sketch["alpha"]):
        assert sums is not None
        assert (sums.calls, sums.latency_min_us, sums.latency_max_us) == (3, 1, 9)
        assert (sums.status, sums.breaker) == (ModelStatus.DEGRADED, None)
