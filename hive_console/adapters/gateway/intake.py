"""A chat-completions request from its bytes to a task: what is read, how long we wait, what is refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from hive_console.adapters.gateway.failures import INVALID_REQUEST, TIMEOUT, Failure, RequestRefused, bad_request
from hive_console.adapters.gateway.headers import wishes_of
from hive_console.core.task import Task

MODEL_LIMIT = 200
"""Characters of a model's name: four times the longest name any provider uses."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that the engine can take: the task, and whether its answer is wanted piece by piece."""

    task: Task
    is_streamed: bool


async def read_chat(request: web.Request, *, max_body: int, timeout: float) -> ChatRequest:  # noqa: ASYNC109 - a limit with a status of its own
    """Reads and checks one request.

    Args:
        request: as it came; its headers are complete, its body may still be under way.
        max_body: bytes the body may have, after decompression.
        timeout: seconds the body may take.

    Raises:
        RequestRefused: 400, 408 or 413, in OpenAI's words.
    """
    wishes = wishes_of(request.headers)
    fields = _decoded(await _read_body(request, max_body, timeout))
    model = fields.pop("model", None)
    if not isinstance(model, str) or not 0 < len(model) <= MODEL_LIMIT:
        raise bad_request(f"'model' must be a string of 1 to {MODEL_LIMIT} characters", param="model")
    if not isinstance(fields.get("messages"), list):
        raise bad_request("'messages' must be a list", param="messages")
    is_streamed = fields.pop("stream", None)
    if not isinstance(is_streamed, bool | None):
        raise bad_request("'stream' must be true or false", param="stream")
    task = Task(
        model,
        fields,
        deadline=wishes.deadline,
        allow_fallback=wishes.allow_fallback,
        priority=wishes.priority,
        operation_class=wishes.operation_class,
    )
    return ChatRequest(task, is_streamed=bool(is_streamed))


async def _read_body(request: web.Request, max_body: int, seconds: float) -> bytes:
    if (request.content_length or 0) > max_body:
        raise _too_large(max_body)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > max_body:
                    raise _too_large(max_body)
    except TimeoutError:
        message = f"the request's body did not arrive within {seconds:g} s"
        raise RequestRefused(Failure(408, TIMEOUT, message, code="request_timeout")) from None
    except (web.RequestPayloadError, ValueError) as exc:
        raise bad_request("the request's body cannot be read: its length or its encoding is wrong") from exc
    return bytes(body)


def _too_large(max_body: int) -> RequestRefused:
    message = f"the request's body is larger than {max_body} bytes (the gateway's maxBody)"
    return RequestRefused(Failure(413, INVALID_REQUEST, message, code="request_too_large"))


def _decoded(body: bytes) -> dict[str, Any]:  # JSON has no narrower Python type at its leaves
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The decoder's own words may quote the body; the place alone would not help a caller much.
        raise bad_request("the request's body is not valid JSON", code="invalid_json") from None
    except RecursionError:
        raise bad_request("the request's body is nested too deeply", code="invalid_json") from None
    if not isinstance(fields, dict):
        raise bad_request("the request's body must be a JSON object", code="invalid_json")
    return fields
