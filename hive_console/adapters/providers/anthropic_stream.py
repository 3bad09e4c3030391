"""From an Anthropic message stream to chat-completion chunks, event by event."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.anthropic_answer import FINISH_REASONS, Block, Message, Usage
from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.codec import DONE_FRAME
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.faults import NO_CHUNK, NOTHING_IN_STREAM, stream_cut
from hive_console.adapters.providers.sse import ServerEvent
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.task import Piece

_KEEP_ALIVE = Piece(b": ping\n\n", has_content=False)


class _Delta(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: Message | None = None
    content_block: Block | None = None
    delta: _Delta | None = None
    usage: Usage | None = None
    error: Any = None  # each provider has its own shape


_EVENT = msgspec.json.Decoder(_Event)


class AnthropicReader:
    """Translates one stream; knows the message's name, its tools by block, its usage, and whether it was whole."""

    def __init__(self, veil: Veil, *, now: float, wants_usage: bool) -> None:
        self._veil = veil
        self._created = int(now)
        self._wants_usage = wants_usage
        self._id = ""
        self._model = ""
        self._usage = Usage()
        self._tools: dict[int, int] = {}
        self._has_spoken = False
        self._is_finished = False
        self._is_done = False

    @property
    def is_done(self) -> bool:
        """Whether `message_stop` came."""
        return self._is_done

    def feed(self, event: ServerEvent) -> list[Piece]:
        """The chunks this event becomes; raises for errors, garbage and an end after nothing."""
        if event.data is None:
            return [Piece(event.raw, has_content=False)]
        read = _decoded(event.data)
        if read is None:
            raise ProviderError(NO_CHUNK)
        if read.type == "error" or event.name == "error" or read.error:
            raise ProviderError(classify_reported(read_error(event.data), veil=self._veil))
        pieces = self._translated(read)
        self._has_spoken = self._has_spoken or any(piece.has_content for piece in pieces)
        return pieces

    def finish(self) -> list[Piece]:
        """The end that is owed when the connection closed after the stop reason."""
        if self._is_done:
            return []
        if not self._is_finished:
            raise ProviderError(stream_cut(has_spoken=self._has_spoken))
        return self._end()

    def _translated(self, event: _Event) -> list[Piece]:
        match event.type:
            case "message_start":
                return self._begin(event.message or Message())
            case "content_block_start":
                return self._open_block(event.index, event.content_block or Block())
            case "content_block_delta":
                return self._continue_block(event.index, event.delta or _Delta())
            case "message_delta":
                return self._close(event.delta or _Delta(), event.usage)
            case "message_stop":
                if not self._has_spoken:
                    raise ProviderError(NOTHING_IN_STREAM)
                return self._end()
            case "ping":
                return [_KEEP_ALIVE]
            case _:  # block stops and events yet unknown say nothing to the client
                return []

    def _begin(self, message: Message) -> list[Piece]:
        self._id, self._model = message.id, message.model
        self._usage = message.usage or self._usage
        return [self._chunk({"role": "assistant", "content": ""}, has_content=False)]

    def _open_block(self, index: int, block: Block) -> list[Piece]:
        if block.type == "tool_use":
            self._tools[index] = len(self._tools)
            call = {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": ""}}
            return [self._chunk({"tool_calls": [{"index": self._tools[index], **call}]}, has_content=True)]
        # Blocks may open with their first words.
        return self._continue_block(index, _Delta(text=block.text, thinking=block.thinking))

    def _continue_block(self, index: int, delta: _Delta) -> list[Piece]:
        if delta.text:
            return [self._chunk({"content": delta.text}, has_content=True)]
        if delta.thinking:
            return [self._chunk({"reasoning_content": delta.thinking}, has_content=True)]
        if delta.partial_json and index in self._tools:
            function = {"arguments": delta.partial_json}
            call = {"index": self._tools[index], "function": function}
            return [self._chunk({"tool_calls": [call]}, has_content=True)]
        return []

    def _close(self, delta: _Delta, usage: Usage | None) -> list[Piece]:
        if usage is not None:
            self._usage = _updated(self._usage, usage)
        if delta.stop_reason is None:
            return []
        self._is_finished = True
        return [self._chunk({}, has_content=True, finish_reason=FINISH_REASONS.get(delta.stop_reason, "stop"))]

    def _end(self) -> list[Piece]:
        self._is_done = True
        done = Piece(DONE_FRAME, has_content=False)
        if not self._wants_usage:
            return [done]
        return [_framed({**self._head(), "choices": [], "usage": self._usage.as_chat()}, has_content=False), done]

    def _chunk(self, delta: dict[str, Any], *, has_content: bool, finish_reason: str | None = None) -> Piece:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _framed({**self._head(), "choices": [choice]}, has_content=has_content)

    def _head(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
        }


def _framed(chunk: dict[str, Any], *, has_content: bool) -> Piece:
    return Piece(b"data: " + msgspec.json.encode(chunk) + b"\n\n", has_content)


def _updated(old: Usage, new: Usage) -> Usage:
    """Later counts are totals: they replace earlier ones where they are given."""
    return Usage(
        **{
            name: getattr(old, name) if getattr(new, name) is None else getattr(new, name)
            for name in Usage.__struct_fields__
        }
    )


def _decoded(data: bytes) -> _Event | None:
    # The decoding error can carry the text it failed on; it must not hang on the error that is raised.
    try:
        return _EVENT.decode(data)
    except (ValueError, RecursionError):
        return None
