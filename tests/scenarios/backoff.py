"""Kind `backoff`: waits between retries over `core.retry`."""

from __future__ import annotations

import random
from itertools import pairwise

from hive_console.adapters.providers.retry_after import retry_after_of
from hive_console.core.retry import Backoff, Jitter, RetryPolicy
from tests.scenarios.trace import TOLERANCE, Fields, Mismatch, NotOffered, Scenario, check, config_of, steps_of

_JITTERS = {
    "none": Jitter.NONE,
    "equal": Jitter.EQUAL,
    "half": Jitter.EQUAL,  # cockatiel's name for it
    "full": Jitter.FULL,
    "decorrelated": Jitter.DECORRELATED,
    "grpc": Jitter.GRPC,
    "sdk": Jitter.SDK,
    "anthropic": Jitter.SDK,
    "openai": Jitter.SDK,
}

_UNCAPPED = 1e9
"""Seconds: a trace that names no cap has none."""

_UNENDING = 10**6
"""Retries: a trace that names no number of attempts does not end."""

_DECORRELATED_RULES = frozenset({"base<=d<=min(cap,max(base,3*prev))", "base<=d<=min(cap,3*prev)"})

_NOW = 1_700_000_000.0
"""Unix seconds against which dates in headers are read."""


def run(scenario: Scenario) -> None:
    """Runs one trace."""
    policy = _policy(config_of(scenario))
    rng = random.Random(f"scenarios/{scenario.id}")
    backoff = Backoff(policy)
    for number, step, expected in steps_of(scenario):
        step.take("at")
        if "chain" in step:
            _check_chains(number, policy, step, expected, rng)
        elif "samples" in step:
            _check_samples(number, policy, step, expected, rng)
        else:
            backoff = _check_next(number, backoff, step, expected, rng)


def _policy(config: Fields) -> RetryPolicy:
    section = config.section("backoff")
    kind = section.word("kind", default="exponential")
    jitter = section.word("jitter", default="decorrelated" if kind == "decorrelated" else "none")
    if kind not in {"exponential", "decorrelated", "constant"}:
        raise NotOffered(f"backoff kind {kind} not known")
    if jitter not in _JITTERS:
        raise NotOffered(f"jitter {jitter} not known")
    longest = section.number("retry_after_max") if "retry_after_max" in section else None
    policy = RetryPolicy(
        max_retries=_retries(config, section),
        base=section.number("base", "initial", default=1.0),
        cap=section.number("cap", "max", default=_UNCAPPED),
        multiplier=section.number("multiplier", default=1.0 if kind == "constant" else 2.0),
        jitter=_JITTERS[jitter],
        retry_after_max=longest,
    )
    section.done()
    config.done()
    return policy


def _retries(config: Fields, section: Fields) -> int:
    """Retries after the first attempt, told beside the backoff or within it."""
    for fields in (config, section):
        if "max_attempts" in fields:
            return fields.count("max_attempts") - 1
        if "max_retries" in fields:
            return fields.count("max_retries")
    return _UNENDING


def _advanced(policy: RetryPolicy, retries: int, rng: random.Random) -> Backoff:
    """A backoff that has so many retries behind it."""
    backoff = Backoff(policy)
    for _ in range(retries):
        backoff.next(rng.random())
    return backoff


def _check_next(number: int, backoff: Backoff, step: Fields, expected: Fields, rng: random.Random) -> Backoff:
    """One wait; a retry number that is not the next one speaks of another operation."""
    retry = step.count("retry_number", "retry")
    asked = step.number("retry_after") if "retry_after" in step else None
    if "headers" in step:
        headers = step.headers()
        asked = retry_after_of(headers, _NOW)
    step.done()
    if retry != backoff.retries + 1:
        backoff = _advanced(backoff.policy, retry - 1, rng)
    delay = backoff.next(rng.random(), asked)
    check(number, expected, {"delay": delay, "stop": delay is None})
    return backoff


def _check_samples(number: int, policy: RetryPolicy, step: Fields, expected: Fields, rng: random.Random) -> None:
    """Many waits before the same retry, the ends of the spread among them."""
    retry, samples = step.count("retry_number", "retry"), step.count("samples")
    asked = step.number("retry_after") if "retry_after" in step else None
    step.done()
    draws = [0.0, 1.0, *(rng.random() for _ in range(samples))]
    delays = [_advanced(policy, retry - 1, rng).next(draw, asked) for draw in draws]
    known = [delay for delay in delays if delay is not None]
    if not known:
        check(number, expected, {"stop": True, "delay": None})
        return
    low, high = expected.number("min", default=0.0), expected.number("max", default=_UNCAPPED)
    if min(known) < low - TOLERANCE or max(known) > high + TOLERANCE:
        raise Mismatch(number, f"expected {low:g}..{high:g} s, came {min(known):g}..{max(known):g} s")
    spread = high - low
    mean = sum(known[2:]) / len(known[2:]) if samples else 0.0
    check(number, expected, {"mean": mean, "stop": False}, tolerance={"mean": spread / 10})


def _check_chains(number: int, policy: RetryPolicy, step: Fields, expected: Fields, rng: random.Random) -> None:
    """Many operations of so many retries each."""
    length, samples = step.count("chain"), step.count("samples", default=1)
    step.done()
    rule = expected.take("rule")
    if rule is not None and str(rule).replace(" ", "") not in _DECORRELATED_RULES:
        raise NotOffered(f"rule {rule} not known")
    for _ in range(samples):
        backoff = Backoff(policy)
        delays = [delay for delay in (backoff.next(rng.random()) for _ in range(length)) if delay is not None]
        for before, after in pairwise([policy.base, *delays] if rule is not None else []):
            high = min(policy.cap, max(policy.base, 3 * before))
            if not policy.base - TOLERANCE <= after <= high + TOLERANCE:
                raise Mismatch(number, f"expected {policy.base:g}..{high:g} s after {before:g}, came {after:g}")
        if "delays" in expected:
            check(number, Fields({"delays": expected.take("delays")}, "expect"), {"delays": delays})
    expected.done()
