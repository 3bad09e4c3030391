"""Kinds `throttle` and `rejection`: holding calls back over `core.throttle`.

No trace of these kinds was at hand when this was written: the forms are those of the other kinds, with the
field's words. What is written differently is reported as not offered.
"""

from __future__ import annotations

from hive_console.core.throttle import MAX_TOKENS, TOKEN_RATIO, WINDOW, ClientThrottle, K, RetryTokens
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, section_of, share, steps_of

_OK = frozenset({"ok", "success", "accepted", "error_ok"})
_FAIL = frozenset(
    {
        "fail",
        "failure",
        "retryable",
        "retryable_failure",
        "retryable_error",
        "nonfatal",
        "rejected",
        "timeout",
        "bad_result",
        "crash",
    }
)
_NEITHER = frozenset({"ignored", "nonretryable", "non_retryable", "non_retryable_failure", "fatal"})

_GRPC = frozenset({"grpc", "tokens", "retry_throttle"})
_SRE = frozenset({"sre", "client", "adaptive", "adaptive_throttle", "adaptive_throttler", "client_throttle"})

_SUCCESSES = ("success", "successes", "ok")
_FAILURES = ("failure", "failures", "fail", "fails", "retryable_failures")

_MAY_RETRY = ("allowed", "retry", "may_retry", "retry_allowed", "retries_allowed", "retry_permitted")

_REFUSAL = (
    "p",
    "probability",
    "reject_probability",
    "rejection_probability",
    "rejection",
    "rejection_rate",
    "reject",
    "p_reject",
)

_READ_OFF_PAPER = 0.005
"""Probabilities in traces are rounded to two or three digits."""


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    section = section_of(scenario)
    kind = section.word("kind", "mode")
    if kind is None:
        kind = "grpc" if "max_tokens" in section or "maxTokens" in section else "sre"
    if kind in _GRPC:
        _run_tokens(scenario, section)
    elif kind in _SRE:
        _run_client(scenario, section)
    else:
        raise NotOffered(f"throttle {kind} not known")


def _run_tokens(scenario: Scenario, section: Fields) -> None:
    tokens = RetryTokens(
        section.number("max_tokens", "maxTokens", default=MAX_TOKENS),
        section.number("token_ratio", "tokenRatio", default=TOKEN_RATIO),
    )
    section.done()
    for number, step, expected in steps_of(scenario):
        step.take("at")
        successes, failures = _calls(step)
        step.done()
        for _ in range(failures):
            tokens.on_failure()
        for _ in range(successes):
            tokens.on_success()
        found: dict[str, object] = dict.fromkeys(_MAY_RETRY, tokens.may_retry)
        check(number, expected, {**found, "throttled": not tokens.may_retry, "tokens": tokens.tokens})


def _calls(step: Fields) -> tuple[int, int]:
    """(successes, failures) of a step: one word so many times, or counts of each."""
    told = step.take("call", "outcome", "result", "event", "calls", "outcomes", "events", "sequence")
    times = step.count("times", default=1)
    if told is not None:
        words = told if isinstance(told, list) else [told]
        for word in words:
            if not isinstance(word, str) or word not in _OK | _FAIL | _NEITHER:
                raise NotOffered(f"call {word} not known")
        return times * sum(word in _OK for word in words), times * sum(word in _FAIL for word in words)
    if not any(name in step for name in (*_SUCCESSES, *_FAILURES, "tick")):
        raise NotOffered("step form not known")
    step.take("tick")
    return step.count(*_SUCCESSES, default=0), step.count(*_FAILURES, default=0)


def _run_client(scenario: Scenario, section: Fields) -> None:
    k = section.number("k", "K", "multiplier", "factor", default=K)
    if "success_rate" in section or "success_threshold" in section:  # failsafe-go tells 1/K
        k = 1 / share(section.number("success_rate", "success_threshold"))
    if "failure_rate_threshold" in section:
        k = 1 / (1 - share(section.number("failure_rate_threshold")))
    window = section.number("window", "seconds", "ttl", default=WINDOW)
    ceiling = share(
        section.number("max", "max_rejection", "max_rejection_rate", "max_probability", "ceiling", default=1.0)
    )
    section.done()
    throttle = ClientThrottle(k, window, ceiling=ceiling)
    for number, step, expected in steps_of(scenario):
        if "at" not in step:  # a row of a table, not a moment of a story
            throttle = ClientThrottle(k, window, ceiling=ceiling)
        now = step.number("at", default=0.0)
        requests, accepts = _traffic(step)
        step.done()
        throttle.requested(now, requests)
        throttle.accepted(now, accepts)
        refusal = throttle.refusal(now)
        found: dict[str, object] = dict.fromkeys(_REFUSAL, refusal)
        check(number, expected, found, tolerance=dict.fromkeys(_REFUSAL, _READ_OFF_PAPER))


def _traffic(step: Fields) -> tuple[int, int]:
    """(requests, accepts) of a step."""
    if any(name in step for name in ("requests", "executions", "n", "N")):
        requests = step.count("requests", "executions", "n", "N")
        return requests, step.count("accepts", "accepted", "successes", "s", "S", default=0)
    successes, failures = _calls(step)
    return successes + failures, successes
