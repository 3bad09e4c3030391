"""Kind `ramp`: the slow start of weights over `core.ramp`.

No trace of this kind was at hand when this was written: the forms are those of the other kinds, with Envoy's
words. What is written differently is reported as not offered.
"""

from __future__ import annotations

from hive_console.core.ramp import SLOW_START_FLOOR, slow_start
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, section_of, share, steps_of

_MOMENTS = ("at", "t", "age", "after", "elapsed", "since", "since_recovery")

_WEIGHTS = ("weight", "effective_weight")
_SHARES = ("factor", "share", "scale")
_PERCENTS = ("percent", "weight_percent")

_READ_OFF_PAPER = 0.005
"""Weights in traces are rounded to two or three digits."""


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    section = section_of(scenario)
    kind = section.word("kind", "mode", default="slow_start")
    if kind not in {"slow_start", "envoy"}:
        raise NotOffered(f"ramp {kind} not known")
    window = section.number("window", "window_seconds", "seconds", "slow_start_window", "duration")
    aggression = section.number("aggression", default=1.0)
    floor = share(_floor(section))
    weight = section.number("weight", "base_weight", default=1.0)
    section.done()
    began_at = 0.0
    for number, step, expected in steps_of(scenario):
        if not any(name in step for name in _MOMENTS):
            raise NotOffered("step form not known")
        now = step.number(*_MOMENTS)
        if _began_again(step):
            began_at = now
        own = step.number("weight", default=weight)
        part = slow_start(
            now - began_at, window, aggression=step.number("aggression", default=aggression), floor=floor
        )
        step.take("tick")
        step.done()
        found: dict[str, object] = {
            **dict.fromkeys(_WEIGHTS, own * part),
            **dict.fromkeys(_SHARES, part),
            **dict.fromkeys(_PERCENTS, part * 100),
        }
        leeway = {
            **dict.fromkeys(_WEIGHTS, own * _READ_OFF_PAPER),
            **dict.fromkeys(_SHARES, _READ_OFF_PAPER),
            **dict.fromkeys(_PERCENTS, 100 * _READ_OFF_PAPER),
        }
        check(number, expected, found, tolerance=leeway)


def _floor(section: Fields) -> float:
    if "min_weight_percent" in section or "min_percent" in section:
        return section.number("min_weight_percent", "min_percent") / 100
    return section.number("min_weight", "min", "floor", default=SLOW_START_FLOOR)


def _began_again(step: Fields) -> bool:
    """Whether the host came back at this step."""
    told = step.take("recovered", "recover", "start", "join", "op")
    if told is None or isinstance(told, bool):
        return bool(told)
    if isinstance(told, str) and told in {"recovered", "recover", "start", "join", "added", "add"}:
        return True
    raise NotOffered(f"step form {told!r} not known")
