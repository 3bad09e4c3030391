"""OpenAI's dialect for its own clients: requests, answers and chunks are passed on, under our name."""

from __future__ import annotations

from typing import Any

import msgspec

from hive_console.adapters.providers.answer_body import read_answer, under_our_name
from hive_console.adapters.providers.chat_chunk import CHUNK, Chunk
from hive_console.adapters.providers.classify import classify_reported
from hive_console.adapters.providers.codec import DONE_FRAME
from hive_console.adapters.providers.endpoint import PATHS, posted
from hive_console.adapters.providers.error_body import read_error
from hive_console.adapters.providers.faults import NO_CHUNK, NOTHING_IN_STREAM, stream_cut
from hive_console.adapters.providers.lenient_json import understood
from hive_console.adapters.providers.model_name import Renamer
from hive_console.adapters.providers.relayed_request import relayed_request
from hive_console.adapters.providers.request import HttpRequest
from hive_console.adapters.providers.sse import ServerEvent, with_data
from hive_console.adapters.providers.token_usage import NO_RAW, chat_usage
from hive_console.adapters.providers.veil import Veil
from hive_console.core.errors import ProviderError
from hive_console.core.outcome import Outcome, OutcomeKind
from hive_console.core.settings import Dialect, ModelSettings
from hive_console.core.task import Task, Usage, Work

_DONE = b"[DONE]"


class _Choice(msgspec.Struct):
    message: dict[str, Any] | None = None  # decoded, so that nonsense inside it is found


class _Answer(msgspec.Struct):
    model: Any = None  # each provider has its own shapes
    choices: list[_Choice] | None = None
    data: list[msgspec.Raw] | None = None
    usage: msgspec.Raw = NO_RAW
    error: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)


class OpenAIRelay:
    """Chat completions or embeddings, from an OpenAI client to whoever speaks as OpenAI does."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._path = PATHS[Dialect.OPENAI, work]

    def check(self, task: Task) -> None:
        """Whatever the client says is the model's own dialect."""

    def request(self, model: ModelSettings, task: Task, *, key: str | None, stream: bool) -> HttpRequest:
        """The client's bytes, with the wire name."""
        body = relayed_request(task.request, model.wire_name, stream=stream)
        return posted(model, self._path, body, key=key, stream=stream)

    def answer(
        self,
        body: bytes,
        *,
        model: ModelSettings,
        task: Task,  # noqa: ARG002 - Codec's shape
        veil: Veil,
        now: float,  # noqa: ARG002 - Codec's shape
    ) -> tuple[bytes, Usage | None]:
        """The same bytes with our name, when they are an answer."""
        read = read_answer(_ANSWER, body, veil)
        if self._work is Work.EMBEDDINGS:
            if not read.data:
                raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the answer has no vectors"))
        elif not read.choices or read.choices[0].message is None:
            raise ProviderError(Outcome(OutcomeKind.MALFORMED, message="the answer has no choices"))
        named = under_our_name(body, model.id, names_a_model=isinstance(read.model, str))
        return named, chat_usage(read.usage)

    def reader(self, *, model: ModelSettings, task: Task, veil: Veil, now: float) -> OpenAIRelayReader:  # noqa: ARG002 - Codec's shape
        """A reader that relays."""
        return OpenAIRelayReader(veil, model.id)


class OpenAIRelayReader:
    """Relays the events of one stream, and knows whether it was whole."""

    def __init__(self, veil: Veil, name: str) -> None:
        self._veil = veil
        self._renamer = Renamer(name)
        self._has_spoken = False
        self._is_finished = False
        self.is_done = False
        self.usage: Usage | None = None

    def feed(self, event: ServerEvent) -> tuple[bytes, bool]:
        """The event under our name; raises for errors, garbage and a `[DONE]` after nothing."""
        data = event.data
        if data is None:
            return event.raw, False
        chunk = understood(CHUNK, data)
        if chunk is None:
            if data.strip() != _DONE:
                raise ProviderError(NO_CHUNK)
            if not self._has_spoken:
                raise ProviderError(NOTHING_IN_STREAM)
            self.is_done = True
            return event.raw, False
        if chunk.error or event.name == "error":
            raise ProviderError(classify_reported(read_error(data), veil=self._veil))
        has_content = chunk.says_something()
        if has_content:
            self._has_spoken = True
            self._is_finished = self._is_finished or chunk.is_finish()
        if chunk.usage:
            self.usage = chat_usage(chunk.usage) or self.usage
        return self._named(event, data, chunk), has_content

    def finish(self) -> bytes:
        """The `[DONE]` that some servers leave out after the finish reason."""
        if self.is_done:
            return b""
        if not self._is_finished:
            raise ProviderError(stream_cut(has_spoken=self._has_spoken))
        self.is_done = True
        return DONE_FRAME

    def _named(self, event: ServerEvent, data: bytes, chunk: Chunk) -> bytes:
        if isinstance(chunk.model, str):
            named = self._renamer.renamed(event.raw)
            if named is not None:
                return named
        rewritten = self._renamer.rewritten(data)
        if rewritten is None:
            raise ProviderError(NO_CHUNK)
        return with_data(event, rewritten)
