"""Kinds `throttle` and `rejection`: holding calls back over `core.throttle`.

No trace of these kinds was at hand when this was written: the forms are those of the other kinds, with the
field's words. What is written differently is reported as not offered.
"""

from __future__ import annotations

from hive_console.core.throttle import MAX_TOKENS, TOKEN_RATIO, WINDOW, ClientThrottle, K, RetryTokens
from tests.scenarios.trace import Fields, NotOffered, Scenario, check, config_of, share, steps_of

_OK = frozenset({"ok", "success", "accepted", "error_ok"})
_FAIL = frozenset({"fail", "failure", "retryable", "rejected", "timeout", "bad_result", "crash"})
_NEITHER = frozenset({"ignored", "nonretryable", "non_retryable"})

_GRPC = frozenset({"grpc", "tokens", "retry_throttle"})
_SRE = frozenset({"sre", "client", "adaptive", "adaptive_throttle"})

_READ_OFF_PAPER = 0.005
"""Probabilities in traces are rounded to two or three digits."""


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    config = config_of(scenario)
    named = next((name for name in ("throttle", "rejection", "limiter") if name in config), None)
    section = config if named is None else config.section(named)
    if named is not None:
        config.done()
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
        names = ("allowed", "retry", "may_retry", "retry_allowed", "retries_allowed")
        found: dict[str, object] = dict.fromkeys(names, tokens.may_retry)
        check(number, expected, {**found, "throttled": not tokens.may_retry, "tokens": tokens.tokens})


def _calls(step: Fields) -> tuple[int, int]:
    """(successes, failures) of a step: one word so many times, or counts of each."""
    word = step.word("call", "outcome", "result", "event")
    times = step.count("times", default=1)
    if word in _OK:
        return times, 0
    if word in _FAIL:
        return 0, times
    if word in _NEITHER:
        return 0, 0
    if word is not None:
        raise NotOffered(f"call {word} not known")
    has_counts = any(name in step for name in ("success", "successes", "ok", "failure", "failures", "fail", "tick"))
    if not has_counts:
        raise NotOffered("step form not known")
    step.take("tick")
    return step.count("success", "successes", "ok", default=0), step.count("failure", "failures", "fail", default=0)


def _run_client(scenario: Scenario, section: Fields) -> None:
    k = section.number("k", "K", "multiplier", default=K)
    if "success_rate" in section or "success_threshold" in section:  # failsafe-go tells 1/K
        k = 1 / share(section.number("success_rate", "success_threshold"))
    window = section.number("window", "seconds", "ttl", default=WINDOW)
    ceiling = share(section.number("max", "max_rejection", "max_probability", "ceiling", default=1.0))
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
        names = ("p", "probability", "reject_probability", "rejection_probability", "rejection", "rejection_rate")
        found: dict[str, object] = dict.fromkeys(names, refusal)
        check(number, expected, found, tolerance=dict.fromkeys(names, _READ_OFF_PAPER))


def _traffic(step: Fields) -> tuple[int, int]:
    """(requests, accepts) of a step."""
    if any(name in step for name in ("requests", "executions", "n", "N")):
        requests = step.count("requests", "executions", "n", "N")
        return requests, step.count("accepts", "accepted", "successes", "s", "S", default=0)
    successes, failures = _calls(step)
    return successes + failures, successes
