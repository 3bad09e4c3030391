"""The `x-hive-*` headers: what a caller may ask for in them, and what an answer tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from hive_console.adapters.gateway.failures import bad_request
from hive_console.core.bounds import MAX_SECONDS
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

VALUE_LIMIT = 1000
"""Characters of one header's value: clients commonly refuse headers above 8 KiB in all."""

HOPS_TOLD = 12
"""Hops told in the trail: three models with BIP-03's four calls each."""

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
    """

    deadline: float | None = None
    allow_fallback: bool = True
    priority: Priority = Priority.NORMAL
    operation_class: OperationClass = OperationClass.GENERAL


def wishes_of(headers: Mapping[str, str]) -> Wishes:
    """Reads the headers of a request; a value that makes no sense is refused, not ignored."""
    return Wishes(
        _deadline(headers.get(DEADLINE)),
        _allows_fallback(headers.get(FALLBACK)),
        _word(headers.get(PRIORITY), PRIORITY, Priority.NORMAL),
        _word(headers.get(CLASS), CLASS, OperationClass.GENERAL),
    )


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


def _word(text: str | None, header: str, default: Word) -> Word:
    if text is None:
        return default
    kind = type(default)
    try:
        return kind(text.strip().lower())
    except ValueError:
        known = ", ".join(str(word.value) for word in kind)
        raise bad_request(f"the header {header} must be one of {known}", param=header) from None


def headers_of(provenance: Provenance) -> dict[str, str]:
    """Who served, as headers of the answer."""
    headers = {
        MODEL: safe_value(provenance.served_by),
        FALLBACK: flag(provenance.is_fallback),
        ATTEMPTS: str(provenance.attempts),
        DEGRADED: flag(provenance.degraded),
        LEVEL: provenance.level.value,
        REQUEST_ID: safe_value(provenance.operation),
    }
    if provenance.trail:
        headers[TRAIL] = safe_value(_trail(provenance))
    return headers


def _trail(provenance: Provenance) -> str:
    hops = [f"{hop.model} {hop.cause} {hop.seconds * 1000:.0f}ms" for hop in provenance.trail[-HOPS_TOLD:]]
    left_out = len(provenance.trail) - len(hops)
    return ", ".join([f"{left_out} earlier", *hops] if left_out else hops)


def flag(claim: object) -> str:
    """`1` or `0`."""
    return "1" if claim else "0"


def safe_value(text: str) -> str:
    """`text` as a header's value: printable ASCII on one line, `?` for the rest."""
    shown = clean(text, VALUE_LIMIT)
    return shown if shown.isascii() else shown.encode("ascii", "replace").decode("ascii")
