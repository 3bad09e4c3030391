"""Kinds `budget` (a share of operations) and `budget_inflight` (of what is under way) over `core.budget`."""

from __future__ import annotations

from hive_console.core.budget import InFlightBudget, RetryBudget
from tests.scenarios.trace import NotOffered, Scenario, check, config_of, share, steps_of


def run_window(scenario: Scenario) -> None:
    """Runs one trace about a budget in a window."""
    config = config_of(scenario)
    section = config.section("budget")
    budget = RetryBudget(
        share(section.number("percent", "ratio", default=0.2)),
        section.number("ttl", "seconds", default=10.0),
        floor=section.count("floor", default=0),  # Finagle has none; its reserve is told by the trace
        min_per_second=section.number("min_per_sec", "min_per_second", default=0.0),
    )
    section.done()
    config.done()
    for number, step, expected in steps_of(scenario):
        now = step.number("at", default=0.0)
        if "deposit" not in step and "withdraw" not in step and "tick" not in step:
            raise NotOffered("step form not known")
        step.take("tick")
        budget.deposit(now, step.count("deposit", default=0))
        granted = budget.withdraw(now, step.count("withdraw", default=0))
        step.done()
        check(number, expected, {"granted": granted, "balance": budget.balance(now)})


def run_in_flight(scenario: Scenario) -> None:
    """Runs one trace about a budget of what is in flight; `executions` counts the retries among them."""
    config = config_of(scenario)
    section = config.section("budget")
    budget = InFlightBudget(share(section.number("max_rate")), section.count("min_concurrency", default=3))
    section.done()
    config.done()
    for number, step, expected in steps_of(scenario):
        step.take("at")
        if not any(name in step for name in ("executions", "inflight_retries", "acquire", "release")):
            raise NotOffered("step form not known")
        for _ in range(step.count("release", default=0)):
            budget.release()
        budget.in_flight = step.count("executions", default=budget.in_flight)
        budget.extras = step.count("inflight_retries", default=budget.extras)
        granted = sum(budget.acquire() for _ in range(step.count("acquire", default=0)))
        step.done()
        found = {"granted": granted, "inflight": budget.in_flight, "inflight_retries": budget.extras}
        check(number, expected, found)
