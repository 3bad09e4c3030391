"""How hard properties are tried: the same examples on every machine, and few enough for every commit."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

MODEST = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,  # a busy machine is no counter-example
    derandomize=True,  # the same claim holds today and tomorrow
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
