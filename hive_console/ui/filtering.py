"""What `/` understands: words that narrow the fleet, all of which must hold."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from hive_console.core.snapshot import ModelView
from hive_console.core.states import BreakerState, ModelStatus

HINT = "status:down breaker:open provider:x p95>2s err>=5 !word word"
"""The grammar by example."""

Claim = Callable[[ModelView], bool]

_STATUS_WORDS = {
    "ok": ModelStatus.AVAILABLE,
    "up": ModelStatus.AVAILABLE,
    "available": ModelStatus.AVAILABLE,
    "degraded": ModelStatus.DEGRADED,
    "down": ModelStatus.UNAVAILABLE,
    "unavailable": ModelStatus.UNAVAILABLE,
    "unknown": ModelStatus.UNKNOWN,
}
_BREAKER_WORDS = {
    "closed": BreakerState.CLOSED,
    "open": BreakerState.OPEN,
    "half": BreakerState.HALF_OPEN,
    "half-open": BreakerState.HALF_OPEN,
    "isolated": BreakerState.ISOLATED,
    "metrics-only": BreakerState.METRICS_ONLY,
    "metrics": BreakerState.METRICS_ONLY,
    "disabled": BreakerState.DISABLED,
    "off": BreakerState.DISABLED,
}
FLAGS: dict[str, Claim] = {
    "pinned": lambda model: model.pinned_to is not None,
    "throttled": lambda model: model.throttled_until is not None,
    "fault": lambda model: bool(model.fault),
    "frozen": lambda model: model.breaker.is_frozen,
    "ramping": lambda model: model.ramp is not None,
    "ejected": lambda model: model.ejected_until is not None,
    "tripped": lambda model: model.breaker.trips > 0,
}
"""Words that stand alone."""

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_MEASURES: dict[str, Callable[[ModelView], float | None]] = {
    "p95": lambda model: model.p95,
    "err": lambda model: None if model.error_rate is None else model.error_rate * 100,
}
_UNITS = {"p95": ("", "s", "ms"), "err": ("", "%")}
_COMPARED = re.compile(r"(p95|err)(>=|<=|>|<|=)(\d{1,9}(?:\.\d{1,6})?)(ms|s|%)?")


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter.

    Attributes:
        words: as typed, one a chip.
        problems: what was not understood, for people; such a word narrows nothing.
        claims: what must hold for a model to be shown.
    """

    words: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()

    def admits(self, model: ModelView) -> bool:
        """Whether the model is to be shown."""
        return all(claim(model) for claim in self.claims)


def parse(text: str) -> Filter:
    """The filter that these words make; never raises."""
    words = tuple(text.split())
    claims: list[Claim] = []
    problems: list[str] = []
    for word in words:
        claim = _claim(word.lower())
        if isinstance(claim, str):
            problems.append(claim)
        else:
            claims.append(claim)
    return Filter(words, tuple(problems), tuple(claims))


def _claim(word: str) -> Claim | str:
    """What the word claims, or why it is not understood."""
    if word.startswith("!") and len(word) > 1:
        inner = _claim(word[1:])
        return inner if isinstance(inner, str) else lambda model: not inner(model)
    if word in FLAGS:
        return FLAGS[word]
    name, colon, value = word.partition(":")
    if colon and name in {"status", "breaker", "provider"}:
        return _named(name, tuple(value.split(",")))
    if re.match(r"(p95|err)[<>=]", word):
        return _compared(word)
    return lambda model: word in model.model_id.lower()


def _named(name: str, values: tuple[str, ...]) -> Claim | str:
    if name == "provider":
        return lambda model: any(value in model.provider.lower() for value in values)
    vocabulary = _STATUS_WORDS if name == "status" else _BREAKER_WORDS
    unknown = [value for value in values if value not in vocabulary]
    if unknown:
        return f"{name}:{unknown[0]} is none of {', '.join(vocabulary)}"
    wanted = {vocabulary[value] for value in values}
    if name == "status":
        return lambda model: model.status in wanted
    return lambda model: model.breaker.state in wanted


def _compared(word: str) -> Claim | str:
    match = _COMPARED.fullmatch(word)
    if match is None or (match[4] or "") not in _UNITS[match[1]]:
        return f"{word}: write p95>2s, p95<800ms or err>=5 (percent)"
    measure, compare = _MEASURES[match[1]], _COMPARISONS[match[2]]
    bound = float(match[3]) / (1000 if match[4] == "ms" else 1)

    def claim(model: ModelView) -> bool:
        value = measure(model)
        return value is not None and compare(value, bound)

    return claim
