"""The `x-hive-*` headers: what a caller may ask for in them, and what an answer tells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from hive_console.adapters.gateway.exchange import Headers
from hive_console.adapters.gateway.failures import Failure, bad_request
from hive_console.core.bounds import MAX_SECONDS
from hive_console.core.hop import Hop
from hive_console.core.settings import Dialect, Replay, Strategy
from hive_console.core.states import OperationClass, Priority
from hive_console.core.task import Provenance
from hive_console.core.text import clean

MODEL = "x-hive-model"
FALLBACK = "x-hive-fallback"
ATTEMPTS = "x-hive-attempts"
DEGRADED = "x-hive-degraded"
REQUEST_ID = "x-hive-request-id"
TRAIL = "x-hive-trail"
TRIED = "x-hive-tried"
DEADLINE = "x-hive-deadline"
PRIORITY = "x-hive-priority"
CLASS = "x-hive-class"
LEVEL = "x-hive-level"
STRATEGY = "x-hive-strategy"
REPLAY = "x-hive-replay"

ID_HEADERS = {Dialect.OPENAI: "x-request-id", Dialect.ANTHROPIC: "request-id"}
"""Where each dialect's clients look for a request's id, to put it into their exceptions."""

VALUE_LIMIT = 1000
"""Characters of one header's value: clients commonly refuse headers above 8 KiB in all."""

HOPS_TOLD = 12
"""Hops told in the trail: three models with BIP-03's four calls each."""

_OPTIONS: dict[Dialect, tuple[str, ...]] = {
    Dialect.OPENAI: (),
    Dialect.ANTHROPIC: ("anthropic-version", "anthropic-beta"),
}

Word = TypeVar("Word", bound=Enum)

_ALLOWING = {"on": True, "off": False}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller asked for in headers.

    Attributes:
        deadline: seconds for the whole operation; `None` takes the settings'.
        allow_fallback: whether another model may answer.
        priority: what is turned away first while the fleet is degraded.
        operation_class: whether the work is bound to the very model.
        strategy: how the fallbacks are used; `None` takes the model's or the route's.
        replay: whether it may be sent again after an uncertain dispatch; `None` takes the settings'.
    """

    deadline: float | None = None
    allow_fallback: bool = True
    priority: Priority = Priority.NORMAL
    operation_class: OperationClass = OperationClass.GENERAL
    strategy: Strategy | None = None
    replay: Replay | None = None


def wishes_of(headers: Headers) -> Wishes:
    """Reads the headers of a request; a value that makes no sense is refused, not ignored."""
    get = headers.get
    return Wishes(
        _deadline(get(DEADLINE)),
        _allows_fallback(get(FALLBACK)),
        _word(get(PRIORITY), PRIORITY, Priority) or Priority.NORMAL,
        _word(get(CLASS), CLASS, OperationClass) or OperationClass.GENERAL,
        _word(get(STRATEGY), STRATEGY, Strategy),
        _word(get(REPLAY), REPLAY, Replay),
    )


def options_of(headers: Headers, dialect: Dialect) -> tuple[tuple[str, str], ...]:
    """The headers that belong to a request in its dialect; which of them go on is for the codecs to say."""
    named = ((name, headers.get(name)) for name in _OPTIONS[dialect])
    return tuple((name, value) for name, value in named if value is not None)


def _deadline(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_SECONDS:
        raise bad_request(
            f"the header {DEADLINE} must be seconds, above 0 and at most {MAX_SECONDS:g}", param=DEADLINE
        )
    return seconds


def _allows_fallback(text: str | None) -> bool:
    if text is None:
        return True
    try:
        return _ALLOWING[text.strip().lower()]
    except KeyError:
        raise bad_request(f"the header {FALLBACK} must be 'on' or 'off'", param=FALLBACK) from None


def _word(text: str | None, header: str, kind: type[Word]) -> Word | None:
    if text is None:
        return None
    try:
        return kind(text.strip().lower())
    except ValueError:
        known = ", ".join(str(word.value) for word in kind)
        raise bad_request(f"the header {header} must be one of {known}", param=header) from None


def headers_of(provenance: Provenance, dialect: Dialect = Dialect.OPENAI) -> dict[str, str]:
    """Who served, as headers of the answer."""
    operation = safe_value(provenance.operation)
    headers = {
        MODEL: safe_value(provenance.served_by),
        FALLBACK: flag(provenance.is_fallback),
        ATTEMPTS: str(provenance.attempts),
        DEGRADED: flag(provenance.degraded),
        LEVEL: provenance.level.value,
        REQUEST_ID: operation,
        ID_HEADERS[dialect]: operation,
    }
    if provenance.trail:
        headers[TRAIL] = safe_value(_trail(provenance.trail))
    return headers


def headers_of_failure(failure: Failure, *, request_id: str, is_degraded: bool, dialect: Dialect) -> dict[str, str]:
    """What an error tells: nobody served, but who was asked, and how it went."""
    headers = failure.headers()
    headers[REQUEST_ID] = headers[ID_HEADERS[dialect]] = safe_value(request_id)
    headers[DEGRADED] = flag(is_degraded)
    if failure.tried:
        headers[TRIED] = safe_value(", ".join(failure.tried))
    if failure.attempts is not None:
        headers[ATTEMPTS] = str(failure.attempts)
    if failure.trail:
        headers[TRAIL] = safe_value(_trail(failure.trail))
    return headers


def _trail(hops: Sequence[Hop]) -> str:
    told = [f"{hop.model} {hop.cause} {hop.seconds * 1000:.0f}ms" for hop in hops[-HOPS_TOLD:]]
    left_out = len(hops) - len(told)
    return ", ".join([f"{left_out} earlier", *told] if left_out else told)


def flag(claim: object) -> str:
    """`1` or `0`."""
    return "1" if claim else "0"


def safe_value(text: str) -> str:
    """`text` as a header's value: printable ASCII on one line, `?` for the rest."""
    if text.isascii() and text.isprintable() and len(text) <= VALUE_LIMIT:
        return text
    return clean(text, VALUE_LIMIT).encode("ascii", "replace").decode("ascii")
