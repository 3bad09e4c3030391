"""What one place in a recording's time is made of: the questions that a store is asked for it, in their order."""

from __future__ import annotations

from hive_console.core.events import Event, OperatorActed, ProbeFinished
from hive_console.core.metrics import metrics_of
from hive_console.core.playback import Reading, chart_window, recent_window
from hive_console.core.snapshot import SERIES_BUCKET
from hive_console.core.store import Store, Wanted

LOG_HORIZON = 1_800.0
"""Seconds before the cursor whose failed requests and checks are in the log, as they were in a live one."""

MOVED_SHOWN, ACTS_SHOWN, REQUESTS_SHOWN, PROBES_SHOWN = 300, 50, 200, 1_000
"""Events read for the log at most; a pane shows fewer than 200 lines."""

_JUST_AFTER = 1e-6  # windows end before their end; what happened at the very instant belongs to it


async def reading_at(store: Store, at: float) -> Reading:
    """The fleet as it was, with its charts, its last minutes, and its sums since its engine started."""
    fleet = await store.state_at(at)
    names = tuple(model.model for model in fleet.models)
    begin, end = chart_window(at)
    charts = await store.series(names, begin, end, step=SERIES_BUCKET, with_latency=False)
    recent = await store.sketch(names, *recent_window(at))
    since = end if fleet.started_at is None else fleet.started_at
    totals = await store.sketch(names, since, end) if since < end else {}
    return Reading(fleet=fleet, charts=charts, recent=recent, totals=totals, metrics=metrics_of(totals))


async def log_at(store: Store, at: float) -> tuple[Event, ...]:
    """What a log of that time held, oldest first; what belongs to one instant stays in the order of its kind."""
    end = at + _JUST_AFTER
    recently = at - LOG_HORIZON
    found = [
        *await store.transitions(Wanted(end=end, limit=MOVED_SHOWN)),
        *await store.events(Wanted(end=end, limit=ACTS_SHOWN), kinds=(OperatorActed,)),
        *await store.requests(Wanted(begin=recently, end=end, is_bad=True, limit=REQUESTS_SHOWN)),
        *await store.events(Wanted(begin=recently, end=end, limit=PROBES_SHOWN), kinds=(ProbeFinished,)),
    ]
    return tuple(sorted(found, key=lambda event: event.at))
