"""`python -m tests.bench` runs every benchmark in turn."""

from __future__ import annotations

from tests.bench import first_paint, gateway, guards, metrics, outage, recorder, simulation

for bench in (guards, simulation, first_paint, gateway, metrics, outage, recorder):
    print(f"\n== {bench.__name__}", flush=True)
    bench.main()
