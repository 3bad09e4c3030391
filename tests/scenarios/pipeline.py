"""Kind `pipeline`: retries around a breaker. An open breaker is final: it ends the retries of its model."""

from __future__ import annotations

from typing import Any

from hive_console.core.breaker import Breaker
from hive_console.core.outcome import Verdict
from hive_console.core.transitions import Refusal
from tests.scenarios.breaker import policy_of
from tests.scenarios.trace import NotOffered, Scenario, check, config_of, steps_of


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    config = config_of(scenario)
    retry = config.section("retry")
    attempts = retry.count("max_attempts", default=4)
    delay = retry.number("delay", default=0.0)
    if retry.flag("retry_on_open", default=False):
        raise NotOffered("dialect: an open breaker is never retried")
    retry.done()
    breaker = Breaker(policy_of(config.take("breaker", default={})), 0.0)
    config.done()
    for number, step, expected in steps_of(scenario):
        now = step.number("at", default=0.0)
        script = _script(step.take("pipeline_call"), attempts)
        step.done()
        check(number, expected, _call(breaker, script, now, delay))


def _script(told: Any, attempts: int) -> list[bool]:  # decoded YAML
    """Whether each attempt would succeed."""
    if told in ("always_fail", "fail"):
        return [False] * attempts
    if told in ("always_ok", "ok"):
        return [True] * attempts
    if isinstance(told, list) and told and all(word in ("ok", "fail") for word in told):
        return [word == "ok" for word in (told + told[-1:] * attempts)[:attempts]]
    raise NotOffered("step form not known")


def _call(breaker: Breaker, script: list[bool], now: float, delay: float) -> dict[str, object]:
    asked = executed = 0
    error: str | None = None
    for is_success in script:
        asked += 1
        permit = breaker.acquire(now)
        if isinstance(permit, Refusal):
            error = "open"
            break
        executed += 1
        breaker.settle(permit, Verdict.SUCCESS if is_success else Verdict.FAILURE, now)
        error = None if is_success else "fail"
        if is_success:
            break
        now += delay
    state = breaker.state.value.replace("-", "_")
    return {"attempts": asked, "executed": executed, "error": error, "state": state}
