"""Anthropic's dialect for its own clients: requests, messages and events are passed on, under our name."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.answer_body import read_answer, under_our_name
from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.endpoint import PATHS, posted
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.faults import (
    NO_CHUNK,
    NOTHING_IN_STREAM,
    no_content,
    stream_cut,
)
from hive_console.adapters.providers.foreign_thoughts import without_foreign_thoughts
from hive_console.adapters.providers.lenient_json import understood
from hive_console.adapters.providers.model_name import Renamer
from hive_console.adapters.providers.relayed_request import relayed_request
from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.providers.sse import ServerEvent, with_data
from hive_console.adapters.providers.token_usage import NO_RAW, MessageTokens, count_of, message_tokens
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task, Usage, Work

STOP_FRAME = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
"""How every stream of a message ends for the client."""


class _Message(msgspec.Struct):
    model: Any = None  # each provider has its own shapes
    content: list[msgspec.Raw] | None = None
    stop_reason: Any = None
    usage: msgspec.Raw = NO_RAW
    error: Any = None
    input_tokens: Any = None


class _Part(msgspec.Struct, gc=False):
    """A content block at its begin, or what is added to it, or to the message."""

    type: Any = None
    text: Any = None
    thinking: Any = None
    partial_json: Any = None
    stop_reason: Any = None


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    delta: _Part | None = None
    content_block: _Part | None = None
    message: _Message | None = None
    usage: msgspec.Raw = NO_RAW
    error: Any = None


_MESSAGE = msgspec.json.Decoder(_Message)
_EVENT = msgspec.json.Decoder(_Event)

_PLAIN_BLOCKS = frozenset({"text", "thinking"})
"""Blocks that mostly open empty; all others (tools, results, what is redacted) are said by opening them."""


class AnthropicRelay:
    """Messages or counts of tokens, from an Anthropic client to whoever speaks as Anthropic does."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._path = PATHS[Dialect.ANTHROPIC, work]

    def check(self, task: Task) -> None:
        """Whatever the client says is the model's own dialect."""

    def request(self, model: ModelSettings, task: Task, *, key: str | None, stream: bool) -> HttpRequest:
        """The client's bytes, with the wire name; its version and betas go along."""
        request = without_foreign_thoughts(task.request)
        body = relayed_request(request, model.wire_name, stream=stream)
        return posted(model, self._path, body, key=key, stream=stream, options=task.options)

    def answer(
        self,
        body: bytes,
        *,
        model: ModelSettings,
        task: Task,  # noqa: ARG002 - Codec's shape
        veil: Veil,
        now: float,  # noqa: ARG002 - Codec's shape
    ) -> tuple[bytes, Usage | None]:
        """The same bytes with our name, when they are a message; a count names no model."""
        read = read_answer(_MESSAGE, body, veil)
        if self._work is Work.COUNT:
            if count_of(read.input_tokens) is None:
                raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the answer has no count of tokens"))
            return body, None
        if read.content is None or (not read.content and read.stop_reason is None):
            raise ProviderError(no_content())
        named = under_our_name(body, model.id, names_a_model=isinstance(read.model, str))
        tokens = message_tokens(read.usage)
        return named, None if tokens is None else tokens.as_usage()

    def reader(self, *, model: ModelSettings, task: Task, veil: Veil, now: float) -> AnthropicRelayReader:  # noqa: ARG002 - Codec's shape
        """A reader that relays."""
        return AnthropicRelayReader(veil, model.id)


class AnthropicRelayReader:
    """Relays the events of one stream, and knows whether it was whole."""

    def __init__(self, veil: Veil, name: str) -> None:
        self._veil = veil
        self._renamer = Renamer(name)
        self._tokens = MessageTokens()
        self._has_spoken = False
        self._is_finished = False
        self.is_done = False
        self.usage: Usage | None = None

    def feed(self, event: ServerEvent) -> tuple[bytes, bool]:
        """The event, the first under our name; raises for errors, garbage and an end after nothing."""
        data = event.data
        if data is None:
            return event.raw, False
        read = understood(_EVENT, data)
        if read is None:
            raise ProviderError(NO_CHUNK)
        if read.type == "error" or event.name == "error" or read.error:
            raise ProviderError(classify_reported(read_error(data), veil=self._veil))
        match read.type:
            case "content_block_delta":
                has_content = read.delta is not None and _adds_something(read.delta)
            case "content_block_start":
                has_content = read.content_block is not None and _opens_with_something(read.content_block)
            case "message_start":
                return self._begin(event, data, read.message), False
            case "message_delta":
                has_content = self._close(read)
            case "message_stop":
                if not self._has_spoken:
                    raise ProviderError(NOTHING_IN_STREAM)
                self.is_done = True
                return event.raw, False
            case _:
                return event.raw, False
        self._has_spoken = self._has_spoken or has_content
        return event.raw, has_content

    def finish(self) -> bytes:
        """The `message_stop` that is owed when the connection closed after the stop reason."""
        if self.is_done:
            return b""
        if not self._is_finished:
            raise ProviderError(stream_cut(has_spoken=self._has_spoken))
        self.is_done = True
        return STOP_FRAME

    def _begin(self, event: ServerEvent, data: bytes, message: _Message | None) -> bytes:
        if message is None:
            raise ProviderError(NO_CHUNK)
        self._count(message.usage)
        if isinstance(message.model, str):
            named = self._renamer.renamed(event.raw)
            if named is not None:
                return named
        rewritten = self._renamer.rewritten_within(data, "message")
        if rewritten is None:
            raise ProviderError(NO_CHUNK)
        return with_data(event, rewritten)

    def _close(self, event: _Event) -> bool:
        self._count(event.usage)
        if event.delta is None or event.delta.stop_reason is None:
            return False
        self._is_finished = True
        return True

    def _count(self, usage: msgspec.Raw) -> None:
        tokens = message_tokens(usage)
        if tokens is not None:
            self._tokens = self._tokens.updated(tokens)
            self.usage = self._tokens.as_usage()


def _adds_something(delta: _Part) -> bool:
    match delta.type:
        case "text_delta":
            return bool(delta.text)
        case "thinking_delta":
            return bool(delta.thinking)
        case "input_json_delta":
            return bool(delta.partial_json)
        case "signature_delta":
            return False  # seals what was said
        case _:  # citations, and what is yet unknown
            return True


def _opens_with_something(block: _Part) -> bool:
    return block.type not in _PLAIN_BLOCKS or bool(block.text or block.thinking)
