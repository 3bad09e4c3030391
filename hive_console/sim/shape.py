"""What every dialect's wire shape offers a simulated provider: values to speak about, and the protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Mapping[str, Any]
"""A decoded JSON object: JSON has no narrower Python type than Any at its leaves."""

CREATED = 1_767_225_600
"""The moment every simulated answer says it was made (2026-01-01): nobody asks a simulation the time."""

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English text."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """One answer that a simulated model is about to give.

    Attributes:
        id: the answer's id, without the dialect's prefix.
        model: the model that answers.
        words: its tokens; each but the first begins with a blank.
        prompt_tokens: how many the question had.
        is_whole: `False` when the caller's token limit cut it short.
        tells_usage: whether a stream ends by telling usage.
    """

    id: str
    model: str
    words: tuple[str, ...] = field(repr=False)
    prompt_tokens: int
    is_whole: bool = True
    tells_usage: bool = True

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.words)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer.

    Attributes:
        status: the HTTP status.
        message: what to say; empty takes the real provider's own words for the status.
        retry_after: seconds for a Retry-After header.
    """

    status: int
    message: str = ""
    retry_after: float | None = None


class Shape(Protocol):
    """How one dialect looks on the wire. Bytes of streams are whole server-sent events."""

    @property
    def path(self) -> str:
        """Where completions are asked for."""
        ...

    @property
    def keep_alive(self) -> bytes:
        """An event that says nothing but that the line is open."""
        ...

    def complaint(self, body: Json) -> str:
        """What is wrong with a request, or nothing."""
        ...

    def token_limit(self, body: Json) -> int | None:
        """The most tokens the caller wants."""
        ...

    def whole(self, answer: Simulated) -> Json:
        """An answer that is not streamed."""
        ...

    def opening(self, answer: Simulated) -> bytes:
        """What a stream says before its first token."""
        ...

    def piece(self, answer: Simulated, word: str) -> bytes:
        """One token."""
        ...

    def closing(self, answer: Simulated) -> bytes:
        """What a stream says after its last token."""
        ...

    def error(self, problem: Problem, request_id: str) -> Json:
        """The body of an error answer."""
        ...

    def error_event(self, problem: Problem, request_id: str) -> bytes:
        """An error in the middle of a stream."""
        ...

    def headers(self, request_id: str, problem: Problem | None) -> dict[str, str]:
        """The headers that the provider's clients look at."""
        ...

    def models(self, ids: Sequence[str]) -> Json:
        """The list of models."""
        ...

    def model(self, model: str) -> Json:
        """One entry of the list of models."""
        ...


def encoded(body: Json) -> bytes:
    """A body as compact JSON; escapes stay escaped, so that even hostile text is valid JSON."""
    return json.dumps(body, separators=(",", ":")).encode()


def event(body: Json, name: str = "") -> bytes:
    """A server-sent event."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + encoded(body) + b"\n\n"


def prompt_tokens(body: Json) -> int:
    """About how many tokens a request's messages have."""
    return max(1, len(encoded({"messages": body.get("messages")})) // BYTES_PER_TOKEN)


def positive_integer(body: Json, *names: str) -> int | None:
    """The first of these fields that is a positive integer."""
    for name in names:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
