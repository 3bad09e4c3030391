"""What the adapters of every kind share: a scenario, its fields, and the two ways in which it does not pass.

Fields are taken one by one; what nobody took is not understood, and a scenario that is not understood is
reported as not offered, never as passed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]
"""Decoded YAML: a trace has no narrower Python type than Any at its leaves."""

TOLERANCE = 1e-6
"""What times and shares may differ by: float rounding, nothing more."""


class Mismatch(Exception):
    """Something else came than the trace expects."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"step {step}: {what}")


class NotOffered(Exception):
    """The trace asks for what the project does not have, or for what the adapter does not understand."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One trace; steps are counted from 1. `unknown` are its own keys that nobody reads."""

    id: str
    title: str
    kind: str
    tags: tuple[str, ...]
    config: Data
    steps: tuple[Data, ...]
    unknown: tuple[str, ...] = ()


class Fields:
    """A mapping of the trace, taken apart key by key."""

    def __init__(self, data: Any, where: str) -> None:  # decoded YAML
        if not isinstance(data, dict):
            raise NotOffered(f"{where} is {data!r}, not a mapping")
        self._left: Data = dict(data)
        self._where = where

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def take(self, *names: str, default: Any = None) -> Any:  # decoded YAML
        """The value under whichever of these names is there."""
        found = [name for name in names if name in self._left]
        if len(found) > 1:
            raise NotOffered(f"{self._where}: {' and '.join(found)} say the same")
        return self._left.pop(found[0]) if found else default

    def word(self, *names: str, default: str | None = None) -> str | None:
        """A word under one of these names."""
        value = self.take(*names, default=default)
        if value is not None and not isinstance(value, str):
            raise NotOffered(f"{self._where}: {names[0]} is {value!r}, not a word")
        return value

    def number(self, *names: str, default: float | None = None) -> float:
        """A number under one of these names."""
        value = self.take(*names, default=default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NotOffered(f"{self._where}: {names[0]} is {value!r}, not a number")
        return value

    def count(self, *names: str, default: int | None = None) -> int:
        """A whole number of at least 0 under one of these names."""
        value = self.number(*names, default=default)
        if value != int(value) or value < 0:
            raise NotOffered(f"{self._where}: {names[0]} is {value!r}, not a count")
        return int(value)

    def flag(self, *names: str, default: bool) -> bool:
        """A truth value under one of these names."""
        value = self.take(*names, default=default)
        if not isinstance(value, bool):
            raise NotOffered(f"{self._where}: {names[0]} is {value!r}, not true or false")
        return value

    def names(self, *names: str) -> list[str]:
        """A list of names; a number n stands for h0, h1, ... of n hosts."""
        value = self.take(*names)
        if isinstance(value, int) and not isinstance(value, bool):
            return [f"h{number}" for number in range(value)]
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return value
        raise NotOffered(f"{self._where}: {names[0]} is {value!r}, not a list of names")

    def headers(self) -> dict[str, str]:
        """Headers by their lower-case names."""
        told = self.take("headers", default={})
        if not isinstance(told, dict):
            raise NotOffered(f"{self._where}: headers is {told!r}, not a mapping")
        return {str(name).lower(): str(value) for name, value in told.items()}

    def section(self, *names: str) -> Fields:
        """The mapping under one of these names; an empty one when there is none."""
        return Fields(self.take(*names, default={}), f"{self._where}.{names[0]}")

    def matching(self, pattern: str) -> list[str]:
        """The names that match, in their order; they still have to be taken."""
        return sorted(name for name in self._left if re.fullmatch(pattern, str(name)))

    def done(self) -> None:
        """Raises `NotOffered` when something was not taken."""
        if self._left:
            raise NotOffered(f"{self._where}: {', '.join(map(str, self._left))} not known")


def section_of(scenario: Scenario) -> Fields:
    """The scenario's settings where its kind has one group of them: that group, whatever it is called."""
    config = config_of(scenario)
    groups = [name for name, value in scenario.config.items() if isinstance(value, dict)]
    if not groups:
        return config
    section = config.section(groups[0])
    config.done()
    return section


def config_of(scenario: Scenario) -> Fields:
    """The scenario's settings."""
    return Fields(scenario.config, "config")


def steps_of(scenario: Scenario) -> list[tuple[int, Fields, Fields]]:
    """(number, step, what is expected) of each step in order."""
    found = []
    for number, data in enumerate(scenario.steps, 1):
        step = Fields(data, f"step {number}")
        found.append((number, step, step.section("expect")))
    return found


def check(
    number: int, expected: Fields, found: Mapping[str, object], *, tolerance: Mapping[str, float] | None = None
) -> None:
    """Compares every expectation with what came; what has no counterpart is not offered.

    Raises:
        Mismatch: something else came.
        NotOffered: an expectation is not understood.
    """
    for name, value in found.items():
        if name not in expected:
            continue
        wanted = expected.take(name)
        if not is_same(wanted, value, (tolerance or {}).get(name, TOLERANCE)):
            raise Mismatch(number, f"expected {name} {wanted!r}, came {value!r}")
    expected.done()


def is_same(wanted: Any, came: Any, tolerance: float = TOLERANCE) -> bool:  # decoded YAML
    """Whether two values are the same; numbers within a tolerance, `True` is not 1."""
    if isinstance(wanted, bool) or isinstance(came, bool) or wanted is None or came is None:
        return wanted is came
    if isinstance(wanted, int | float) and isinstance(came, int | float):
        return math.isclose(wanted, came, rel_tol=1e-9, abs_tol=tolerance)
    if isinstance(wanted, list) and isinstance(came, list | tuple):
        pairs = zip(wanted, came, strict=False)
        return len(wanted) == len(came) and all(is_same(one, other, tolerance) for one, other in pairs)
    return bool(wanted == came)


def share(value: float) -> float:
    """A share, 0..1, of what may also be told in percent; 1 and below are shares."""
    return value / 100 if value > 1 else value
