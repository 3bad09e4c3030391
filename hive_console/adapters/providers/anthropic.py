"""The Anthropic messages dialect, spoken on behalf of chat-completions clients."""

from __future__ import annotations

from hive_console.adapters.providers.anthropic_answer import read_message, to_completion
from hive_console.adapters.providers.anthropic_request import to_messages_request
from hive_console.adapters.providers.anthropic_stream import AnthropicReader
from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.request import (
    EVENT_STREAM_TYPE,
    JSON_TYPE,
    HttpRequest,
    join_endpoint,
    write_json,
)
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.settings import ModelSettings
from hive_console.core.task import Body

API_VERSION = "2023-06-01"
"""The messages API's only version so far; it must be named in each request."""


class AnthropicCodec:
    """Speaks messages with Anthropic; what goes in and comes out is the chat-completions dialect."""

    def chat(self, model: ModelSettings, request: Body, *, key: str | None, stream: bool) -> HttpRequest:
        """`POST {endpoint}/messages`; raises `ProviderError` for what the dialect cannot say."""
        body = to_messages_request(request, model.wire_name, stream=stream)
        headers = {
            **_identity(key),
            "content-type": JSON_TYPE,
            "accept": EVENT_STREAM_TYPE if stream else JSON_TYPE,
        }
        return HttpRequest("POST", join_endpoint(model.endpoint, "/messages"), headers, write_json(body))

    def models(self, model: ModelSettings, *, key: str | None) -> HttpRequest:
        """`GET {endpoint}/models`."""
        headers = {**_identity(key), "accept": JSON_TYPE}
        return HttpRequest("GET", join_endpoint(model.endpoint, "/models"), headers)

    def answer(self, body: bytes, *, veil: Veil, now: float) -> bytes:
        """The message as a chat completion."""
        message = read_message(body)
        if message.error:
            raise ProviderError(classify_reported(read_error(body), veil=veil))
        return to_completion(message, now)

    def reader(self, request: Body, *, veil: Veil, now: float) -> AnthropicReader:
        """A reader that translates; it ends with the usage when `stream_options` asks for it."""
        options = request.get("stream_options")
        wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        return AnthropicReader(veil, now=now, wants_usage=wants_usage)


def _identity(key: str | None) -> dict[str, str]:
    named = {"anthropic-version": API_VERSION}
    return named if key is None else {**named, "x-api-key": key}
