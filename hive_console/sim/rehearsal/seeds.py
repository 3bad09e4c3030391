"""Many rehearsals, side by side in processes of their own; results come back in the order they were asked for."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from hive_console.sim.rehearsal.rehearse import Outcome, Rehearsal, rehearse

CHUNKS = 4
"""Portions a process gets its rehearsals in: few enough to be cheap, enough that no process is idle at the end."""


def cores() -> int:
    """Processes that can really run at once here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rehearse_all(rehearsals: Sequence[Rehearsal], jobs: int) -> Iterator[Outcome]:
    """Runs them on `jobs` processes (1: in this one); spawned, so that nothing of this one leaks into them."""
    if jobs == 1 or len(rehearsals) == 1:
        yield from map(rehearse, rehearsals)
        return
    workers = min(jobs, len(rehearsals))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        portion = max(1, len(rehearsals) // (workers * CHUNKS))
        yield from pool.map(rehearse, rehearsals, chunksize=portion)
