"""Reading the error object of an answer, whatever shape its provider gives it. Nothing is judged here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hive_console.core.text import NAME_LIMIT

_LENIENT = json.JSONDecoder(strict=False)

_TEXT_LIMIT = 4096
"""Characters of an error's text looked at: the message shown is far shorter, key words stand at its start."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What a provider said about a failure; every field is hostile text, not yet cleaned.

    Attributes:
        type: its class, such as `overloaded_error`; lower case.
        code: its narrower name, such as `context_length_exceeded`; lower case.
        text: the sentence for people; it may repeat keys and prompts.
        param: the field of the request it is about, where it says so; lower case.
    """

    type: str = ""
    code: str = ""
    text: str = field(default="", repr=False)
    param: str = field(default="", compare=False)

    @property
    def words(self) -> frozenset[str]:
        """The names by which the failure can be recognised."""
        return frozenset(word for word in (self.type, self.code) if word)

    @property
    def status(self) -> int | None:
        """The HTTP status that some routers put in `code`."""
        return int(self.code) if self.code.isascii() and self.code.isdigit() and len(self.code) == 3 else None


NOTHING_SAID = ErrorBody()


def read_error(body: bytes) -> ErrorBody:
    """The error object in `body`; `NOTHING_SAID` for HTML pages, garbage and depth bombs."""
    try:
        decoded: Any = msgspec.json.decode(body)  # each provider has its own shape
    except (ValueError, RecursionError):
        decoded = _read_leniently(body)
    return error_in(decoded)


def _read_leniently(body: bytes) -> Any:  # each provider has its own shape
    """`body` as JSON with the faults that errors have: half an emoji where a prompt was cut, raw control bytes."""
    try:
        return _LENIENT.decode(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def error_in(decoded: Any) -> ErrorBody:  # each provider has its own shape
    """The error object in decoded JSON: OpenAI, Anthropic, Google, FastAPI and plain-message shapes."""
    if isinstance(decoded, list) and decoded:  # Google wraps its error in a list
        decoded = decoded[0]
    if isinstance(decoded, str):
        return ErrorBody(text=decoded[:_TEXT_LIMIT])
    if not isinstance(decoded, dict):
        return NOTHING_SAID
    error = decoded.get("error", decoded)
    if not isinstance(error, dict):
        return ErrorBody(text=_text(error))
    kind, code = _name(error.get("type") or error.get("status")), _name(error.get("code"))
    text = next((_text(error[key]) for key in ("message", "detail", "msg") if error.get(key)), "")
    return ErrorBody(kind, code, text, _name(error.get("param")))


def _name(value: Any) -> str:
    return str(value)[:NAME_LIMIT].lower() if isinstance(value, str | int) else ""


def _text(value: Any) -> str:
    return value[:_TEXT_LIMIT] if isinstance(value, str) else ""
