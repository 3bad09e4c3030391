"""From an Anthropic messages request to a chat-completions request.

What changes the meaning of an answer and has no counterpart makes the model unfit, by name, so that another can
take the work; what only tunes it is left out. docs/dialects.md has the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from hive_console.adapters.providers.unfit import check_fields, listed, unfit
from hive_console.core.errors import ProviderError
from hive_console.core.task import Body

MOST_STOPS = 4
"""Stop sequences that chat completions takes (OpenAI's API reference)."""

TRANSLATED = frozenset(
    {
        "model", "stream", "messages", "system", "max_tokens", "stop_sequences", "temperature", "top_p", "tools",
        "tool_choice", "metadata", "thinking", "output_config",
    }
)  # fmt: skip

LEFT_OUT = frozenset({"cache_control", "diagnostics", "service_tier", "speed"})
"""What tunes how an answer is cached, paid, hurried or explained, and not what is asked for."""

HARMLESS_VALUES: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {"mcp_servers": ([],), "context_management": ({},)}
)
"""Fields that may stand at the value that asks for nothing special."""

THOUGHTS = frozenset({"thinking", "redacted_thinking"})
"""Blocks of history that are left out: sealed for the model that thought them, and no part of what was said."""

_CHOICES = MappingProxyType({"auto": "auto", "any": "required", "none": "none"})


def to_chat_request(request: Body) -> dict[str, Any]:
    """The chat request without `model` and `stream`; raises `ProviderError` (`UNFIT`, naming the field)."""
    check_fields(request, known=TRANSLATED | LEFT_OUT, harmless=HARMLESS_VALUES)
    messages = [*_system(request.get("system")), *_conversation(request.get("messages"))]
    body: dict[str, Any] = {"messages": messages}
    # The token limit by its older name, which every compatible server knows; the newest models of OpenAI refuse it,
    # and are asked again with the newer one (see `amendments`).
    for name in ("max_tokens", "temperature", "top_p"):
        if request.get(name) is not None:
            body[name] = request[name]
    stops = request.get("stop_sequences")
    if stops:
        if len(listed(stops, "stop_sequences")) > MOST_STOPS:
            raise unfit(f"more than {MOST_STOPS} stop_sequences")
        body["stop"] = stops
    body.update(_tooling(request))
    body.update(_output(request.get("output_config")))
    metadata = request.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("user_id"), str):
        body["user"] = metadata["user_id"]
    return body


def wants_thoughts(request: Body) -> bool:
    """Whether the client is ready for thinking blocks: it asked for thinking, and not to have it hidden.

    Who did not ask takes the first block for the answer's text.
    """
    match request.get("thinking"):
        case {"display": "omitted"} | {"type": "disabled"}:
            return False
        case {"type": str()}:
            return True
        case _:
            return False


def _output(config: Any) -> Iterator[tuple[str, Any]]:
    if config is None:
        return
    if not isinstance(config, dict) or not config.keys() <= {"effort", "format"}:
        raise unfit("this output_config")
    if isinstance(config.get("effort"), str):
        yield "reasoning_effort", config["effort"]
    match config.get("format"):
        case None:
            return
        case {"type": "json_schema", "schema": dict(schema)}:
            yield (
                "response_format",
                {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}},
            )
        case _:
            raise unfit("this output_config.format")


def _tooling(request: Body) -> Iterator[tuple[str, Any]]:
    tools = request.get("tools")
    if not tools:
        return
    yield "tools", [_tool(tool) for tool in listed(tools, "tools")]
    choice = request.get("tool_choice")
    match choice:
        case None:
            return
        case {"type": "tool", "name": str(name)}:
            yield "tool_choice", {"type": "function", "function": {"name": name}}
        case {"type": "auto" | "any" | "none" as kind}:
            yield "tool_choice", _CHOICES[kind]
        case _:
            raise unfit("this tool_choice")
    if choice.get("disable_parallel_tool_use") is True:
        yield "parallel_tool_calls", False


def _tool(tool: Any) -> dict[str, Any]:
    if not isinstance(tool, dict) or tool.get("type") not in {None, "custom"}:
        raise unfit("tools that the provider itself runs")
    if tool.get("defer_loading") or tool.get("allowed_callers") not in (None, ["direct"]):
        raise unfit("tools that are not called directly")
    function: dict[str, Any] = {"name": tool.get("name"), "parameters": tool.get("input_schema")}
    if tool.get("description"):
        function["description"] = tool["description"]
    if tool.get("strict") is True:
        function["strict"] = True
    return {"type": "function", "function": function}


def _system(system: Any) -> list[dict[str, Any]]:
    text = _plain_text(system, "system") if system else ""
    return [{"role": "system", "content": text}] if text else []


def _conversation(messages: Any) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    role = None
    for message in listed(messages, "messages"):
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        match role:
            case "user":
                turns += _user_turns(content)
            case "assistant":
                turns += _assistant_turns(content)
            case "system":
                turns.append({"role": "system", "content": _plain_text(content, "system messages")})
            case _:
                raise unfit("messages of this role")
    if role == "assistant":
        raise unfit("messages that end with the assistant's")  # the model would answer them instead of going on
    return turns


def _user_turns(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"role": "user", "content": content}]
    results: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for block in listed(content, "message content"):
        match block:
            case {"type": "tool_result", "tool_use_id": str(call)}:
                text, images = _result_of(block)
                results.append({"role": "tool", "tool_call_id": call, "content": text})
                if images:  # tool messages hold nothing but text
                    parts += [{"type": "text", "text": f"Images from the tool call {call}:"}, *images]
            case _:
                parts.append(_part(block))
    match parts:
        case []:
            return results
        case [{"type": "text", "text": text}]:
            return [*results, {"role": "user", "content": text}]
        case _:
            return [*results, {"role": "user", "content": parts}]


def _assistant_turns(content: Any) -> list[dict[str, Any]]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else listed(content, "message content")
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for block in blocks:
        match block:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case {"type": "tool_use", "id": str(call), "name": str(name)}:
                arguments = msgspec.json.encode(block.get("input") or {}).decode()
                function = {"name": name, "arguments": arguments}
                calls.append({"id": call, "type": "function", "function": function})
            case {"type": str(kind)} if kind in THOUGHTS:
                continue
            case _:
                raise _unfit_block(block)
    turn: dict[str, Any] = {"role": "assistant", "content": "".join(texts) or None}
    if calls:
        turn["tool_calls"] = calls
    return [turn] if texts or calls else []


def _result_of(block: Mapping[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """A tool's result as text, which says itself when it is an error, and its images."""
    content = block.get("content")
    blocks = listed(content, "tool_result content") if not isinstance(content, str | None) else []
    parts = [_part(inner) for inner in blocks]
    text = content if isinstance(content, str) else "\n".join(part["text"] for part in parts if "text" in part)
    if block.get("is_error") is True:
        text = f"Error: {text}"
    return text, [part for part in parts if "text" not in part]


def _part(block: Any) -> dict[str, Any]:
    match block:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "image", "source": {"type": "url", "url": str(url)}}:
            return {"type": "image_url", "image_url": {"url": url}}
        case {"type": "image", "source": {"type": "base64", "media_type": str(kind), "data": str(data)}}:
            return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}}
        case {"type": "image"}:
            raise unfit("images that are neither a link nor base64 data")
        case _:
            raise _unfit_block(block)


def _plain_text(content: Any, field: str) -> str:
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for block in listed(content, field):
        match block:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case _:
                raise _unfit_block(block)
    return "\n\n".join(texts)


def _unfit_block(block: Any) -> ProviderError:
    kind = block.get("type") if isinstance(block, dict) else None
    return unfit(f"content blocks of type {kind}" if isinstance(kind, str) else "content blocks without a type")
