"""What `/` understands on the fleet's screen: words that narrow the fleet, all of which must hold; pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from hive_console.core.holding import holds_of
from hive_console.core.snapshot import FleetSnapshot, ModelView
from hive_console.core.states import BreakerState, HoldKind, ModelStatus
from hive_console.ui.filter_words import (
    LONGEST,
    Completion,
    Problem,
    Word,
    claims_of,
    completed,
    is_subsequence,
    mistyped_key,
    word_before,
)

HINT = "status:down breaker:open provider:x p95>2s err>=5 since<15m hold:pinned !word ~fzy word"
"""The grammar by example."""


class Subject(NamedTuple):
    """A model and what it is judged with."""

    model: ModelView
    fleet: FleetSnapshot
    now: float


Claim = Callable[[Subject], bool]

STATUS_WORDS = {
    "ok": ModelStatus.AVAILABLE,
    "degraded": ModelStatus.DEGRADED,
    "down": ModelStatus.UNAVAILABLE,
    "unknown": ModelStatus.UNKNOWN,
    "up": ModelStatus.AVAILABLE,
    "available": ModelStatus.AVAILABLE,
    "unavailable": ModelStatus.UNAVAILABLE,
}
BREAKER_WORDS = {
    "closed": BreakerState.CLOSED,
    "open": BreakerState.OPEN,
    "half-open": BreakerState.HALF_OPEN,
    "isolated": BreakerState.ISOLATED,
    "metrics-only": BreakerState.METRICS_ONLY,
    "off": BreakerState.DISABLED,
    "disabled": BreakerState.DISABLED,
}
HOLD_KINDS: dict[str, HoldKind | None] = {"any": None} | {kind.value: kind for kind in HoldKind}
"""`any` is every kind."""

FLAGS: dict[str, Callable[[ModelView], bool]] = {
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

_TIME = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SHARE = {"": 0.01, "%": 0.01}


class _Measure(NamedTuple):
    """A number of a model that can be compared; `None` where it is not known, which no comparison holds for."""

    of: Callable[[Subject], float | None]
    units: Mapping[str, float]
    example: str


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else now - at


MEASURES: dict[str, _Measure] = {
    "p95": _Measure(lambda it: it.model.p95, _TIME, "p95>2s or p95<800ms"),
    "err": _Measure(lambda it: it.model.error_rate, _SHARE, "err>=5 (percent)"),
    "since": _Measure(lambda it: _age(it.model.status_since, it.now), _TIME, "since<15m or since>2h"),
    "checked": _Measure(lambda it: _age(it.model.last_health_check, it.now), _TIME, "checked>90s"),
}
_LISTS = {
    "status": tuple(STATUS_WORDS),
    "breaker": tuple(BREAKER_WORDS),
    "hold": tuple(HOLD_KINDS),
    "provider": (),
}
KEYS = (*_LISTS, *MEASURES)
"""What may stand before an operator."""

_NUMBER = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([a-z%]*)")


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter.

    Attributes:
        words: as typed, one a chip.
        problems: what was not understood; such a word narrows nothing.
        claims: what must hold for a model to be shown.
    """

    words: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def line(self) -> str:
        """What can be typed to have it again."""
        return " ".join(self.words)

    def admits(self, model: ModelView, fleet: FleetSnapshot, now: float) -> bool:
        """Whether the model is to be shown."""
        if not self.claims:
            return True
        subject = Subject(model, fleet, now)
        return all(claim(subject) for claim in self.claims)


def parse(line: str) -> Filter:
    """The filter that this line makes; never raises."""
    return Filter(*claims_of(line, KEYS, _claim))


def _claim(word: Word) -> Claim | str:
    """What the word claims without its `!`, or why it is not understood."""
    value = word.value
    if word.is_fuzzy:
        return lambda it: is_subsequence(value, it.model.model_id.lower())
    if word.key in MEASURES:
        return _compared(word, MEASURES[word.key])
    if word.key:
        return _listed(word)
    if value in FLAGS:
        flag = FLAGS[value]
        return lambda it: flag(it.model)
    meant = mistyped_key(word, KEYS)
    if meant:
        return f"{word.text} is no word of this filter; did you mean {meant}?"
    return lambda it: value in it.model.model_id.lower()


def _listed(word: Word) -> Claim | str:
    if word.operator != ":":
        return f"write {word.key}: and then what is wanted"
    values = word.values
    if word.key == "provider":
        if not values:
            return "provider: wants the name of a provider, or a part of it"
        return lambda it: any(value in it.model.provider.lower() for value in values)
    vocabulary = _LISTS[word.key]
    meant = [_begun(value, vocabulary) for value in values]
    if not values or not all(meant):
        wrong = next((value for value, found in zip(values, meant, strict=True) if not found), "")
        said = f"{wrong} is no {word.key}" if wrong else f"{word.key}: wants a word"
        return f"{said}: {', '.join(vocabulary)}"
    names = {name for found in meant for name in found}
    return _CLAIMS[word.key](names)


def _begun(value: str, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """The word itself, or all that begin like it: a list narrows while it is typed."""
    return (value,) if value in vocabulary else tuple(word for word in vocabulary if word.startswith(value))


def _of_status(names: set[str]) -> Claim:
    wanted = {STATUS_WORDS[name] for name in names}
    return lambda it: it.model.status in wanted


def _of_breaker(names: set[str]) -> Claim:
    wanted = {BREAKER_WORDS[name] for name in names}
    return lambda it: it.model.breaker.state in wanted


def _of_hold(names: set[str]) -> Claim:
    wanted = set(HoldKind) if "any" in names else {HOLD_KINDS[name] for name in names}
    return lambda it: any(hold.kind in wanted for hold in holds_of(it.model, it.fleet))


_CLAIMS = {"status": _of_status, "breaker": _of_breaker, "hold": _of_hold}


def _compared(word: Word, measure: _Measure) -> Claim | str:
    compare = _COMPARISONS.get(word.operator)
    number = _NUMBER.fullmatch(word.value)
    if compare is None or number is None or number[2] not in measure.units:
        return f"{word.text}: write {measure.example}"
    bound = float(number[1]) * measure.units[number[2]]

    def claim(it: Subject) -> bool:
        value = measure.of(it)
        return value is not None and compare(value, bound)

    return claim


def complete(line: str, cursor: int, fleet: FleetSnapshot) -> Completion:
    """What tab makes of the line: keys, words of a list, providers and names of models; never raises."""
    typed = word_before(line[:LONGEST], cursor).removeprefix("!")
    key, colon, value = typed.lower().partition(":")
    if colon and key in _LISTS:
        vocabulary = _LISTS[key] or tuple(dict.fromkeys(model.provider.lower() for model in fleet.models))
        return completed(line, cursor, value.rpartition(",")[2], vocabulary)
    keys = (*(f"{name}:" for name in _LISTS), *(f"{name}>" for name in MEASURES))
    return completed(line, cursor, typed, (*keys, *FLAGS, *(model.model_id for model in fleet.models)))
