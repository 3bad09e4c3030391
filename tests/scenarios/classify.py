"""Kind `classify`: what an answer means, over `adapters.providers.classify` and `core.outcome`."""

from __future__ import annotations

import json

from hive_console.adapters.providers.classify import classify
from hive_console.adapters.providers.error_body import NOTHING_SAID, read_error
from hive_console.adapters.providers.veil import Veil
from hive_console.core.outcome import CANCELLED, SUCCESS, Onward, Outcome, OutcomeKind, Verdict
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, config_of, steps_of

_NOW = 1_700_000_000.0
"""Unix seconds against which dates in headers are read."""

_WITHOUT_AN_ANSWER = {
    "connect": OutcomeKind.CONNECTION_FAILED,
    "connection": OutcomeKind.CONNECTION_FAILED,
    "connect_error": OutcomeKind.CONNECTION_FAILED,
    "dns": OutcomeKind.CONNECTION_FAILED,
    "reset": OutcomeKind.CONNECTION_FAILED,
    "timeout": OutcomeKind.TIMED_OUT,
    "stall": OutcomeKind.STREAM_STALLED,
    "malformed": OutcomeKind.MALFORMED,
}


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    config = config_of(scenario)
    if (table := config.word("classify", default="http")) != "http":
        raise NotOffered(f"classify {table} not known")
    config.done()
    for number, step, expected in steps_of(scenario):
        step.take("at")
        outcome = _outcome(step)
        step.done()
        counts = {Verdict.FAILURE: True, Verdict.NEUTRAL: False, Verdict.SUCCESS: False}[outcome.verdict]
        found = {
            "retry": outcome.may_retry,
            "kind": outcome.kind.value,
            "verdict": outcome.verdict.value,
            "breaker": counts,
            "counts": counts,
            "counts_against_breaker": counts,
            "fallback": outcome.judgement.onward is not Onward.NOWHERE,
            "retry_after": outcome.retry_after,
        }
        check(number, expected, found)


def _outcome(step: Fields) -> Outcome:
    error, status = step.word("error"), step.take("status")
    if error is not None and status is None:
        if error == "cancel":
            return CANCELLED
        if error not in _WITHOUT_AN_ANSWER:
            raise NotOffered(f"error {error} not known")
        return Outcome(_WITHOUT_AN_ANSWER[error])
    if not isinstance(status, int):
        raise NotOffered("step form not known")
    headers = step.headers()
    body = step.take("body", default=None if error is None else {"error": error})
    if 200 <= status < 300:
        return SUCCESS
    said = NOTHING_SAID if body is None else read_error(json.dumps(body).encode())
    return classify(status, headers, said, veil=Veil(), now=_NOW)
