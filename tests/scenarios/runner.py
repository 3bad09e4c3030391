"""Reads a file of traces, runs each against the project's own parts, and says honestly what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from hive_console.core.errors import SettingsError
from tests.scenarios import (
    backoff,
    breaker,
    budget,
    bulkhead,
    classify,
    hedge,
    limiter,
    pipeline,
    pool,
    ramp,
    routing,
    throttle,
)
from tests.scenarios.trace import Mismatch, NotOffered, Scenario

Adapter = Callable[[Scenario], None]


class Verdict(Enum):
    """What came of one trace."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_OFFERED = "not offered"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one trace, and why where it did not pass."""

    id: str
    verdict: Verdict
    why: str = ""


ADAPTERS: dict[str, Adapter] = {
    "backoff": backoff.run,
    "breaker": breaker.run,
    "budget": budget.run_window,
    "budget_inflight": budget.run_in_flight,
    "bulkhead": bulkhead.run,
    "classify": classify.run,
    "hedge": hedge.run,
    "limiter": limiter.run,
    "pipeline": pipeline.run,
    "pool": pool.run,
    "priority": routing.run_priority,
    "ramp": ramp.run,
    "rejection": throttle.run,
    "routing": routing.run_panic,
    "throttle": throttle.run,
}

OFFERED_DIALECTS = frozenset(
    {
        "dialect:trip-on-failure-only",
        "dialect:strict-rate",
        "dialect:illegal-transition",
        "dialect:half-open-failure-ratio",
    }
)
"""Choices of other libraries that the project offers as settings; traces of other dialects are not run."""


_READ = frozenset({"id", "title", "kind", "tags", "config", "steps"})
_FOR_PEOPLE = frozenset({"basis", "source", "note", "notes", "comment"})


def load(path: Path) -> list[Scenario]:
    """The traces of a file; raises `ValueError` when it is none."""
    decoded: Any = yaml.safe_load(path.read_text(encoding="utf-8"))  # decoded YAML
    if not isinstance(decoded, dict) or not isinstance(decoded.get("scenarios"), list):
        raise ValueError(f"{path} holds no list of scenarios")  # noqa: TRY004 - of the file, not of a caller
    return [_scenario(number, entry) for number, entry in enumerate(decoded["scenarios"], 1)]


def run(scenario: Scenario) -> Result:
    """Runs one trace."""
    try:
        _adapter_of(scenario)(scenario)
    except Mismatch as found:
        return Result(scenario.id, Verdict.FAILED, str(found))
    except NotOffered as reason:
        return Result(scenario.id, Verdict.NOT_OFFERED, str(reason))
    except SettingsError as refusal:
        return Result(scenario.id, Verdict.NOT_OFFERED, f"setting refused: {refusal}")
    except Exception as error:  # noqa: BLE001 - a crash of one trace is its failure, and the others go on
        return Result(scenario.id, Verdict.FAILED, f"crashed: {type(error).__name__}: {error}")
    return Result(scenario.id, Verdict.PASSED)


def _adapter_of(scenario: Scenario) -> Adapter:
    for tag in scenario.tags:
        if tag.startswith("dialect:") and tag not in OFFERED_DIALECTS:
            raise NotOffered(tag)
    if scenario.kind not in ADAPTERS:
        raise NotOffered(f"kind {scenario.kind} not known")
    if scenario.unknown:
        raise NotOffered(f"scenario: {', '.join(scenario.unknown)} not known")
    if not scenario.steps:
        raise NotOffered("it has no steps")
    return ADAPTERS[scenario.kind]


def report(results: Iterable[Result]) -> tuple[list[str], bool]:
    """The lines to print, the sum last; and whether none failed."""
    results = list(results)
    lines = [
        f"{result.verdict.value} {result.id}: {result.why}"
        for verdict in (Verdict.FAILED, Verdict.NOT_OFFERED)
        for result in results
        if result.verdict is verdict
    ]
    counts = {verdict: sum(result.verdict is verdict for result in results) for verdict in Verdict}
    lines.append(", ".join(f"{verdict.value} {count}" for verdict, count in counts.items()))
    return lines, counts[Verdict.FAILED] == 0


def main(arguments: list[str]) -> int:
    """Runs the file named; 0 when none failed, 1 when one did, 2 when there is nothing to run."""
    if len(arguments) != 1:
        print("usage: python -m tests.scenarios FILE")
        return 2
    try:
        scenarios = load(Path(arguments[0]))
    except (OSError, ValueError, yaml.YAMLError) as error:
        print(f"cannot read the scenarios: {error}")
        return 2
    lines, is_well = report(map(run, scenarios))
    print("\n".join(lines))
    return 0 if is_well else 1


def _scenario(number: int, entry: Any) -> Scenario:  # decoded YAML
    if not isinstance(entry, dict):
        raise ValueError(f"scenario {number} is no mapping")  # noqa: TRY004 - of the file, not of a caller
    config, steps = entry.get("config") or {}, entry.get("steps") or []
    if not isinstance(config, dict) or not isinstance(steps, list):
        raise ValueError(f"scenario {number} has no mapping config and list of steps")  # noqa: TRY004 - as above
    return Scenario(
        id=str(entry.get("id", f"number {number}")),
        title=str(entry.get("title", "")),
        kind=str(entry.get("kind", "")),
        tags=tuple(map(str, entry.get("tags") or ())),
        config=config,
        steps=tuple(steps),
        unknown=tuple(str(name) for name in entry if name not in _READ and name not in _FOR_PEOPLE),
    )
