"""Kind `limiter`: learned concurrency limits over `core.concurrency`."""

from __future__ import annotations

from hive_console.core.concurrency import BACKOFF, MAXIMUM, AimdLimit
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, config_of, steps_of


def run(scenario: Scenario) -> None:
    """Runs one trace; a step that names a limit starts there, others go on from the one before."""
    config = config_of(scenario)
    section = config.section("limiter")
    kind = section.word("kind", default="aimd")
    if kind != "aimd":
        raise NotOffered(f"limiter {kind} not known")
    backoff = section.number("backoff", "backoff_ratio", default=BACKOFF)
    lowest = section.count("min", "min_limit", default=1)
    highest = section.count("max", "max_limit", default=MAXIMUM)
    start = section.count("initial", "initial_limit", "limit", default=20)
    timeout = section.number("timeout", default=5.0)
    section.done()
    config.done()
    limit = AimdLimit(start, lowest, highest, backoff=backoff)
    for number, step, expected in steps_of(scenario):
        step.take("at")
        lowest, highest = step.count("min", default=lowest), step.count("max", default=highest)
        limit = AimdLimit(step.count("limit", default=limit.limit), lowest, highest, backoff=backoff)
        if "sample" not in step:
            raise NotOffered("step form not known")
        _feed(limit, step.section("sample"), timeout, times=step.count("times", default=1))
        step.done()
        check(number, expected, {"limit": limit.limit})


def _feed(limit: AimdLimit, sample: Fields, timeout: float, *, times: int) -> None:
    in_flight = sample.count("inflight", "in_flight", default=0)
    is_drop = sample.flag("drop", "dropped", default=False)
    rtt = sample.number("rtt", default=0.0)
    sample.done()
    for _ in range(times):
        limit.on_result(in_flight, is_drop=is_drop or rtt > timeout)
