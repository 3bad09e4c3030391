"""The wire shape of Anthropic messages, as much of it as clients look at."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hive_console.sim.question import ANY_TOOL, Question, Tool, tool_of
from hive_console.sim.shape import (
    Allowance,
    Json,
    Problem,
    Simulated,
    event,
    fragments,
    objects,
    positive_integer,
    text_of,
)

REQUESTS_PER_MINUTE = 1000
"""A mid-tier account's limit, told in headers; `limited-to` is the fault that keeps to one."""

TOKENS_PER_MINUTE = 400_000
"""The same account's tokens: told, and never used up."""

COUNT_PATH = "/v1/messages/count_tokens"

_NO_MONEY = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."

_ERRORS: dict[int, tuple[str, str]] = {
    400: ("invalid_request_error", "The request body is not valid JSON."),
    401: ("authentication_error", "invalid x-api-key: sk-ant-simulated-0000000000000000000000"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model not found"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: (
        "rate_limit_error",
        "This request would exceed your organization's rate limit of 1,000 requests per minute.",
    ),
    529: ("overloaded_error", "Overloaded"),
}
_SERVER_ERROR = ("api_error", "Internal server error")


class AnthropicShape:
    """Anthropic's messages API."""

    path = "/v1/messages"
    keep_alive = b'event: ping\ndata: {"type": "ping"}\n\n'
    requests_per_minute = REQUESTS_PER_MINUTE

    def complaint(self, body: Json, headers: Mapping[str, str]) -> str:
        """What is wrong with a request, or nothing."""
        return self.complaint_of_count(body, headers) or (
            "" if positive_integer(body, "max_tokens") is not None else "max_tokens: Field required"
        )

    def complaint_of_count(self, body: Json, headers: Mapping[str, str]) -> str:
        """The same of a request that only counts tokens."""
        if not headers.get("anthropic-version"):
            return "anthropic-version: header is required"
        if not isinstance(body.get("model"), str) or not body["model"]:
            return "model: Field required"
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            return "messages: at least one message is required"
        return ""

    def question(self, body: Json) -> Question:
        """What the request asks for."""
        messages = objects(body.get("messages"))
        content = messages[-1].get("content") if messages else None
        blocks = objects(content)
        tools, demanded = _tools_of(body)
        return Question(
            text_of(content),
            tools,
            demanded,
            tuple(text_of(block.get("content")) for block in blocks if block.get("type") == "tool_result"),
            tuple(_picture(block) for block in blocks if block.get("type") == "image"),
        )

    def token_limit(self, body: Json) -> int | None:
        """The most tokens the caller wants."""
        return positive_integer(body, "max_tokens")

    def whole(self, answer: Simulated) -> Json:
        """An answer that is not streamed."""
        content: list[Json] = [
            {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "input": json.loads(call.arguments)}
            for call in answer.calls
        ]
        return _message(
            answer,
            content or [{"type": "text", "text": answer.text}],
            stop=_stop(answer),
            output_tokens=answer.tokens,
        )

    def opening(self, answer: Simulated) -> bytes:
        """The empty message, the first block of text, and the ping that follows them."""
        message = _message(answer, [], stop=None, output_tokens=1)
        start = event({"type": "message_start", "message": message}, "message_start")
        return start + (b"" if answer.calls else _block_start(0, {"type": "text", "text": ""})) + self.keep_alive

    def pieces(self, answer: Simulated) -> tuple[bytes, ...]:
        """Words one by one; a block for each tool call, and its arguments as they are written."""
        pieces = [_block_delta(0, {"type": "text_delta", "text": word}) for word in answer.words]
        for index, call in enumerate(answer.calls):
            block = {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "input": {}}
            pieces.append(_block_start(index, block))
            pieces += [
                _block_delta(index, {"type": "input_json_delta", "partial_json": part})
                for part in fragments(call.arguments)
            ]
            pieces[-1] += _block_stop(index)
        return tuple(pieces)

    def closing(self, answer: Simulated) -> bytes:
        """The end of the block, stop reason with usage, and the end of the message."""
        delta = {"stop_reason": _stop(answer), "stop_sequence": None}
        usage = {"output_tokens": answer.tokens}
        return (
            (b"" if answer.calls else _block_stop(0))
            + event({"type": "message_delta", "delta": delta, "usage": usage}, "message_delta")
            + event({"type": "message_stop"}, "message_stop")
        )

    def error(self, problem: Problem, request_id: str) -> Json:
        """The body of an error answer."""
        kind, words = _ERRORS.get(problem.status, _SERVER_ERROR)
        if problem.is_about_money:
            kind = "invalid_request_error" if problem.status == 400 else "billing_error"
            words = _NO_MONEY
        return {
            "type": "error",
            "error": {"type": kind, "message": problem.message or words},
            "request_id": f"req_{request_id}",
        }

    def error_event(self, problem: Problem, request_id: str) -> bytes:
        """An error in a stream."""
        return event(self.error(problem, request_id), "error")

    def headers(self, request_id: str, problem: Problem | None, allowance: Allowance) -> dict[str, str]:
        """Request id and rate limits."""
        resets_at = datetime.fromtimestamp(allowance.resets_at, UTC).isoformat(timespec="seconds")
        resets_at = resets_at.replace("+00:00", "Z")
        headers = {
            "request-id": f"req_{request_id}",
            "anthropic-ratelimit-requests-limit": str(allowance.requests),
            "anthropic-ratelimit-requests-remaining": str(allowance.requests_left),
            "anthropic-ratelimit-requests-reset": resets_at,
            "anthropic-ratelimit-tokens-limit": str(TOKENS_PER_MINUTE),
            "anthropic-ratelimit-tokens-remaining": str(TOKENS_PER_MINUTE - 1000),  # told in thousands
            "anthropic-ratelimit-tokens-reset": resets_at,
        }
        if problem is not None and problem.retry_after is not None:
            headers["retry-after"] = str(math.ceil(problem.retry_after))
        return headers

    def models(self, ids: Sequence[str]) -> Json:
        """The list of models."""
        return {
            "data": [self.model(model) for model in ids],
            "has_more": False,
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
        }

    def model(self, model: str) -> Json:
        """One entry of the list of models."""
        return {"type": "model", "id": model, "display_name": model, "created_at": "2026-01-01T00:00:00Z"}


def _tools_of(body: Json) -> tuple[tuple[Tool, ...], str]:
    """The tools that may be called, and the one that must be."""
    read = [tool_of(offered.get("name"), offered.get("input_schema")) for offered in objects(body.get("tools"))]
    tools = tuple(tool for tool in read if tool is not None)
    match body.get("tool_choice"):
        case {"type": "none"}:
            return (), ""
        case {"type": "any"}:
            return tools, ANY_TOOL
        case {"type": "tool", "name": str(name)}:
            return tools, name
        case _:
            return tools, ""


def _picture(block: Json) -> str:
    match block.get("source"):
        case {"type": "base64", "media_type": str(kind), "data": str(data)}:
            return f"{kind} of {len(data) * 3 // 4 - data.count('=')} bytes"
        case _:
            return "by its address"


def _block_start(index: int, block: Json) -> bytes:
    return event({"type": "content_block_start", "index": index, "content_block": block}, "content_block_start")


def _block_delta(index: int, delta: Json) -> bytes:
    return event({"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta")


def _block_stop(index: int) -> bytes:
    return event({"type": "content_block_stop", "index": index}, "content_block_stop")


def _stop(answer: Simulated) -> str:
    if answer.calls:
        return "tool_use"
    return "end_turn" if answer.is_whole else "max_tokens"


def _message(answer: Simulated, content: Sequence[Json], *, stop: str | None, output_tokens: int) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": answer.prompt_tokens, "output_tokens": output_tokens},
    }
