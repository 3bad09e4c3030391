"""The wire shape of OpenAI-compatible chat completions, as much of it as clients look at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hive_console.sim.question import ANY_TOOL, Question, Tool, ToolCall, tool_of
from hive_console.sim.shape import (
    CREATED,
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

REQUESTS_PER_MINUTE = 500
"""A mid-tier account's limit, told in headers; `limited-to` is the fault that keeps to one."""

TOKENS_PER_MINUTE = 200_000
"""The same account's tokens: told, and never used up."""

_NO_MONEY = "You exceeded your current quota, please check your plan and billing details."

_ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "We could not parse the JSON body of your request."),
    401: (
        "invalid_request_error",
        "invalid_api_key",
        "Incorrect API key provided: sk-simulated-0000000000000000000000. Find yours in the dashboard.",
    ),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    413: ("invalid_request_error", None, "The request is too large."),
    429: (
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for this model on requests per min (RPM): Limit 500, Used 500, Requested 1.",
    ),
    503: ("service_unavailable", None, "The engine is currently overloaded, please try again later"),
}
_SERVER_ERROR = (
    "server_error",
    None,
    "The server had an error while processing your request. Sorry about that!",
)


class OpenAIShape:
    """OpenAI, and everyone who speaks its dialect."""

    path = "/v1/chat/completions"
    keep_alive = b": keep-alive\n\n"
    requests_per_minute = REQUESTS_PER_MINUTE

    def complaint(self, body: Json, headers: Mapping[str, str]) -> str:  # noqa: ARG002 - the protocol's
        """What is wrong with a request, or nothing."""
        if not isinstance(body.get("model"), str) or not body["model"]:
            return "you must provide a model parameter"
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            return "Missing required parameter: 'messages'."
        return ""

    def question(self, body: Json) -> Question:
        """What the request asks for."""
        messages = objects(body.get("messages"))
        results: list[str] = []
        while messages and messages[-1].get("role") == "tool":
            results.insert(0, text_of(messages.pop().get("content")))
        content = messages[-1].get("content") if messages else None
        tools, demanded = _tools_of(body)
        images = tuple(_picture(part) for part in objects(content) if part.get("type") == "image_url")
        return Question(text_of(content), tools, demanded, tuple(results), images)

    def token_limit(self, body: Json) -> int | None:
        """The most tokens the caller wants."""
        return positive_integer(body, "max_completion_tokens", "max_tokens")

    def whole(self, answer: Simulated) -> Json:
        """An answer that is not streamed."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.calls:
            message |= {"content": None, "tool_calls": [_called(call, call.arguments) for call in answer.calls]}
        choice: dict[str, Any] = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish(answer),
        }
        return {**_head(answer, "chat.completion"), "choices": [choice], "usage": _usage(answer)}

    def opening(self, answer: Simulated) -> bytes:
        """The chunk that announces the role."""
        content = None if answer.calls else ""
        return event(_chunk(answer, {"role": "assistant", "content": content, "refusal": None}))

    def pieces(self, answer: Simulated) -> tuple[bytes, ...]:
        """Words one by one; a tool call's head, and its arguments as they are written."""
        deltas: list[Json] = [{"content": word} for word in answer.words]
        for index, call in enumerate(answer.calls):
            deltas.append({"tool_calls": [{"index": index, **_called(call, "")}]})
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": part}}]}
                for part in fragments(call.arguments)
            ]
        return tuple(event(_chunk(answer, delta)) for delta in deltas)

    def closing(self, answer: Simulated) -> bytes:
        """The finish reason, usage where it was asked for, and the end mark."""
        finish = event(_chunk(answer, {}, finish=_finish(answer)))
        usage = b""
        if answer.tells_usage:
            usage = event({**_head(answer, "chat.completion.chunk"), "choices": [], "usage": _usage(answer)})
        return finish + usage + b"data: [DONE]\n\n"

    def error(self, problem: Problem, request_id: str) -> Json:  # noqa: ARG002 - the protocol's: Anthropic tells it
        """The body of an error answer."""
        kind, code, words = _ERRORS.get(problem.status, _SERVER_ERROR)
        if problem.is_about_money:
            kind, code, words = "insufficient_quota", "insufficient_quota", _NO_MONEY
        return {"error": {"message": problem.message or words, "type": kind, "param": None, "code": code}}

    def error_event(self, problem: Problem, request_id: str) -> bytes:
        """An error in a stream: a data event, as OpenAI sends it."""
        return event(self.error(problem, request_id))

    def headers(self, request_id: str, problem: Problem | None, allowance: Allowance) -> dict[str, str]:
        """Request id and rate limits."""
        headers = {
            "x-request-id": f"req_{request_id}",
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": str(allowance.requests),
            "x-ratelimit-remaining-requests": str(allowance.requests_left),
            "x-ratelimit-reset-requests": _duration(allowance.reset),
            "x-ratelimit-limit-tokens": str(TOKENS_PER_MINUTE),
            "x-ratelimit-remaining-tokens": str(TOKENS_PER_MINUTE - 1),
            "x-ratelimit-reset-tokens": "6ms",
        }
        if problem is not None and problem.retry_after is not None:
            headers["retry-after"] = str(math.ceil(problem.retry_after))
            headers["retry-after-ms"] = str(round(problem.retry_after * 1000))
        return headers

    def models(self, ids: Sequence[str]) -> Json:
        """The list of models."""
        return {"object": "list", "data": [self.model(model) for model in ids]}

    def model(self, model: str) -> Json:
        """One entry of the list of models."""
        return {"id": model, "object": "model", "created": CREATED, "owned_by": "simulation"}


def _tools_of(body: Json) -> tuple[tuple[Tool, ...], str]:
    """The tools that may be called, and the one that must be."""
    functions = [offered.get("function") for offered in objects(body.get("tools"))]
    read = [tool_of(item.get("name"), item.get("parameters")) for item in functions if isinstance(item, dict)]
    tools = tuple(tool for tool in read if tool is not None)
    match body.get("tool_choice"):
        case "none":
            return (), ""
        case "required":
            return tools, ANY_TOOL
        case {"function": {"name": str(name)}}:
            return tools, name
        case _:
            return tools, ""


def _picture(part: Json) -> str:
    address = part.get("image_url")
    url = address.get("url") if isinstance(address, dict) else None
    head, mark, data = str(url or "").partition(";base64,")
    if not mark or not head.startswith("data:"):
        return "by its address"
    return f"{head.removeprefix('data:')} of {len(data) * 3 // 4 - data.count('=')} bytes"


def _called(call: ToolCall, arguments: str) -> dict[str, Any]:
    return {
        "id": f"call_{call.id}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _duration(seconds: float) -> str:
    """As OpenAI writes it: `120ms`, `1s`, `6m0s`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _finish(answer: Simulated) -> str:
    if answer.calls:
        return "tool_calls"
    return "stop" if answer.is_whole else "length"


def _usage(answer: Simulated) -> Json:
    completion = answer.tokens
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": answer.prompt_tokens + completion,
    }


def _head(answer: Simulated, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.id}", "object": kind, "created": CREATED, "model": answer.model}


def _chunk(answer: Simulated, delta: Json, finish: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {**_head(answer, "chat.completion.chunk"), "choices": [choice]}
