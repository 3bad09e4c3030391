"""What a model refuses by name and can be asked without: its request is put right and sent once more.

Compatible servers differ in the names they take. The token limit is the same wish under two names, so it is
renamed for every request. The rest only tunes, and is taken out only where our own translation wrote it: a client
that speaks the model's dialect hears the model's own refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import msgspec

from hive_console.adapters.providers.error_body import ErrorBody
from hive_console.adapters.providers.request import HttpRequest
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import MAX_MODELS, ModelSettings

MOST_REPEATS = 3
"""Requests sent again for one call: the newest models refuse the limit's older name, a temperature and a top_p."""

Fields = dict[str, msgspec.Raw]

_REFUSES = re.compile(
    r"not support|unsupported|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|deprecated|"
    r"cannot both|extra inputs|does not accept|invalid parameter"
)
"""How servers say that they do not take a field at all, rather than its value."""

_FIELDS = msgspec.json.Decoder(Fields)


def _renaming(old: str, new: str) -> Callable[[Fields], Fields]:
    return lambda fields: {new if name == old else name: value for name, value in fields.items()}


def _without(gone: str) -> Callable[[Fields], Fields]:
    return lambda fields: {name: value for name, value in fields.items() if name != gone}


def _without_effort(fields: Fields) -> Fields:
    output = _FIELDS.decode(fields["output_config"])
    output.pop("effort", None)
    rest = _without("output_config")(fields)
    return {**rest, "output_config": msgspec.Raw(msgspec.json.encode(output))} if output else rest


RENAMED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"newer limit": ("max_tokens", "max_completion_tokens"), "older limit": ("max_completion_tokens", "max_tokens")}
)
"""Renamed in every request, where the error speaks of `max_completion_tokens`."""

TAKEN_OUT: Mapping[str, str] = MappingProxyType(
    {
        "no temperature": "temperature",
        "no top_p": "top_p",
        "no stream_options": "stream_options",
        "no reasoning_effort": "reasoning_effort",
        "no effort": "output_config",
    }
)
"""Taken out of translated requests, where the error speaks of the field; of `output_config` only the effort."""

_CHANGES: Mapping[str, Callable[[Fields], Fields]] = MappingProxyType(
    {
        **{name: _renaming(old, new) for name, (old, new) in RENAMED.items()},
        **{name: _without(field) for name, field in TAKEN_OUT.items()},
        "no effort": _without_effort,
    }
)


class Amendments:
    """Remembers for each endpoint and model what its requests go without; at most `MAX_MODELS` of them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}

    def of(self, model: ModelSettings) -> tuple[str, ...]:
        """What is known, in the order in which it was learned."""
        return self._known.get((model.endpoint, model.wire_name), ())

    def learn(self, model: ModelSettings, amendments: tuple[str, ...]) -> None:
        """Keeps what made a request succeed; of too many models the first is forgotten."""
        self._known[model.endpoint, model.wire_name] = amendments
        if len(self._known) > MAX_MODELS:
            del self._known[next(iter(self._known))]


def amended(request: HttpRequest, amendments: tuple[str, ...], *, is_translated: bool) -> HttpRequest:
    """The request with its body put right; values keep their bytes. Relayed ones take nothing but new names."""
    named = [name for name in amendments if is_translated or name in RENAMED]
    if not named or request.body is None:
        return request
    fields = _FIELDS.decode(request.body)
    for name in named:
        if _subject(name) in fields:
            fields = _CHANGES[name](fields)
    return replace(request, body=msgspec.json.encode(fields))


def amendment_for(
    outcome: Outcome, error: ErrorBody, request: HttpRequest, tried: tuple[str, ...], *, is_translated: bool
) -> str | None:
    """What would put right a request that was refused so; `None` where nothing would, or was tried already.

    Args:
        outcome: how the refusal was classified.
        error: what its body said.
        request: what was sent.
        tried: the amendments it had.
        is_translated: whether our translation wrote it.
    """
    if outcome.kind is not OutcomeKind.BAD_REQUEST or request.body is None:
        return None
    text = error.text.lower()
    if not _REFUSES.search(text) and not _REFUSES.search(error.code.replace("_", " ")):
        return None
    fields = _FIELDS.decode(request.body)
    names_limit = "max_completion_tokens" in text or error.param == "max_completion_tokens"
    if names_limit and not RENAMED.keys() & tried:  # not there and back again
        for name, (old, new) in RENAMED.items():
            if old in fields and new not in fields:
                return name
    return _taken_out(fields, error, text, tried) if is_translated else None


def _taken_out(fields: Fields, error: ErrorBody, text: str, tried: tuple[str, ...]) -> str | None:
    for name, field in TAKEN_OUT.items():
        word = "effort" if name == "no effort" else field
        if name not in tried and field in fields and (word in text or error.param == field):
            return name
    return None


def _subject(name: str) -> str:
    return RENAMED[name][0] if name in RENAMED else TAKEN_OUT[name]
