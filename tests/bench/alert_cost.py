"""What alerts cost a request that goes well: `python -m tests.bench.alert_cost`.

The same operations through the same engine, whose models answer at once, with the alert book and the planner on the
bus and without them; CPU time a request, the middle of some rounds in turn.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time

from hive_console.core.alert_settings import AlertRoute, AlertSettings, ChannelKind, ChannelSettings, Step
from hive_console.core.settings import Settings
from hive_console.core.task import Task
from hive_console.engine.clock import SystemClock
from hive_console.engine.supervisor import ResilienceEngine
from tests.engine.outside import Line, Outside
from tests.engine.scripted import Line as Answer
from tests.engine.scripted import ScriptedProvider, model

ROUNDS = 7
OPERATIONS = 4_000
WARM_UP = 1_000


def _engine() -> ResilienceEngine:
    slack = ChannelSettings("slack", ChannelKind.WEBHOOK, "http://127.0.0.1:1/")
    settings = Settings(
        models=(model("alpha", "beta"), model("beta")),
        alerts=AlertSettings(channels=(slack,), routes=(AlertRoute(steps=(Step(0.0, ("slack",)),)),)),
    )
    outside = Outside()
    provider = ScriptedProvider({name: Answer(seconds=0.0) for name in ("alpha", "beta")})
    return ResilienceEngine(
        settings, provider=provider, clock=SystemClock(), notifiers=lambda channel: Line(outside, channel)
    )


async def _round(*, with_alerts: bool) -> float:
    """Microseconds of CPU a request."""
    engine = _engine()
    if not with_alerts:
        bus, alerts = engine._bus, engine._alerts
        without = (alerts.book, alerts.planner)
        bus._readers = [entry for entry in bus._readers if getattr(entry[0], "__self__", None) not in without]
    async with engine:
        for _ in range(WARM_UP):
            await engine.execute(Task("alpha", {"messages": []}))
        gc.collect()
        began = time.process_time()
        for _ in range(OPERATIONS):
            await engine.execute(Task("alpha", {"messages": []}))
        return (time.process_time() - began) / OPERATIONS * 1e6


def main() -> None:
    spent: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for with_alerts in (False, True):
            spent[with_alerts].append(asyncio.run(_round(with_alerts=with_alerts)))
    off, on = statistics.median(spent[False]), statistics.median(spent[True])
    print(f"{'without alerts':24} {off:7.1f} µs a request")
    print(f"{'with alerts':24} {on:7.1f} µs a request  ({on - off:+.1f} µs, {on / off - 1:+.1%})")


if __name__ == "__main__":
    main()
