"""`python -m tests.bench` runs every benchmark in turn."""

from __future__ import annotations

from tests.bench import (
    alert_conditions,
    alert_cost,
    alert_delivery,
    alert_latency,
    alert_storm,
    attach,
    audit,
    console,
    first_paint,
    gateway,
    guards,
    metrics,
    outage,
    recorder,
    simulation,
    storage_kill,
    storage_month,
    storage_sustained,
)
from tests.bench import exit as process_end

for bench in (
    guards,
    simulation,
    first_paint,
    console,
    gateway,
    metrics,
    alert_conditions,
    alert_cost,
    alert_delivery,
    alert_latency,
    alert_storm,
    outage,
    process_end,
    recorder,
    storage_sustained,
    storage_month,
    storage_kill,
    audit,
    attach,
    alert_cost,
    alert_latency,
    alert_delivery,
):
    print(f"\n== {bench.__name__}", flush=True)
    bench.main()
