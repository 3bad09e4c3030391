"""From an Anthropic message to a chat completion, in one piece."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.faults import no_content
from hive_console.adapters.providers.token_usage import NO_RAW, MessageTokens, count_of, message_tokens
from hive_console.core.errors import ProviderError
from hive_console.core.task import Usage

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def usage_in_chat(tokens: MessageTokens) -> dict[str, Any]:
    """The counts as chat completions has them: the prompt holds everything that was read."""
    prompt, written = tokens.prompt, count_of(tokens.output_tokens) or 0
    told: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": count_of(tokens.cache_read_input_tokens) or 0},
    }
    details = tokens.output_tokens_details
    thinking = count_of(details.get("thinking_tokens")) if isinstance(details, dict) else None
    if thinking is not None:
        told["completion_tokens_details"] = {"reasoning_tokens": thinking}
    return told


class Block(msgspec.Struct):
    """One content block, of any type; foreign ones keep only their type."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    input: Any = None  # a tool's arguments are the tool's


class Message(msgspec.Struct):
    """A whole message, or the head of a streamed one."""

    id: str = ""
    content: list[Block] | None = None
    stop_reason: str | None = None
    usage: msgspec.Raw = NO_RAW
    error: Any = None  # each provider has its own shape


MESSAGE = msgspec.json.Decoder(Message)
"""Reads a whole message."""


def to_completion(message: Message, name: str, now: float) -> tuple[bytes, Usage | None]:
    """The chat completion that says what `message` says, by the model `name`, and its tokens.

    Raises `ProviderError` when it says nothing.
    """
    if message.content is None or (not message.content and message.stop_reason is None):
        raise ProviderError(no_content())
    tokens = message_tokens(message.usage) or MessageTokens()
    reply: dict[str, Any] = {"role": "assistant", "content": None}
    texts = [block.text for block in message.content if block.type == "text" and block.text is not None]
    thoughts = [block.thinking for block in message.content if block.type == "thinking" and block.thinking]
    calls = [_tool_call(block) for block in message.content if block.type == "tool_use"]
    if texts or not calls:
        reply["content"] = "".join(texts)
    if thoughts:
        reply["reasoning_content"] = "".join(thoughts)
    if calls:
        reply["tool_calls"] = calls
    completion = {
        "id": message.id,
        "object": "chat.completion",
        "created": int(now),
        "model": name,
        "choices": [{"index": 0, "message": reply, "logprobs": None, "finish_reason": finish_reason(message)}],
        "usage": usage_in_chat(tokens),
    }
    return msgspec.json.encode(completion), tokens.as_usage()


def finish_reason(message: Message) -> str:
    """Why the answer ended, in the chat-completions words; unknown reasons are ordinary ends."""
    return FINISH_REASONS.get(message.stop_reason or "", "stop")


def _tool_call(block: Block) -> dict[str, Any]:
    arguments = msgspec.json.encode(block.input if block.input is not None else {}).decode()
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": arguments}}
