"""From an Anthropic message stream to chat-completion chunks, event by event."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.anthropic_answer import FINISH_REASONS, Block, Message, usage_in_chat
from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.codec import DONE_FRAME
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.faults import NO_CHUNK, NOTHING_IN_STREAM, stream_cut
from hive_console.adapters.providers.lenient_json import understood
from hive_console.adapters.providers.sse import ServerEvent
from hive_console.adapters.providers.token_usage import NO_RAW, MessageTokens, message_tokens
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.task import Usage

_KEEP_ALIVE = b": ping\n\n"
_NOTHING = (b"", False)

_Told = tuple[bytes, bool]
"""Chunks, and whether the model said something in them."""


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
    usage: msgspec.Raw = NO_RAW
    error: Any = None  # each provider has its own shape


_EVENT = msgspec.json.Decoder(_Event)


class AnthropicReader:
    """Translates one stream; knows the message's name, its tools by block, its usage, and whether it was whole."""

    def __init__(self, veil: Veil, *, name: str, now: float, wants_usage: bool) -> None:
        self._veil = veil
        self._name = name
        self._created = int(now)
        self._wants_usage = wants_usage
        self._id = ""
        self._tokens = MessageTokens()
        self._tools: dict[int, int] = {}
        self._unargued: set[int] = set()
        self._has_spoken = False
        self._is_finished = False
        self.is_done = False

    @property
    def usage(self) -> Usage | None:
        """Tokens so far, where the stream told them."""
        return self._tokens.as_usage()

    def feed(self, event: ServerEvent) -> tuple[bytes, bool]:
        """The chunks this event becomes; raises for errors, garbage and an end after nothing."""
        if event.data is None:
            return event.raw, False
        read = understood(_EVENT, event.data)
        if read is None:
            raise ProviderError(NO_CHUNK)
        if read.type == "error" or event.name == "error" or read.error:
            raise ProviderError(classify_reported(read_error(event.data), veil=self._veil))
        told = self._translated(read)
        self._has_spoken = self._has_spoken or told[1]
        return told

    def finish(self) -> bytes:
        """The end that is owed when the connection closed after the stop reason."""
        if self.is_done:
            return b""
        if not self._is_finished:
            raise ProviderError(stream_cut(has_spoken=self._has_spoken))
        return self._end()

    def _translated(self, event: _Event) -> _Told:
        match event.type:
            case "message_start":
                return self._begin(event.message or Message())
            case "content_block_start":
                return self._open_block(event.index, event.content_block or Block())
            case "content_block_delta":
                return self._continue_block(event.index, event.delta or _Delta())
            case "content_block_stop":
                return self._close_block(event.index)
            case "message_delta":
                return self._close(event.delta or _Delta(), event.usage)
            case "message_stop":
                if not self._has_spoken:
                    raise ProviderError(NOTHING_IN_STREAM)
                return self._end(), False
            case "ping":
                return _KEEP_ALIVE, False
            case _:  # events yet unknown say nothing to the client
                return _NOTHING

    def _begin(self, message: Message) -> _Told:
        self._id = message.id
        self._count(message.usage)
        return self._chunk({"role": "assistant", "content": ""}), False

    def _open_block(self, index: int, block: Block) -> _Told:
        if block.type == "tool_use":
            self._tools[index] = len(self._tools)
            # Anthropic sends the arguments later; some who copy it send them at once.
            arguments = msgspec.json.encode(block.input).decode() if block.input else ""
            if not arguments:
                self._unargued.add(index)
            call = {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": arguments}}
            return self._chunk({"tool_calls": [{"index": self._tools[index], **call}]}), True
        # Blocks may open with their first words.
        return self._continue_block(index, _Delta(text=block.text, thinking=block.thinking))

    def _continue_block(self, index: int, delta: _Delta) -> _Told:
        if delta.text:
            return self._chunk({"content": delta.text}), True
        if delta.thinking:
            return self._chunk({"reasoning_content": delta.thinking}), True
        if delta.partial_json and index in self._tools:
            self._unargued.discard(index)
            return self._arguments(index, delta.partial_json), True
        return _NOTHING

    def _close_block(self, index: int) -> _Told:
        """A call without arguments is told with none here, and with an empty object there."""
        if index not in self._unargued:
            return _NOTHING
        self._unargued.discard(index)
        return self._arguments(index, "{}"), True

    def _close(self, delta: _Delta, usage: msgspec.Raw) -> _Told:
        self._count(usage)
        if delta.stop_reason is None:
            return _NOTHING
        self._is_finished = True
        owed = b"".join(self._close_block(index)[0] for index in sorted(self._unargued))
        return owed + self._chunk({}, finish_reason=FINISH_REASONS.get(delta.stop_reason, "stop")), True

    def _end(self) -> bytes:
        self.is_done = True
        if not self._wants_usage:
            return DONE_FRAME
        return _framed({**self._head(), "choices": [], "usage": usage_in_chat(self._tokens)}) + DONE_FRAME

    def _count(self, usage: msgspec.Raw) -> None:
        tokens = message_tokens(usage)
        if tokens is not None:
            self._tokens = self._tokens.updated(tokens)

    def _arguments(self, index: int, part: str) -> bytes:
        return self._chunk({"tool_calls": [{"index": self._tools[index], "function": {"arguments": part}}]})

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _framed({**self._head(), "choices": [choice]})

    def _head(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._name,
        }


def _framed(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"
