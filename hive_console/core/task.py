"""What a caller asks for and what comes back. Prompts and answers never show in a `repr`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from hive_console.core.hop import Hop
from hive_console.core.settings import Dialect, Replay, Strategy
from hive_console.core.states import DegradationLevel, OperationClass, Priority

Body = Mapping[str, Any]
"""A decoded JSON object: JSON has no narrower Python type than Any at its leaves."""


class Work(Enum):
    """What is wanted of a model."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    COUNT = "count"  # of the tokens that a request has


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work for a model (BIP-03 `AITask`).

    Attributes:
        model: the model wanted: its id, one of its aliases, or a route.
        request: the request in `dialect`; what it says of `model` and `stream` does not count.
        deadline: seconds the whole operation may take, all attempts included; `None` takes the settings'.
        allow_fallback: `False` for work that only this very model may do.
        priority: what is turned away first while the fleet is degraded.
        operation_class: `IDENTITY_BOUND` is never answered by another model, whatever else is set.
        dialect: the dialect of the request, and of the answer.
        work: what is wanted.
        replay: whether it may be sent again after an uncertain dispatch; `None` takes the settings'.
        strategy: how the fallbacks are used; `None` takes the model's or the route's.
        options: headers that belong to the request's meaning, such as `("anthropic-beta", "...")`, names in small
            letters. A dialect passes on those it knows, to models of its own; what it does not know is left out.
    """

    model: str
    request: Body = field(repr=False)
    deadline: float | None = None
    allow_fallback: bool = True
    priority: Priority = Priority.NORMAL
    operation_class: OperationClass = OperationClass.GENERAL
    dialect: Dialect = Dialect.OPENAI
    work: Work = Work.CHAT
    replay: Replay | None = None
    strategy: Strategy | None = None
    options: tuple[tuple[str, str], ...] = ()

    @property
    def may_fall_back(self) -> bool:
        """Whether another model may answer; each counts tokens in its own way."""
        return (
            self.allow_fallback
            and self.operation_class is not OperationClass.IDENTITY_BOUND
            and self.work is not Work.COUNT
        )

    @classmethod
    def chat(
        cls,
        model: str,
        messages: str | Sequence[Body],
        *,
        deadline: float | None = None,
        allow_fallback: bool = True,
        priority: Priority = Priority.NORMAL,
        operation_class: OperationClass = OperationClass.GENERAL,
        **options: Any,  # chat-completions options are the provider's, not ours
    ) -> Task:
        """A chat task from one user message or from a list of messages; `options` go to the model as they are."""
        listed: Sequence[Body] = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        request: Body = {"messages": list(listed), **options}
        return cls(
            model,
            request,
            deadline=deadline,
            allow_fallback=allow_fallback,
            priority=priority,
            operation_class=operation_class,
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call: what was read (caches included) and what was written."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a provider says is left of its limits; `None` where it says nothing.

    Attributes:
        requests_left: calls that may still begin.
        requests_reset: seconds until that number is full again.
        tokens_left: tokens that may still be used.
        tokens_reset: seconds until that number is full again.
    """

    requests_left: int | None = None
    requests_reset: float | None = None
    tokens_left: int | None = None
    tokens_reset: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one provider's call gave: the reply's JSON bytes in the task's dialect.

    Attributes:
        body: the bytes as they go to the client; the model they name is the one that answered, by our id.
        status: the provider's HTTP status.
        usage: tokens, where the provider told them.
        limits: what is left of the provider's rate limits, where it told them.
    """

    body: bytes = field(repr=False)
    status: int = 200
    usage: Usage | None = None
    limits: RateLimits | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Some whole server-sent events of a streamed answer that came together, in the task's dialect.

    Attributes:
        data: the events' bytes, ending in an empty line.
        has_content: whether they carry something the model said (text, a tool call, a finish reason);
            keep-alives and empty role announcements are not progress.
        usage: tokens so far, where these events told them.
        limits: what is left of the provider's rate limits; at most on a stream's first piece.
    """

    data: bytes = field(repr=False)
    has_content: bool
    usage: Usage | None = None
    limits: RateLimits | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who served an operation, told to the client in `x-hive-*` headers.

    Attributes:
        operation: the operation's id.
        requested: the model the caller asked for (its canonical id).
        served_by: the model that answered.
        attempts: calls made, retries and lost races included.
        degraded: whether the fleet was in degraded mode.
        trail: every hop in order.
        level: how much of the service the fleet could give: the answer's quality indicator.
        route: the virtual model that was asked for, if it was one; `requested` is its primary then.
    """

    operation: str
    requested: str
    served_by: str
    attempts: int
    degraded: bool
    trail: tuple[Hop, ...] = ()
    level: DegradationLevel = DegradationLevel.FULL
    route: str = ""

    @property
    def is_fallback(self) -> bool:
        """Whether another model than the requested one answered."""
        return self.served_by != self.requested


@dataclass(frozen=True, slots=True)
class Reply:
    """An answered operation: the answer and where it came from (BIP-03 `AIResponse`)."""

    answer: Answer = field(repr=False)
    provenance: Provenance

    @property
    def body(self) -> Body:
        """The chat completion as decoded JSON."""
        decoded: Body = json.loads(self.answer.body)
        return decoded

    @property
    def text(self) -> str:
        """The first choice's text; empty when the model answered with tool calls only."""
        choices = self.body.get("choices") or [{}]
        return str(((choices[0] or {}).get("message") or {}).get("content") or "")

    @property
    def served_by(self) -> str:
        """The model that answered."""
        return self.provenance.served_by


class ReplyStream(Protocol):
    """A streamed answer whose first content has arrived: from here on no other model takes over.

    Iterating gives server-sent events as bytes, the last of them included; a stream that breaks raises
    `StreamBroken`. Close it (`aclose`) when the client goes away: the upstream call is cancelled at once.
    """

    @property
    def provenance(self) -> Provenance:
        """Who serves it."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def aclose(self) -> None:
        """Ends it early; neutral for the model."""
        ...


class Operations(Protocol):
    """What a front door (the gateway, a script) asks of the engine.

    Raises `UnknownModel` and `OperationFailed`; nothing else is expected.
    """

    async def execute(self, task: Task) -> Reply:
        """Runs the task on its model or a fallback."""
        ...

    async def open_stream(self, task: Task) -> ReplyStream:
        """The same, streamed; returns when the first content is there."""
        ...
