"""What every dialect's wire shape offers a simulated provider: values to speak about, and the protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hive_console.sim.question import Question, ToolCall

Json = Mapping[str, Any]
"""A decoded JSON object: JSON has no narrower Python type than Any at its leaves."""

CREATED = 1_767_225_600
"""The moment every simulated answer says it was made (2026-01-01): nobody asks a simulation the time."""

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for English text."""

ARGUMENT_BYTES = 12
"""Characters of a tool call's arguments in one streamed piece: about what models send."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """One answer that a simulated model is about to give: words or tool calls.

    Attributes:
        id: the answer's id, without the dialect's prefix.
        model: the model that answers.
        words: its tokens; each but the first begins with a blank.
        prompt_tokens: how many the question had.
        is_whole: `False` when the caller's token limit cut it short.
        tells_usage: whether a stream ends by telling usage.
        calls: the tools it calls instead of speaking.
    """

    id: str
    model: str
    words: tuple[str, ...] = field(repr=False)
    prompt_tokens: int
    is_whole: bool = True
    tells_usage: bool = True
    calls: tuple[ToolCall, ...] = ()

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.words)

    @property
    def tokens(self) -> int:
        """How many tokens the answer has."""
        return len(self.words) + sum(1 + len(fragments(call.arguments)) for call in self.calls)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer.

    Attributes:
        status: the HTTP status.
        message: what to say; empty takes the real provider's own words for the status.
        retry_after: seconds for a Retry-After header.
        is_about_money: whether the account is empty, whatever the status.
    """

    status: int
    message: str = ""
    retry_after: float | None = None
    is_about_money: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an answer's headers tell of the account's rate limits.

    Attributes:
        requests: allowed within one window.
        requests_left: how many of them are left.
        reset: seconds until all of them are there again.
        resets_at: the same moment in Unix seconds.
    """

    requests: int
    requests_left: int
    reset: float
    resets_at: float


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

    @property
    def requests_per_minute(self) -> int:
        """The limit of a usual account, told in headers."""
        ...

    def complaint(self, body: Json, headers: Mapping[str, str]) -> str:
        """What is wrong with a request, or nothing."""
        ...

    def question(self, body: Json) -> Question:
        """What the request asks for."""
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

    def pieces(self, answer: Simulated) -> tuple[bytes, ...]:
        """The tokens in their order, each with what belongs to it."""
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

    def headers(self, request_id: str, problem: Problem | None, allowance: Allowance) -> dict[str, str]:
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


def fragments(arguments: str) -> list[str]:
    """A tool call's arguments as a stream cuts them."""
    return [arguments[start : start + ARGUMENT_BYTES] for start in range(0, len(arguments), ARGUMENT_BYTES)]


def prompt_tokens(body: Json) -> int:
    """About how many tokens a request has: its messages, and where it has them its system prompt and tools."""
    counted = {name: body[name] for name in ("messages", "system", "tools") if name in body}
    return max(1, len(encoded(counted)) // BYTES_PER_TOKEN)


def objects(value: object) -> list[Json]:
    """The objects of a JSON list; nothing for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(content: object) -> str:
    """The text of a message's content, which both dialects write as a string or as a list of parts."""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text") or "") for part in objects(content) if part.get("type") == "text")


def positive_integer(body: Json, *names: str) -> int | None:
    """The first of these fields that is a positive integer."""
    for name in names:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None
