"""What a codec hands to the transport: one HTTP request, ready to send. No sockets here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind

JSON_TYPE = "application/json"
EVENT_STREAM_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request to a provider; neither headers (keys) nor body (prompts) show in its `repr`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


def join_endpoint(endpoint: str, path: str) -> str:
    """The endpoint with `path` added before its query, such as `?api-version=`, if it has one."""
    base, mark, query = endpoint.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"


def write_json(body: Mapping[str, Any]) -> bytes:  # JSON has no narrower Python type than Any
    """The body as JSON bytes; raises `ProviderError` (the caller's fault) for what JSON cannot say."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        # Half of a surrogate pair: JSON can say it as an escape, UTF-8 cannot.
        return json.dumps(body).encode("ascii")
    except (TypeError, ValueError, RecursionError, OverflowError):
        failure = Outcome(OutcomeKind.BAD_REQUEST, message="the request cannot be written as JSON")
    raise ProviderError(failure)
