"""From chat-completion chunks to an Anthropic message stream, chunk by chunk."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.anthropic_relay import STOP_FRAME
from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.faults import NO_CHUNK, NOTHING_IN_STREAM, stream_cut
from hive_console.adapters.providers.foreign_thoughts import UNSIGNED
from hive_console.adapters.providers.lenient_json import understood
from hive_console.adapters.providers.openai_answer import (
    Call,
    call_id,
    message_id,
    stop_reason,
    text_of,
    usage_in_message,
)
from hive_console.adapters.providers.sse import ServerEvent
from hive_console.adapters.providers.token_usage import NO_RAW, ChatTokens, chat_tokens, chat_usage
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.task import Usage

_DONE = b"[DONE]"
_PING = b'event: ping\ndata: {"type":"ping"}\n\n'
_COMMENT = b": ping\n\n"
"""A keep-alive before the message began: clients expect no event there."""


class _Delta(msgspec.Struct):
    content: Any = None  # each provider has its own shapes
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    id: Any = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = NO_RAW
    error: Any = None


_CHUNK = msgspec.json.Decoder(_Chunk)


class OpenAIReader:
    """Translates one stream; knows its open blocks, its tools, its usage, and whether it was whole.

    One block of text or thinking is open at a time. Blocks of tools stay open to the end: chat completions may
    go on with any of its calls at any time, and a closed block cannot be opened again.
    """

    def __init__(self, veil: Veil, *, name: str, with_thoughts: bool) -> None:
        self._veil = veil
        self._name = name
        self._with_thoughts = with_thoughts
        self._id: str | None = None
        self._blocks = 0
        self._open: tuple[int, str] | None = None
        self._tools: dict[int, int] = {}
        self._tokens: ChatTokens | None = None
        self._finish_reason: str | None = None
        self._has_spoken = False
        self.is_done = False
        self.usage: Usage | None = None

    def feed(self, event: ServerEvent) -> tuple[bytes, bool]:
        """The events this chunk becomes; raises for errors, garbage and a `[DONE]` after nothing."""
        data = event.data
        if data is None:
            return (_COMMENT if self._id is None else _PING), False
        if data.strip() == _DONE:
            if not self._has_spoken:
                raise ProviderError(NOTHING_IN_STREAM)
            return self._end(), False
        chunk = understood(_CHUNK, data)
        if chunk is None:
            raise ProviderError(NO_CHUNK)
        if chunk.error or event.name == "error":
            raise ProviderError(classify_reported(read_error(data), veil=self._veil))
        if chunk.usage:
            self._tokens = chat_tokens(chunk.usage) or self._tokens
            self.usage = chat_usage(chunk.usage) or self.usage
        told, has_content = self._translated(chunk)
        self._has_spoken = self._has_spoken or has_content
        return told, has_content

    def finish(self) -> bytes:
        """The end that is owed when the connection closed after the finish reason."""
        if self.is_done:
            return b""
        if self._finish_reason is None:
            raise ProviderError(stream_cut(has_spoken=self._has_spoken))
        return self._end()

    def _translated(self, chunk: _Chunk) -> tuple[bytes, bool]:
        events: list[bytes] = []
        if self._id is None:
            events.append(self._begin(chunk.id))
        has_content = False
        for choice in (chunk.choices or ())[:1]:  # one answer was asked for
            if choice.delta is not None:
                has_content = self._add(choice.delta, events)
            if choice.finish_reason:
                self._finish_reason = choice.finish_reason
                has_content = True
        return b"".join(events), has_content

    def _begin(self, answer: Any) -> bytes:
        self._id = message_id(answer)
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._name,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_in_message(None),  # chat completions tells it at the end
        }
        return _framed({"type": "message_start", "message": message})

    def _add(self, delta: _Delta, events: list[bytes]) -> bool:
        """Adds what the delta says to `events`; whether it says anything."""
        thoughts = text_of(delta.reasoning_content) or text_of(delta.reasoning)
        text = text_of(delta.content) + text_of(delta.refusal)
        if thoughts:
            if self._with_thoughts:
                self._continue("thinking", {"type": "thinking_delta", "thinking": thoughts}, events)
            else:
                events.append(_PING)  # the model is at work, and the client did not ask what it thinks
        if text:
            self._continue("text", {"type": "text_delta", "text": text}, events)
        for call in delta.tool_calls or ():
            self._call(call, events)
        return bool(thoughts or text or delta.tool_calls)

    def _continue(self, kind: str, delta: dict[str, str], events: list[bytes]) -> None:
        if self._open is None or self._open[1] != kind:
            self._close_open(events)
            empty = (
                {"type": kind, "thinking": "", "signature": ""}
                if kind == "thinking"
                else {"type": kind, "text": ""}
            )
            self._open = (self._open_block(empty, events), kind)
        events.append(_framed({"type": "content_block_delta", "index": self._open[0], "delta": delta}))

    def _call(self, call: Call, events: list[bytes]) -> None:
        function = call.function
        at = call.index if call.index is not None else max(0, len(self._tools) - (0 if call.id else 1))
        if at not in self._tools:
            self._close_open(events)
            name = (function.name if function else None) or ""
            block = {"type": "tool_use", "id": call_id(call.id, at, self._id), "name": name, "input": {}}
            self._tools[at] = self._open_block(block, events)
        arguments = function.arguments if function else None
        if isinstance(arguments, dict):
            arguments = msgspec.json.encode(arguments).decode()
        if isinstance(arguments, str) and arguments:
            delta = {"type": "input_json_delta", "partial_json": arguments}
            events.append(_framed({"type": "content_block_delta", "index": self._tools[at], "delta": delta}))

    def _open_block(self, block: dict[str, Any], events: list[bytes]) -> int:
        index = self._blocks
        self._blocks += 1
        events.append(_framed({"type": "content_block_start", "index": index, "content_block": block}))
        return index

    def _close_open(self, events: list[bytes]) -> None:
        if self._open is None:
            return
        index, kind = self._open
        self._open = None
        if kind == "thinking":
            seal = {"type": "signature_delta", "signature": UNSIGNED}
            events.append(_framed({"type": "content_block_delta", "index": index, "delta": seal}))
        events.append(_framed({"type": "content_block_stop", "index": index}))

    def _end(self) -> bytes:
        self.is_done = True
        events: list[bytes] = []
        self._close_open(events)
        events += [
            _framed({"type": "content_block_stop", "index": index}) for index in sorted(self._tools.values())
        ]
        reason = stop_reason(self._finish_reason, calls=bool(self._tools))
        delta = {"stop_reason": reason, "stop_sequence": None}
        events.append(_framed({"type": "message_delta", "delta": delta, "usage": usage_in_message(self._tokens)}))
        return b"".join((*events, STOP_FRAME))


def _framed(event: dict[str, Any]) -> bytes:
    name: str = event["type"]
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(event) + b"\n\n"
