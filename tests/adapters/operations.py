"""A small fake engine for the gateway's tests: says what it is told to say, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

from hive_console.core.hop import Hop
from hive_console.core.settings import ModelSettings, RouteSettings, Settings, Strategy
from hive_console.core.snapshot import BreakerView, FleetSnapshot, ModelView
from hive_console.core.states import BreakerState, ModelStatus
from hive_console.core.task import Answer, Provenance, Reply, ReplyStream, Task

KEY = "sk-live-abcdefghijklmnop"
"""A key that must show nowhere."""

COMPLETION = (
    b'{"id":"c1","object":"chat.completion","created":1,"model":"claude-3","choices":[{"index":0,'
    b'"finish_reason":"stop","message":{"role":"assistant","content":"hello there"}}]}'
)

EMBEDDINGS = (
    b'{"object":"list","model":"claude-3","data":[{"object":"embedding","index":0,"embedding":[0.25,-1.0]}],'
    b'"usage":{"prompt_tokens":1,"total_tokens":1}}'
)

MESSAGE = (
    b'{"id":"msg_1","type":"message","role":"assistant","model":"claude-3","stop_reason":"end_turn",'
    b'"stop_sequence":null,"content":[{"type":"text","text":"hello there"}],'
    b'"usage":{"input_tokens":3,"output_tokens":2}}'
)

BY_FALLBACK = Provenance(
    operation="op-1",
    requested="gpt-4",
    served_by="claude-3",
    attempts=3,
    degraded=True,
    trail=(Hop("gpt-4", "timed_out", 1.5), Hop("claude-3", "success", 0.25)),
)

MODELS = (
    ModelSettings("gpt-4", "openai", "https://upstream.invalid/v1", "gpt-4-turbo", aliases=("best",)),
    ModelSettings("claude-3", "anthropic", "https://other.invalid", "claude-3"),
    ModelSettings("meta/llama-3", "together", "https://third.invalid", "llama"),
)

SETTINGS = Settings(MODELS, routes=(RouteSettings("fast", "claude-3", ("gpt-4",), Strategy.FASTEST),))


def event_of(text: str) -> bytes:
    """One event of a streamed chat completion."""
    return (
        b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"claude-3","choices":'
        b'[{"index":0,"delta":{"content":"' + text.encode() + b'"},"finish_reason":null}]}\n\n'
    )


DONE = b"data: [DONE]\n\n"

MESSAGE_BEGINS = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":'
    b'"assistant","model":"claude-3","stop_reason":null,"stop_sequence":null,"content":[],"usage":'
    b'{"input_tokens":3,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":'
    b'{"type":"text","text":""}}\n\n'
)

MESSAGE_ENDS = (
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
    b'"usage":{"output_tokens":2}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


def delta_of(text: str) -> bytes:
    """One event of a streamed message."""
    return (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",'
        b'"text":"' + text.encode() + b'"}}\n\n'
    )


Script = Callable[[], AsyncGenerator[bytes, None]]


class FakeStream:
    """A stream that follows a script, and knows whether it was closed."""

    def __init__(self, script: Script, provenance: Provenance = BY_FALLBACK) -> None:
        self._events = script()
        self._provenance = provenance
        self.closed = asyncio.Event()

    @property
    def provenance(self) -> Provenance:
        return self._provenance

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._events)

    async def aclose(self) -> None:
        await self._events.aclose()
        self.closed.set()


class FakeOperations:
    """Answers with `reply` or `stream`, raises `error`, looks into the task, or waits for `hold`."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []
        self.asked = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.reply = Reply(Answer(COMPLETION), BY_FALLBACK)
        self.stream: FakeStream | None = None
        self.error: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.look: Callable[[Task], Awaitable[None]] | None = None

    async def execute(self, task: Task) -> Reply:
        await self._receive(task)
        return self.reply

    async def open_stream(self, task: Task) -> ReplyStream:
        await self._receive(task)
        assert self.stream is not None
        return self.stream

    async def _receive(self, task: Task) -> None:
        self.tasks.append(task)
        self.asked.set()
        if self.look is not None:
            await self.look(task)
        if self.error is not None:
            raise self.error
        if self.hold is not None:
            try:
                await self.hold.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise


def view_of(name: str, status: ModelStatus = ModelStatus.AVAILABLE, serving: str | None = "claude-3") -> ModelView:
    """A model on the snapshot."""
    breaker = BreakerView(BreakerState.CLOSED, 0.0, failure_threshold=5, recovery_timeout=20.0)
    return ModelView(name, "openai", status, 0.0, "", breaker, serving=serving)


FLEET = FleetSnapshot(
    sequence=7, at=1_000_100.0, started_at=1_000_000.0, models=(view_of("gpt-4"), view_of("claude-3"))
)
