"""Kinds `routing` (panic threshold) and `priority` (graded load of levels) over `core.panic`."""

from __future__ import annotations

from typing import Any

from hive_console.core.panic import OVERPROVISIONING, PANIC_THRESHOLD, eligible, graded_load
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, config_of, steps_of

_WITHIN_A_PERCENT = 1.0
"""Envoy cuts loads to whole percents; ours are exact."""

_LEVEL = "[pP][0-9](_healthy|_health|_load)?"
"""How a level may be named by itself: p0, P1, p0_healthy."""

_LOADS = ("load", "loads", "split", "traffic", "priority_load", "share", "shares")


def run_panic(scenario: Scenario) -> None:
    """Runs one trace about the panic threshold."""
    config = config_of(scenario)
    hosts = config.names("hosts")
    threshold = config.number("panic_threshold", "healthy_panic_threshold", default=PANIC_THRESHOLD * 100) / 100
    config.done()
    for number, step, expected in steps_of(scenario):
        step.take("at")
        available = step.names("available", "healthy")
        step.done()
        found = eligible(hosts, available, threshold)
        error = None if found.hosts else "no_healthy"
        check(number, expected, {"eligible": list(found.hosts), "panic": found.is_panic, "error": error})


def run_priority(scenario: Scenario) -> None:
    """Runs one trace about the load of priority levels."""
    config = config_of(scenario)
    factor = config.number("overprovisioning", "overprovisioning_factor", default=OVERPROVISIONING)
    factor = factor / 100 if factor > 10 else factor  # Envoy writes 140
    levels = config.take("levels", "priorities", "hosts", "hosts_per_level")
    config.done()
    for number, step, expected in steps_of(scenario):
        step.take("at")
        told = step.take("healthy", "healthy_percent", "health", "healthy_share", "available", "levels")
        if names := step.matching(_LEVEL):
            told = [step.number(name) for name in names] if told is None else "both"
        step.done()
        loads = [load * 100 for load in graded_load(_shares(told, levels), factor)]
        _check_loads(number, expected, loads)


def _shares(told: Any, levels: Any) -> list[float]:  # decoded YAML
    """The healthy share of each level, from percents, shares, or counts of hosts."""
    if _is_number(told):
        told = [told]
        levels = 2 if levels is None else levels
    if isinstance(told, dict):
        told = [told[name] for name in sorted(told, key=str)]
    if not isinstance(told, list) or not told or not all(map(_is_number, told)):
        raise NotOffered("step form not known")
    if isinstance(levels, list) and len(levels) == len(told):
        sizes = [_size(level) for level in levels]
        if all(size is not None for size in sizes):
            return [healthy / size if size else 0.0 for healthy, size in zip(told, sizes, strict=True)]
    shares = [value / 100 for value in told] if max(told) > 1 else [float(value) for value in told]
    wanted = len(levels) if isinstance(levels, list) else levels
    # Levels that the step leaves out are whole: "72 %" alone speaks of the first.
    missing = wanted - len(shares) if isinstance(wanted, int) else 0
    return [*shares, *([1.0] * missing)]


def _size(level: Any) -> int | None:  # decoded YAML
    """How many hosts a level has, where the trace says so."""
    if isinstance(level, dict):
        level = level.get("hosts", level.get("size"))
    if isinstance(level, list):
        return len(level)
    return level if isinstance(level, int) and not isinstance(level, bool) else None


def _is_number(value: Any) -> bool:  # decoded YAML
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_loads(number: int, expected: Fields, loads: list[float]) -> None:
    """Expected loads are percents, or shares where none is above 1; a mapping is read in the order of its names."""
    found: dict[str, object] = {}
    for name in _LOADS:
        if name not in expected:
            continue
        wanted = expected.take(name)
        if isinstance(wanted, dict):
            wanted = [wanted[key] for key in sorted(wanted, key=str)]
        if not isinstance(wanted, list) or not all(map(_is_number, wanted)):
            raise NotOffered(f"expectation {name} {wanted!r} not known")
        is_share = max(wanted, default=0) <= 1
        found[name] = loads
        check(
            number,
            Fields({name: [value * 100 for value in wanted] if is_share else wanted}, "expect"),
            found,
            tolerance={name: _WITHIN_A_PERCENT},
        )
    for level, name in enumerate(expected.matching(_LEVEL)):
        wanted = Fields({name: expected.number(name)}, "expect")
        load = loads[level] if level < len(loads) else None
        check(number, wanted, {name: load}, tolerance={name: _WITHIN_A_PERCENT})
    expected.done()
