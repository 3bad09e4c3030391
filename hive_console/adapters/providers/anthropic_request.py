"""From a chat-completions request to an Anthropic messages request.

What changes the meaning of an answer and has no counterpart makes the model unfit, by name, so that another can
take the work; what only tunes it (seeds, penalties, hints) is left out. docs/dialects.md has the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from hive_console.adapters.providers.unfit import check_fields, listed, unfit
from hive_console.core.task import Body

DEFAULT_MAX_TOKENS = 4096
"""Tokens. The messages API demands a bound, chat completions has none; every current model can write this many."""

_MAX_TEMPERATURE = 1.0
"""The messages API ends at 1, chat completions at 2: what is hotter becomes as hot as possible."""

TRANSLATED = frozenset(
    {
        "model", "stream", "messages", "max_tokens", "max_completion_tokens", "stop", "temperature", "top_p",
        "tools", "tool_choice", "parallel_tool_calls", "user", "safety_identifier", "response_format",
        "reasoning_effort", "stream_options",
    }
)  # fmt: skip

LEFT_OUT = frozenset(
    {
        "seed", "frequency_penalty", "presence_penalty", "metadata", "store", "service_tier", "verbosity",
        "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "prediction",
    }
)  # fmt: skip
"""What tunes how an answer is drawn, kept, paid or hurried, and not what is asked for."""

HARMLESS_VALUES: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "n": (1,),
        "logprobs": (False,),
        "top_logprobs": (0,),
        "logit_bias": ({},),
        "modalities": (["text"],),
    }
)
"""Fields that may stand at the value that asks for nothing special."""

_EFFORTS = MappingProxyType(
    {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
)
"""Efforts as the messages API names them; `none`, which it does not know, is left out."""


def to_messages_request(request: Body) -> dict[str, Any]:
    """The messages request without `model` and `stream`; raises `ProviderError` (`UNFIT`, naming the field)."""
    check_fields(request, known=TRANSLATED | LEFT_OUT, harmless=HARMLESS_VALUES)
    system, messages = _conversation(request.get("messages"))
    if not messages:
        raise unfit("messages of which none is a user's")
    if messages[-1]["role"] == "assistant":
        raise unfit("messages that end with the assistant's")  # it would go on with them instead of answering
    limit = request.get("max_completion_tokens") or request.get("max_tokens") or DEFAULT_MAX_TOKENS
    body: dict[str, Any] = {"max_tokens": limit, "messages": messages}
    if system:
        body["system"] = "\n\n".join(system)
    body.update(_sampling(request))
    body.update(_tooling(request))
    output = dict(_output(request))
    if output:
        body["output_config"] = output
    user = request.get("user") or request.get("safety_identifier")
    if isinstance(user, str):
        body["metadata"] = {"user_id": user}
    return body


def _sampling(request: Body) -> Iterator[tuple[str, Any]]:
    temperature = request.get("temperature")
    if temperature is not None:
        if not isinstance(temperature, int | float):
            raise unfit("temperature of this type")
        yield "temperature", min(temperature, _MAX_TEMPERATURE)
    elif request.get("top_p") is not None:
        yield "top_p", request["top_p"]  # current models refuse both at once
    stop = request.get("stop")
    if stop:
        sequences = [stop] if isinstance(stop, str) else listed(stop, "stop")
        if not all(isinstance(sequence, str) and sequence.strip() for sequence in sequences):
            raise unfit("stop sequences of white space")
        yield "stop_sequences", sequences


def _output(request: Body) -> Iterator[tuple[str, Any]]:
    effort = _EFFORTS.get(str(request.get("reasoning_effort")))
    if effort:
        yield "effort", effort
    match request.get("response_format"):
        case None | {"type": "text"}:
            return
        case {"type": "json_schema", "json_schema": {"strict": True, "schema": dict(schema)}}:
            yield "format", {"type": "json_schema", "schema": schema}
        case {"type": "json_schema"}:
            raise unfit("response_format with a schema that is not strict")
        case _:
            raise unfit("this response_format")


def _tooling(request: Body) -> Iterator[tuple[str, Any]]:
    tools = request.get("tools")
    if not tools:
        return
    yield "tools", [_tool(tool) for tool in listed(tools, "tools")]
    choice = _tool_choice(request.get("tool_choice"))
    if request.get("parallel_tool_calls") is False and choice.get("type") != "none":
        choice = {"type": "auto", **choice, "disable_parallel_tool_use": True}
    if choice:
        yield "tool_choice", choice


def _tool(tool: Any) -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(function, dict):
        raise unfit("tools other than functions")
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    translated: dict[str, Any] = {"name": function.get("name"), "input_schema": schema}
    if function.get("description"):
        translated["description"] = function["description"]
    if function.get("strict") is True:
        translated["strict"] = True
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
            raise unfit("this tool_choice")


def _conversation(messages: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """System texts and turns; neighbouring turns of one role become one, as tool results must."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for message in listed(messages, "messages"):
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
                raise unfit("messages of this role")
        if not blocks:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return system, turns


def _assistant_blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    blocks = _blocks(message.get("content"), texts_only=True)
    if message.get("function_call") is not None or message.get("audio") is not None:
        raise unfit("an assistant's function_call or audio")
    if isinstance(message.get("refusal"), str):
        blocks += _text(message["refusal"])
    for call in listed(message.get("tool_calls") or [], "messages[].tool_calls"):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise unfit("tool_calls other than functions")
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
        raise unfit("tool_calls whose arguments are no JSON object")
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
        return _text(content)
    blocks: list[dict[str, Any]] = []
    for part in listed(content, "this message content"):
        match part:
            case {"type": "text" | "refusal" as kind} if isinstance(part.get("text", part.get("refusal")), str):
                blocks += _text(part["text"] if kind == "text" else part["refusal"])
            case {"type": "image_url", "image_url": {"url": str(url)}} if not texts_only:
                blocks.append({"type": "image", "source": _image_source(url)})
            case {"type": "file", "file": dict(file)} if not texts_only:
                blocks.append(_document(file))
            case {"type": str(kind)}:
                raise unfit(f"content parts of type {kind}")
            case _:
                raise unfit("content parts without a type")
    return blocks


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text.strip() else []  # blocks of white space are refused


def _document(file: Mapping[str, Any]) -> dict[str, Any]:
    data = file.get("file_data")
    prefix = "data:application/pdf;base64,"
    if not isinstance(data, str) or not data.startswith(prefix):
        raise unfit("files other than PDF in base64")
    source = {"type": "base64", "media_type": "application/pdf", "data": data.removeprefix(prefix)}
    titled = {"title": file["filename"]} if isinstance(file.get("filename"), str) else {}
    return {"type": "document", "source": source, **titled}


def _image_source(url: str) -> dict[str, str]:
    if url.startswith(("https://", "http://")):
        return {"type": "url", "url": url}
    head, comma, data = url.partition(",")
    media_type, _, encoding = head.removeprefix("data:").partition(";")
    if not url.startswith("data:") or not comma or encoding != "base64":
        raise unfit("image_url that is neither a link nor base64 data")
    return {"type": "base64", "media_type": media_type, "data": data}
