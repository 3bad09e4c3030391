"""From a chat completion to an Anthropic message, in one piece."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from hive_console.adapters.providers.faults import no_content
from hive_console.adapters.providers.foreign_thoughts import UNSIGNED
from hive_console.adapters.providers.request import write_json
from hive_console.adapters.providers.token_usage import NO_RAW, ChatTokens, chat_tokens, count_of
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.task import Usage

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


class CallFunction(msgspec.Struct):
    """What is called, and with what."""

    name: str | None = None
    arguments: Any = None  # a tool's arguments are the tool's: mostly text, objects at some servers


class Call(msgspec.Struct):
    """One tool call, or a part of one in a stream."""

    index: int | None = None
    id: str | None = None
    function: CallFunction | None = None


class ChatMessage(msgspec.Struct):
    """What the model said."""

    content: Any = None  # mostly text; a list of parts at some servers
    refusal: str | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    tool_calls: list[Call] | None = None


class Choice(msgspec.Struct):
    """One of the answers that were written side by side; only the first was asked for."""

    message: ChatMessage | None = None
    finish_reason: str | None = None


class Completion(msgspec.Struct):
    """A whole chat completion."""

    id: Any = None
    choices: list[Choice] | None = None
    usage: msgspec.Raw = NO_RAW
    error: Any = None  # each provider has its own shape


COMPLETION = msgspec.json.Decoder(Completion)


def to_message(completion: Completion, name: str, *, with_thoughts: bool) -> tuple[bytes, Usage | None]:
    """The message that says what `completion` says, by the model `name`, and its tokens.

    Raises `ProviderError` (`MALFORMED`) when it says nothing, or calls a tool with what is no JSON object.
    """
    choice = completion.choices[0] if completion.choices else None
    if choice is None or choice.message is None:
        raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the answer has no choices"))
    said = choice.message
    content: list[dict[str, Any]] = []
    thoughts = text_of(said.reasoning_content) or text_of(said.reasoning)
    if thoughts and with_thoughts:
        content.append({"type": "thinking", "thinking": thoughts, "signature": UNSIGNED})
    text = text_of(said.content) + (said.refusal or "")
    if text:
        content.append({"type": "text", "text": text})
    calls = [_tool_use(at, call, completion.id) for at, call in enumerate(said.tool_calls or ())]
    if choice.finish_reason == "length" and calls and calls[-1]["input"] is None:
        calls.pop()  # cut in the middle of its arguments, as the stop reason tells
    if any(call["input"] is None for call in calls):
        raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the answer calls a tool with no JSON object"))
    if not content and not calls and choice.finish_reason is None:
        raise ProviderError(no_content())
    tokens = chat_tokens(completion.usage)
    message = {
        "id": message_id(completion.id),
        "type": "message",
        "role": "assistant",
        "model": name,
        "content": content + calls,
        "stop_reason": stop_reason(choice.finish_reason, calls=bool(calls)),
        "stop_sequence": None,
        "usage": usage_in_message(tokens),
    }
    read = None if tokens is None else count_of(tokens.prompt_tokens)
    usage = None if tokens is None or read is None else Usage(read, count_of(tokens.completion_tokens) or 0)
    return write_json(message), usage


def text_of(content: Any) -> str:  # decoded JSON
    """Text as it is, or the texts of a list of parts; whatever else is nothing."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def stop_reason(finish_reason: str | None, *, calls: bool) -> str:
    """Why the answer ended, in the messages API's words; unknown reasons are ordinary ends.

    Calls decide, because many servers (OpenAI, where a tool was forced) say `stop` with them.
    """
    reason = STOP_REASONS.get(finish_reason or "", "end_turn")
    return "tool_use" if calls and reason == "end_turn" else reason


def usage_in_message(tokens: ChatTokens | None) -> dict[str, int]:
    """The counts as the messages API has them: what came from a cache stands beside the input."""
    prompt = 0 if tokens is None else count_of(tokens.prompt_tokens) or 0
    details = None if tokens is None else tokens.prompt_tokens_details
    cached = min(prompt, count_of(details.get("cached_tokens")) or 0) if isinstance(details, dict) else 0
    return {
        "input_tokens": prompt - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": 0 if tokens is None else count_of(tokens.completion_tokens) or 0,
    }


def message_id(answer: Any) -> str:  # decoded JSON
    """The answer's own id; a message must have one."""
    return answer if isinstance(answer, str) and answer else "msg_unnamed"


def call_id(given: str | None, at: int, answer: Any) -> str:
    """The call's own id; one made of the answer's where the server gave none, so that the result finds it."""
    return given or f"toolu_{message_id(answer)}_{at}"


def _tool_use(at: int, call: Call, answer: Any) -> dict[str, Any]:
    function = call.function or CallFunction()
    return {
        "type": "tool_use",
        "id": call_id(call.id, at, answer),
        "name": function.name or "",
        "input": _object_in(function.arguments),
    }


def _object_in(arguments: Any) -> dict[str, Any] | None:
    """The arguments as an object, `None` where they are none; no arguments are an empty one."""
    if isinstance(arguments, dict):
        return arguments
    if not arguments:
        return {}
    try:
        # The standard library's: it reads halves of emoji, as the clients do.
        decoded: Any = json.loads(arguments)
    except (TypeError, ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None
