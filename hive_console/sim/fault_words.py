"""Faults as words, for the command line and the control address: `slow:4`, `http:503`, `flapping:8s:0.5`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum

from hive_console.core.errors import SettingsError
from hive_console.core.text import NAME_LIMIT, clean
from hive_console.sim.faults import (
    ByteDrip,
    Cut,
    Drip,
    Endless,
    ErrorIn200,
    Fault,
    Flapping,
    Garbage,
    Hang,
    HangAfterHeaders,
    Hostile,
    HttpError,
    Huge,
    KeyRefused,
    LimitedTo,
    Mixed,
    Outage,
    QuotaExhausted,
    RateLimited,
    Reset,
    ResetAfter,
    Slow,
    Stall,
    Torn,
)

NO_FAULT = "none"
"""The word that ends a fault."""


class Part(Enum):
    """What may follow a fault's name, as help texts show it."""

    STATUS = "STATUS"
    REQUESTS = "REQUESTS"
    SECONDS = "SECONDS"
    FACTOR = "FACTOR"
    TOKENS = "TOKENS"
    PERIOD = "PERIOD"
    DUTY = "DUTY"
    SHARE = "SHARE"


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of fault is written: its parts are the fault's first fields, and all may be left out."""

    name: str
    make: Callable[..., Fault]
    parts: tuple[Part, ...] = ()

    @property
    def shown(self) -> str:
        """The form for help texts, such as `slow[:FACTOR]`."""
        return self.name + "".join(f"[:{part.value}" for part in self.parts) + "]" * len(self.parts)


FORMS = (
    Form("outage", Outage),
    Form("reset", Reset),
    Form("http", HttpError, (Part.STATUS,)),
    Form("rate-limited", RateLimited, (Part.SECONDS,)),
    Form("limited-to", LimitedTo, (Part.REQUESTS, Part.PERIOD)),
    Form("quota-exhausted", QuotaExhausted, (Part.STATUS,)),
    Form("slow", Slow, (Part.FACTOR,)),
    Form("hang", Hang),
    Form("hang-after-headers", HangAfterHeaders),
    Form("drip", Drip, (Part.SECONDS,)),
    Form("byte-drip", ByteDrip, (Part.SECONDS,)),
    Form("huge", Huge),
    Form("endless", Endless),
    Form("cut", Cut, (Part.TOKENS,)),
    Form("torn", Torn, (Part.TOKENS,)),
    Form("reset-after", ResetAfter, (Part.TOKENS,)),
    Form("stall", Stall, (Part.TOKENS,)),
    Form("garbage", Garbage),
    Form("error-in-200", ErrorIn200),
    Form("key-refused", KeyRefused),
    Form("hostile", Hostile),
    Form("flapping", Flapping, (Part.PERIOD, Part.DUTY)),
    Form("mixed", Mixed, (Part.SHARE,)),
)
"""Every kind of fault there is."""

WORDS = (*(form.shown for form in FORMS), NO_FAULT)
"""Everything `parse_fault` understands, as help texts show it."""

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m)", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def parse_seconds(field: str, text: str) -> float:
    """Seconds from a duration with a unit (`300ms`, `1.5s`, `2m`); raises `SettingsError` naming `field`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise SettingsError(field, f"{clean(text, NAME_LIMIT)!r} is not a duration; write 300ms, 1.5s or 2m")
    return float(match[1]) * _UNITS[match[2]]


def _number(field: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SettingsError(field, f"{clean(text, NAME_LIMIT)!r} is not a number")
    return value


def _read(name: str, part: Part, text: str) -> float:
    match part:
        case Part.SECONDS | Part.PERIOD:
            return parse_seconds(name, text)
        case Part.STATUS | Part.REQUESTS | Part.TOKENS:
            value = _number(name, text)
            if value != int(value):
                raise SettingsError(name, f"{value:g} is not a whole number")
            return int(value)
        case Part.FACTOR | Part.DUTY | Part.SHARE:
            return _number(name, text)


def parse_fault(text: str) -> Fault | None:
    """The fault that `text` names, `None` for `none`; raises `SettingsError` naming every word there is."""
    name, *arguments = text.strip().lower().split(":")
    if name == NO_FAULT and not arguments:
        return None
    for form in FORMS:
        if form.name == name and len(arguments) <= len(form.parts):
            values = (_read(name, part, argument) for part, argument in zip(form.parts, arguments, strict=False))
            return form.make(*values)
    raise SettingsError("fault", f"{clean(text, NAME_LIMIT)!r} is not a fault; known: {', '.join(WORDS)}")


def fault_word(fault: Fault | None) -> str:
    """The word for a fault. `parse_fault` reads it back, but for what flapping and mixed ones are made of."""
    if fault is None:
        return NO_FAULT
    form = next(form for form in FORMS if form.make is type(fault))
    values = [getattr(fault, field.name) for field in fields(fault)]
    written = [
        f"{value:g}s" if part in {Part.SECONDS, Part.PERIOD} else f"{value:g}"
        for part, value in zip(form.parts, values, strict=False)
    ]
    return ":".join([form.name, *written])
