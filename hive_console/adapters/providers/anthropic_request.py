"""From a chat-completions request to an Anthropic messages request.

What changes the meaning of an answer and has no counterpart is refused by name, so that another model can take
the work; what only tunes it (seeds, penalties, hints) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.task import Body
from hive_console.core.text import clean_message

DEFAULT_MAX_TOKENS = 4096
"""Tokens. The messages API demands a bound, chat completions has none; every current model can write this many."""

_MAX_TEMPERATURE = 1.0
"""The messages API ends at 1, chat completions at 2: what is hotter becomes as hot as possible."""

_TRANSLATED = frozenset(
    {
        "model", "stream", "messages", "max_tokens", "max_completion_tokens", "stop", "temperature", "top_p",
        "tools", "tool_choice", "parallel_tool_calls", "user",
    }
)  # fmt: skip

_LEFT_OUT = frozenset(
    {
        "stream_options", "seed", "frequency_penalty", "presence_penalty", "metadata", "store", "service_tier",
        "reasoning_effort", "verbosity", "prompt_cache_key", "prompt_cache_retention", "safety_identifier",
    }
)  # fmt: skip

_HARMLESS_VALUES: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
}
"""Fields that may stand at the value that asks for nothing special."""


def to_messages_request(request: Body, wire_name: str, *, stream: bool) -> dict[str, Any]:
    """The messages request; raises `ProviderError` (`REFUSED`, naming the field) for what cannot be said."""
    _check_fields(request)
    system, messages = _conversation(request.get("messages"))
    limit = request.get("max_completion_tokens") or request.get("max_tokens") or DEFAULT_MAX_TOKENS
    body: dict[str, Any] = {"model": wire_name, "max_tokens": limit, "messages": messages}
    if system:
        body["system"] = "\n\n".join(system)
    body.update(_sampling(request))
    body.update(_tooling(request))
    if isinstance(request.get("user"), str):
        body["metadata"] = {"user_id": request["user"]}
    if stream:
        body["stream"] = True
    return body


def _refuse(field: str) -> NoReturn:
    message = clean_message(f"this model's dialect has no counterpart for {field}")
    raise ProviderError(Outcome(OutcomeKind.REFUSED, message=message))


def _check_fields(request: Body) -> None:
    for name, value in request.items():
        if value is None or name in _TRANSLATED or name in _LEFT_OUT:
            continue
        if value not in _HARMLESS_VALUES.get(name, ()):
            _refuse(name)


def _sampling(request: Body) -> Iterator[tuple[str, Any]]:
    temperature = request.get("temperature")
    if temperature is not None:
        if not isinstance(temperature, int | float):
            _refuse("temperature of this type")
        yield "temperature", min(temperature, _MAX_TEMPERATURE)
    elif request.get("top_p") is not None:
        yield "top_p", request["top_p"]  # current models refuse both at once
    stop = request.get("stop")
    if stop:
        yield "stop_sequences", [stop] if isinstance(stop, str) else stop


def _tooling(request: Body) -> Iterator[tuple[str, Any]]:
    tools = request.get("tools")
    if not tools:
        return
    yield "tools", [_tool(tool) for tool in _listed(tools, "tools")]
    choice = _tool_choice(request.get("tool_choice"))
    if request.get("parallel_tool_calls") is False and choice.get("type") != "none":
        choice = {"type": "auto", **choice, "disable_parallel_tool_use": True}
    if choice:
        yield "tool_choice", choice


def _tool(tool: Any) -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(function, dict):
        _refuse("tools other than functions")
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    translated: dict[str, Any] = {"name": function.get("name"), "input_schema": schema}
    if function.get("description"):
        translated["description"] = function["description"]
    return translated


def _tool_choice(choice: Any) -> dict[str, Any]:
    match choice:
        case None:
            return {}
        case "auto" | "none":
            return {"type": choice}
        case "required":
            return {"type": "any"}
        case {"type": "function", "function": {"name": str(name)}}:
            return {"type": "tool", "name": name}
        case _:
            _refuse("this tool_choice")


def _conversation(messages: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """System texts and turns; neighbouring turns of one role become one, as tool results must."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for message in _listed(messages, "messages"):
        role = message.get("role") if isinstance(message, dict) else None
        match role:
            case "system" | "developer":
                system += [block["text"] for block in _blocks(message.get("content"), texts_only=True)]
                continue
            case "user":
                blocks = _blocks(message.get("content"))
            case "assistant":
                blocks, role = _assistant_blocks(message), "assistant"
            case "tool":
                blocks, role = [_tool_result(message)], "user"
            case _:
                _refuse("messages of this role")
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return system, turns


def _assistant_blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    blocks = _blocks(message.get("content"), texts_only=True)
    if isinstance(message.get("refusal"), str) and message["refusal"]:
        blocks.append({"type": "text", "text": message["refusal"]})
    for call in _listed(message.get("tool_calls") or [], "messages[].tool_calls"):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            _refuse("tool_calls other than functions")
        arguments = _arguments(function.get("arguments"))
        blocks.append({"type": "tool_use", "id": call.get("id"), "name": function.get("name"), "input": arguments})
    return blocks


def _arguments(text: Any) -> dict[str, Any]:
    if not text:
        return {}
    decoded: Any = None  # a tool's arguments are the caller's
    try:
        decoded = msgspec.json.decode(text)
    except (TypeError, ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict):
        _refuse("tool_calls whose arguments are no JSON object")
    return decoded


def _tool_result(message: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"type": "tool_result", "tool_use_id": message.get("tool_call_id")}
    content = _blocks(message.get("content"))
    if content:
        result["content"] = content
    return result


def _blocks(content: Any, *, texts_only: bool = False) -> list[dict[str, Any]]:
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []  # empty text blocks are refused
    blocks: list[dict[str, Any]] = []
    for part in _listed(content, "this message content"):
        match part:
            case {"type": "text" | "refusal" as kind} if isinstance(part.get("text", part.get("refusal")), str):
                text = part["text"] if kind == "text" else part["refusal"]
                blocks += [{"type": "text", "text": text}] if text else []
            case {"type": "image_url", "image_url": {"url": str(url)}} if not texts_only:
                blocks.append({"type": "image", "source": _image_source(url)})
            case {"type": str(kind)}:
                _refuse(f"content parts of type {kind}")
            case _:
                _refuse("content parts without a type")
    return blocks


def _image_source(url: str) -> dict[str, str]:
    if url.startswith(("https://", "http://")):
        return {"type": "url", "url": url}
    head, comma, data = url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if not url.startswith("data:") or not comma or encoding != "base64":
        _refuse("image_url that is neither a link nor base64 data")
    return {"type": "base64", "media_type": media_type, "data": data}


def _listed(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        _refuse(f"{field} that are no list")
    return list(value)
