"""Every trace of the file passes, or is not offered for a reason that we stand by; and the runner is honest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.runner import OFFERED_DIALECTS, Result, Verdict, load, main, report, run
from tests.scenarios.trace import Scenario

FILE = Path(__file__).parent / "breaker.yaml"
SCENARIOS = load(FILE)


def is_declined(scenario: Scenario, why: str) -> bool:
    """Whether it is right not to offer it: another library's dialect, a window that tumbles."""
    is_dialect = any(tag.startswith("dialect:") and tag not in OFFERED_DIALECTS for tag in scenario.tags)
    return is_dialect or "tumbling window" in why


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_the_trace_holds(scenario: Scenario) -> None:
    result = run(scenario)

    assert result.verdict is not Verdict.FAILED, result.why
    if result.verdict is Verdict.NOT_OFFERED:
        assert is_declined(scenario, result.why), result.why


# One trace of each kind that the file does not have, in the form we expect; and one wrong in each.
BUDGET: dict[str, Any] = {
    "kind": "budget",
    "config": {"budget": {"ttl": 10, "min_per_sec": 0, "percent": 0.2}},
    "steps": [{"at": 0, "deposit": 100}, {"at": 1, "withdraw": 30, "expect": {"granted": 20}}],
}
GRPC: dict[str, Any] = {
    "kind": "throttle",
    "config": {"throttle": {"kind": "grpc", "max_tokens": 10, "token_ratio": 0.1}},
    "steps": [
        {"at": 0, "call": "fail", "times": 4, "expect": {"allowed": True, "tokens": 6}},
        {"at": 0, "call": "fail", "expect": {"allowed": False, "tokens": 5}},
        {"at": 1, "call": "ignored", "expect": {"tokens": 5}},
        {"at": 1, "outcomes": ["ignored", "ok"], "expect": {"allowed": True, "tokens": 5.1}},
    ],
}
SRE: dict[str, Any] = {
    "kind": "throttle",
    "config": {"throttle": {"k": 2}},
    "steps": [
        {"requests": 100, "accepts": 50, "expect": {"p": 0}},
        {"requests": 100, "accepts": 10, "expect": {"p": 0.792}},
    ],
}
ADAPTIVE: dict[str, Any] = {
    "kind": "rejection",
    "config": {"success_rate": 0.9, "max": 0.9},
    "steps": [{"executions": 99, "successes": 45, "expect": {"rejection_probability": 0.49}}],
}
PRIORITY: dict[str, Any] = {
    "kind": "priority",
    "config": {"levels": 2, "overprovisioning": 1.4},
    "steps": [
        {"healthy": [72, 100], "expect": {"load": [100, 0]}},
        {"healthy": [0.5, 1], "expect": {"load": [0.7, 0.3]}},
        {"healthy": {"p0": 25, "p1": 100}, "expect": {"load": {"p0": 35, "p1": 65}}},
        {"healthy": 25, "expect": {"load": [35, 65]}},
        {"p0_healthy": 50, "p1_healthy": 100, "expect": {"p0": 70, "p1": 30}},
    ],
}
SLOW_START: dict[str, Any] = {
    "kind": "ramp",
    "config": {"slow_start": {"window": 60, "aggression": 1, "min_weight_percent": 10}},
    "steps": [
        {"at": 0, "expect": {"weight": 0.1}},
        {"at": 30, "expect": {"factor": 0.5, "percent": 50}},
        {"at": 60, "expect": {"weight": 1}},
    ],
}
BULKHEAD: dict[str, Any] = {
    "kind": "bulkhead",
    "config": {"bulkhead": {"limit": 1, "queue": 1, "max_wait": 5}},
    "steps": [
        {"at": 0, "start": "a", "expect": {"allowed": True, "queued": 0, "running": 1}},
        {"at": 0, "start": "b", "expect": {"queued": 1}},
        {"at": 0, "start": "c", "expect": {"allowed": False, "rejected": 1}},
        {"at": 1, "end": "a", "expect": {"queued": 0, "running": 1}},
        {"at": 2, "end": "b", "outcome": "cancel", "expect": {"available": 1}},
    ],
}
PIPELINE: dict[str, Any] = {
    "kind": "pipeline",
    "config": {
        "retry": {"max_attempts": 7, "delay": 0},
        "breaker": {"trip": {"mode": "consecutive", "failures": 3}, "open": {"seconds": 60}},
    },
    "steps": [
        {"at": 0, "pipeline_call": ["fail", "ok"], "expect": {"attempts": 2, "executed": 2, "error": None}},
        {
            "at": 1,
            "pipeline_call": "always_fail",
            "expect": {"attempts": 4, "executed": 3, "error": "open", "state": "open"},
        },
        {"at": 61, "pipeline_call": "ok", "expect": {"attempts": 1, "state": "closed"}},
    ],
}
CLASSIFY: dict[str, Any] = {
    "kind": "classify",
    "config": {"classify": "http"},
    "steps": [
        {"status": 529, "expect": {"retry": True, "counts": True, "fallback": True}},
        {"status": 200, "expect": {"verdict": "success"}},
        {"status": 429, "headers": {"Retry-After": 7}, "expect": {"retry_after": 7, "breaker": False}},
        {"error": "connect", "expect": {"retry": True}},
        {"error": "cancel", "expect": {"retry": False}},
    ],
}
HEDGE: dict[str, Any] = {
    "kind": "hedge",
    "config": {"hedge": {"max_attempts": 2, "delay": 1}},
    "steps": [
        {
            "responses": [{"at": 0.5, "outcome": "nonfatal", "pushback": 2}, {"at": 4, "outcome": "nonfatal"}],
            "expect": {"sent_at": [0, 2.5], "error": "nonfatal", "winner": None},
        }
    ],
}
LIMITER: dict[str, Any] = {
    "kind": "limiter",
    "config": {"limiter": {"kind": "aimd", "timeout": 1, "initial": 10}},
    "steps": [
        {"sample": {"inflight": 1, "rtt": 2}, "expect": {"limit": 9}},
        {"sample": {"inflight": 9}, "times": 3, "expect": {"limit": 12}},
    ],
}
BACKOFF: dict[str, Any] = {
    "kind": "backoff",
    "config": {"backoff": {"base": 1, "cap": 4, "jitter": "none"}, "max_attempts": 5},
    "steps": [
        {"chain": 6, "expect": {"delays": [1, 2, 4, 4]}},
        {"retry_number": 1, "headers": {"Retry-After": "9"}, "expect": {"delay": 9}},
        {"retry_number": 2, "expect": {"delay": 1}},
        {"retry_number": 5, "expect": {"stop": True}},
    ],
}
POOL: dict[str, Any] = {
    "kind": "pool",
    "config": {"hosts": 2, "consecutive_failures": 2, "max_ejection_percent": 50},
    "steps": [
        {"at": 0, "host": "h0", "call": "ignored", "times": 9, "expect": {"detected": 0}},
        {"at": 0, "host": "h0", "call": "timeout", "times": 2, "expect": {"ejected": ["h0"], "ejections": 1}},
        {"at": 1, "host": "h0", "health": "fail", "expect": {"ejected": ["h0"]}},
        {"at": 30, "tick": True, "expect": {"ejected": ["h0"]}},
    ],
}
OWN = [
    BUDGET,
    GRPC,
    SRE,
    ADAPTIVE,
    PRIORITY,
    SLOW_START,
    BULKHEAD,
    PIPELINE,
    CLASSIFY,
    HEDGE,
    LIMITER,
    BACKOFF,
    POOL,
]


def scene(data: dict[str, Any], **changes: Any) -> Scenario:  # any field of a trace
    told = {"kind": "budget", "config": {}, "steps": [], **data, **changes}
    return Scenario("X-1", "", told["kind"], tuple(told.get("tags", ())), told["config"], tuple(told["steps"]))


def wrong(value: Any) -> Any:  # decoded YAML
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 40
        case list():
            return [*value, "more"] if all(isinstance(entry, str) for entry in value) else [*value, 40]
        case dict():
            return {name: wrong(entry) for name, entry in value.items()}
        case _:
            return "something else"


def spoilt(scenario: Scenario) -> list[Scenario]:
    """The scenario with one expectation wrong in each copy."""
    found = []
    for number, step in enumerate(scenario.steps):
        for name, value in step.get("expect", {}).items():
            if name in {"rule", "min", "max", "state_any"}:  # a wider bound is no contradiction
                continue
            changed = {**step, "expect": {**step["expect"], name: wrong(value)}}
            steps = (*scenario.steps[:number], changed, *scenario.steps[number + 1 :])
            found.append(Scenario(scenario.id, "", scenario.kind, scenario.tags, scenario.config, steps))
    return found


@pytest.mark.parametrize("data", OWN, ids=lambda data: data["kind"])
def test_forms_that_the_file_does_not_show_are_understood(data: dict[str, Any]) -> None:
    result = run(scene(data))

    assert result == Result("X-1", Verdict.PASSED)


@pytest.mark.parametrize(
    "scenario",
    [*SCENARIOS, *map(scene, OWN)],
    ids=lambda scenario: f"{scenario.id}-{scenario.kind}",
)
def test_every_wrong_expectation_fails(scenario: Scenario) -> None:
    if run(scenario).verdict is not Verdict.PASSED:
        return

    for spoiled in spoilt(scenario):
        assert run(spoiled).verdict is Verdict.FAILED, spoiled


def test_a_bound_that_is_too_narrow_fails() -> None:
    config = {"backoff": {"base": 1, "cap": 8, "jitter": "equal"}}
    step = {"retry_number": 2, "samples": 50, "expect": {"min": 1.2, "max": 2}}

    assert run(scene({}, kind="backoff", config=config, steps=[step])).verdict is Verdict.FAILED


def test_a_rule_that_does_not_hold_fails() -> None:
    config = {"backoff": {"base": 1, "cap": 8, "jitter": "full"}}
    step = {"chain": 3, "samples": 50, "expect": {"rule": "base<=d<=min(cap,max(base,3*prev))"}}

    assert run(scene({}, kind="backoff", config=config, steps=[step])).verdict is Verdict.FAILED


@pytest.mark.parametrize("data", OWN, ids=lambda data: data["kind"])
@pytest.mark.parametrize("where", ["config", "step", "expect"])
def test_a_key_that_nobody_knows_is_not_offered(data: dict[str, Any], where: str) -> None:
    first, *others = data["steps"]
    match where:
        case "config":
            scenario = scene(data, config={**data["config"], "moon": 1})
        case "step":
            scenario = scene(data, steps=[{**first, "moon": 1}, *others])
        case _:
            scenario = scene(data, steps=[{**first, "expect": {"moon": 1}}, *others])

    result = run(scenario)

    assert result.verdict is Verdict.NOT_OFFERED
    assert "moon" in result.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "moon"}, "kind moon not known"),
        ({"steps": []}, "it has no steps"),
        ({"tags": ["core", "dialect:moon"]}, "dialect:moon"),
        ({"steps": ["moon"]}, "not a mapping"),
        ({"steps": [{"at": 0}]}, "step form not known"),
        ({"steps": [{"at": "noon", "deposit": 1}]}, "not a number"),
        ({"steps": [{"at": 0, "deposit": 1.5}]}, "not a count"),
        ({"config": {"budget": {"ttl": 0}}}, "setting refused"),
        ({"config": {"budget": {"ttl": 10, "seconds": 10}}}, "say the same"),
    ],
)
def test_what_is_not_understood_is_told_with_its_reason(changes: dict[str, Any], why: str) -> None:
    result = run(scene(BUDGET, **changes))

    assert result.verdict is Verdict.NOT_OFFERED
    assert why in result.why


def test_a_crash_of_an_adapter_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: Scenario) -> None:
        raise RuntimeError("boom")

    monkeypatch.setitem(sys.modules["tests.scenarios.runner"].ADAPTERS, "budget", crash)

    assert run(scene(BUDGET)) == Result("X-1", Verdict.FAILED, "crashed: RuntimeError: boom")


def test_the_report_names_what_failed_and_what_is_not_offered_and_ends_with_the_sum() -> None:
    lines, is_well = report(
        [
            Result("A", Verdict.PASSED),
            Result("B", Verdict.NOT_OFFERED, "dialect:x"),
            Result("C", Verdict.FAILED, "step 2: expected state 'open', came 'closed'"),
        ]
    )

    assert lines == [
        "failed C: step 2: expected state 'open', came 'closed'",
        "not offered B: dialect:x",
        "passed 1, failed 1, not offered 1",
    ]
    assert not is_well


def written(folder: Path, *scenarios: dict[str, Any]) -> str:
    path = folder / "some.yaml"
    named = [{"id": f"X-{number}", **data} for number, data in enumerate(scenarios, 1)]
    path.write_text(yaml.safe_dump({"schema_version": 1, "scenarios": named}), encoding="utf-8")
    return str(path)


def test_the_exit_code_is_0_when_none_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, BUDGET, {**BUDGET, "kind": "moon"})]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "not offered X-2: kind moon not known",
        "passed 1, failed 0, not offered 1",
    ]


def test_the_exit_code_is_1_when_one_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [*BUDGET["steps"], {"at": 2, "withdraw": 1, "expect": {"granted": 1}}]

    assert main([written(tmp_path, BUDGET, {**BUDGET, "steps": steps})]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "failed X-2: step 3: expected granted 1, came 0",
        "passed 1, failed 1, not offered 0",
    ]


def test_a_scenario_with_a_key_of_its_own_is_not_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([written(tmp_path, {**BUDGET, "moon": 1})]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "not offered X-1: scenario: moon not known"


@pytest.mark.parametrize("text", ["- 1", "scenarios: 5", "scenarios: [5]", "scenarios: [{steps: 5}]", "a: [", ""])
def test_a_file_that_holds_no_scenarios_is_an_error(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(text, encoding="utf-8")

    assert main([str(path)]) == 2
    assert "cannot read the scenarios" in capsys.readouterr().out


def test_no_file_is_an_error(tmp_path: Path) -> None:
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert main([]) == 2


def test_the_program_ends_with_the_sum_and_its_exit_code(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.scenarios", written(tmp_path, BUDGET)]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])

    assert ended.stdout.splitlines()[-1] == "passed 1, failed 0, not offered 0"
    assert ended.returncode == 0
