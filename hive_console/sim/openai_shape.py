"""The wire shape of OpenAI-compatible chat completions, as much of it as clients look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hive_console.sim.shape import CREATED, Json, Problem, Simulated, event, positive_integer

REQUESTS_PER_MINUTE = 500
"""A mid-tier account's limit, told in headers only."""

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

    def complaint(self, body: Json) -> str:
        """What is wrong with a request, or nothing."""
        if not isinstance(body.get("model"), str) or not body["model"]:
            return "you must provide a model parameter"
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            return "Missing required parameter: 'messages'."
        return ""

    def token_limit(self, body: Json) -> int | None:
        """The most tokens the caller wants."""
        return positive_integer(body, "max_completion_tokens", "max_tokens")

    def whole(self, answer: Simulated) -> Json:
        """An answer that is not streamed."""
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": answer.text, "refusal": None},
            "logprobs": None,
            "finish_reason": _finish(answer),
        }
        return {**_head(answer, "chat.completion"), "choices": [choice], "usage": _usage(answer)}

    def opening(self, answer: Simulated) -> bytes:
        """The chunk that announces the role."""
        return event(_chunk(answer, {"role": "assistant", "content": "", "refusal": None}))

    def piece(self, answer: Simulated, word: str) -> bytes:
        """One token."""
        return event(_chunk(answer, {"content": word}))

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
        return {"error": {"message": problem.message or words, "type": kind, "param": None, "code": code}}

    def error_event(self, problem: Problem, request_id: str) -> bytes:
        """An error in a stream: a data event, as OpenAI sends it."""
        return event(self.error(problem, request_id))

    def headers(self, request_id: str, problem: Problem | None) -> dict[str, str]:
        """Request id and rate limits."""
        is_limited = problem is not None and problem.status == 429
        headers = {
            "x-request-id": f"req_{request_id}",
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": str(REQUESTS_PER_MINUTE),
            "x-ratelimit-remaining-requests": "0" if is_limited else str(REQUESTS_PER_MINUTE - 1),
        }
        if problem is not None and problem.retry_after is not None:
            headers["retry-after"] = str(math.ceil(problem.retry_after))
            headers["retry-after-ms"] = str(round(problem.retry_after * 1000))
            headers["x-ratelimit-reset-requests"] = f"{problem.retry_after:g}s"
        return headers

    def models(self, ids: Sequence[str]) -> Json:
        """The list of models."""
        return {"object": "list", "data": [self.model(model) for model in ids]}

    def model(self, model: str) -> Json:
        """One entry of the list of models."""
        return {"id": model, "object": "model", "created": CREATED, "owned_by": "simulation"}


def _finish(answer: Simulated) -> str:
    return "stop" if answer.is_whole else "length"


def _usage(answer: Simulated) -> Json:
    completion = len(answer.words)
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
