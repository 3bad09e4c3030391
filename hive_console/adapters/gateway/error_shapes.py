"""An error in the words of each dialect, so that the official clients raise their own exceptions for it."""

from __future__ import annotations

import msgspec

from hive_console.core.settings import Dialect

_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",  # no model can serve just now: like an overload, it passes
    504: "timeout_error",
    529: "overloaded_error",
}
"""Anthropic's `type` by status (docs.anthropic.com, Errors); every other 4xx is an `invalid_request_error`."""

OVERLOADED = 529
"""Anthropic's own status for an overloaded model; its clients have an exception for it."""


def anthropic_type(status: int) -> str:
    """Anthropic's `type` for a status."""
    return _ANTHROPIC_TYPES.get(status, "invalid_request_error")


def error_body(
    dialect: Dialect, *, status: int, kind: str, message: str, code: str | None, param: str | None, request_id: str
) -> bytes:
    """The error as JSON; `kind` is OpenAI's `type`, Anthropic's follows from the status."""
    match dialect:
        case Dialect.ANTHROPIC:
            error = {"type": anthropic_type(status), "message": message}
            return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})
        case _:
            told = {"message": message, "type": kind, "param": param, "code": code}
            return msgspec.json.encode({"error": told})


def error_event(dialect: Dialect, body: bytes) -> bytes:
    """The error as one server-sent event, on which the dialect's clients raise."""
    return (b"event: error\ndata: " if dialect is Dialect.ANTHROPIC else b"data: ") + body + b"\n\n"
