"""Kind `hedge`: copies of one call over `core.hedging`, with a race that lives on paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hive_console.core.hedging import HedgePlan, HedgeState
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, config_of, steps_of

_ERRORS = {HedgeState.FATAL: "fatal", HedgeState.EXHAUSTED: "nonfatal"}


@dataclass(frozen=True, slots=True)
class _Response:
    at: float
    outcome: str
    retry_after: float | None = None


def run(scenario: Scenario) -> None:
    """Runs one trace; each step is a call of its own."""
    config = config_of(scenario)
    section = config.section("hedge")
    count, delay = section.count("max_attempts", "count"), section.number("delay")
    section.done()
    config.done()
    for number, step, expected in steps_of(scenario):
        step.take("at")
        if "responses" not in step:
            raise NotOffered("step form not known")
        responses = _responses(step.take("responses"))
        step.done()
        check(number, expected, _race(HedgePlan(count, delay, 0.0), responses))


def _responses(told: Any) -> list[_Response | None]:  # decoded YAML
    if not isinstance(told, list):
        raise NotOffered("step form not known")
    return [None if entry is None else _response(Fields(entry, "response")) for entry in told]


def _response(fields: Fields) -> _Response:
    at, outcome = fields.number("at"), fields.word("outcome")
    names = ("retry_after", "pushback")
    pushback = fields.number(*names) if any(name in fields for name in names) else None
    fields.done()
    if outcome not in {"ok", "nonfatal", "fatal"}:
        raise NotOffered(f"outcome {outcome} not known")
    return _Response(at, outcome, pushback)


def _race(plan: HedgePlan, responses: list[_Response | None]) -> dict[str, object]:
    """Drives the plan from one moment at which something happens to the next; an answer goes before a copy."""
    now = 0.0
    sent_at: list[float] = []
    cancelled: tuple[int, ...] = ()
    while plan.state is HedgeState.RUNNING:
        coming = _next_response(plan, responses, sent_at)
        due = math.inf if plan.next_at is None else plan.next_at
        if coming is None and due == math.inf:
            break
        if coming is not None and coming[0] <= due:
            now, copy, response = coming
            cancelled = _hand_over(plan, copy, response, now)
        else:
            now = due
            if plan.due(now) is not None:
                sent_at.append(now)
    return {
        "sent_at": sent_at,
        "sent": len(sent_at),
        "cancelled": list(cancelled),
        "winner": plan.winner,
        "error": _ERRORS.get(plan.state),
    }


def _next_response(
    plan: HedgePlan, responses: list[_Response | None], sent_at: list[float]
) -> tuple[float, int, _Response] | None:
    """The earliest response of a copy that is out; of several at once the first copy's."""
    coming = []
    for copy in plan.running:
        response = responses[copy] if copy < len(responses) else None
        if response is not None:
            coming.append((max(response.at, sent_at[copy]), copy, response))
    return min(coming, key=lambda entry: entry[:2], default=None)


def _hand_over(plan: HedgePlan, copy: int, response: _Response, now: float) -> tuple[int, ...]:
    match response.outcome:
        case "ok":
            return plan.on_success(copy)
        case "fatal":
            return plan.on_fatal(copy)
        case _:
            plan.on_nonfatal(copy, now, retry_after=response.retry_after)
            return ()
