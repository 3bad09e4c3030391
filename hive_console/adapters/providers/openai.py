"""The OpenAI chat-completions dialect: requests are passed on, answers are checked and relayed byte for byte."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.codec import DONE_FRAME
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.faults import NO_CHUNK, NOTHING_IN_STREAM, not_an_answer, stream_cut
from hive_console.adapters.providers.request import (
    EVENT_STREAM_TYPE,
    JSON_TYPE,
    HttpRequest,
    join_endpoint,
    write_json,
)
from hive_console.adapters.providers.sse import ServerEvent
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import ModelSettings
from hive_console.core.task import Body, Piece

_DONE = b"[DONE]"

Decoded = TypeVar("Decoded")

_HALF = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""A surrogate: servers that cut texts between 16-bit units send the two halves of an emoji in two chunks."""


class _Choice(msgspec.Struct):
    message: dict[str, Any] | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    error: Any = None


class _Delta(msgspec.Struct):
    content: Any = None
    tool_calls: Any = None
    function_call: Any = None
    refusal: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    audio: Any = None

    def says_something(self) -> bool:
        return bool(
            self.content
            or self.tool_calls
            or self.function_call
            or self.refusal
            or self.reasoning_content
            or self.reasoning
            or self.audio
        )


class _ChunkChoice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_ChunkChoice] | None = None
    error: Any = None


_COMPLETION = msgspec.json.Decoder(_Completion)
_CHUNK = msgspec.json.Decoder(_Chunk)


class OpenAICodec:
    """Speaks chat completions with OpenAI and everybody who copies it."""

    def chat(self, model: ModelSettings, request: Body, *, key: str | None, stream: bool) -> HttpRequest:
        """`POST {endpoint}/chat/completions`; every field but `model` and `stream` goes as it is."""
        body = {**request, "model": model.wire_name}
        body.pop("stream", None)
        if stream:
            body["stream"] = True
        headers = {
            **_authorization(key),
            "content-type": JSON_TYPE,
            "accept": EVENT_STREAM_TYPE if stream else JSON_TYPE,
        }
        return HttpRequest("POST", join_endpoint(model.endpoint, "/chat/completions"), headers, write_json(body))

    def models(self, model: ModelSettings, *, key: str | None) -> HttpRequest:
        """`GET {endpoint}/models`."""
        headers = {**_authorization(key), "accept": JSON_TYPE}
        return HttpRequest("GET", join_endpoint(model.endpoint, "/models"), headers)

    def answer(self, body: bytes, *, veil: Veil, now: float) -> bytes:  # noqa: ARG002 - Codec's shape
        """The same bytes, when they are a chat completion."""
        completion = _decoded(body)
        if completion is None:
            raise ProviderError(not_an_answer(body))
        if completion.error:
            raise ProviderError(classify_reported(read_error(body), veil=veil))
        if not completion.choices or completion.choices[0].message is None:
            raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the answer has no choices"))
        return body

    def reader(self, request: Body, *, veil: Veil, now: float) -> OpenAIReader:  # noqa: ARG002 - Codec's shape
        """A reader that relays."""
        return OpenAIReader(veil)


class OpenAIReader:
    """Relays the events of one stream, and knows whether it was whole."""

    def __init__(self, veil: Veil) -> None:
        self._veil = veil
        self._has_spoken = False
        self._is_finished = False
        self._is_done = False

    @property
    def is_done(self) -> bool:
        """Whether `[DONE]` came."""
        return self._is_done

    def feed(self, event: ServerEvent) -> list[Piece]:
        """The event's own bytes; raises for errors, garbage and a `[DONE]` after nothing."""
        if event.data is None:
            return [Piece(event.raw, has_content=False)]
        if event.data.strip() == _DONE:
            if not self._has_spoken:
                raise ProviderError(NOTHING_IN_STREAM)
            self._is_done = True
            return [Piece(event.raw, has_content=False)]
        has_content = self._read(event)
        self._has_spoken = self._has_spoken or has_content
        return [Piece(event.raw, has_content)]

    def finish(self) -> list[Piece]:
        """The `[DONE]` that some servers leave out after the finish reason."""
        if self._is_done:
            return []
        if not self._is_finished:
            raise ProviderError(stream_cut(has_spoken=self._has_spoken))
        self._is_done = True
        return [Piece(DONE_FRAME, has_content=False)]

    def _read(self, event: ServerEvent) -> bool:
        data = event.data or b""
        chunk = _decoded_chunk(data)
        if chunk is None:
            raise ProviderError(NO_CHUNK)
        if chunk.error or event.name == "error":
            raise ProviderError(classify_reported(read_error(data), veil=self._veil))
        has_content = False
        for choice in chunk.choices or ():
            if choice.finish_reason:
                self._is_finished = has_content = True
            if choice.delta is not None and choice.delta.says_something():
                has_content = True
        return has_content


def _authorization(key: str | None) -> dict[str, str]:
    return {} if key is None else {"authorization": f"Bearer {key}"}


def _decoded(body: bytes) -> _Completion | None:
    try:
        body.decode()  # fields that are skipped are not checked by the decoder, and clients choke on them
    except ValueError:
        return None
    return _understood(_COMPLETION, body)


def _decoded_chunk(data: bytes) -> _Chunk | None:
    return _understood(_CHUNK, data)


def _understood(decoder: msgspec.json.Decoder[Decoded], data: bytes) -> Decoded | None:
    """What `data` says; halves of characters, which clients read and the decoder does not, are looked past."""
    # Decoding errors can carry the text they failed on; none may hang on the error that is raised for them.
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError):
        patched = _HALF.sub(rb"\\ufffd", data)
    try:
        return None if patched == data else decoder.decode(patched)
    except (ValueError, RecursionError):
        return None
