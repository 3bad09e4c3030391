"""From an Anthropic message to a chat completion, in one piece."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.faults import not_an_answer
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class Usage(msgspec.Struct):
    """Tokens as the messages API counts them: what came from a cache stands beside the input, not in it."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None

    def as_chat(self) -> dict[str, Any]:
        """The counts as chat completions has them: the prompt holds everything that was read."""
        cached = self.cache_read_input_tokens or 0
        prompt = (self.input_tokens or 0) + cached + (self.cache_creation_input_tokens or 0)
        written = self.output_tokens or 0
        return {
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
            "prompt_tokens_details": {"cached_tokens": cached},
        }


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
    model: str = ""
    content: list[Block] | None = None
    stop_reason: str | None = None
    usage: Usage | None = None
    error: Any = None  # each provider has its own shape


_MESSAGE = msgspec.json.Decoder(Message)


def read_message(body: bytes) -> Message:
    """The message in `body`; raises `ProviderError` (`MALFORMED`) for anything else."""
    message = _decoded(body)
    if message is None:
        raise ProviderError(not_an_answer(body))
    return message


def to_completion(message: Message, now: float) -> bytes:
    """The chat completion that says what `message` says; raises `ProviderError` when it says nothing."""
    if message.content is None or (not message.content and message.stop_reason is None):
        raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the answer has no content"))
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
        "model": message.model,
        "choices": [{"index": 0, "message": reply, "logprobs": None, "finish_reason": finish_reason(message)}],
        "usage": (message.usage or Usage()).as_chat(),
    }
    return msgspec.json.encode(completion)


def finish_reason(message: Message) -> str:
    """Why the answer ended, in the chat-completions words; unknown reasons are ordinary ends."""
    return FINISH_REASONS.get(message.stop_reason or "", "stop")


def _tool_call(block: Block) -> dict[str, Any]:
    arguments = msgspec.json.encode(block.input if block.input is not None else {}).decode()
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": arguments}}


def _decoded(body: bytes) -> Message | None:
    # The decoding error can carry the text it failed on; it must not hang on the error that is raised.
    try:
        return _MESSAGE.decode(body)
    except (ValueError, RecursionError):
        return None
