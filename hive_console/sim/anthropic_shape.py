"""The wire shape of Anthropic messages, as much of it as clients look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hive_console.sim.shape import Json, Problem, Simulated, event, positive_integer

REQUESTS_PER_MINUTE = 1000
"""A mid-tier account's limit, told in headers only."""

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

    def complaint(self, body: Json) -> str:
        """What is wrong with a request, or nothing."""
        if not isinstance(body.get("model"), str) or not body["model"]:
            return "model: Field required"
        if positive_integer(body, "max_tokens") is None:
            return "max_tokens: Field required"
        if not isinstance(body.get("messages"), list) or not body["messages"]:
            return "messages: at least one message is required"
        return ""

    def token_limit(self, body: Json) -> int | None:
        """The most tokens the caller wants."""
        return positive_integer(body, "max_tokens")

    def whole(self, answer: Simulated) -> Json:
        """An answer that is not streamed."""
        content = [{"type": "text", "text": answer.text}]
        return _message(answer, content, stop=_stop(answer), output_tokens=len(answer.words))

    def opening(self, answer: Simulated) -> bytes:
        """The empty message, its first block, and the ping that follows them."""
        message = _message(answer, [], stop=None, output_tokens=1)
        block = {"type": "text", "text": ""}
        return (
            event({"type": "message_start", "message": message}, "message_start")
            + event({"type": "content_block_start", "index": 0, "content_block": block}, "content_block_start")
            + self.keep_alive
        )

    def piece(self, answer: Simulated, word: str) -> bytes:  # noqa: ARG002 - the protocol's: OpenAI repeats the head
        """One token."""
        delta = {"type": "text_delta", "text": word}
        return event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")

    def closing(self, answer: Simulated) -> bytes:
        """The end of the block, stop reason with usage, and the end of the message."""
        delta = {"stop_reason": _stop(answer), "stop_sequence": None}
        usage = {"output_tokens": len(answer.words)}
        return (
            event({"type": "content_block_stop", "index": 0}, "content_block_stop")
            + event({"type": "message_delta", "delta": delta, "usage": usage}, "message_delta")
            + event({"type": "message_stop"}, "message_stop")
        )

    def error(self, problem: Problem, request_id: str) -> Json:
        """The body of an error answer."""
        kind, words = _ERRORS.get(problem.status, _SERVER_ERROR)
        return {
            "type": "error",
            "error": {"type": kind, "message": problem.message or words},
            "request_id": f"req_{request_id}",
        }

    def error_event(self, problem: Problem, request_id: str) -> bytes:
        """An error in a stream."""
        return event(self.error(problem, request_id), "error")

    def headers(self, request_id: str, problem: Problem | None) -> dict[str, str]:
        """Request id and rate limits."""
        is_limited = problem is not None and problem.status == 429
        headers = {
            "request-id": f"req_{request_id}",
            "anthropic-ratelimit-requests-limit": str(REQUESTS_PER_MINUTE),
            "anthropic-ratelimit-requests-remaining": "0" if is_limited else str(REQUESTS_PER_MINUTE - 1),
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


def _stop(answer: Simulated) -> str:
    return "end_turn" if answer.is_whole else "max_tokens"


def _message(
    answer: Simulated, content: list[dict[str, str]], *, stop: str | None, output_tokens: int
) -> dict[str, Any]:
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
